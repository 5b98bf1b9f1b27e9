"""What PostgreSQL and MySQL connections have in common: pools, failures, transactions, servers that go away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest

from flowlang.errors import ConnectionError, FlowExecutionError
from flowlang.runtime.executor import FlowExecutor
from tests.plugins.connected import Connected, Open, connected
from tests.plugins.kinds import Kind
from tests.plugins.onlookers import Onlooker


@pytest.fixture
def server(kind: Kind, url: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{kind.name}_server")


@pytest.fixture
def onlooker(kind: Kind, url: str) -> Onlooker:
    return kind.onlooker(url)


async def one(db: Connected) -> Any:
    """A query that gives 1."""
    return (await db.call("query", query="SELECT 1 AS a"))["rows"][0]["a"]


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        (("127.0.0.1", "no-such-host.invalid"), "resolve"),
        (("only-for-tests", "canary-wrong"), "authenticate"),
        (("/flowlang_test", "/nope"), "authorise"),
    ],
)
async def test_a_connection_that_cannot_be_opened_tells_the_stage(
    database: Open, url: str, change: tuple[str, str], stage: str
) -> None:
    with pytest.raises(ConnectionError) as raised:
        await database(url=url.replace(*change)).__aenter__()

    assert raised.value.stage == stage
    assert raised.value.hint
    assert "canary" not in str(raised.value)


async def test_a_server_that_is_not_there_is_told(kind: Kind) -> None:
    url = f"{kind.alias}://u:canary@127.0.0.1:1/d"
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:1") as raised:
        await connected(kind.plugin, kind.prefix, url=url).__aenter__()

    assert raised.value.stage == "reach"
    assert "canary" not in f"{raised.value}{raised.value.hint}"


async def test_tls_that_is_not_there_is_told(database: Open, url: str) -> None:
    with pytest.raises(ConnectionError) as raised:
        await database(url=f"{url}?sslmode=require").__aenter__()

    assert raised.value.stage == "tls"


async def test_a_pool_never_holds_more_than_its_size(kind: Kind, database: Open, onlooker: Onlooker) -> None:
    async with database(pool_size=3, min_pool_size=2) as db:
        assert await onlooker.sessions() == 2
        done = asyncio.gather(*(db.call("query", query=kind.sleeping(0.01)) for _ in range(30)))
        while not done.done():
            assert await onlooker.sessions() <= 3
        await done
        assert await onlooker.sessions() == 3
    await onlooker.sees(0)


async def test_a_statement_that_takes_too_long_ends_at_the_server(
    kind: Kind, database: Open, onlooker: Onlooker
) -> None:
    async with database(timeout=0.2) as db:
        with pytest.raises(FlowExecutionError, match=r"did not finish the statement within 0\.2 s"):
            await db.call("query", query=kind.sleeping(60))
        await onlooker.sees(0, onlooker.busy)
        assert await one(db) == 1


@pytest.mark.parametrize("step", range(4))
async def test_a_transaction_that_fails_anywhere_leaves_nothing(
    kind: Kind, database: Open, onlooker: Onlooker, step: int
) -> None:
    insert = f"INSERT INTO t VALUES ({kind.parameter})"
    queries: list[Any] = [{"query": insert, "params": [number]} for number in range(4)]
    queries[step] = "INSERT INTO t SELECT nope"
    async with database() as db:
        await db.call("execute", query="CREATE TABLE t (a int)")
        with pytest.raises(FlowExecutionError, match=r"(?i)column .?nope.?"):
            await db.call("transaction", queries=queries)
        assert await onlooker.ask("SELECT count(*) FROM t") == 0


KILLED = """
import asyncio, os, signal, sys
from flowlang.connections.base import statement_sink
from flowlang.connections.discovery import Plugins

async def main():
    url, name, task = sys.argv[1:]
    plugin = Plugins().get(name).plugin()
    await plugin.connect({"url": url})
    def die(statement):
        if "(2)" in statement.text:
            os.kill(os.getpid(), signal.SIGKILL)
    statement_sink.set(die)
    queries = [f"INSERT INTO t VALUES ({number})" for number in (1, 2, 3)]
    await plugin.get_builtin_tasks()[task](queries=queries, connection=await plugin.get_connection())

