"""How long runs are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from time import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flowlang.journal.settings import Settings

DAY: Final = 86_400.0
#: The latest runs stay whatever their age: a clock that was set wrong for a while takes none of them.
ALWAYS: Final = 50


def retire(database: sqlite3.Connection, settings: Settings) -> None:
    """Forget the runs that are beyond the limits of the settings."""
    beyond = expired(database, settings.keep_runs or None, settings.keep_days * DAY or None, spare=ALWAYS)
    if beyond:
        forget(database, beyond)


def expired(database: sqlite3.Connection, keep: int | None, older_than: float | None, *, spare: int = 0) -> list[int]:
    """The rows of runs beyond the latest `keep`, or that began more than `older_than` seconds ago; pinned ones not.

    The latest `spare` ones don't grow old.
    """
    found: set[int] = set()
    if keep is not None:
        query = "SELECT id FROM runs WHERE pinned = 0 ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?"
        found.update(row[0] for row in database.execute(query, (keep,)))
    if older_than is not None:
        before = time() - older_than
        query = (
            "SELECT id FROM runs WHERE pinned = 0 AND started < ? "
            "AND id NOT IN (SELECT id FROM runs ORDER BY started DESC, id DESC LIMIT ?)"
        )
        found.update(row[0] for row in database.execute(query, (before, spare)))
    return sorted(found)


def forget(database: sqlite3.Connection, runs: Sequence[int]) -> None:
    """Delete runs with all that only they need, in the transaction that is open."""
    rows = [(run,) for run in runs]
    for table in ("sessions", "chunks", "run_blobs"):
        database.executemany(f"DELETE FROM {table} WHERE run = ?", rows)
    database.executemany("DELETE FROM runs WHERE id = ?", rows)
    database.execute("DELETE FROM definitions WHERE key NOT IN (SELECT definition FROM sessions)")
    database.execute("DELETE FROM blobs WHERE key NOT IN (SELECT key FROM run_blobs)")
    unused = "SELECT id FROM step_sets WHERE id NOT IN (SELECT step_set FROM runs)"
    database.execute(f"DELETE FROM steps_in_sets WHERE step_set IN ({unused})")
    database.execute(f"DELETE FROM step_sets WHERE id IN ({unused})")
