"""The life of PostgreSQL connections: pools, failures, cancellation, transactions, servers that go away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from flowlang.connections.base import Statement, statement_sink
from flowlang.connections.contract.traces import complaints
from flowlang.errors import ConfigurationError, ConnectionError, FlowExecutionError
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.postgres import PostgresPlugin
from flowlang_plugins.postgres.opening import opener
from flowlang_plugins.postgres.settings import Settings
from tests.plugins.connected import Connected, connected
from tests.plugins.onlookers import PostgresOnlooker

Postgres = Callable[..., Any]


@pytest.fixture
def postgres(postgres_database: str) -> Postgres:
    """Opens an empty database for an `async with` block."""
    return partial(connected, PostgresPlugin, "pg", url=postgres_database)


@pytest.fixture
def onlooker(postgres_database: str) -> PostgresOnlooker:
    return PostgresOnlooker(postgres_database)


async def value(db: Connected, query: str, *params: Any) -> Any:
    return next(iter((await db.call("query", query=query, params=list(params)))["rows"][0].values()))


async def test_a_connection_is_given_by_its_parts_too(postgres_database: str) -> None:
    from urllib.parse import unquote, urlsplit

    url = urlsplit(postgres_database)
    parts = {
        "host": url.hostname,
        "port": str(url.port),
        "user": url.username,
        "password": unquote(url.password or ""),
        "database": url.path[1:],
        "sslmode": "disable",
    }
    async with connected(PostgresPlugin, "pg", **parts) as db:
        assert await value(db, "SELECT current_database()") == url.path[1:]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "give `url`, or `host`, or `database`"),
        ({"url": "mysql://x"}, "`url` must start with `postgresql://`"),
        ({"url": "postgresql://u:pa/ss@h:x/d"}, "`url` is malformed"),
        ({"url": "postgresql://h/d", "host": "x"}, "`host` is part of `url`"),
        ({"host": "h", "pool_size": 0}, "`pool_size` must be at least 1"),
        ({"host": "h", "pool_size": 101}, "`pool_size` must be at most 100"),
        ({"host": "h", "pool_size": 2, "min_pool_size": 3}, r"`min_pool_size` \(3\) is larger than `pool_size` \(2\)"),
        ({"host": "h", "timeout": 0}, "`timeout` must be more than 0"),
        ({"host": "h", "sslmode": "maybe"}, "`sslmode` must be one of"),
        ({"hots": "h"}, "unknown key `hots`"),
    ],
)
async def test_a_config_that_cannot_work_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await connected(PostgresPlugin, "pg", **config).__aenter__()


async def test_tls_is_used_and_verified_where_it_is_asked_for(postgres_database: str, postgres_tls: Path) -> None:
    encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    trusting = f"{postgres_database}?sslrootcert={postgres_tls}"
    for url, mode in ((postgres_database, "require"), (trusting, "verify-full")):
        async with connected(PostgresPlugin, "pg", url=url, sslmode=mode) as db:
            assert await value(db, encrypted) is True
    with pytest.raises(ConnectionError) as raised:
        await connected(PostgresPlugin, "pg", url=postgres_database, sslmode="verify-full").__aenter__()
    assert raised.value.stage == "tls"


@pytest.mark.parametrize("sslmode", ["disable", "prefer"])
async def test_a_connect_that_is_interrupted_anywhere_leaves_no_forgotten_error(
    postgres_database: str, sslmode: str
) -> None:
    connect = opener(Settings.of({"url": postgres_database, "sslmode": sslmode}))
    with complaints() as heard:
        for turns in range(15):
            opening = asyncio.ensure_future(connect())
            for _ in range(turns):
                await asyncio.sleep(0)
            opening.cancel()
            await asyncio.wait((opening,))
            if not opening.cancelled():
                opening.result().abandon()
    assert heard == []


async def test_the_check_says_what_answers(postgres: Postgres) -> None:
    async with postgres() as db:
        assert (await db.step(db.opened.plugin("db").check)).startswith("PostgreSQL 1")


async def fail(db: Connected) -> None:
    with pytest.raises(FlowExecutionError):
        await db.call("transaction", queries=["CREATE TEMP TABLE IF NOT EXISTS mine (a int)", "SELECT 1/0"])


async def run_late(db: Connected) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await db.call("transaction", queries=["SELECT 1", "SELECT pg_sleep(60)"])


async def be_cancelled(db: Connected) -> None:
    task = asyncio.ensure_future(db.call("query", query="SELECT pg_sleep(60)"))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.004, task.cancel)
    await asyncio.wait((task,))
    assert task.cancelled()


@pytest.mark.parametrize("ending", [fail, run_late, be_cancelled])
async def test_two_hundred_bad_endings_leave_nothing(
    postgres: Postgres, onlooker: PostgresOnlooker, ending: Any
) -> None:
    async with postgres() as db:
        for _ in range(100):
            await ending(db)
        assert await onlooker.sessions() <= 2
        for _ in range(5):
            await asyncio.gather(*(ending(db) for _ in range(20)))
        await onlooker.sees(0, PostgresOnlooker.busy)
        assert await onlooker.sessions() <= 10
        assert await value(db, "SELECT 1") == 1
    await onlooker.sees(0)


async def test_a_cancelled_transaction_is_undone_at_once(postgres: Postgres, onlooker: PostgresOnlooker) -> None:
    async with postgres() as db:
        await db.call("execute", query="CREATE TABLE t (a int)")
        queries = ["INSERT INTO t VALUES (1)", "LOCK TABLE t", "SELECT pg_sleep(60)"]
        task = asyncio.ensure_future(db.call("transaction", queries=queries))
        await onlooker.sees(1, "wait_event = 'PgSleep'")
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        assert await onlooker.ask("SELECT count(*) FROM t") == 0
        assert await onlooker.sessions("state LIKE 'idle in transaction%'") == 0


async def test_a_constraint_that_fails_at_the_end_undoes_the_transaction(
    postgres: Postgres, onlooker: PostgresOnlooker
) -> None:
    async with postgres() as db:
        await db.call("execute", query="CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(FlowExecutionError, match="duplicate key"):
            await db.call("transaction", queries=["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)"])
        assert await onlooker.ask("SELECT count(*) FROM t") == 0


async def test_the_next_step_finds_a_clean_session(postgres: Postgres) -> None:
    async def leave_traces(connection: Any) -> None:
        await connection.execute("SET search_path TO nowhere")
        await connection.execute("SELECT pg_advisory_lock(5)")
        await connection.execute("CREATE TEMP TABLE mine (a int)")
        await connection.execute("LISTEN news")
        await connection.execute("SET ROLE pg_read_all_data")
        await connection.execute("BEGIN")

    async with postgres(pool_size=1) as db:
        pid = await value(db, "SELECT pg_backend_pid()")
        await db.step(leave_traces)
        assert await value(db, "SELECT pg_backend_pid()") == pid
        assert await value(db, "SHOW search_path") == '"$user", public'
        assert await value(db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
        assert await value(db, "SELECT to_regclass('mine')") is None
        assert await value(db, "SELECT current_user = session_user")
        assert await value(db, "SELECT count(*) FROM pg_listening_channels()") == 0


async def test_a_setting_made_by_a_query_does_not_reach_the_next(postgres: Postgres) -> None:
    async with postgres(pool_size=1) as db:
        await db.call("query", query="SELECT set_config('search_path', 'nowhere', false)")
        await db.call("execute", query="SET statement_timeout = 1")
        assert await value(db, "SHOW search_path") == '"$user", public'
        assert await value(db, "SHOW statement_timeout") == "0"


async def test_a_custom_task_has_the_connection_of_the_driver(postgres: Postgres) -> None:
    heard: list[Statement] = []

    async def work(connection: Any) -> None:
        assert isinstance(connection, asyncpg.Connection)
        await connection.execute("CREATE TABLE users (id int, extra jsonb)")
        assert await connection.execute("INSERT INTO users VALUES ($1, $2)", 1, {"a": 1}) == "INSERT 0 1"
        assert await connection.execute("UPDATE users SET id = id WHERE id = $1", 1) == "UPDATE 1"
        assert await connection.fetchval("SELECT extra FROM users") == {"a": 1}
        assert (await connection.fetchrow("SELECT id FROM users"))["id"] == 1
        await connection.executemany("INSERT INTO users VALUES ($1)", [(2,), (3,)])
        with suppress(ZeroDivisionError):
            async with connection.transaction():
                await connection.execute("DELETE FROM users")
                raise ZeroDivisionError
        async with connection.transaction():
            numbers = [row["id"] async for row in connection.cursor("SELECT id FROM users ORDER BY id")]
        assert numbers == [1, 2, 3]

    async with postgres() as db:
        token = statement_sink.set(heard.append)
        await db.step(work)
        statement_sink.reset(token)

    assert [(sent.text, sent.rows) for sent in heard[1:4]] == [
        ("INSERT INTO users VALUES ($1, $2)", 1),
        ("UPDATE users SET id = id WHERE id = $1", 1),
        ("SELECT extra FROM users", 1),
    ]
    assert [sent.text for sent in heard[6:9]] == ["BEGIN;", "DELETE FROM users", "ROLLBACK;"]


async def test_a_failed_step_tells_its_statement(postgres_database: str) -> None:
    flow = f"""
flow: Fails
connections: {{db: {{type: postgres, url: "{postgres_database}"}}}}
steps:
  - pg_transaction: {{id: move, connection: db, queries: ["SELECT 1", "SELECT 1/0 AS boom"]}}
"""
    events: list[Any] = []
    result = await FlowExecutor().execute_flow(flow, event_callback=events.append)

    assert result.error is not None
    assert "division by zero" in str(result.error)
    assert "SELECT 1/0 AS boom" in str(dict(result.error))
    assert [
        event["statement"] if "statement" in event else event.get("text")
        for event in events
        if event["type"] == "statement"
    ] == [
        "BEGIN;",
        "SELECT 1",
        "SELECT 1/0 AS boom",
        "ROLLBACK",
    ]
