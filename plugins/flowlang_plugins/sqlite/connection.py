"""One connection to a SQLite database: statements that wait for locks, end when cancelled, and are reported."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import aiosqlite

from flowlang.connections.base import ResultMeter, shielded, statement
from flowlang.errors import ConnectionError, FlowExecutionError
from flowlang_plugins.sql.rows import Outcome
from flowlang_plugins.sqlite.errors import failure
from flowlang_plugins.sqlite.guard import refuse_writing
from flowlang_plugins.sqlite.values import bound, column_names

if TYPE_CHECKING:
    from flowlang_plugins.sql.session import Enclosure

T = TypeVar("T")

#: The name of the connections' threads.
_THREAD: Final = "flowlang sqlite"

#: The longest stretch in which SQLite itself waits for a lock. In between, a cancellation is noticed.
_LOCK_STRETCH: Final = 0.1

_INSERTS: Final = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:INSERT|REPLACE|WITH\b.*?\b(?:INSERT|REPLACE)\s+(?:OR|INTO))\b", re.I | re.S
)


class Settings(NamedTuple):
    """A connection's configuration; `database` is absolute, or `:memory:`."""

    database: str
    timeout: float
    isolation: str
    foreign_keys: bool
    read_only: bool
    max_result_mb: float = 256

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """The settings of a config that was checked."""
        read_only = bool(config.get("read_only", False))
        isolation = config.get("isolation_level") or ("deferred" if read_only else "immediate")
        return cls(
            config["database"],
            float(config.get("timeout", 5)),
            str(isolation).lower(),
            bool(config.get("foreign_keys", True)),
            read_only,
            float(config.get("max_result_mb", 256)),
        )

    @property
    def in_memory(self) -> bool:
        """Whether the database lives as long as its one connection."""
        return self.database == ":memory:"


