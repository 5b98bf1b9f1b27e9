"""The life of MySQL connections: pools, failures, cancellation, transactions, servers that go away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import aiomysql
import pytest

from flowlang.connections.base import Statement, statement_sink
from flowlang.errors import ConfigurationError, ConnectionError, FlowExecutionError
from flowlang.runtime.executor import FlowExecutor
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


@pytest.mark.parametrize(
    ("change", "stage"),
    [
        (("127.0.0.1", "no-such-host.invalid"), "resolve"),
        (("only-for-tests", "canary-wrong"), "authenticate"),
        (("/flowlang_test", "/nope"), "authorise"),
    ],
)
async def test_a_connection_that_cannot_be_opened_tells_the_stage(
    mysql_database: str, change: tuple[str, str], stage: str
) -> None:
    with pytest.raises(ConnectionError) as raised:
        await connected(MySQLPlugin, "mysql", url=mysql_database.replace(*change)).__aenter__()

    assert raised.value.stage == stage
    assert raised.value.hint
    assert "canary" not in str(raised.value)


async def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:1") as raised:
        await connected(MySQLPlugin, "mysql", url="mysql://u:canary@127.0.0.1:1/d").__aenter__()

    assert raised.value.stage == "reach"
    assert "canary" not in f"{raised.value}{raised.value.hint}"


async def test_tls_that_is_not_there_is_told(mysql_database: str) -> None:
    with pytest.raises(ConnectionError) as raised:
        await connected(MySQLPlugin, "mysql", url=f"{mysql_database}?sslmode=require").__aenter__()

    assert raised.value.stage == "tls"


async def test_the_check_says_what_answers(mysql: MySQL) -> None:
    async with mysql() as db:
        assert ", database flowlang_test" in await db.step(db.opened.plugin("db").check)


async def test_a_pool_never_holds_more_than_its_size(mysql: MySQL, onlooker: MySQLOnlooker) -> None:
    async with mysql(pool_size=3, min_pool_size=2) as db:
        assert await onlooker.sessions() == 2
        work = [db.call("query", query="SELECT sleep(0.01)") for _ in range(30)]
        done = asyncio.gather(*work)
        while not done.done():
            assert await onlooker.sessions() <= 3
        await done
        assert await onlooker.sessions() == 3
    await onlooker.sees(0)


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


async def test_a_statement_that_takes_too_long_ends_at_the_server(mysql: MySQL, onlooker: MySQLOnlooker) -> None:
    async with mysql(timeout=0.2) as db:
        with pytest.raises(FlowExecutionError, match=r"did not finish the statement within 0\.2 s"):
            await db.call("query", query="SELECT sleep(60)")
        await onlooker.sees(0, MySQLOnlooker.busy)
        assert await value(db, "SELECT 1") == 1


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


@pytest.mark.parametrize("step", range(4))
async def test_a_transaction_that_fails_anywhere_leaves_nothing(
    mysql: MySQL, onlooker: MySQLOnlooker, step: int
) -> None:
    queries: list[Any] = [{"query": "INSERT INTO t VALUES (%s)", "params": [number]} for number in range(4)]
    queries[step] = "INSERT INTO t VALUES (nope)"
    async with mysql() as db:
        await db.call("execute", query="CREATE TABLE t (a int)")
        with pytest.raises(FlowExecutionError, match="Unknown column 'nope'"):
            await db.call("transaction", queries=queries)
        assert await onlooker.ask("SELECT count(*) FROM t") == 0


KILLED = """
import asyncio, os, signal, sys
from flowlang.connections.base import statement_sink
from flowlang_plugins.mysql import MySQLPlugin

async def main():
    plugin = MySQLPlugin()
    await plugin.connect({"url": sys.argv[1]})
    def die(statement):
        if "(2)" in statement.text:
            os.kill(os.getpid(), signal.SIGKILL)
    statement_sink.set(die)
    queries = [f"INSERT INTO t VALUES ({number})" for number in (1, 2, 3)]
    await plugin.get_builtin_tasks()["mysql_transaction"](queries=queries, connection=await plugin.get_connection())

