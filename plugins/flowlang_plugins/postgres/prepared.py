"""A statement that the server has prepared: it says which types its parameters and columns have."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Any, Final

from flowlang.connections.base import ResultMeter
from flowlang.errors import FlowExecutionError
from flowlang_plugins.postgres.values import coercer, converted, needs_converting
from flowlang_plugins.sql.rows import Outcome, unique_names
from flowlang_plugins.sql.text import checked_name

_PART: Final = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')
_TABLE: Final = re.compile(r'(?:"(?:[^"]|"")+"|[^".]+)(?:\.(?:"(?:[^"]|"")+"|[^".]+))?')

#: How many rows are fetched at once, at most, of a result that is fetched in pieces.
_MOST_IN_A_PIECE: Final = 1000


class Prepared:
    """Makes parameters fit their types, and maps out of the rows."""

    __slots__ = ("_coercers", "_convert", "columns", "handle", "types")

    def __init__(self, handle: Any, zone: tzinfo) -> None:
        self.handle = handle
        self.types = handle.get_parameters()
        self._coercers = [coercer(kind.kind, kind.name, zone) for kind in self.types]
        attributes = handle.get_attributes()
        #: The names of the columns, and None if the driver's own rows make a map as they are.
        self.columns = unique_names(attribute.name for attribute in attributes)
        odd = [needs_converting(attribute.type.kind, attribute.type.name) for attribute in attributes]
        same = [attribute.name for attribute in attributes] == self.columns
        self._convert = None if same and not any(odd) else odd

    def type_name(self, number: int) -> str:
        """The type of a parameter, counted from 1, as it can stand in a cast."""
        return quoted_type(self.types[number - 1])

    def bound(self, params: list[Any]) -> list[Any]:
        """The parameters in their types, as far as that is known here."""
        if len(params) != len(self._coercers):
            return params
        return [value if fit is None else fit(value) for value, fit in zip(params, self._coercers, strict=True)]

    async def fetch(self, values: list[Any], timeout: float) -> Outcome:
        """Run it. Raises what the driver raises."""
        records = await self.handle.fetch(*values, timeout=timeout)
        if not self.columns:
            return Outcome([], self.columns, affected(self.handle.get_statusmsg()))
        return Outcome(self._rows(records), self.columns, self._changed())

    async def fetch_in_pieces(self, values: list[Any], timeout: float, meter: ResultMeter) -> Outcome:
        """Run it inside a transaction, for its rows. Raises ResultTooLarge before more comes than about twice that."""
        cursor = await self.handle.cursor(*values, timeout=timeout)
        rows: list[dict[str, Any]] = []
        piece = 1
        while records := await cursor.fetch(piece, timeout=timeout):
            fetched = self._rows(records)
            for row in fetched:
                meter.add_row(row.values())
            rows += fetched
            piece = min(2 * piece, _MOST_IN_A_PIECE)
        return Outcome(rows, self.columns, 0)

    def _rows(self, records: list[Any]) -> list[dict[str, Any]]:
        if self._convert is None:
            return [dict(record) for record in records]
        return [self._row(record) for record in records]

    def _row(self, record: Any) -> dict[str, Any]:
        odd = self._convert or ()
        return {
            name: converted(value) if convert else value
            for name, value, convert in zip(self.columns, record.values(), odd, strict=True)
        }

    def _changed(self) -> int:
        """How many rows were changed by a statement that gives rows."""
        status = self.handle.get_statusmsg()
        return affected(status) if status.startswith(("INSERT", "UPDATE", "DELETE", "MERGE")) else 0


def affected(status: str) -> int:
    """The number at the end of a command's status: `INSERT 0 3` touched three rows."""
    number = status.rpartition(" ")[2]
    return int(number) if number.isdigit() else 0


def quoted_type(kind: Any) -> str:
    """A type of the driver as it can stand in a cast."""
    name = kind.name.removesuffix("[]")
    array = "[]" if kind.kind == "array" else ""
    return f"{quoted(kind.schema)}.{quoted(name)}{array}"


def quoted(name: object) -> str:
    """The name of a column, or of a type, as an identifier."""
    return '"' + checked_name(name).replace('"', '""') + '"'


def quoted_table(name: object) -> str:
    """The name of a table, as `table`, `schema.table`, or in quotes as in SQL."""
    return ".".join(map(quoted, table_parts(name)))


def table_parts(name: object) -> list[str]:
    """The name of a table and, before it, of its schema if it has one."""
    parts = [
        quoted_part.replace('""', '"') if quoted_part else plain_part
        for quoted_part, plain_part in _PART.findall(checked_name(name))
    ]
    if not 1 <= len(parts) <= 2 or not _TABLE.fullmatch(str(name)):
        raise FlowExecutionError(f"{name!r} is no name of a table", hint="write `table`, or `schema.table`")
    return parts