class SQLiteConnection(aiosqlite.Connection):
    """An `aiosqlite.Connection` in autocommit mode that belongs to a pool.

    It works in a thread of its own, which never keeps the process alive. A task can't close it: the pool does.
    """

    #: What the driver opens.
    database_class: type[sqlite3.Connection] = sqlite3.Connection

    def __init__(self, settings: Settings) -> None:
        super().__init__(self._connected, 64)
        self.settings = settings
        self._failure: sqlite3.Error | None = None
        #: The transaction around all that the step does, if it is to take effect exactly once.
        self.enclosure: Enclosure | None = None
        #: Whether nothing can be running in the thread: what was sent was also awaited to its end.
        self.settled = True
        # before 0.22 aiosqlite's connection is itself the thread
        thread: Any = getattr(self, "_thread", self)
        thread.daemon = True
        thread.name = _THREAD

    async def open(self) -> None:
        """Open the database. Raises `sqlite3.Error`; then there is nothing to close."""
        await self
        if self._failure is not None:
            await super().close()
            raise self._failure

    def _connected(self) -> sqlite3.Connection:
        try:
            return _opened(self.settings, self.database_class)
        except sqlite3.Error as error:
            # aiosqlite doesn't wait for its thread when opening fails, so it is given something to close
            self._failure = error
            return sqlite3.connect(":memory:", factory=self.database_class)

    async def close(self) -> None:
        """Does nothing, so that a task that closes what it was lent does no harm."""

    async def shut(self) -> None:
        """Stop what is running, and close the database and the thread."""
        if self.alive:
            await self.restore()
            await super().close()

    @property
    def alive(self) -> bool:
        """Whether the database is open."""
        try:
            return self.in_transaction is not None
        except (ValueError, sqlite3.ProgrammingError):
            return False

    async def send(self, text: str, params: Any = None) -> Outcome:
        """Run one statement and fetch all its rows."""
        if self.enclosure is not None:
            await self.enclosure.enter()
        values = bound(params)
        with statement(text, params) as sent:
            outcome = await self._to_its_end(self._run(text, values))
            sent.rows = outcome.touched
        return outcome

    async def send_many(self, text: str, rows: Iterable[Sequence[Any]]) -> int:
        """Run one statement for each of the rows; how many rows of the table it touched."""
        with statement(text) as sent:
            cursor = await self._to_its_end(_awaited(self.executemany(text, rows)))
            sent.rows = max(cursor.rowcount, 0)
        return sent.rows

    @asynccontextmanager
    async def atomic(self, isolation: str | None = None) -> AsyncIterator[None]:
        """Commits what happens inside, or, however that fails or is cancelled, undoes all of it."""
        if self.enclosure is not None:
            await self.enclosure.enter(isolation)
            yield
            return
        try:
            await self.send(f"BEGIN {(isolation or self.settings.isolation).upper()}")
            yield
            if not self.in_transaction:
                raise FlowExecutionError("one of the statements ended the transaction")
            await self.send("COMMIT")
        except BaseException:
            await shielded(self.restore())
            raise

    def aside(self, text: str | None) -> AbstractAsyncContextManager[None]:
        """Around a question that leaves the step's work as it is; None if it is no statement but the call of a task."""
        from flowlang_plugins.sql.aside import aside
        from flowlang_plugins.sqlite.control import begins_or_ends

        return aside(self, text, begins_or_ends)

    async def commit(self) -> None:
        """As the driver's; within a larger transaction its end is left to whoever began it."""
        if self.enclosure is None:
            await super().commit()

    async def restore(self) -> None:
        """Stop what is running, and undo a transaction that was left open."""
        if not self.alive:
            return
        await self._quiet()
        if self.in_transaction:
            await self._undo()

    async def _quiet(self) -> None:
        """Wait until the thread is idle, interrupting what takes long."""
        idle = asyncio.ensure_future(_awaited(self.cursor()))
        # an interrupt stays in force while a cursor is open, so none is sent unless something runs
        await asyncio.wait((idle,), timeout=0.005)
        while not idle.done():
            # between two statements an interrupt has no effect, so one may not be enough
            await self.interrupt()
            await asyncio.wait((idle,), timeout=0.01)
        idle.result()
        self.settled = True

    async def _undo(self) -> None:
        try:
            with statement("ROLLBACK"):
                await self.execute("ROLLBACK")
        except sqlite3.Error:
            # closing undoes it too, and the pool opens another connection
            await super().close()

    async def _to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives, with SQLite's errors as errors of a step. Cancelled, it leaves nothing running."""
        self.settled = False
        try:
            result = await work
        except asyncio.CancelledError:
            await shielded(self._quiet())
            raise
        except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as error:
            self.settled = True
            raise failure(error, self.settings.timeout) from error
        except ValueError as error:
            raise ConnectionError("the connection to the database is closed") from error
        self.settled = True
        return result

    async def _run(self, text: str, values: Any) -> Outcome:
        outcome: Outcome = await self._patiently(lambda: self._execute(self._fetched, text, values))  # type: ignore[no-untyped-call]
        return outcome

    def _fetched(self, text: str, values: Any) -> Outcome:
        """Runs in the thread as one piece: a cursor left open by a step that is cancelled would keep its lock."""
        database = self._conn
        changes = database.total_changes
        cursor = database.execute(text, values)
        try:
            columns = column_names(cursor.description)
            rows = self._rows(cursor, columns) if columns else []
            affected = cursor.rowcount
            if affected < 0:
                affected = 0
                if database.total_changes != changes:
                    affected = int(database.execute("SELECT changes()").fetchone()[0])
            inserted = affected > 0 and _INSERTS.match(text) is not None
            return Outcome(rows, columns, affected, cursor.lastrowid if inserted else None)
        finally:
            cursor.close()

    def _rows(self, cursor: sqlite3.Cursor, columns: list[str]) -> list[dict[str, Any]]:
        meter = ResultMeter(self.settings.max_result_mb)
        rows = []
        for row in cursor:
            meter.add_row(row)
            rows.append(dict(zip(columns, row, strict=True)))
        return rows

    async def _patiently(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Try again while the database is locked, up to the timeout. A statement that met a lock did nothing."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.timeout
        while True:
            try:
                return await work()
            except sqlite3.OperationalError as error:
                # the extended codes of BUSY, such as a snapshot that is out of date, don't go away by waiting
                if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY or loop.time() >= deadline:
                    raise
            # within a transaction SQLite may refuse at once: don't spin
            await asyncio.sleep(0.005)


def _holds_no_values(record: logging.LogRecord) -> bool:
    """Whether a line of the driver's log may be written: from these threads it tells statements with their values."""
    return record.threadName != _THREAD


logging.getLogger("aiosqlite").addFilter(_holds_no_values)


async def _awaited(result: Any) -> Any:
    return await result


def _opened(settings: Settings, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
    """Open the database and make sure that it is one. Runs in the connection's thread."""
    uri = settings.read_only
    connection = sqlite3.connect(
        f"{Path(settings.database).as_uri()}?mode=ro" if uri else settings.database,
        timeout=min(settings.timeout, _LOCK_STRETCH),
        isolation_level=None,
        factory=factory,
        uri=uri,
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA foreign_keys = {'ON' if settings.foreign_keys else 'OFF'}")
        _verify(connection)
        if settings.read_only:
            connection.execute("PRAGMA query_only = ON")
            connection.set_authorizer(refuse_writing)
        # a single value is in memory as a whole before its row can be counted
        longest = min(max(int(settings.max_result_mb * 1_000_000), 1_000_000), 1_000_000_000)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
    except BaseException:
        connection.close()
        raise
    return connection


def _verify(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        # a database that is locked at the moment is one: the steps will wait for it
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
