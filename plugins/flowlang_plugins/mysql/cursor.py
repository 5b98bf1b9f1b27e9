"""The cursors that tasks of a project get."""

from __future__ import annotations

from typing import Any

import aiomysql

from flowlang.connections.base import announce, statement


class ReportingCursor(aiomysql.Cursor):
    """A cursor of the driver that reports what it sends."""

    _in_many = False

    async def execute(self, query: Any, args: Any = None) -> Any:
        """As the driver's: the number of rows."""
        if self._in_many:
            return await super().execute(query, args)
        await announce(self._connection, query, args, is_open=self._connection.in_transaction)
        await self._connection.used(query)
        with statement(query, args) as sent:
            sent.rows = await super().execute(query, args)
        return sent.rows

    async def executemany(self, query: str, args: Any) -> Any:
        """As the driver's. It is one statement for whoever watches, however many the driver makes of it."""
        await announce(self._connection, query, args, is_open=self._connection.in_transaction)
        await self._connection.used(query)
        self._in_many = True
        try:
            with statement(query) as sent:
                sent.rows = await super().executemany(query, args)
        finally:
            self._in_many = False
        return sent.rows
