"""The connections of one plugin instance."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Final

from flowlang.connections.base import shielded
from flowlang_plugins.sqlite.connection import Settings, SQLiteConnection
from flowlang_plugins.sqlite.errors import connect_failure

#: How many connections a file gets at most, for steps that run at once.
SIZE: Final = 5


class SQLitePool:
    """Lends each connection to one step at a time. An in-memory database has one connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._free = asyncio.Semaphore(1 if settings.in_memory else SIZE)
        self._idle: list[SQLiteConnection] = []
        self._all: set[SQLiteConnection] = set()

    async def open(self) -> None:
        """Open the first connection, which shows whether the database can be used. Raises ConnectionError if not."""
        self._idle.append(await self._opened())

    async def acquire(self) -> SQLiteConnection:
        """A connection, waiting for one if all are lent."""
        await self._free.acquire()
        try:
            return self._idle.pop() if self._idle else await self._opened()
        except BaseException:
            self._free.release()
            raise

    def try_release(self, connection: SQLiteConnection) -> bool:
        """Take a connection back at once; false if something runs on it, or a transaction is open."""
        if connection not in self._all:
            return True
        if not connection.settled or not connection.alive or connection.in_transaction:
            return False
        connection.row_factory = sqlite3.Row
        connection.settled = False
        self._idle.append(connection)
        self._free.release()
        return True

    async def release(self, connection: SQLiteConnection) -> None:
        """Take a connection back, after what runs on it was stopped and an open transaction undone."""
        if self.try_release(connection):
            return
        try:
            await connection.restore()
        finally:
            if not self.try_release(connection):
                self._all.discard(connection)
                self._free.release()
                await connection.shut()

    async def close(self) -> None:
        """Close all connections, the lent ones too."""
        connections = list(self._all)
        self._all.clear()
        self._idle.clear()
        await asyncio.gather(*(connection.shut() for connection in connections))

    async def _opened(self) -> SQLiteConnection:
        connection = SQLiteConnection(self._settings)
        try:
            await shielded(connection.open())
        except asyncio.CancelledError:
            await shielded(connection.shut())
            raise
        except sqlite3.Error as error:
            raise connect_failure(error, self._settings.database) from error
        # the first task may use it in ways that are not awaited to the end
        connection.settled = False
        self._all.add(connection)
        return connection
