"""Sandbox runs on real servers: what is seen inside, what is told, and that nothing is left."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiomysql
import asyncpg
import pytest
import pytest_asyncio

from flowlang import CancellationToken, FlowResult
from flowlang.debugger.sandbox import Sandbox
from flowlang.debugger.sandbox_report import report_lines
from tests.runtime.conftest import Engine

Look = Callable[[str], Awaitable[list[dict[str, Any]]]]


class Sandboxed:
    """An engine, a database, and what sandbox runs tell of it. `look` asks from outside."""

    def __init__(self, engine: Engine, type: str, url: str, look: Look) -> None:
        self.engine = engine
        self.url = url
        self.look = look
        self.report: Mapping[str, Any] = {}
        self.head = f"flow: test\nconnections: {{db: {{type: {type}, url: '{url}'}}}}\nsteps:\n"

    async def run(self, steps: str, **options: Any) -> FlowResult:
        sandbox = Sandbox()
        result = await self.engine.run(self.head + steps, interceptors=[sandbox], **options)
        (self.report,) = self.engine.of_type("sandbox_ended")  # type: ignore[assignment]
        return result

    def changes(self) -> dict[str, list[tuple[Any, ...]]]:
        return {
            step["path"]: [(one["kind"], one["table"] or one["what"], one["count"]) for one in step["changes"]]
            for step in self.report["steps"]
        }

    def lines(self) -> list[str]:
        return report_lines(self.report, repr)


@pytest_asyncio.fixture
async def postgres(tmp_path: Path, postgres_database: str) -> AsyncIterator[Sandboxed]:
    outside = await asyncpg.connect(postgres_database)
    await outside.execute(
        "create table orders (id serial primary key, status text, total numeric(8, 2), tags jsonb);"
        "insert into orders (status, total) values ('open', 10), ('open', 20), ('closed', 30);"
        'create schema "my shop"; create table "my shop".log (what text)'
    )

    async def look(query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await outside.fetch(query)]

    engine = Engine(tmp_path)
    yield Sandboxed(engine, "postgres", postgres_database, look)
    await engine.close()
    await outside.close()


async def test_postgres_shows_rows_before_and_after_and_undoes_them(postgres: Sandboxed) -> None:
    result = await postgres.run("""\
  - pg_execute: {id: add, query: "insert into orders (status, total) values ($1, $2)", params: [new, '5.50']}
  - pg_execute: {id: ship, query: "update orders set status = $1 where status = $2;  -- all", params: [sent, open]}
  - pg_query: {id: gone, query: "delete from orders as o where o.id = $1 returning o.id", params: [3]}
  - pg_query: {id: seen, query: "select id, status from orders order by id"}
