"""Sandbox runs: the steps work as ever, what they changed is told, and afterwards nothing of it is there."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from flowlang import CancellationToken, FlowResult
from tests.runtime.conftest import Engine

from .sandboxes import Sandboxed

SCHEMA = """
create table orders (id integer primary key autoincrement, status text, total real);
insert into orders (status, total) values ('open', 10), ('open', 20), ('closed', 30);
create table log (at text, what text);
"""


class Shop(Sandboxed):
    """A database in a file, whose content is looked at from outside."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, "sqlite", "sqlite", "database: shop.db")
        self.file = engine.folder / "shop.db"
        with sqlite3.connect(self.file) as database:
            database.executescript(SCHEMA)
        database.close()
        self.before = self.content()

    def content(self) -> list[str]:
        database = sqlite3.connect(self.file)
        try:
            return list(database.iterdump())
        finally:
            database.close()

    async def run(self, steps: str, **options: Any) -> FlowResult:
        result = await super().run(steps, **options)
        assert self.content() == self.before
        return result


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    engine = Engine(tmp_path)
    yield Shop(engine)
    await engine.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_steps_do_is_seen_by_those_after_them_and_undone_at_the_end(shop: Shop) -> None:
    result = await shop.run("""\
  - sqlite_execute: {id: add, query: "insert into orders (status, total) values ('new', 5)"}
  - sqlite_execute: {id: ship, query: "update orders set status = 'shipped' where status = 'open'"}
  - sqlite_execute: {id: drop, query: "delete from orders where id = 3"}
  - sqlite_query: {id: seen, query: "select id as n, status from orders order by id"}
outputs: {id: '${add.last_insert_id}', shipped: '${ship.rows_affected}', seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert result.outputs == {
        "id": 4,
        "shipped": 2,
        "seen": [{"n": 1, "status": "shipped"}, {"n": 2, "status": "shipped"}, {"n": 4, "status": "new"}],
    }
    assert shop.changes() == {
        "add": [("insert", "orders", 1)],
        "ship": [("update", "orders", 2)],
        "drop": [("delete", "orders", 1)],
    }
    assert shop.lines() == [
        "sandbox: everything on db was undone",
        "  add: 1 row inserted into orders",
        "    + id 4, status 'new', total 5.0",
        "  ship: 2 rows changed in orders",
        "    ~ id 1, status 'open' → 'shipped'",
        "    ~ id 2, status 'open' → 'shipped'",
        "  drop: 1 row deleted from orders",
        "    - id 3, status 'closed', total 30.0",
    ]


async def test_a_transaction_task_stays_all_or_nothing(shop: Shop) -> None:
    result = await shop.run(
        """\
  - sqlite_execute: {id: first, query: "insert into log values ('1', 'kept')"}
  - sqlite_transaction:
      id: both
      continue_on_error: true
      queries: ["insert into log values ('2', 'undone')", "insert into nowhere values (1)"]
  - sqlite_transaction:
      id: nested
      queries:
        - insert into log values ('3', 'kept')
        - savepoint part
        - insert into log values ('4', 'undone')
        - rollback to part
        - release part
  - sqlite_query: {id: seen, query: select what from log}
outputs: {seen: '${seen.rows}'}
"""
    )
    assert result.success
    assert result.outputs["seen"] == [{"what": "kept"}, {"what": "kept"}]
    assert shop.changes() == {"first": [("insert", "log", 1)], "nested": [("insert", "log", 1)]}


async def test_a_statement_that_fails_leaves_what_came_before(shop: Shop) -> None:
    result = await shop.run("""\
  - sqlite_execute: {query: "insert into log values ('1', 'kept')"}
  - sqlite_execute: {query: "insert into orders (id) values (10), (1)", continue_on_error: true}
  - sqlite_query: {id: seen, query: select count(*) as n from log}
outputs: {seen: '${seen.rows}'}
""")
    assert result.outputs["seen"] == [{"n": 1}]
    assert list(shop.changes().values()) == [[("insert", "log", 1)]]


async def test_batches_and_tables_are_undone_too(shop: Shop) -> None:
    records = [{"id": n, "name": "x"} for n in range(50)]
    result = await shop.run(f"""\
  - sqlite_execute: {{id: make, query: "create table items (id integer primary key, name text)"}}
  - sqlite_batch_insert: {{id: load, table: items, records: {records}}}
  - sqlite_batch_update: {{id: rename, table: items, updates: [{{id: 1, name: one}}, {{id: 2, name: two}}]}}
  - sqlite_execute: {{id: widen, query: alter table orders add column note text}}
  - sqlite_execute: {{id: noted, query: "update orders set note = 'x' where id = 1"}}
  - sqlite_execute: {{id: narrow, query: alter table orders drop column note}}
  - sqlite_execute: {{id: gone, query: drop table items}}
""")
    assert result.success, result.error
    assert shop.changes() == {
        "make": [("other", "CREATE TABLE", 1)],
        "load": [("insert", "items", 50)],
        "rename": [("update", "items", 2)],
        "widen": [("other", "ALTER TABLE", 1)],
        "noted": [("update", "orders", 1)],
        "narrow": [("other", "ALTER TABLE", 1)],
        "gone": [("other", "DROP TABLE", 1)],
    }
    load = next(step for step in shop.report["steps"] if step["path"] == "load")
    assert len(load["changes"][0]["rows"]) == 20


@pytest.mark.parametrize("end", ["fail", "exit", "cancel"])
async def test_however_the_run_ends_everything_is_undone(shop: Shop, end: str) -> None:
    steps = "  - sqlite_execute: {id: add, query: \"insert into log values ('1', 'x')\"}\n"
    if end == "cancel":
        token = CancellationToken()
        running = asyncio.create_task(shop.run(f"{steps}  - Hang: {{name: here}}\n", cancellation_token=token))
        await shop.engine.reached("here")
        await token.cancel()
        assert (await running).cancelled
    else:
        await shop.run(steps + ("  - Fail: {}\n" if end == "fail" else "  - exit: {reason: done}\n"))
    assert shop.changes() == {"add": [("insert", "log", 1)]}


async def test_subflows_and_other_names_of_a_database_share_the_sandbox(shop: Shop) -> None:
    sub = "- sqlite_execute: {id: inner, query: \"insert into log values ('1', '${inputs.what}')\"}\n"
    text = f"flow: sub\nconnections: {{there: {{type: sqlite, database: shop.db}}}}\nsteps:\n  {sub}"
    shop.engine.write("sub.yaml", text)
    result = await shop.run("""\
flow: test
connections: {db: {type: sqlite, database: shop.db}, same: {type: sqlite, database: shop.db}}
steps:
  - for_each: [a, b]
    id: each
    as: what
    do: [{subflow: sub, id: call, inputs: {what: '${what}'}}]
  - parallel:
      - sqlite_execute: {id: left, connection: db, query: "update log set what = what || '!'"}
      - sqlite_execute: {id: right, connection: same, query: "update orders set total = 0"}
  - sqlite_query: {id: seen, connection: same, query: select what from log}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert result.outputs["seen"] == [{"what": "a!"}, {"what": "b!"}]
    assert shop.report["connections"] == ["db", "same", "there"]
    assert set(shop.changes()) == {"each[0]/call/inner", "each[1]/call/inner", "left", "right"}


async def test_tasks_of_the_project_use_the_driver_as_ever(shop: Shop) -> None:
    async def mixed(connection: Any) -> list[Any]:
        await connection.execute("BEGIN")
        await connection.execute("insert into log values ('1', 'kept')")
        await connection.commit()
        await connection.execute("BEGIN")
        await connection.execute("insert into log values ('2', 'undone')")
        await connection.rollback()
        await connection.executescript("insert into log values ('3', 'a;b'); insert into log values ('4', 'kept');")
        await connection.executemany("insert into log values (?, ?)", [("5", "kept"), ("6", "kept")])
        await connection.execute("BEGIN")
        await connection.execute("insert into log values ('7', 'left open')")
        return []

    async def both(context: Any, connection: Any) -> int:
        async with context.connection("db") as again:
            cursor = await again.execute("select count(*) from log")
            (count,) = await cursor.fetchone()
            await cursor.close()
        return int(count)

    shop.engine.registry.register("mixed", mixed)
    shop.engine.registry.register("both", both)
    result = await shop.run("""\
  - mixed: {id: mixed, connection: db}
  - both: {id: both, connection: db}
outputs: {count: '${both}'}
""")
    assert result.success, result.error
    assert result.outputs["count"] == 5
    assert shop.changes() == {"mixed": [("insert", "log", 5)]}
    assert [one["steps"] for one in shop.report["lasting"]] == [["mixed"], ["both"]]


@pytest.mark.parametrize("query", ["commit", "end", "rollback", "vacuum"])
async def test_what_would_make_it_last_is_refused(shop: Shop, query: str) -> None:
    result = await shop.run(f"""\
  - sqlite_execute: {{query: "insert into log values ('1', 'x')"}}
  - sqlite_execute: {{id: last, query: {query}}}
""")
    assert not result.success


async def test_when_sqlite_itself_undoes_everything_nothing_more_is_done(shop: Shop) -> None:
    result = await shop.run("""\
  - sqlite_execute: {query: "insert into log values ('1', 'x')"}
  - sqlite_execute: {query: "insert or rollback into orders (id) values (1)", continue_on_error: true}
  - sqlite_execute: {id: after, query: "insert into log values ('2', 'x')"}
""")
    assert "the sandbox is over" in str(result.error)


async def test_a_connection_that_only_reads_is_an_ordinary_one(shop: Shop) -> None:
    result = await shop.run("""\
flow: test
connections: {db: {type: sqlite, database: shop.db, read_only: true}}
steps:
  - sqlite_query: {id: seen, query: select count(*) as n from orders}
outputs: {seen: '${seen.rows}'}
""")
    assert result.outputs["seen"] == [{"n": 3}]
    assert shop.lines() == ["sandbox: no connection was opened"]


async def test_secrets_are_masked_in_what_is_told(shop: Shop) -> None:
    await shop.run(
        """\
flow: test
inputs: {key: {secret: true}}
connections: {db: {type: sqlite, database: shop.db}}
steps:
  - sqlite_execute: {query: "insert into log values ('1', ?)", params: ['${inputs.key}']}
""",
        inputs={"key": "hunter2-hunter2"},
    )
    assert "hunter2" not in str(shop.report)
    assert "••••" in str(shop.report)


async def test_a_run_beside_it_is_not_in_the_sandbox(shop: Shop) -> None:
    """A shared pool would hand the transaction to others."""
    flow = (
        shop.head + "  - sqlite_query: {id: seen, query: select count(*) as n from log}\noutputs: {n: '${seen.rows}'}\n"
    )
    inside = shop.head + "  - sqlite_execute: {query: \"insert into log values ('1', 'x')\"}\n  - Hang: {name: here}\n"
    token = CancellationToken()
    running = asyncio.create_task(shop.run(inside, cancellation_token=token))
    await shop.engine.reached("here")
    other = await shop.engine.executor.execute_flow(flow)
    assert other.outputs["n"] == [{"n": 0}]
    await token.cancel()
    await running


async def test_a_database_in_memory_is_one_for_each_call_and_ends_with_it(shop: Shop) -> None:
    shop.engine.write(
        "sub.yaml",
        """\
flow: sub
connections: {memory: {type: sqlite, database: ":memory:"}}
steps:
  - sqlite_execute: {query: create table t (n int)}
  - sqlite_execute: {id: add, query: "insert into t values (1)"}
outputs: {n: '${add.rows_affected}'}
""",
    )
    before = set(threading.enumerate())
    result = await shop.run("""\
flow: test
steps:
  - for_each: [1, 2, 3]
    id: each
    do: [{subflow: sub, id: call}]
    collect: ${call.n}
  - Note: {text: x}
outputs: {all: '${each.results}'}
""")
    assert result.outputs["all"] == [1, 1, 1]
    assert shop.report["connections"] == ["memory"]
    for thread in set(threading.enumerate()) - before:
        # the last one says that it has closed its database before it ends
        thread.join(5)
    assert set(threading.enumerate()) <= before
