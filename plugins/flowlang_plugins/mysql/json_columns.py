"""JSON columns of MariaDB, which are text to the protocol: they are known by the check that they have."""

from __future__ import annotations

from collections.abc import Sequence
from json import loads
from typing import TYPE_CHECKING, Any, Final

from pymysql.constants import FIELD_TYPE

if TYPE_CHECKING:
    from flowlang_plugins.mysql.connection import MySQLConnection

_LONGTEXT: Final = 2**32 - 1
_CHECKED: Final = """\
SELECT c.COLUMN_NAME FROM information_schema.COLUMNS c JOIN information_schema.CHECK_CONSTRAINTS k
ON k.CONSTRAINT_SCHEMA = c.TABLE_SCHEMA AND k.TABLE_NAME = c.TABLE_NAME
AND k.CHECK_CLAUSE = CONCAT('json_valid(`', c.COLUMN_NAME, '`)')
WHERE c.TABLE_SCHEMA = %s AND c.TABLE_NAME = %s"""


class JsonColumns:
    """What is known of the tables of one connection. A table is looked up when long text comes from it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], frozenset[str]] = {}

    async def decode(
        self, session: MySQLConnection, fields: Sequence[Any], columns: Sequence[str], rows: list[dict[str, Any]]
    ) -> None:
        """Replace the text of JSON columns by the values that it holds."""
        if not rows:
            return
        for field, column in zip(fields, columns, strict=True):
            if field.type_code != FIELD_TYPE.BLOB or field.length != _LONGTEXT or not field.org_table:
                continue
            if field.org_name in await self._of(session, field.db, field.org_table):
                for row in rows:
                    row[column] = _value(row[column])

    async def _of(self, session: MySQLConnection, database: str, table: str) -> frozenset[str]:
        key = (_text(database), _text(table))
        if key not in self._known:
            if "mariadb" not in session.server_version.lower():
                return frozenset()
            await session.query(_CHECKED % tuple(map(session.escape, key)))
            self._known[key] = frozenset(row[0] for row in session._result.rows)
            session._settled = True
        return self._known[key]


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _value(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return loads(text)
    except ValueError:
        return text
