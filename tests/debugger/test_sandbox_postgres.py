"""Sandbox runs on PostgreSQL: what is seen inside, what is told, and that nothing is left."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

from flowlang import CancellationToken

from .sandboxes import OnServer


async def test_postgres_shows_rows_before_and_after_and_undoes_them(postgres: OnServer) -> None:
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


async def test_a_statement_that_fails_on_postgres_does_not_poison_the_rest(postgres: OnServer) -> None:
    result = await postgres.run("""\
  - pg_execute: {id: first, query: "insert into orders (status) values ('first')"}
  - pg_execute: {query: "insert into orders (id) values (1)", continue_on_error: true}
  - pg_execute: {query: "insert into nowhere values (1)", continue_on_error: true}
  - pg_execute: {id: table, query: create table made (n int)}
  - pg_query: {id: seen, query: "select status from orders where id > 3 order by id"}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert result.outputs["seen"] == [{"status": "first"}]
    assert postgres.changes() == {
        "first": [("insert", "orders", 1)],
        "table": [("other", "CREATE TABLE", 1)],
    }
    assert await postgres.look("select to_regclass('made') as made") == [{"made": None}]
    assert len(await postgres.look("select * from orders")) == 3


async def test_batches_on_postgres(postgres: OnServer) -> None:
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


async def test_tasks_of_the_project_use_postgres_as_ever(postgres: OnServer) -> None:
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


async def test_what_is_cancelled_or_times_out_on_postgres_leaves_the_sandbox_whole(postgres: OnServer) -> None:
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


async def test_a_cancelled_run_is_undone_on_postgres(postgres: OnServer) -> None:
    token = CancellationToken()
    steps = "  - pg_execute: {query: delete from orders}\n  - Hang: {name: here}\n"
    running = asyncio.create_task(postgres.run(steps, cancellation_token=token))
    await postgres.engine.reached("here")
    await token.cancel()
    assert (await running).cancelled
    assert len(await postgres.look("select * from orders")) == 3
    assert await postgres.look("select pid from pg_stat_activity where application_name = 'flowlang'") == []


async def test_a_lost_session_ends_the_sandbox_and_nothing_is_left(postgres: OnServer) -> None:
    result = await postgres.run("""\
  - pg_execute: {query: delete from orders}
  - pg_query: {query: select pg_terminate_backend(pg_backend_pid()), continue_on_error: true}
  - pg_execute: {id: after, query: "insert into orders (status) values ('after')"}
""")
    assert "sandbox was lost" in str(result.error)
    assert len(await postgres.look("select * from orders")) == 3


async def test_postgres_tells_what_was_inserted_and_what_was_there(postgres: OnServer) -> None:
    await postgres.run("""\
  - pg_execute:
      id: put
      query: >-
        insert into orders (id, status) values (1, 'there'), (50, 'new')
        on conflict (id) do update set status = excluded.status
""")
    assert postgres.lines()[1:4] == [
        "  put: 1 row changed in orders, 1 row inserted into orders",
        "    ~ id 1, status 'there', total '10.00', tags None",
        "    + id 50, status 'new', total None, tags None",
    ]


async def test_postgres_tells_what_triggers_cascades_and_parts_of_a_statement_changed(postgres: OnServer) -> None:
    await postgres.look("create table lines (order_id int references orders on delete cascade, what text)")
    await postgres.look("insert into lines values (1, 'a'), (1, 'b'), (2, 'c')")
    await postgres.look("create table noted (id serial, what text)")
    await postgres.look(
        "create function note() returns trigger language plpgsql as "
        "$$ begin insert into noted (what) values (new.status); return new; end $$"
    )
    await postgres.look("create trigger note after insert on orders for each row execute function note()")

    async def prepares(connection: Any) -> None:
        statement = await connection.prepare("update orders set status = 'prepared'")
        await statement.fetch()

    postgres.engine.registry.register("prepares", prepares)
    result = await postgres.run("""\
  - pg_execute: {id: add, query: "insert into orders (status) values ('x'), ('y')"}
  - pg_execute: {query: "insert into orders (id, status) values (60, 'z'), (60, 'z')", continue_on_error: true}
  - pg_execute: {id: gone, query: delete from orders where id = 1}
  - pg_execute:
      id: both
      query: with gone as (delete from lines returning *) insert into noted (what) select what from gone
  - pg_execute:
      id: merged
      query: merge into orders o using (values (2)) v (i) on o.id = v.i when matched then update set status = 'm'
  - prepares: {id: prepared, connection: db}
""")
    assert result.success, result.error
    assert {path: sorted(changes) for path, changes in postgres.changes().items()} == {
        "add": [("insert", "noted", 2), ("insert", "orders", 2)],
        "gone": [("delete", "lines", 2), ("delete", "orders", 1)],
        "both": [("delete", "lines", 1), ("insert", "noted", 1)],
        "merged": [("update", "orders", 1)],
        "prepared": [("update", "orders", 4)],
    }
    assert any("noted_id_seq" in line and "add" in line for line in postgres.lines())
