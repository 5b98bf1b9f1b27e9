"""What changes by itself when a table of a MySQL database is written to: the server doesn't say how much."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from flowlang_plugins.sql.writes import Write

_TRIGGERS: Final = """
SELECT DISTINCT event_manipulation AS event FROM information_schema.triggers
WHERE event_object_schema = {schema} AND event_object_table = {table}
"""
_CASCADES: Final = """
SELECT DISTINCT table_name AS name, update_rule AS on_update, delete_rule AS on_delete
FROM information_schema.referential_constraints
WHERE unique_constraint_schema = {schema} AND referenced_table_name = {table}
"""
_FOLLOWS: Final = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})

Ask = Callable[[str], Awaitable[Sequence[Mapping[str, Any]]]]


class Followers:
    """The triggers of tables, and the tables that follow by foreign keys, as far as the account may see them.

    `ask` gives the rows of a query, and `literal` writes a text into one.
    """

    def __init__(self, ask: Ask, literal: Callable[[str], str]) -> None:
        self._ask = ask
        self._literal = literal
        self._known: dict[str, tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]] = {}

    async def of(self, write: Write | None) -> list[str]:
        """In words, what a statement may have changed besides the rows that the server counts."""
        if write is None:
            return []
        table = write.table
        triggers, cascades = self._known.get(table) or await self._look(table)
        kinds = {"INSERT", "UPDATE", "DELETE"} if write.upserts else {write.kind.upper()}
        found = []
        if any(str(row["event"]).upper() in kinds for row in triggers):
            found.append(f"what the triggers of {_bare(table)} did is not counted")
        following = {
            str(row["name"])
            for row in cascades
            if ("DELETE" in kinds and row["on_delete"] in _FOLLOWS)
            or ("UPDATE" in kinds and row["on_update"] in _FOLLOWS)
        }
        if following:
            found.append(f"what followed in {', '.join(sorted(following))} by a foreign key is not counted")
        return found

    async def _look(self, table: str) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        schema, _, name = table.replace("`", "").rpartition(".")
        place = {
            "schema": self._literal(schema) if schema else "database()",
            "table": self._literal(name),
        }
        triggers = await self._ask(_TRIGGERS.format(**place))
        found = self._known[table] = triggers, await self._ask(_CASCADES.format(**place))
        return found


def _bare(table: str) -> str:
    return table.replace("`", "")
