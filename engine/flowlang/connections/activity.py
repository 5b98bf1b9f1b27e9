"""What happened to a project's stored connections: which flows and steps used them, and how their tests ended.

It is kept in `.flowlang/connections.db`, which holds nothing secret and may be deleted at any time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowlang.connections.records import now

if TYPE_CHECKING:
    from flowlang.connections.probe import ProbeReport

FILE: Final = "connections.db"

#: How many tests of a connection are kept.
TESTS_KEPT: Final = 20
#: For how many seconds a use that was written down is new enough.
USE_SECONDS: Final = 60.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS uses (
    connection TEXT, flow TEXT, step TEXT, last_used TEXT, PRIMARY KEY (connection, flow, step));
CREATE TABLE IF NOT EXISTS tests (
    connection TEXT, at TEXT, environment TEXT, ok INTEGER, stage TEXT, message TEXT, ms REAL);
"""

_log = logging.getLogger("flowlang.connections")
_noted: dict[tuple[str, str, str, tuple[str, ...]], float] = {}


class Use(NamedTuple):
    """A step that used a connection, and when that was the last time. `flow` is a path, relative to the project."""

    flow: str
    step: str
    last_used: str


class ProbeOutcome(NamedTuple):
    """How a test of a connection ended: `stage` is the one that failed, None if none did."""

    at: str
    environment: str | None
    ok: bool
    stage: str | None
    message: str | None
    ms: float


class Activity:
    """The record of one project, by the ids of its connections."""

    def __init__(self, root: Path) -> None:
        self.path = root / ".flowlang" / FILE

    def is_due(self, connection: str, flow: str, steps: Sequence[str]) -> bool:
        """Whether these steps of a flow were not written down just now, so that `note_use` is worth its time."""
        key = (str(self.path), connection, flow, tuple(steps))
        return monotonic() - _noted.get(key, -USE_SECONDS) >= USE_SECONDS

    def note_use(self, connection: str, flow: str, steps: Sequence[str]) -> None:
        """Write down that these steps of a flow use a connection."""
        _noted[str(self.path), connection, flow, tuple(steps)] = monotonic()
        moment = now()
        rows = [(connection, flow, step, moment) for step in steps]
        self._do(lambda database: database.executemany("INSERT OR REPLACE INTO uses VALUES (?, ?, ?, ?)", rows))

    def uses(self, connection: str) -> list[Use]:
        """The steps that used a connection, the latest first."""
        found = self._read(
            "SELECT flow, step, last_used FROM uses WHERE connection = ? ORDER BY last_used DESC, flow, step",
            connection,
        )
        return [Use(*row) for row in found]

    def note_test(self, connection: str, test: ProbeOutcome) -> None:
        """Write down how a test ended, and forget the oldest ones."""

        def work(database: sqlite3.Connection) -> None:
            database.execute("INSERT INTO tests VALUES (?, ?, ?, ?, ?, ?, ?)", (connection, *test))
            database.execute(
                "DELETE FROM tests WHERE connection = ?1 AND rowid NOT IN "
                "(SELECT rowid FROM tests WHERE connection = ?1 ORDER BY rowid DESC LIMIT ?2)",
                (connection, TESTS_KEPT),
            )

        self._do(work)

    def note_report(self, connection: str, environment: str | None, report: ProbeReport) -> None:
        """Write down how a staged test ended."""
        failed = report.failed
        stage, message = (None, None) if failed is None else (failed.stage, failed.message)
        self.note_test(connection, ProbeOutcome(now(), environment, report.ok, stage, message, report.ms))

    def tests(self, connection: str) -> list[ProbeOutcome]:
        """The last tests of a connection, the latest first."""
        found = self._read(
            "SELECT at, environment, ok, stage, message, ms FROM tests WHERE connection = ? ORDER BY rowid DESC",
            connection,
        )
        return [ProbeOutcome(at, where, bool(ok), stage, message, ms) for at, where, ok, stage, message, ms in found]

    def forget(self, connection: str) -> None:
        """Drop what is known of a connection that was removed."""
        if not self.path.exists():
            return

        def work(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM uses WHERE connection = ?", (connection,))
            database.execute("DELETE FROM tests WHERE connection = ?", (connection,))

        self._do(work)

    def _read(self, query: str, connection: str) -> list[tuple[Any, ...]]:
        if not self.path.exists():
            return []
        found: list[tuple[Any, ...]] = []
        self._do(lambda database: found.extend(database.execute(query, (connection,))))
        return found

    def _do(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do something with the database. A record that cannot be kept, or read, disturbs nobody."""
        try:
            with closing(sqlite3.connect(self.path, timeout=5)) as database:
                database.executescript(_SCHEMA)
                work(database)
                database.commit()
        except sqlite3.DatabaseError as error:
            _log.info("%s cannot be used: %s", self.path, error)
            if "malformed" in str(error) or "not a database" in str(error):
                with suppress(OSError):
                    self.path.unlink()
