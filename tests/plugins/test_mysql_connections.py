"""The life of MySQL connections: pools, failures, cancellation, transactions, servers that go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import aiomysql
import pytest

from flowlang.connections.base import Statement, statement_sink
from flowlang.errors import ConfigurationError, ConnectionError, FlowExecutionError
from flowlang_plugins.mysql import MySQLPlugin
from tests.plugins.connected import Connected, connected
from tests.plugins.onlookers import MySQLOnlooker

MySQL = Callable[..., Any]


@pytest.fixture
def mysql(mysql_database: str) -> MySQL:
    """Opens an empty database for an `async with` block."""
    return partial(connected, MySQLPlugin, "mysql", url=mysql_database)


@pytest.fixture
def onlooker(mysql_database: str) -> MySQLOnlooker:
    return MySQLOnlooker(mysql_database)


async def value(db: Connected, query: str, *params: Any) -> Any:
    return next(iter((await db.call("query", query=query, params=list(params)))["rows"][0].values()))


async def test_a_connection_is_given_by_its_parts_too(onlooker: MySQLOnlooker) -> None:
    async with connected(MySQLPlugin, "mysql", database=onlooker.database, **onlooker.parts) as db:
        assert await value(db, "SELECT database()") == onlooker.database


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "give `url`, or `host`, or `database`"),
        ({"url": "postgresql://x"}, "`url` must start with `mysql://`"),
        ({"url": "mysql://u:pa/ss@h:x/d"}, "`url` is malformed"),
        ({"url": "mysql://h/d", "port": 3306}, "`port` is part of `url`"),
        ({"url": "mysql://h/d?sslmode=maybe"}, "`sslmode` must be one of"),
        ({"host": "h", "charset": "klingon"}, "`charset` 'klingon' is no character set of MySQL"),
        ({"host": "h", "pool_size": 2, "min_pool_size": 3}, r"`min_pool_size` \(3\) is larger than `pool_size` \(2\)"),
        ({"hots": "h"}, "unknown key `hots`"),
    ],
)
async def test_a_config_that_cannot_work_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await connected(MySQLPlugin, "mysql", **config).__aenter__()


async def test_the_check_says_what_answers(mysql: MySQL) -> None:
    async with mysql() as db:
        assert ", database flowlang_test" in await db.step(db.opened.plugin("db").check)


#: Waits for the lock that the fixture `held` has. Unlike `sleep`, of which MariaDB ends only one at a time.
WAIT = "SELECT get_lock('held', 60)"


@pytest.fixture
async def held(onlooker: MySQLOnlooker) -> AsyncIterator[None]:
    holder = await aiomysql.connect(**onlooker.parts)
    async with holder.cursor() as cursor:
        await cursor.execute("SELECT get_lock('held', 0)")
    yield
    await holder.ensure_closed()


async def fail(db: Connected) -> None:
    with pytest.raises(FlowExecutionError):
        await db.call("transaction", queries=["CREATE TEMPORARY TABLE IF NOT EXISTS mine (a int)", "SELECT nope"])


async def run_late(db: Connected) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await db.call("transaction", queries=["SELECT 1", WAIT])


async def be_cancelled(db: Connected) -> None:
    task = asyncio.ensure_future(db.call("query", query=WAIT))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.004, task.cancel)
    await asyncio.wait((task,))
    assert task.cancelled()


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("ending", [fail, run_late, be_cancelled])
async def test_two_hundred_bad_endings_leave_nothing(mysql: MySQL, onlooker: MySQLOnlooker, ending: Any) -> None:
    async with mysql() as db:
        for _ in range(100):
            await ending(db)
        await onlooker.sees(0, MySQLOnlooker.busy)
        assert await onlooker.sessions() <= 2
        for _ in range(5):
            await asyncio.gather(*(ending(db) for _ in range(20)))
        await onlooker.sees(0, MySQLOnlooker.busy)
        assert await onlooker.sessions() <= 10
        assert await value(db, "SELECT 1") == 1
    await onlooker.sees(0)


async def test_a_cancelled_transaction_is_undone_at_once(mysql: MySQL, onlooker: MySQLOnlooker) -> None:
    async with mysql() as db:
        await db.call("execute", query="CREATE TABLE t (a int)")
        task = asyncio.ensure_future(db.call("transaction", queries=["INSERT INTO t VALUES (1)", "SELECT sleep(60)"]))
        await onlooker.sees(1, "INFO LIKE 'SELECT sleep%'")
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        await onlooker.sees(0)
        assert await onlooker.ask("SELECT count(*) FROM t") == 0
        await db.call("execute", query="DROP TABLE t")


async def test_the_next_step_finds_a_clean_session(mysql: MySQL) -> None:
    async def leave_traces(connection: Any) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("SET @mine = 5, SESSION sql_mode = '', NAMES latin1")
            await cursor.execute("SELECT get_lock('mine', 1)")
            await cursor.execute("CREATE TEMPORARY TABLE mine (a int)")
            await cursor.execute("INSERT INTO mine VALUES (1)")

    async with mysql(pool_size=1) as db:
        pid = await value(db, "SELECT connection_id()")
        mode = await value(db, "SELECT @@sql_mode")
        await db.step(leave_traces)
        assert await value(db, "SELECT connection_id()") == pid
        assert await value(db, "SELECT @mine") is None
        assert await value(db, "SELECT @@sql_mode") == mode
        assert await value(db, "SELECT @@character_set_client") == "utf8mb4"
        assert await value(db, "SELECT is_free_lock('mine')") == 1
        with pytest.raises(FlowExecutionError, match="doesn't exist"):
            await db.call("query", query="SELECT * FROM mine")


async def test_a_variable_set_by_a_query_does_not_reach_the_next(mysql: MySQL) -> None:
    async with mysql(pool_size=1) as db:
        await db.call("query", query="SELECT @mine := 5")
        assert await value(db, "SELECT @mine") is None
        await db.call("execute", query="SET autocommit = 0")
        await db.call("execute", query="CREATE TABLE t (a int)")
        await db.call("execute", query="INSERT INTO t VALUES (1)")
        assert await value(db, "SELECT count(*) FROM t") == 1


async def test_a_custom_task_has_the_connection_of_the_driver(mysql: MySQL) -> None:
    heard: list[Statement] = []

    async def work(connection: Any) -> None:
        assert isinstance(connection, aiomysql.Connection)
        async with connection.cursor() as cursor:
            await cursor.execute("CREATE TABLE users (id int, name varchar(20))")
            await cursor.execute("INSERT INTO users VALUES (%s, %s)", (1, "Ada"))
            await cursor.executemany("INSERT INTO users VALUES (%s, %s)", [(2, "Bob"), (3, "Cy")])
        await connection.commit()
        async with connection.cursor(aiomysql.DictCursor) as cursor:
            assert await cursor.execute("SELECT * FROM users WHERE id < %s", (3,)) == 2
            assert await cursor.fetchall() == [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}]

    async with mysql() as db:
        token = statement_sink.set(heard.append)
        await db.step(work)
        statement_sink.reset(token)
        assert await value(db, "SELECT count(*) FROM users") == 3

    assert [(sent.text, sent.params, sent.rows) for sent in heard[1:]] == [
        ("INSERT INTO users VALUES (%s, %s)", (1, "Ada"), 1),
        ("INSERT INTO users VALUES (%s, %s)", None, 2),
        ("SELECT * FROM users WHERE id < %s", (3,), 2),
    ]


@pytest.mark.parametrize("autocommit", [False, True])
async def test_what_a_custom_task_does_not_commit_is_undone_unless_autocommit(mysql: MySQL, autocommit: bool) -> None:
    async def insert(connection: Any) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("INSERT INTO t VALUES (1)")

    async with mysql(autocommit=autocommit) as db:
        await db.call("execute", query="CREATE TABLE t (a int)")
        await db.step(insert)
        assert await value(db, "SELECT count(*) FROM t") == int(autocommit)
        await db.call("execute", query="INSERT INTO t VALUES (2)")
        assert await value(db, "SELECT count(*) FROM t WHERE a = 2") == 1


async def test_a_result_that_is_left_half_read_harms_nobody(mysql: MySQL) -> None:
    async def peek(connection: Any) -> None:
        cursor = await connection.cursor(aiomysql.SSCursor)
        await cursor.execute(
            "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT a FROM r LIMIT 900"
        )
        assert await cursor.fetchone() == (1,)

    async with mysql(pool_size=1) as db:
        await db.step(peek)
        assert await value(db, "SELECT 5") == 5


async def test_a_session_that_is_killed_is_told_and_replaced(mysql: MySQL, onlooker: MySQLOnlooker) -> None:
    async with mysql() as db:
        task = asyncio.ensure_future(db.call("query", query="SELECT sleep(60)"))
        await onlooker.sees(1, MySQLOnlooker.busy)
        session = await onlooker.ask("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT sleep%'")
        await onlooker.ask(f"KILL {session}")
        with pytest.raises(ConnectionError, match="lost"):
            await task
        assert await value(db, "SELECT 1") == 1
