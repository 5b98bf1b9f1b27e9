"""Sandbox runs on MySQL: what is seen inside, what is told, and that nothing is left."""

from __future__ import annotations

import asyncio
from typing import Any

from flowlang import CancellationToken

from .sandboxes import OnServer


async def test_mysql_shows_rows_before_and_after_and_undoes_them(mysql: OnServer) -> None:
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


async def test_batches_on_mysql(mysql: OnServer) -> None:
    result = await mysql.run("""\
  - mysql_batch_insert: {id: load, table: orders, records: [{status: a}, {status: b}]}
  - mysql_batch_update: {id: change, table: orders, updates: [{id: 1, status: x}, {id: 2, status: y, total: 1}]}
  - mysql_query: {id: seen, query: "select status from orders order by id"}
outputs: {seen: '${seen.rows}'}
""")
    assert result.success, result.error
    assert [row["status"] for row in result.outputs["seen"]] == ["x", "y", "closed", "a", "b"]
    assert mysql.changes() == {
        "load": [("insert", "orders", 2)],
        "change": [("update", "orders", 2)],
    }
    assert len(await mysql.look("select * from orders")) == 3


async def test_tasks_of_the_project_use_mysql_as_ever(mysql: OnServer) -> None:
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


async def test_tables_without_transactions_are_told(mysql: OnServer) -> None:
    await mysql.run("  - mysql_execute: {id: write, query: \"insert into old values ('x')\"}\n")
    assert "  what was written to tables without transactions, such as those of MyISAM" in mysql.lines()
    assert await mysql.look("select what from old") == [{"what": "x"}]


async def test_after_a_deadlock_mysql_is_sent_nothing_more(mysql: OnServer) -> None:
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


async def test_mysql_tells_what_was_inserted_and_what_was_there(mysql: OnServer) -> None:
    async def mixed(connection: Any) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("replace into orders (id, status) values (2, 'r')")
        await connection.commit()

    mysql.engine.registry.register("mixed", mixed)
    await mysql.run("""\
  - mysql_execute:
      id: put
      query: >-
        insert into orders (id, status) values (1, 'there'), (50, 'new')
        on duplicate key update status = values(status)
  - mysql_execute: {id: one, query: "replace into orders (id, status) values (1, 'again')"}
  - mysql_execute: {id: new, query: "replace into orders (id, status) values (70, 'new')"}
  - mixed: {id: mixed, connection: db}
""")
    assert mysql.changes() == {
        "put": [("update", "orders", 1), ("insert", "orders", 1)],
        "one": [("update", "orders", 1)],
        "new": [("insert", "orders", 1)],
        "mixed": [("update", "orders", 1)],
    }


async def test_what_triggers_and_foreign_keys_change_on_mysql_is_said_not_to_be_counted(mysql: OnServer) -> None:
    await mysql.look(
        "create table items (id int primary key, of_order int, foreign key (of_order) references orders (id) "
        "on delete cascade on update set null)"
    )
    await mysql.look("insert into items values (1, 1), (2, 1)")
    await mysql.look("create table audit (what text)")
    await mysql.look("create trigger added after insert on orders for each row insert into audit values (new.status)")

    async def mixed(connection: Any) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("insert into orders (status) values ('new')")
        await connection.commit()

    mysql.engine.registry.register("mixed", mixed)
    await mysql.run("""\
  - mysql_execute: {id: add, query: "insert into orders (status) values ('new')"}
  - mixed: {id: mixed, connection: db}
  - mysql_execute: {id: nothing, query: "delete from orders where id = 99"}
  - mysql_execute: {id: gone, query: "delete from orders where id = 1"}
  - mysql_execute: {id: item, query: "delete from items where id = 2"}
""")
    triggers = ("other", "what the triggers of orders did is not counted", 1)
    assert mysql.changes() == {
        "add": [("insert", "orders", 1), triggers],
        "mixed": [("insert", "orders", 1), triggers],
        "gone": [("delete", "orders", 1), ("other", "what followed in items by a foreign key is not counted", 1)],
    }
    assert "  add: 1 row inserted into orders, what the triggers of orders did is not counted" in mysql.lines()
    assert await mysql.look("select * from audit") == []
    assert len(await mysql.look("select * from items")) == 2
