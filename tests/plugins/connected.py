"""A connection as a run has it, for tests of the plugins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.manager import ConnectionSpec, OpenConnections, open_connections

#: Opens a connection with what differs in its configuration, for an `async with` block.
Open = Callable[..., Any]


class Connected:
    """An open connection called `db`, whose tasks are called as steps call them."""

    def __init__(self, opened: OpenConnections, prefix: str) -> None:
        self.opened = opened
        self.prefix = prefix

    async def call(self, task: str, /, **arguments: Any) -> Any:
        """What a step with this task gives."""
        return await self.step(self.opened.task("db", f"{self.prefix}_{task}"), **arguments)

    async def value(self, query: str, *params: Any) -> Any:
        """The first value of the first row of a query."""
        rows = (await self.call("query", query=query, params=list(params)))["rows"]
        return next(iter(rows[0].values()))

    async def step(self, function: Callable[..., Awaitable[Any]], /, **arguments: Any) -> Any:
        """What a step with a task of the project's own gives."""
        connection = await self.opened.acquire("db")
        try:
            return await function(**arguments, connection=connection)
        finally:
            await self.opened.release("db", connection)


@asynccontextmanager
async def connected(plugin: type[ConnectionPlugin], prefix: str, **config: Any) -> AsyncIterator[Connected]:
    opened = await open_connections([ConnectionSpec("db", plugin.name, plugin, config)])
    try:
        yield Connected(opened, prefix)
    finally:
        await opened.close()
