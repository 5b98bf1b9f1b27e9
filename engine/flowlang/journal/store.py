"""The database of the journal: one connection in each process, used by one thread at a time."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import strftime
from typing import Final

from flowlang.errors import JournalBusyError, JournalError
from flowlang.journal.schema import VERSION, prepare, version_of

#: How many seconds to wait for another process that writes.
PATIENCE: Final = 10.0

_CORRUPT: Final = ("malformed", "not a database", "corrupt")

_log = logging.getLogger("flowlang.journal")


class Store:
    """`.flowlang/runs.db` of one project. What is in it is SQL's business; here is how one comes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._owner = 0

    @property
    def is_there(self) -> bool:
        """Whether there is a database yet."""
        return self.path.exists()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database, to be read. Raises JournalError for one that cannot be.

        Where nothing can be written, it is read as it lies there.
        """
        with self._lock, _told(self.path):
            try:
                database = self._opened()
            except sqlite3.OperationalError as error:
                if _is_busy(error):
                    raise
                with closing(self._open_unchanged(error)) as database:
                    yield database
            else:
                yield database

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The database in a transaction that is committed at the end. Raises JournalError where that fails."""
        with self._lock, _told(self.path):
            database = self._opened()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # the first error is the one to tell
                    database.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._database is not None and self._owner == os.getpid():
                self._database.close()
            self._database = None

    def _opened(self) -> sqlite3.Connection:
        if self._database is not None and self._owner == os.getpid():
            if self.path.exists():
                return self._database
            self._database.close()  # somebody removed the file: what is written to it would be lost
        try:
            self._database = self._open()
        except sqlite3.DatabaseError as error:
            if not any(word in str(error) for word in _CORRUPT):
                raise
            self._move_aside(error)
            self._database = self._open()
        self._owner = os.getpid()
        return self._database

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            prepare(database, self.path)
            database.execute("SELECT 1 FROM runs LIMIT 1").fetchall()
        except BaseException:
            database.close()
            raise
        weakref.finalize(self, database.close)
        return database

    def _open_unchanged(self, why: sqlite3.OperationalError) -> sqlite3.Connection:
        """Open a database in a folder where nothing can be written, not even that somebody reads."""
        uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        database = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        version = version_of(database)
        if version == VERSION:
            return database
        database.close()
        if version:
            raise why
        empty = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        prepare(empty, self.path)
        return empty

    def _move_aside(self, error: sqlite3.DatabaseError) -> None:
        """Keep a database that cannot be read under another name, and begin a new one."""
        aside = self.path.with_name(f"{self.path.stem}.broken-{strftime('%Y%m%d-%H%M%S')}{self.path.suffix}")
        os.replace(self.path, aside)
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.replace(f"{self.path}{ending}", f"{aside}{ending}")
        _log.warning("%s cannot be read (%s); it is now %s, and a new journal begins", self.path, error, aside.name)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what SQLite raises in the terms of the journal."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            raise JournalBusyError(
                f"another process has held {path} for {PATIENCE:g} s", hint="wait until it is done, or end it"
            ) from error
        raise JournalError(f"{path}: {error}", hint="check the folder's permissions and the space left") from error
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{path}: {error}", hint="move the file away to begin a new journal") from error


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return "locked" in str(error) or "busy" in str(error)
