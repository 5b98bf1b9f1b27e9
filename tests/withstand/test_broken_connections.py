"""Connections that break in the middle of a run, for each kind of server: silent, reset, and restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest

from flowlang import FlowExecutor, FlowResult, TaskRegistry
from tests.services.proxy import Proxy
from tests.services.server import Server
from tests.withstand.databases import SERVERS, Database, step

Break = Callable[[], object]


@pytest.fixture(params=SERVERS)
def database(request: pytest.FixtureRequest) -> Database:
    return SERVERS[request.param]


@pytest.fixture
def url(database: Database, request: pytest.FixtureRequest) -> str:
    made: str = request.getfixturevalue(f"{database.name}_database")
    return made


@pytest.fixture
def between(url: str, proxy: Callable[[str], Proxy]) -> Proxy:
    return proxy(url)


def connection(database: Database, url: str) -> str:
    where = f'url: "{url}"'
    if database.name == "mongodb":
        parts = urlsplit(url)
        server = parts._replace(path="/", query="authSource=admin&directConnection=true").geturl()
        where = f'url: "{server}", database: {parts.path.strip("/")}'
    config = f"type: {database.name}, {where}, {database.config}"
    return f"connections:\n  db: {{{config}}}\n"


def flow(database: Database, url: str, *steps: str) -> str:
    outputs = f"outputs: {{numbers: '${{read.{database.numbers}}}'}}\n"
    return f"flow: Breaks\n{connection(database, url)}steps:\n{''.join(steps)}{outputs}"


def numbers(result: FlowResult) -> list[int]:
    """What is in the table. Redis keeps numbers as text."""
    return sorted(map(int, result["numbers"]))


def registry(breaking: Break) -> TaskRegistry:
    tasks = TaskRegistry()

    async def Break() -> None:
        await asyncio.to_thread(breaking)

    tasks.register("Break", Break)
    return tasks


BREAK = "  - task: Break\n"
RETRY = {"retry": "{max_attempts: 4, delay: 0.05}"}
#: What bounds an attempt where the connection's own configuration does not.
LIMIT = {"timeout": "1500ms"}


async def test_a_silent_connection_fails_the_step_within_its_timeout(database: Database, between: Proxy) -> None:
    text = flow(
        database,
        between.url,
        step(database.create, "db"),
        BREAK,
        step(database.read, "db", id="read", **LIMIT),
    )
    started = monotonic()
    result = await FlowExecutor(registry(between.freeze)).execute_flow(text, {"run": 1})

    # the timeout, half a second for what is still to be done, a second or two for closing
    assert monotonic() - started < 5
    assert result.status == "failed"
    assert result.error is not None
    assert result.error["step"] == "read"
    assert "within" in str(result.error) or "time" in str(result.error)
    between.thaw()


async def test_a_silent_connection_is_replaced_where_a_retry_is_declared(database: Database, between: Proxy) -> None:
    retries: list[Any] = []

    async def mend(event: Any) -> None:
        if event["type"] == "step_retrying":
            retries.append(event)
            await asyncio.to_thread(between.drop)
            await asyncio.to_thread(between.thaw)

    text = flow(
        database,
        between.url,
        step(database.create, "db"),
        step(database.write, "db"),
        BREAK,
        step(database.read, "db", id="read", **LIMIT, **RETRY),
    )
    result = await FlowExecutor(registry(between.freeze)).execute_flow(text, {"run": 7}, event_callback=mend)

    assert result.success, result.error
    assert numbers(result) == [7]
    assert retries


async def test_a_write_over_a_connection_that_was_reset_is_done_once(database: Database, between: Proxy) -> None:
    text = flow(
        database,
        between.url,
        step(database.create, "db"),
        step(database.write, "db"),
        BREAK,
        step(database.write, "db", **RETRY),
        step(database.read, "db", id="read"),
    )
    result = await FlowExecutor(registry(between.drop)).execute_flow(text, {"run": 7})

    assert result.success, result.error
    assert numbers(result) == [7, 7]


async def test_a_restart_of_the_server_loses_and_doubles_nothing(
    database: Database, url: str, request: pytest.FixtureRequest
) -> None:
    """Ten runs at once stand between two statements while the server restarts."""
    server: Server = request.getfixturevalue(f"{database.name}_server")
    gate = asyncio.Barrier(11)
    tasks = TaskRegistry()

    async def Break() -> None:
        await gate.wait()
        await gate.wait()

    tasks.register("Break", Break)
    executor = FlowExecutor(tasks)
    first = await executor.execute_flow(
        flow(database, url, step(database.create, "db"), step(database.read, "db", id="read")), {"run": 0}
    )
    assert first.success, first.error
    text = flow(
        database,
        url,
        step(database.read, "db"),
        BREAK,
        step(database.write, "db", retry="{max_attempts: 6, delay: 0.1, backoff: exponential}"),
        step(database.read, "db", id="read"),
    )
    runs = [asyncio.ensure_future(executor.execute_flow(text, {"run": run})) for run in range(10)]
    await gate.wait()
    await asyncio.to_thread(server.restart)
    await gate.wait()
    results = await asyncio.gather(*runs)

    assert [result.error for result in results if not result.success] == []
    last = await executor.execute_flow(flow(database, url, step(database.read, "db", id="read")), {"run": 0})
    assert numbers(last) == list(range(10))
    for run, result in enumerate(results):
        assert run in numbers(result)