asyncio.run(main())
"""


async def test_a_process_that_is_killed_between_statements_leaves_nothing(
    mysql_database: str, onlooker: MySQLOnlooker
) -> None:
    await onlooker.ask("CREATE TABLE t (a int)")
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED, mysql_database], check=False)
    assert ended.returncode == -9
    await onlooker.sees(0)
    assert await onlooker.ask("SELECT count(*) FROM t") == 0


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


async def test_sessions_that_the_server_ended_are_replaced(mysql: MySQL, mysql_server: Any) -> None:
    async with mysql(min_pool_size=3) as db:
        await asyncio.to_thread(mysql_server.restart)
        for _ in range(4):
            with suppress(ConnectionError):
                await db.call("query", query="SELECT 1")
        assert await value(db, "SELECT 1") == 1


async def test_a_step_that_loses_its_server_says_so(mysql: MySQL, mysql_server: Any, onlooker: MySQLOnlooker) -> None:
    async with mysql() as db:
        task = asyncio.ensure_future(db.call("query", query="SELECT sleep(60)"))
        await onlooker.sees(1, MySQLOnlooker.busy)
        await asyncio.to_thread(mysql_server.kill)
        with pytest.raises(ConnectionError, match="the connection to the server was lost") as raised:
            await task
        assert "retry" in str(raised.value.hint)
        with pytest.raises(ConnectionError):
            await db.call("query", query="SELECT 1")
        await asyncio.to_thread(mysql_server.start)
        assert await value(db, "SELECT 1") == 1


async def test_a_session_that_is_killed_is_told_and_replaced(mysql: MySQL, onlooker: MySQLOnlooker) -> None:
    async with mysql() as db:
        task = asyncio.ensure_future(db.call("query", query="SELECT sleep(60)"))
        await onlooker.sees(1, MySQLOnlooker.busy)
        session = await onlooker.ask("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT sleep%'")
        await onlooker.ask(f"KILL {session}")
        with pytest.raises(ConnectionError, match="lost"):
            await task
        assert await value(db, "SELECT 1") == 1


async def test_a_reset_connection_is_told_and_replaced(
    mysql_database: str, proxy: Any, onlooker: MySQLOnlooker
) -> None:
    way = proxy(mysql_database)
    async with connected(MySQLPlugin, "mysql", url=way.url) as db:
        task = asyncio.ensure_future(db.call("query", query="SELECT sleep(60)"))
        await onlooker.sees(1, MySQLOnlooker.busy)
        way.drop()
        with pytest.raises(ConnectionError, match="lost"):
            await task
        assert await value(db, "SELECT 1") == 1
    session = await onlooker.ask("SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT sleep%'")
    await onlooker.ask(f"KILL {session}")


async def test_a_connection_that_falls_silent_ends_with_the_timeout(mysql_database: str, proxy: Any) -> None:
    way = proxy(mysql_database)
    async with connected(MySQLPlugin, "mysql", url=way.url, timeout=0.3) as db:
        way.freeze()
        both = (db.call("query", query="SELECT 1"), db.call("query", query="SELECT 1"))
        used, opened = await asyncio.gather(*both, return_exceptions=True)
        assert "within 0.3 s" in str(used)
        assert isinstance(opened, ConnectionError)
        assert opened.stage == "timeout"
        way.thaw()
        assert await value(db, "SELECT 1") == 1


FLOW = """
flow: Both
connections:
  one: {type: mysql, url: "%s", pool_size: 5}
  two: {type: mariadb, url: "%s", pool_size: 5}
inputs: [{name: run, type: integer}]
steps:
  - parallel:
      - mysql_execute: {connection: one, query: "INSERT INTO t VALUES (%%s, 'one')", params: ["${inputs.run}"]}
      - mysql_batch_insert: {connection: two, table: t, records: [{run: "${inputs.run}", place: two}]}
  - mysql_query: {id: mine, connection: one, query: "SELECT place FROM t WHERE run = %%s", params: ["${inputs.run}"]}
outputs: {places: "${mine.rows}"}
"""


async def test_every_row_of_two_databases_is_where_it_belongs(mysql_databases: Callable[[], str]) -> None:
    urls = mysql_databases(), mysql_databases()
    for url in urls:
        await MySQLOnlooker(url).ask("CREATE TABLE t (run int, place varchar(10))")
    executor = FlowExecutor()
    results = await asyncio.gather(*(executor.execute_flow(FLOW % urls, {"run": run}) for run in range(20)))

    assert [result.outputs for result in results] == [{"places": [{"place": "one"}]}] * 20
    for url, place in zip(urls, ("one", "two"), strict=True):
        rows = "SELECT concat_ws(' ', group_concat(DISTINCT place), count(DISTINCT run), count(*)) FROM t"
        assert await MySQLOnlooker(url).ask(rows) == f"{place} 20 20"
        await MySQLOnlooker(url).sees(0)