asyncio.run(main())
"""


async def test_a_process_that_is_killed_between_statements_leaves_nothing(
    kind: Kind, url: str, onlooker: Onlooker
) -> None:
    await onlooker.ask("CREATE TABLE t (a int)")
    command = [sys.executable, "-c", KILLED, url, kind.name, f"{kind.prefix}_transaction"]
    ended = await asyncio.to_thread(subprocess.run, command, check=False)
    assert ended.returncode == -9
    await onlooker.sees(0)
    assert await onlooker.ask("SELECT count(*) FROM t") == 0


async def test_sessions_that_the_server_ended_are_replaced(database: Open, server: Any) -> None:
    async with database(min_pool_size=3) as db:
        await asyncio.to_thread(server.restart)
        for _ in range(4):
            with suppress(ConnectionError):
                await one(db)
        assert await one(db) == 1


async def test_a_step_that_loses_its_server_says_so(
    kind: Kind, database: Open, server: Any, onlooker: Onlooker
) -> None:
    async with database() as db:
        task = asyncio.ensure_future(db.call("query", query=kind.sleeping(60)))
        await onlooker.sees(1, onlooker.busy)
        await asyncio.to_thread(server.kill)
        with pytest.raises(ConnectionError, match="the connection to the server was lost") as raised:
            await task
        assert "retry" in str(raised.value.hint)
        with pytest.raises(ConnectionError):
            await one(db)
        await asyncio.to_thread(server.start)
        assert await one(db) == 1


async def test_a_reset_connection_is_told_and_replaced(
    kind: Kind, database: Open, url: str, proxy: Any, onlooker: Onlooker
) -> None:
    way = proxy(url)
    async with database(url=way.url) as db:
        # a server that is at work doesn't notice at once that its client is gone
        task = asyncio.ensure_future(db.call("query", query=kind.sleeping(2)))
        await onlooker.sees(1, onlooker.busy)
        way.drop()
        with pytest.raises(ConnectionError, match="lost"):
            await task
        assert await one(db) == 1


async def test_a_connection_that_falls_silent_ends_with_the_timeout(database: Open, url: str, proxy: Any) -> None:
    way = proxy(url)
    async with database(url=way.url, timeout=1) as db:
        way.freeze()
        used, opened = await asyncio.gather(one(db), one(db), return_exceptions=True)
        assert "within 1 s" in str(used)
        assert isinstance(opened, ConnectionError)
        assert opened.stage == "timeout"
        way.thaw()
        assert await one(db) == 1


def both(kind: Kind, first: str, second: str) -> str:
    """A flow that writes into both of two databases."""
    prefix, parameter = kind.prefix, kind.parameter
    return f"""
flow: Both
connections:
  one: {{type: {kind.name}, url: "{first}", pool_size: 5}}
  two: {{type: {kind.alias}, url: "{second}", pool_size: 5}}
inputs: [{{name: run, type: integer}}]
steps:
  - parallel:
      - {prefix}_execute:
          {{connection: one, query: "INSERT INTO t VALUES ({parameter}, 'one')", params: ["${{inputs.run}}"]}}
      - {prefix}_batch_insert: {{connection: two, table: t, records: [{{run: "${{inputs.run}}", place: two}}]}}
  - {prefix}_query:
      {{id: mine, connection: one, query: "SELECT place FROM t WHERE run = {parameter}", params: ["${{inputs.run}}"]}}
outputs: {{places: "${{mine.rows}}"}}
"""


async def test_every_row_of_two_databases_is_where_it_belongs(kind: Kind, request: pytest.FixtureRequest) -> None:
    databases = request.getfixturevalue(f"{kind.name}_databases")
    urls = databases(), databases()
    for url in urls:
        await kind.onlooker(url).ask("CREATE TABLE t (run int, place varchar(10))")
    executor, flow = FlowExecutor(), both(kind, *urls)
    results = await asyncio.gather(*(executor.execute_flow(flow, {"run": run}) for run in range(20)))

    assert [result.outputs for result in results] == [{"places": [{"place": "one"}]}] * 20
    for url, place in zip(urls, ("one", "two"), strict=True):
        seen = kind.onlooker(url)
        assert await seen.ask(f"SELECT count(*) FROM t WHERE place = '{place}'") == 20
        assert await seen.ask("SELECT count(*) FROM t") == await seen.ask("SELECT count(DISTINCT run) FROM t") == 20
        await seen.sees(0)
