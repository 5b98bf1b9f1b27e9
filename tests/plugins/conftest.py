"""Connections to databases as a run has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flowlang.connections.base import Statement, statement_sink
from flowlang.connections.manager import ConnectionSpec, OpenConnections, open_connections
from flowlang_plugins.sqlite import SQLitePlugin
from tests.plugins.connected import Open, connected
from tests.plugins.kinds import KINDS, Kind


class Database:
    """An open connection called `db`, whose tasks are called as steps call them."""

    def __init__(self, opened: OpenConnections) -> None:
        self.opened = opened

    async def call(self, task: str, /, **arguments: Any) -> Any:
        """What a step with this task gives."""
        connection = await self.opened.acquire("db")
        try:
            return await self.opened.task("db", f"sqlite_{task}")(**arguments, connection=connection)
        finally:
            await self.opened.release("db", connection)

    async def rows(self, query: str, params: Any = None) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.call("query", query=query, params=params))["rows"]
        return rows

    async def value(self, query: str, params: Any = None) -> Any:
        return next(iter((await self.rows(query, params))[0].values()))

    async def step(self, function: Callable[[Any], Awaitable[Any]]) -> Any:
        """What a step with a task of the project's own gives."""
        connection = await self.opened.acquire("db")
        try:
            return await function(connection)
        finally:
            await self.opened.release("db", connection)


@pytest.fixture
def sqlite(tmp_path: Path) -> Callable[..., Any]:
    """Opens a database for an `async with` block; a file in the test's folder unless the config says otherwise."""

    @asynccontextmanager
    async def open_database(**config: Any) -> AsyncIterator[Database]:
        spec = ConnectionSpec("db", "sqlite", SQLitePlugin, {"database": "test.db", **config}, folder=tmp_path)
        opened = await open_connections([spec])
        try:
            yield Database(opened)
        finally:
            await opened.close()

    return open_database


@pytest.fixture
def statements() -> Iterator[list[Statement]]:
    """The statements that were sent in the test."""
    heard: list[Statement] = []
    token = statement_sink.set(heard.append)
    yield heard
    statement_sink.reset(token)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def url(kind: Kind, request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    made: str = request.getfixturevalue(f"{kind.name}_database")
    return made


@pytest.fixture
def database(kind: Kind, url: str) -> Open:
    """Opens the database for an `async with` block."""
    return partial(connected, kind.plugin, kind.prefix, url=url)
