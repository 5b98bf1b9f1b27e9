"""What the MySQL tasks do with data, on a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from flowlang.connections.base import Statement
from flowlang.errors import FlowExecutionError
from flowlang.values import plain
from flowlang_plugins.mysql import MySQLPlugin
from tests.plugins.connected import connected

MySQL = Callable[..., Any]

ORDERS = """
CREATE TABLE orders (
  id int AUTO_INCREMENT PRIMARY KEY, customer varchar(50) UNIQUE, total decimal(10, 2) DEFAULT 1, placed date,
  status varchar(10), extra json, notes longtext, `100%s` int) ENGINE = InnoDB
"""


@pytest.fixture
def mysql(mysql_database: str) -> MySQL:
    """Opens an empty database for an `async with` block."""
    return partial(connected, MySQLPlugin, "mysql", url=mysql_database)


async def make_orders(db: Any) -> None:
    await db.call("execute", query=ORDERS)


async def test_parameters_go_by_position_or_by_name(mysql: MySQL) -> None:
    async with mysql() as db:
        assert await db.value("SELECT %s - %s", 5, 3) == 2
        named = await db.call("query", query="SELECT %(a)s - %(b)s AS d, '100%%' AS p", params={"a": 5, "b": 3})
        assert named["rows"] == [{"d": 2, "p": "100%"}]
        assert await db.value("SELECT '100%'") == "100%"


@pytest.mark.parametrize(
    ("type", "given", "seen"),
    [
        ("int", "5", 5),
        ("int", True, 1),
        ("bigint unsigned", 2**64 - 1, 2**64 - 1),
        ("varchar(100)", "a'b\"c\\d\0é🦊%s", "a'b\"c\\d\0é🦊%s"),
        ("varchar(100)", 5, "5"),
        ("varchar(100)", {"a": [1]}, '{"a": [1]}'),
        ("varchar(100)", UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        ("double", 1.5, 1.5),
        ("decimal(10,2)", "12.50", Decimal("12.50")),
        ("decimal(10,2)", Decimal("12.50"), Decimal("12.50")),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", date(2024, 2, 29), date(2024, 2, 29)),
        ("datetime", "2024-02-29T12:30:00", datetime(2024, 2, 29, 12, 30)),
        ("datetime", datetime(2024, 2, 29, 12, 30, tzinfo=UTC), datetime(2024, 2, 29, 12, 30)),
        ("datetime(6)", datetime(2024, 2, 29, 12, 30, 1, 5), datetime(2024, 2, 29, 12, 30, 1, 5)),
        ("time", "12:30:00", timedelta(hours=12, minutes=30)),
        ("time", timedelta(hours=30), timedelta(hours=30)),
        ("blob", b"\0\1'\\\xff", b"\0\1'\\\xff"),
        ("blob", bytearray(b"x"), b"x"),
        ("json", {"a": [1, None, "ü"]}, {"a": [1, None, "ü"]}),
        ("json", [1, {"b": 2.5}], [1, {"b": 2.5}]),
        ("json", '{"a": 1}', {"a": 1}),
        ("longtext", '{"a": 1}', '{"a": 1}'),
        ("enum('calm', 'cross')", "cross", "cross"),
        ("year", 2024, 2024),
        ("int", None, None),
        ("json", None, None),
    ],
)
async def test_values_come_back_as_they_were_stored(mysql: MySQL, type: str, given: Any, seen: Any) -> None:
    async with mysql() as db:
        await db.call("execute", query=f"CREATE TABLE t (v {type})")
        await db.call("execute", query="INSERT INTO t VALUES (%s)", params=[given])
        await db.call("batch_insert", table="t", records=[{"v": given}])
        rows = (await db.call("query", query="SELECT v FROM t"))["rows"]

    assert rows == [{"v": seen}, {"v": seen}]
    json.dumps(plain(rows))


async def test_execute_tells_how_many_rows_it_touched_and_the_new_id(mysql: MySQL) -> None:
    async with mysql() as db:
        await make_orders(db)
        insert = "INSERT INTO orders (customer) VALUES (%s), (%s)"
        assert await db.call("execute", query=insert, params=["a", "b"]) == {"rows_affected": 2, "last_insert_id": 1}
        update = "UPDATE orders SET status = 'x'"
        assert await db.call("execute", query=update) == {"rows_affected": 2, "last_insert_id": None}
        assert await db.call("execute", query=update) == {"rows_affected": 2, "last_insert_id": None}
        assert (await db.call("execute", query="DELETE FROM orders WHERE id = 1"))["rows_affected"] == 1
        assert (await db.call("execute", query="SELECT * FROM orders"))["rows_affected"] == 0


async def test_a_procedure_gives_its_rows(mysql: MySQL) -> None:
    async with mysql() as db:
        await db.call("execute", query="CREATE PROCEDURE p(n int) BEGIN SELECT n + 1 AS m; SELECT 5; END")
        assert (await db.call("query", query="CALL p(%s)", params=[1]))["rows"] == [{"m": 2}]
        assert await db.value("SELECT 7") == 7


@pytest.mark.parametrize(
    "statement",
    [
        "BEGIN",
        "commit",
        "/* x */ ROLLBACK",
        "# x\n COMMIT",
        "-- x\n START TRANSACTION",
        "/*!50000 COMMIT */",
        "/*M!100000 COMMIT */",
        "; COMMIT",
        "CREATE TABLE t2 (a int)",
        "ALTER TABLE orders ADD x int",
        "DROP TABLE orders",
        "TRUNCATE orders",
        "SET autocommit = 1",
        "SET @@session.autocommit := 1",
        "SET STATEMENT max_statement_time = 1 FOR COMMIT",
        "LOCK TABLES orders READ",
        "ANALYZE TABLE orders",
        "CALL p()",
        "EXECUTE IMMEDIATE 'COMMIT'",
        "BEGIN NOT ATOMIC COMMIT; END",
        "XA START 'x'",
        "GRANT SELECT ON orders TO nobody",
    ],
)
async def test_what_would_end_a_transaction_is_refused_before_it_begins(mysql: MySQL, statement: str) -> None:
    async with mysql() as db:
        await make_orders(db)
        with pytest.raises(FlowExecutionError, match=r"query 2 is "):
            await db.call("transaction", queries=["INSERT INTO orders (id) VALUES (1)", statement])
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_savepoints_and_temporary_tables_work_within_a_transaction(mysql: MySQL) -> None:
    insert = "INSERT INTO orders (id) VALUES (%s)"
    async with mysql() as db:
        await make_orders(db)
        await db.call(
            "transaction",
            queries=[
                "CREATE TEMPORARY TABLE mine (a int)",
                {"query": insert, "params": [1]},
                "SAVEPOINT here",
                {"query": insert, "params": [2]},
                "ROLLBACK TO SAVEPOINT here",
                "DROP TEMPORARY TABLE mine",
            ],
        )
        assert (await db.call("query", query="SELECT id FROM orders"))["rows"] == [{"id": 1}]


async def test_a_batch_is_inserted_with_the_columns_of_all_records(mysql: MySQL) -> None:
    async with mysql() as db:
        await make_orders(db)
        result = await db.call(
            "batch_insert",
            table="orders",
            records=[{"id": "7", "total": "12.5", "extra": {"gift": True}}, {"id": 8, "100%s": 5}, {"id": 9}],
            batch_size=2,
        )
        rows = (await db.call("query", query="SELECT id, total, extra, `100%s` FROM orders ORDER BY id"))["rows"]

    assert result == {"inserted_count": 3, "batches": 2, "table": "orders"}
    assert rows == [
        {"id": 7, "total": Decimal("12.50"), "extra": {"gift": True}, "100%s": None},
        {"id": 8, "total": None, "extra": None, "100%s": 5},
        {"id": 9, "total": None, "extra": None, "100%s": None},
    ]


async def test_a_batch_is_inserted_whole_or_not_at_all(mysql: MySQL) -> None:
    async with mysql() as db:
        await make_orders(db)
        with pytest.raises(FlowExecutionError, match="Duplicate entry"):
            await db.call("batch_insert", table="orders", records=[{"id": n % 5 + 1} for n in range(6)], batch_size=2)
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_rows_that_are_longer_than_a_packet_together_are_inserted(mysql: MySQL) -> None:
    async with mysql() as db:
        await make_orders(db)
        records = [{"id": number + 1, "notes": "x" * 1_000_000} for number in range(40)]
        await db.call("batch_insert", table="orders", records=records)
        assert await db.value("SELECT sum(length(notes)) FROM orders") == 40_000_000


async def test_names_are_quoted(mysql: MySQL, mysql_database: str) -> None:
    database = mysql_database.rpartition("/")[2]
    async with mysql() as db:
        await db.call("execute", query="CREATE TABLE `a``b %s` (id int PRIMARY KEY, `x; DROP TABLE y` int)")
        for table in ("a`b %s", f"{database}.a`b %s"):
            await db.call("batch_insert", table=table, records=[{"id": len(table), "x; DROP TABLE y": 2}])
            result = await db.call("batch_update", table=table, updates=[{"id": len(table), "x; DROP TABLE y": 3}])
            assert result["updated_count"] == 1
        assert await db.value("SELECT sum(`x; DROP TABLE y`) FROM `a``b %s`") == 6


async def test_batch_update_changes_the_columns_that_each_update_has(mysql: MySQL) -> None:
    async with mysql() as db:
        await make_orders(db)
        await db.call(
            "batch_insert", table="orders", records=[{"id": n, "status": "open", "total": 1} for n in (1, 2, 3)]
        )
        result = await db.call(
            "batch_update",
            table="orders",
            batch_size=2,
            updates=[
                {"id": 1, "status": "sent", "placed": "2024-02-29", "extra": [1, 2]},
                {"id": "2", "100%s": 1},
                {"id": 3, "total": "2.5"},
                {"id": 99, "total": 9},
                {"id": 3, "total": 4},
                {"id": 3, "total": 4},
            ],
        )
        rows = (await db.call("query", query="SELECT * FROM orders ORDER BY id"))["rows"]

    assert result == {"updated_count": 5, "batches": 3, "table": "orders"}
    assert (rows[0]["status"], rows[0]["placed"], rows[0]["extra"]) == ("sent", date(2024, 2, 29), [1, 2])
    assert (rows[1]["100%s"], rows[1]["status"], rows[2]["total"]) == (1, "open", Decimal(4))


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("query", {"query": " "}, "`query` is empty"),
        ("query", {"query": "SELECT 1; SELECT 2"}, "holds several statements"),
        ("query", {"query": "SELECT %s, %s", "params": [1]}, "has 2 parameters, but `params` has 1"),
        ("query", {"query": "SELECT %s", "params": [1, 2]}, "has 1 parameters, but `params` has 2"),
        ("query", {"query": "SELECT %(a)s", "params": {"b": 1}}, r"no value for the parameter `%\(a\)s`"),
        ("query", {"query": "SELECT %s, '5%'", "params": [1]}, "holds a `%` that is no parameter"),
        ("query", {"query": "SELECT %s", "params": 5}, "`params` must be a list or a map, not int"),
        ("query", {"query": "SELECT %s", "params": [float("nan")]}, "nan can not be used with MySQL"),
        ("query", {"query": "SELEC 1"}, "You have an error in your SQL syntax"),
        ("query", {"query": "SELECT * FROM nope"}, "nope' doesn't exist"),
        ("query", {"query": "BEGIN"}, "began a transaction and left it open"),
        ("transaction", {"queries": ["SELECT 1"], "isolation": "loose"}, "`isolation` must be one of"),
        ("batch_insert", {"table": "a.b.c", "records": [{"a": 1}]}, "'a.b.c' is no name of a table"),
        ("batch_insert", {"table": "nope", "records": [{"a": 1}]}, "nope' doesn't exist"),
        ("batch_insert", {"table": "orders", "records": [{"nope": 1}]}, "Unknown column 'nope'"),
        ("batch_update", {"table": "orders", "updates": [{"id": 1}]}, "sets no column beside its key"),
    ],
)
async def test_a_mistake_is_told_plainly(mysql: MySQL, task: str, arguments: Any, message: str) -> None:
    async with mysql() as db:
        await make_orders(db)
        with pytest.raises(FlowExecutionError, match=message):
            await db.call(task, **arguments)
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_every_statement_is_reported_with_its_rows(mysql: MySQL, statements: list[Statement]) -> None:
    async with mysql() as db:
        await db.call("execute", query="CREATE TABLE t (id int)")
        await db.call("transaction", queries=["INSERT INTO t VALUES (1), (2)"], isolation="read committed")
        await db.call("batch_insert", table="t", records=[{"id": 3}])
        await db.call("query", query="SELECT * FROM t WHERE id > %s", params=[1])

    assert [(sent.text, sent.params, sent.rows) for sent in statements] == [
        ("CREATE TABLE t (id int)", None, 0),
        ("SET TRANSACTION ISOLATION LEVEL READ COMMITTED", None, 0),
        ("START TRANSACTION", None, 0),
        ("INSERT INTO t VALUES (1), (2)", None, 2),
        ("COMMIT", None, 0),
        ("START TRANSACTION", None, 0),
        ("INSERT INTO `t` (`id`) VALUES (%s)", None, 1),
        ("COMMIT", None, 0),
        ("SELECT * FROM t WHERE id > %s", [1], 2),
    ]
    assert all(sent.duration_ms > 0 for sent in statements)


async def test_an_error_keeps_its_cause_and_the_statement(mysql: MySQL, statements: list[Statement]) -> None:
    async with mysql() as db:
        with pytest.raises(FlowExecutionError) as raised:
            await db.call("query", query="SELECT * FROM nope WHERE a = %s", params=[5])

    assert type(raised.value.__cause__).__name__ == "ProgrammingError"
    assert [(sent.text, sent.params) for sent in statements] == [("SELECT * FROM nope WHERE a = %s", [5])]
    assert statements[0].error is not None
    assert "doesn't exist" in statements[0].error
