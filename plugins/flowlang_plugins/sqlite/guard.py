"""Keeps a read-only connection from writing where opening the file read-only doesn't: through other files."""

from __future__ import annotations

import sqlite3
from typing import Final

#: PRAGMAs that take an argument and only read.
_ASK: Final = frozenset(
    {"table_info", "table_xinfo", "table_list", "index_info", "index_xinfo", "index_list"}
    | {"foreign_key_list", "foreign_key_check", "integrity_check", "quick_check"}
)
#: PRAGMAs that act without an argument.
_ACT: Final = frozenset({"incremental_vacuum", "optimize", "wal_checkpoint"})


def refuse_writing(
    action: int, first: str | None, second: str | None, database: str | None, trigger: str | None
) -> int:
    """What SQLite asks about each part of a statement when it compiles it.

    ATTACH is refused because the other file could be written, and with it `VACUUM INTO`, which attaches its
    target; so are PRAGMAs that set something, which could lift the restriction.
    """
    if action == sqlite3.SQLITE_ATTACH:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        name = (first or "").lower()
        if name in _ACT or (second is not None and name not in _ASK):
            return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