outputs: {shipped: '${ship.rows_affected}', gone: '${gone.rows}', seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert result.outputs == {
        "shipped": 2,
        "gone": [{"id": 3}],
        "seen": [{"id": 1, "status": "sent"}, {"id": 2, "status": "sent"}, {"id": 4, "status": "new"}],
    }
    assert postgres.lines() == [
        "sandbox: everything on db was undone",
        "  add: 1 row inserted into orders",
        "    + id 4, status 'new', total '5.50', tags None",
        "  ship: 2 rows changed in orders",
        "    ~ id 1, status 'open' → 'sent'",
        "    ~ id 2, status 'open' → 'sent'",
        "  gone: 1 row deleted from orders",
        "    - id 3",
        "not undone:",
        "  sequence public.orders_id_seq went on to 4, as other sessions may have had a part in (add)",
    ]
    assert await postgres.look("select status, count(*) as n from orders group by 1 order by 1") == [
        {"status": "closed", "n": 1},
        {"status": "open", "n": 2},
    ]


async def test_a_statement_that_fails_on_postgres_does_not_poison_the_rest(postgres: Sandboxed) -> None:
    result = await postgres.run("""\
  - pg_execute: {id: first, query: "insert into orders (status) values ('first')"}
  - pg_execute: {query: "insert into orders (id) values (1)", continue_on_error: true}
  - pg_execute: {query: "insert into nowhere values (1)", continue_on_error: true}
  - pg_transaction:
      id: both
      continue_on_error: true
      isolation: serializable
      queries: ["insert into orders (status) values ('undone')", "select 1 / 0"]
  - pg_transaction:
      id: nested
      queries:
        - insert into orders (status) values ('kept')
        - savepoint part
        - insert into orders (status) values ('undone')
        - rollback to savepoint part
  - pg_execute: {id: table, query: create table made (n int)}
  - pg_query: {id: seen, query: "select status from orders where id > 3 order by id"}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert result.outputs["seen"] == [{"status": "first"}, {"status": "kept"}]
    assert postgres.changes() == {
        "first": [("insert", "orders", 1)],
        "nested": [("insert", "orders", 1)],
        "table": [("other", "CREATE TABLE", 1)],
    }
    assert await postgres.look("select to_regclass('made') as made") == [{"made": None}]
    assert len(await postgres.look("select * from orders")) == 3


async def test_batches_on_postgres(postgres: Sandboxed) -> None:
    records = [{"what": f"w{n}"} for n in range(30)]
    result = await postgres.run(f"""\
  - pg_batch_insert: {{id: load, table: '"my shop".log', records: {records}}}
  - pg_batch_update: {{id: change, table: orders, updates: [{{id: 1, status: a}}, {{id: 2, status: b, tags: [x]}}]}}
  - pg_batch_update: {{id: none, table: orders, updates: [{{id: 100, status: a}}]}}
""")
    assert result.success, result.error
    assert postgres.changes() == {
        "load": [("insert", "my shop.log", 30)],
        "change": [("update", "orders", 2)],
    }
    assert "    + what 'w0'" in postgres.lines()
    assert await postgres.look('select count(*) as n from "my shop".log') == [{"n": 0}]


@pytest.mark.parametrize("query", ["commit", "rollback", "begin", "abort", "/* x */ end", "prepare transaction 'x'"])
async def test_postgres_is_not_told_to_end_the_transaction(postgres: Sandboxed, query: str) -> None:
    result = await postgres.run(f"""\
  - pg_execute: {{query: "insert into orders (status) values ('x')"}}
  - pg_execute: {{id: last, query: "{query}"}}
""")
    assert "refused in a sandbox" in str(result.error)
    assert len(await postgres.look("select * from orders")) == 3


async def test_tasks_of_the_project_use_postgres_as_ever(postgres: Sandboxed) -> None:
    async def mixed(connection: Any) -> int:
        async with connection.transaction():
            await connection.execute("insert into orders (status) values ('one')")
            try:
                async with connection.transaction():
                    await connection.execute("insert into orders (status) values ('undone')")
                    raise KeyError
            except KeyError:
                pass
        await connection.execute("BEGIN")
        await connection.execute("insert into orders (status) values ('undone')")
        await connection.execute("ROLLBACK")
        await connection.executemany("insert into orders (status) values ($1)", [("two",), ("three",)])
        await connection.fetch("insert into orders (status) values ('four') returning *")
        await connection.copy_records_to_table("orders", columns=["status"], records=[("five",)])
        statement = await connection.prepare("insert into orders (id) values (1)")
        with suppress(asyncpg.UniqueViolationError):
            await statement.fetch()
        transaction = connection.transaction()
        await transaction.start()
        return int(await connection.fetchval("select 7"))

    postgres.engine.registry.register("mixed", mixed)
    result = await postgres.run("""\
  - mixed: {id: mixed, connection: db}
  - pg_query: {id: seen, query: "select status from orders where id > 3 order by id"}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert [row["status"] for row in result.outputs["seen"]] == ["one", "two", "three", "four", "five"]
    assert postgres.changes()["mixed"] == [("insert", "orders", 5)]
    assert len(await postgres.look("select * from orders")) == 3


async def test_what_is_cancelled_or_times_out_on_postgres_leaves_the_sandbox_whole(postgres: Sandboxed) -> None:
    result = await postgres.run("""\
  - pg_execute: {id: first, query: "insert into orders (status) values ('first')"}
  - pg_query: {query: select pg_sleep(60), timeout: 200ms, continue_on_error: true}
  - pg_transaction:
      queries: ["insert into orders (status) values ('undone')", select pg_sleep(60)]
      timeout: 200ms
      continue_on_error: true
  - parallel:
      - pg_execute: {id: left, query: "update orders set total = 1"}
      - pg_execute: {id: right, query: "update orders set status = 'x'"}
  - pg_query: {id: seen, query: "select count(*) as n from orders where status = 'x' and total = 1"}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert result.outputs["seen"] == [{"n": 4}]
    assert postgres.changes()["left"] == [("update", "orders", 4)]


async def test_a_cancelled_run_is_undone_on_postgres(postgres: Sandboxed) -> None:
    token = CancellationToken()
    steps = "  - pg_execute: {query: delete from orders}\n  - Hang: {name: here}\n"
    running = asyncio.create_task(postgres.run(steps, cancellation_token=token))
    await postgres.engine.reached("here")
    await token.cancel()
    assert (await running).cancelled
    assert len(await postgres.look("select * from orders")) == 3
    assert await postgres.look("select pid from pg_stat_activity where application_name = 'flowlang'") == []


async def test_a_lost_session_ends_the_sandbox_and_nothing_is_left(postgres: Sandboxed) -> None:
    result = await postgres.run("""\
  - pg_execute: {query: delete from orders}
  - pg_query: {query: select pg_terminate_backend(pg_backend_pid()), continue_on_error: true}
  - pg_execute: {id: after, query: "insert into orders (status) values ('after')"}
""")
    assert "sandbox was lost" in str(result.error)
    assert len(await postgres.look("select * from orders")) == 3


@pytest_asyncio.fixture
async def mysql(tmp_path: Path, mysql_database: str) -> AsyncIterator[Sandboxed]:
    parts = urlsplit(mysql_database)
    outside = await aiomysql.connect(
        host=parts.hostname or "",
        port=parts.port or 3306,
        user=parts.username or "",
        password=parts.password or "",
        db=parts.path.strip("/"),
        autocommit=True,
        cursorclass=aiomysql.DictCursor,
    )

    async def look(query: str) -> list[dict[str, Any]]:
        async with outside.cursor() as cursor:
            await cursor.execute(query)
            return list(await cursor.fetchall())

    await look("create table orders (id int primary key auto_increment, status varchar(20), total decimal(8, 2))")
    await look("insert into orders (status, total) values ('open', 10), ('open', 20), ('closed', 30)")
    await look("create table old (what text) engine = MyISAM")
    engine = Engine(tmp_path)
    yield Sandboxed(engine, "mysql", mysql_database, look)
    await engine.close()
    outside.close()


async def test_mysql_shows_rows_before_and_after_and_undoes_them(mysql: Sandboxed) -> None:
    result = await mysql.run("""\
  - mysql_execute: {id: add, query: "insert into orders (status, total) values (%s, %s)", params: [new, '5.50']}
  - mysql_execute: {id: ship, query: "update orders set status = %s where status = %s", params: [sent, open]}
  - mysql_execute: {id: gone, query: "delete from orders where id = 3"}
  - mysql_query: {id: seen, query: "select id, status from orders order by id"}
outputs: {id: '${add.last_insert_id}', shipped: '${ship.rows_affected}', seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert result.outputs == {
        "id": 4,
        "shipped": 2,
        "seen": [{"id": 1, "status": "sent"}, {"id": 2, "status": "sent"}, {"id": 4, "status": "new"}],
    }
    assert mysql.lines() == [
        "sandbox: everything on db was undone",
        "  add: 1 row inserted into orders",
        "    + id 4, status 'new', total '5.50'",
        "  ship: 2 rows changed in orders",
        "    ~ id 1, status 'open' → 'sent'",
        "    ~ id 2, status 'open' → 'sent'",
        "  gone: 1 row deleted from orders",
        "    - id 3, status 'closed', total '30.00'",
        "not undone:",
        "  the AUTO_INCREMENT of orders has gone on (add)",
    ]
    assert [row["status"] for row in await mysql.look("select status from orders order by id")] == [
        "open",
        "open",
        "closed",
    ]


@pytest.mark.parametrize(
    "query",
    [
        *("commit", "rollback", "begin", "create table x (n int)", "/*!50001 drop table orders */"),
        *("set autocommit = 1", "alter table orders add n int", "truncate orders", "call something()"),
        "lock tables orders read",
    ],
)
async def test_what_mysql_would_commit_is_refused_before_it_is_sent(mysql: Sandboxed, query: str) -> None:
    result = await mysql.run(f"""\
  - mysql_execute: {{query: "insert into orders (status) values ('x')"}}
  - mysql_execute: {{id: last, query: "{query}"}}
""")
    assert "refused in a sandbox" in str(result.error)
    assert len(await mysql.look("select * from orders")) == 3


async def test_transactions_batches_and_failures_on_mysql(mysql: Sandboxed) -> None:
    result = await mysql.run("""\
  - mysql_execute: {query: "insert into orders (id) values (1)", continue_on_error: true}
  - mysql_transaction:
      continue_on_error: true
      isolation: serializable
      queries: ["insert into orders (status) values ('undone')", "insert into orders (id) values (1)"]
  - mysql_transaction:
      id: nested
      queries:
        - insert into orders (status) values ('kept')
        - savepoint part
        - insert into orders (status) values ('undone')
        - rollback to savepoint part
  - mysql_batch_insert: {id: load, table: orders, records: [{status: a}, {status: b}]}
  - mysql_batch_update: {id: change, table: orders, updates: [{id: 1, status: x}, {id: 2, status: y, total: 1}]}
  - mysql_query: {id: seen, query: "select status from orders order by id"}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert [row["status"] for row in result.outputs["seen"]] == ["x", "y", "closed", "kept", "a", "b"]
    assert mysql.changes() == {
        "nested": [("insert", "orders", 1)],
        "load": [("insert", "orders", 2)],
        "change": [("update", "orders", 2)],
    }
    assert len(await mysql.look("select * from orders")) == 3


async def test_tasks_of_the_project_use_mysql_as_ever(mysql: Sandboxed) -> None:
    async def mixed(connection: Any) -> None:
        await connection.begin()
        async with connection.cursor() as cursor:
            await cursor.execute("insert into orders (status) values ('kept')")
            await connection.commit()
            await connection.begin()
            await cursor.execute("delete from orders")
            await connection.rollback()
            await connection.autocommit(False)
            await connection.autocommit(True)
            await cursor.executemany("insert into orders (status) values (%s)", [("two",), ("three",)])
            await connection.begin()
            await cursor.execute("insert into orders (status) values ('left open')")

    mysql.engine.registry.register("mixed", mixed)
    result = await mysql.run("""\
  - mixed: {id: mixed, connection: db}
  - mysql_query: {id: seen, query: "select status from orders where id > 3 order by id"}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert [row["status"] for row in result.outputs["seen"]] == ["kept", "two", "three"]
    assert mysql.changes()["mixed"] == [("insert", "orders", 3)]
    assert len(await mysql.look("select * from orders")) == 3


async def test_tables_without_transactions_are_told(mysql: Sandboxed) -> None:
    await mysql.run("  - mysql_execute: {id: write, query: \"insert into old values ('x')\"}\n")
    assert "  what was written to tables without transactions, such as those of MyISAM" in mysql.lines()
    assert await mysql.look("select what from old") == [{"what": "x"}]


async def test_after_a_deadlock_mysql_is_sent_nothing_more(mysql: Sandboxed) -> None:
    """The server undoes the whole transaction then, and what comes after it would last."""
    token = CancellationToken()
    steps = """\
  - mysql_execute: {query: "update orders set status = 'x' where id = 1"}
  - Meet: {me: sandbox, other: outside}
  - mysql_execute: {query: "update orders set status = 'x' where id = 2", continue_on_error: true}
  - mysql_execute: {id: after, query: "insert into orders (status) values ('after')"}
"""
    running = asyncio.create_task(mysql.run(steps, cancellation_token=token))
    await mysql.engine.reached("sandbox")
    # as much as the other has to undo, so that the server chooses the sandbox
    await mysql.look("start transaction")
    await mysql.look("insert into orders (status) select 'big' from information_schema.columns limit 100")
    await mysql.look("update orders set status = 'y' where id = 2")
    meeting = asyncio.create_task(mysql.engine.meet("outside", "sandbox"))
    await meeting
    outside = asyncio.create_task(mysql.look("update orders set status = 'y' where id = 1"))
    result = await running
    await outside
    await mysql.look("rollback")
    assert "the sandbox is over" in str(result.error)
    assert len(await mysql.look("select * from orders")) == 3


async def test_what_redis_did_is_told_as_not_undone_and_reading_is_not(
    postgres: Sandboxed, redis_database: str
) -> None:
    postgres.head = postgres.head.replace("}}\nsteps", f"}}, cache: {{type: redis, url: '{redis_database}'}}}}\nsteps")
    result = await postgres.run("""\
  - for_each: [a, b]
    id: each
    as: name
    do: [{redis_set: {id: keep, connection: cache, key: '${name}', value: '1'}}]
  - redis_get: {id: look, connection: cache, key: a}
  - pg_query: {id: read, connection: db, query: select 1}
outputs: {found: '${look.value}'}
""")
    assert result.success, result.error
    assert postgres.lines() == [
        "sandbox: everything on db was undone",
        "  no step changed anything there",
        "not undone:",
        "  `redis_set` on `cache`: redis has no transaction for a run (each[0]/keep, each[1]/keep)",
    ]


KILLED = """
import asyncio, os, sys
from flowlang import FlowExecutor, TaskRegistry
from flowlang.debugger.sandbox import Sandbox

registry = TaskRegistry()

@registry.register("Kill")
async def kill():
    os.kill(os.getpid(), 9)

asyncio.run(FlowExecutor(registry).execute_flow(sys.stdin.read(), interceptors=[Sandbox()]))
"""


async def test_after_a_kill_the_server_undoes_it(postgres: Sandboxed) -> None:
    flow = postgres.head + "  - pg_execute: {query: delete from orders}\n  - Kill: {}\n"
    ran = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED], input=flow, text=True)
    assert ran.returncode == -9
    # waits for the rows that the session holds, for as long as the server has it
    assert len(await postgres.look("select * from orders for update")) == 3


@pytest.fixture(params=["postgres", "mysql"])
def either(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


async def test_steps_that_are_exactly_once_run_in_a_sandbox_as_ever(either: Sandboxed) -> None:
    database, name = either, "postgres" if "type: postgres" in either.head else "mysql"
    prefix = {"postgres": "pg", "mysql": "mysql"}[name]

    async def mixed(connection: Any) -> None:
        if name == "postgres":
            await connection.execute("insert into orders (status) values ('undone')")
        else:
            async with connection.cursor() as cursor:
                await cursor.execute("insert into orders (status) values ('undone')")
        raise ValueError("broken")

    database.engine.registry.register("mixed", mixed)
    result = await database.run(f"""\
  - {prefix}_execute: {{id: one, query: "insert into orders (status) values ('x')", exactly_once: true}}
  - {prefix}_transaction:
      id: both
      exactly_once: true
      queries: ["insert into orders (status) values ('y')", "update orders set total = 1 where id = 1"]
  - mixed: {{id: mixed, connection: db, exactly_once: true, continue_on_error: true}}
  - {prefix}_query: {{id: seen, query: "select status from orders where id > 3 order by id"}}
outputs: {{seen: '${{seen.rows}}'}}
""")
    assert result.success, result.error
    assert result.outputs["seen"] == [{"status": "x"}, {"status": "y"}]
    assert database.changes() == {
        "one": [("insert", "orders", 1)],
        "both": [("insert", "orders", 1), ("update", "orders", 1)],
    }
    assert len(await database.look("select * from orders")) == 3
    tables = await database.look("select * from information_schema.tables where table_name = 'flowlang_marks'")
    assert len(tables) == 0
