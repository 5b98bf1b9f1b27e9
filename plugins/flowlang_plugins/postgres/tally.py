"""What the server counts in a transaction: also the rows that triggers, cascades and parts of a statement change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flowlang_plugins.sql.noted import Kind, Noted

#: Rows of a partition are those of its table, which statements name.
COUNTS: Final = """
SELECT s.schemaname AS schema, s.relname AS name, s.n_tup_ins AS insert, s.n_tup_upd AS update, s.n_tup_del AS delete
FROM pg_stat_xact_user_tables s JOIN pg_class c ON c.oid = s.relid
WHERE NOT c.relispartition AND s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0
"""
_KINDS: Final[tuple[Kind, ...]] = ("insert", "update", "delete")


class Tally:
    """Compares what the server counted with what is noted of it. The server's counts only grow."""

    def __init__(self) -> None:
        self._known: dict[tuple[Kind, str], int] = {}

    def grown(self, counts: Iterable[Mapping[str, Any]]) -> dict[tuple[Kind, str], int]:
        """How many rows of each table were changed since the last time."""
        now = {(kind, _name(row)): row[kind] for row in counts for kind in _KINDS}
        grown = {key: count - self._known.get(key, 0) for key, count in now.items()}
        self._known = now
        return {key: count for key, count in grown.items() if count > 0}

    def complete(self, noted: Noted, marked: object, counts: Iterable[Mapping[str, Any]]) -> None:
        """Note what was changed since the mark and is not noted yet."""
        grown = self.grown(counts)
        if not grown:
            return
        noted.forget_unnamed(marked)
        told = noted.since(marked)
        for (kind, table), count in grown.items():
            bare = table.rpartition(".")[2]
            rest = count - sum(
                n for (same, name), n in told.items() if same == kind and name.rpartition(".")[2] == bare
            )
            noted.add(kind, table, rest)


def _name(row: Mapping[str, Any]) -> str:
    return str(row["name"]) if row["schema"] == "public" else f"{row['schema']}.{row['name']}"
