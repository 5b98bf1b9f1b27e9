"""Sandbox runs on every kind of database: beside other services, in the debugger, and after a kill."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from flowlang.debugger import Breakpoint
from flowlang.debugger.sandbox import Sandbox
from flowlang.errors import FlowLangError

from .debugging import Debugged
from .sandboxes import OnServer
from .shops import SLOW, Shop


async def test_what_redis_did_is_told_as_not_undone_and_reading_is_not(postgres: OnServer, redis_database: str) -> None:
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


async def test_after_a_kill_the_server_undoes_it(postgres: OnServer) -> None:
    flow = postgres.head + "  - pg_execute: {query: delete from orders}\n  - Kill: {}\n"
    ran = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", KILLED], input=flow, text=True)
    assert ran.returncode == -9
    # waits for the rows that the session holds, for as long as the server has it
    assert len(await postgres.look("select * from orders for update")) == 3


@pytest.fixture(params=["postgres", "mysql"])
def either(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


#: What would end the transaction, by the kind of database.
ENDING = {
    "postgres": ("commit", "rollback", "begin", "abort", "/* x */ end", "prepare transaction 'x'"),
    "mysql": (
        *("commit", "rollback", "begin", "create table x (n int)", "/*!50001 drop table orders */"),
        *("set autocommit = 1", "alter table orders add n int", "truncate orders", "call something()"),
        "lock tables orders read",
    ),
}


@pytest.fixture(params=[(name, query) for name in ENDING for query in ENDING[name]], ids=" ".join)
def ended(request: pytest.FixtureRequest) -> tuple[OnServer, str]:
    """A database, and a statement that would end a transaction there."""
    name, query = request.param
    return request.getfixturevalue(name), query


async def test_what_would_end_the_transaction_is_refused_before_it_is_sent(ended: tuple[OnServer, str]) -> None:
    database, query = ended
    result = await database.run(f"""\
  - {database.prefix}_execute: {{query: "insert into orders (status) values ('x')"}}
  - {database.prefix}_execute: {{id: last, query: "{query}"}}
""")
    assert "refused in a sandbox" in str(result.error)
    assert len(await database.look("select * from orders")) == 3


async def test_a_transaction_task_stays_all_or_nothing(either: OnServer) -> None:
    prefix = either.prefix
    result = await either.run(f"""\
  - {prefix}_execute: {{query: "insert into orders (id) values (1)", continue_on_error: true}}
  - {prefix}_transaction:
      continue_on_error: true
      isolation: serializable
      queries: ["insert into orders (status) values ('undone')", "insert into orders (id) values (1)"]
  - {prefix}_transaction:
      id: nested
      queries:
        - insert into orders (status) values ('kept')
        - savepoint part
        - insert into orders (status) values ('undone')
        - rollback to savepoint part
  - {prefix}_query: {{id: seen, query: "select status from orders where id > 3"}}
outputs: {{seen: '${{seen.rows}}'}}
""")
    assert result.success, result.error
    assert result.outputs["seen"] == [{"status": "kept"}]
    assert either.changes() == {"nested": [("insert", "orders", 1)]}
    assert len(await either.look("select * from orders")) == 3


async def test_steps_that_are_exactly_once_run_in_a_sandbox_as_ever(either: OnServer) -> None:
    database, prefix = either, either.prefix

    async def mixed(connection: Any) -> None:
        if database.type == "postgres":
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


async def test_what_is_asked_at_a_stop_leaves_the_sandbox_whole(shop: Shop) -> None:
    points = [Breakpoint("move", "statement"), Breakpoint("after", "statement")]
    async with Debugged(shop.flow, points, query_seconds=0.3, beside=[Sandbox()]) as run:
        for _ in range(4):
            stop = await run.stop()
            for harm in ("SELECT * FROM nowhere", "COMMIT", "BEGIN", SLOW[shop.query]):
                with pytest.raises(FlowLangError):
                    await stop.query(harm)
            await stop.query("UPDATE stock SET n = n + 100 WHERE id = 1")
            stop.resume()
        result = await run.ended()
    assert [row["n"] for row in result["stock"]] == [409, 21, 31]
    (report,) = run.told("sandbox_ended")
    assert [step["changes"][0]["count"] for step in report["steps"]] == [6, 1]
    assert await shop.stock() == [10, 20, 30]


async def test_a_commit_without_a_transaction_fails_as_ever(shop: Shop) -> None:
    flow = shop.flow.replace("steps:\n", f"steps:\n  - {shop.execute}: {{id: end, query: COMMIT}}\n")
    async with Debugged(flow, beside=[Sandbox()]) as run:
        result = await run.ended()
    assert (result.error_type, await shop.stock()) == ("FlowExecutionError", [10, 20, 30])
