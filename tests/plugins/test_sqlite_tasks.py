"""What the SQLite tasks do with data."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

from flowlang.connections.base import Statement
from flowlang.errors import FlowExecutionError

Sqlite = Callable[..., Any]

ORDERS = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT UNIQUE, total REAL DEFAULT 1, status TEXT)"


async def test_a_query_gives_rows_count_and_columns(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        result = await db.call("query", query="SELECT 1 AS one, 'x' AS two UNION ALL SELECT 2, NULL")

    assert result == {"rows": [{"one": 1, "two": "x"}, {"one": 2, "two": None}], "count": 2, "columns": ["one", "two"]}


async def test_a_query_without_rows_still_names_its_columns(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        assert await db.call("query", query="SELECT 1 AS a WHERE 0") == {"rows": [], "count": 0, "columns": ["a"]}


async def test_columns_of_one_name_are_told_apart(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        assert await db.rows("SELECT 1 AS id, 2 AS id, 3 AS id_2, 4 AS id") == [
            {"id": 1, "id_3": 2, "id_2": 3, "id_4": 4}
        ]
        assert await db.rows("SELECT 1 AS id, 2 AS id") == [{"id": 1, "id_2": 2}]


async def test_parameters_go_by_position_or_by_name(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        assert await db.value("SELECT ? - ?", [5, 3]) == 2
        assert await db.value("SELECT :a - :b", {"a": 5, "b": 3}) == 2
        assert await db.value("SELECT ?2 - ?1", (5, 3)) == -2


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (None, None),
        (7, 7),
        (1.5, 1.5),
        ("é\0ü", "é\0ü"),
        (b"\0\1", b"\0\1"),
        (bytearray(b"x"), b"x"),
        (True, 1),
        (False, 0),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(2024, 2, 29, 12, 30), "2024-02-29T12:30:00"),
        (time(12, 30), "12:30:00"),
        (timedelta(seconds=90), 90.0),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": [1, None]}, '{"a": [1, null]}'),
        ([1, "é"], '[1, "é"]'),
        ((), "[]"),
        (Colour.RED, "red"),
    ],
)
async def test_every_plain_value_can_be_stored(sqlite: Sqlite, value: Any, stored: Any) -> None:
    async with sqlite() as db:
        found = await db.value("SELECT ?", [value])

    assert found == stored
    assert type(found) is type(stored)


async def test_a_value_is_bound_and_never_read_as_sql(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        nasty = "x'); DROP TABLE orders; --"
        await db.call("execute", query="INSERT INTO orders (customer) VALUES (?)", params=[nasty])
        assert await db.rows("SELECT customer FROM orders") == [{"customer": nasty}]


async def test_execute_tells_rows_and_the_inserted_id(sqlite: Sqlite) -> None:
    async with sqlite() as db:

        async def run(query: str, params: Any = None) -> tuple[Any, Any]:
            result = await db.call("execute", query=query, params=params)
            return result["rows_affected"], result["last_insert_id"]

        assert await run(ORDERS) == (0, None)
        assert await run("INSERT INTO orders (id, customer) VALUES (41, 'a')") == (1, 41)
        assert await run("-- one more\n INSERT INTO orders (customer) VALUES ('b'), ('c')") == (2, 43)
        assert await run("INSERT OR IGNORE INTO orders (customer) VALUES ('a')") == (0, None)
        assert await run("UPDATE orders SET status = 'x'") == (3, None)
        assert await run("WITH n(x) AS (SELECT 'd') INSERT INTO orders (customer) SELECT x FROM n") == (1, 44)
        assert await run("WITH n(x) AS (SELECT 'd') UPDATE orders SET status = 'y' WHERE id > 42") == (2, None)
        assert await run("INSERT INTO orders (customer) VALUES ('e') RETURNING id") == (1, 45)
        assert await run("DELETE FROM orders WHERE id > 100") == (0, None)
        assert await run("DELETE FROM orders") == (5, None)


async def test_a_query_may_return_what_it_changed(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        assert await db.rows("INSERT INTO orders (customer) VALUES ('a') RETURNING id, total") == [
            {"id": 1, "total": 1.0}
        ]
        assert await db.value("SELECT count(*) FROM orders") == 1


async def test_references_are_enforced_unless_switched_off(sqlite: Sqlite) -> None:
    tables = ["CREATE TABLE a (id INTEGER PRIMARY KEY)", "CREATE TABLE b (a REFERENCES a)"]
    async with sqlite() as db:
        await db.call("transaction", queries=tables)
        with pytest.raises(FlowExecutionError, match="FOREIGN KEY constraint failed"):
            await db.call("execute", query="INSERT INTO b VALUES (1)")
    async with sqlite(foreign_keys=False) as db:
        await db.call("execute", query="INSERT INTO b VALUES (1)")


async def test_a_transaction_gives_the_result_of_each_statement(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        result = await db.call(
            "transaction",
            queries=[
                ORDERS,
                {"query": "INSERT INTO orders (customer) VALUES (?), (?)", "params": ["a", "b"]},
                {"query": "SELECT customer FROM orders WHERE customer = :who", "params": {"who": "b"}},
            ],
        )

    assert result == {
        "results": [
            {"rows_affected": 0, "rows": []},
            {"rows_affected": 2, "rows": []},
            {"rows_affected": 0, "rows": [{"customer": "b"}]},
        ],
        "count": 3,
    }


@pytest.mark.parametrize("failing", range(4))
async def test_a_transaction_that_fails_anywhere_leaves_nothing(sqlite: Sqlite, failing: int) -> None:
    queries: list[Any] = [f"INSERT INTO orders (customer) VALUES ('{name}')" for name in "abc"]
    queries.insert(failing, "INSERT INTO orders (no_such_column) VALUES (1)")
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        with pytest.raises(FlowExecutionError, match="no column named no_such_column"):
            await db.call("transaction", queries=queries)
        assert await db.rows("SELECT * FROM orders") == []
        await db.call("transaction", queries=["INSERT INTO orders (customer) VALUES ('a')"])


async def test_a_transaction_whose_commit_fails_leaves_nothing(sqlite: Sqlite) -> None:
    tables = [
        "CREATE TABLE a (id INTEGER PRIMARY KEY)",
        "CREATE TABLE b (a REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
    ]
    async with sqlite() as db:
        await db.call("transaction", queries=tables)
        with pytest.raises(FlowExecutionError, match="FOREIGN KEY"):
            await db.call("transaction", queries=["INSERT INTO b VALUES (1)"])
        assert await db.rows("SELECT * FROM b") == []


@pytest.mark.parametrize(
    "query",
    ["COMMIT", "  ;; commit", "/* hi */ END -- x", "-- x\nROLLBACK;", "BEGIN IMMEDIATE", "ROLLBACK TRANSACTION"],
)
async def test_a_transaction_cannot_be_ended_from_within(sqlite: Sqlite, query: str) -> None:
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        with pytest.raises(FlowExecutionError, match="query 2 is"):
            await db.call("transaction", queries=["INSERT INTO orders (customer) VALUES ('a')", query])
        assert await db.rows("SELECT * FROM orders") == []


async def test_savepoints_work_inside_a_transaction(sqlite: Sqlite) -> None:
    insert = "INSERT INTO orders (customer) VALUES ('{}')".format
    async with sqlite() as db:
        await db.call(
            "transaction",
            queries=[ORDERS, insert("a"), "SAVEPOINT s", insert("b"), "ROLLBACK TO s", "RELEASE s", insert("c")],
        )
        assert [row["customer"] for row in await db.rows("SELECT customer FROM orders")] == ["a", "c"]


async def test_a_transaction_left_open_by_a_statement_is_undone_and_told(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        with pytest.raises(FlowExecutionError, match="began a transaction"):
            await db.call("execute", query="BEGIN IMMEDIATE")
        await db.call("execute", query=ORDERS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"queries": "SELECT 1"}, "`queries` must be a list, not str"),
        ({"queries": [1]}, "query 1 must be a map with `query` and `params`"),
        ({"queries": [{"sql": "x"}]}, "query 1 must be a map with `query` and `params`"),
        ({"queries": [{"query": "x", "parms": []}]}, "query 1 has an unknown key `parms`"),
        ({"queries": [{"query": " "}]}, "`query` is empty"),
        ({"queries": [], "isolation": "loose"}, "`isolation` must be one of deferred, immediate, exclusive"),
    ],
)
async def test_a_transaction_that_is_not_well_formed_says_so(sqlite: Sqlite, arguments: Any, message: str) -> None:
    async with sqlite() as db:
        with pytest.raises(FlowExecutionError, match=message):
            await db.call("transaction", **arguments)


async def test_the_isolation_of_a_transaction_can_be_chosen(sqlite: Sqlite, statements: list[Statement]) -> None:
    async with sqlite(isolation_level="exclusive") as db:
        await db.call("transaction", queries=["SELECT 1"], isolation="deferred")
        await db.call("transaction", queries=["SELECT 1"])
    async with sqlite() as db:
        await db.call("transaction", queries=["SELECT 1"])

    begun = [sent.text for sent in statements if sent.text.startswith("BEGIN")]
    assert begun == ["BEGIN DEFERRED", "BEGIN EXCLUSIVE", "BEGIN IMMEDIATE"]


async def test_batch_insert_takes_the_columns_of_all_records(sqlite: Sqlite) -> None:
    records = [{"customer": "a"}, {"customer": "b", "status": "new", "total": 3}, {"status": None, "id": 9}]
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        result = await db.call("batch_insert", table="orders", records=records, batch_size=2)
        rows = await db.rows("SELECT * FROM orders ORDER BY id")

    assert result == {"inserted_count": 3, "batches": 2, "table": "orders"}
    assert rows == [
        {"id": 1, "customer": "a", "total": None, "status": None},
        {"id": 2, "customer": "b", "total": 3.0, "status": "new"},
        {"id": 9, "customer": None, "total": None, "status": None},
    ]


async def test_batch_insert_is_all_or_nothing_over_its_batches(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        records = [{"customer": str(number % 30)} for number in range(31)]
        with pytest.raises(FlowExecutionError, match="UNIQUE constraint failed"):
            await db.call("batch_insert", table="orders", records=records, batch_size=10)
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_no_records_are_no_batches(sqlite: Sqlite, statements: list[Statement]) -> None:
    async with sqlite() as db:
        inserted = await db.call("batch_insert", table="t", records=[])
        updated = await db.call("batch_update", table="t", updates=[])

    assert inserted == {"inserted_count": 0, "batches": 0, "table": "t"}
    assert updated == {"updated_count": 0, "batches": 0, "table": "t"}
    assert statements == []


async def test_names_are_quoted(sqlite: Sqlite) -> None:
    table, column = 'odd "table"; DROP TABLE x', 'select "from"'
    async with sqlite() as db:
        await db.call("execute", query='CREATE TABLE "odd ""table""; DROP TABLE x" (id, "select ""from""")')
        await db.call("batch_insert", table=table, records=[{"id": 1, column: "a"}])
        await db.call("batch_update", table=table, updates=[{"id": 1, column: "b"}])
        assert await db.value('SELECT "select ""from""" FROM "odd ""table""; DROP TABLE x"') == "b"


async def test_batch_update_sets_only_what_each_update_has(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        await db.call(
            "batch_insert", table="orders", records=[{"id": n, "status": "old", "total": n} for n in range(1, 5)]
        )
        result = await db.call(
            "batch_update",
            table="orders",
            updates=[
                {"id": 1, "status": "new"},
                {"id": 2, "total": 20},
                {"id": 3, "status": None, "total": 30},
                {"id": 99, "status": "nobody"},
                {"id": 1, "status": "newer"},
            ],
            batch_size=2,
        )
        rows = await db.rows("SELECT id, status, total FROM orders ORDER BY id")

    assert result == {"updated_count": 4, "batches": 3, "table": "orders"}
    assert [tuple(row.values()) for row in rows] == [
        (1, "newer", 1.0),
        (2, "old", 20.0),
        (3, None, 30.0),
        (4, "old", 4.0),
    ]


async def test_batch_update_can_find_rows_by_any_column(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        await db.call("batch_insert", table="orders", records=[{"customer": "a"}, {"customer": "b"}])
        updates = [{"customer": "b", "status": "x"}]
        result = await db.call("batch_update", table="orders", updates=updates, key_field="customer")

    assert result["updated_count"] == 1


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("batch_insert", {"table": "", "records": [{"a": 1}]}, "'' is no name of a table or column"),
        ("batch_insert", {"table": "orders", "records": [{1: 1}]}, "1 is no name of a table or column"),
        ("batch_insert", {"table": "orders", "records": {"a": 1}}, "`records` must be a list, not dict"),
        ("batch_insert", {"table": "orders", "records": [{}]}, "the records have no columns"),
        ("batch_insert", {"table": "orders", "records": [{"a": 1}, 2]}, "entry 2 of `records` must be a map, not int"),
        (
            "batch_insert",
            {"table": "orders", "records": [{"a": 1}], "batch_size": 0},
            "`batch_size` must be a whole number",
        ),
        ("batch_insert", {"table": "orders", "records": [{"nope": 1}]}, "orders has no column named nope"),
        ("batch_insert", {"table": "nope", "records": [{"a": 1}]}, "no such table: nope"),
        ("batch_update", {"table": "orders", "updates": [{"status": 1}]}, "update 1 has no `id`"),
        ("batch_update", {"table": "orders", "updates": [{"id": 1}]}, "update 1 sets no column beside its key"),
        (
            "batch_update",
            {"table": "orders", "updates": [{"idd": 1, "status": 2}], "key_field": "idd"},
            "no such column: orders.idd",
        ),
        ("query", {"query": "SELECT 1; SELECT 2"}, "several statements"),
        ("query", {"query": 5}, "`query` must be text, not int"),
        ("query", {"query": "SELECT ?, ?", "params": [1]}, "the query has 2 parameters, but `params` has 1"),
        ("query", {"query": "SELECT :a", "params": {"b": 1}}, "`params` has no value for the parameter `:a`"),
        ("query", {"query": "SELECT ?", "params": {"a": 1}}, "the query's parameters have no names"),
        ("query", {"query": "SELECT ?", "params": 5}, "`params` must be a list or a map, not int"),
        ("query", {"query": "SELECT ?", "params": [2**70]}, "integers have 64 bits"),
        ("query", {"query": "SELEC 1"}, 'near "SELEC": syntax error'),
        ("query", {"query": "SELECT * FROM nope"}, "no such table: nope"),
    ],
)
async def test_a_mistake_is_told_plainly(sqlite: Sqlite, task: str, arguments: Any, message: str) -> None:
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        with pytest.raises(FlowExecutionError, match=message):
            await db.call(task, **arguments)
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_an_error_keeps_its_cause_and_the_statement(sqlite: Sqlite, statements: list[Statement]) -> None:
    async with sqlite() as db:
        with pytest.raises(FlowExecutionError) as raised:
            await db.call("query", query="SELECT * FROM nope WHERE a = ?", params=[1])

    assert "no such table: nope" in str(raised.value.__cause__)
    assert [(sent.text, sent.params, sent.error) for sent in statements] == [
        ("SELECT * FROM nope WHERE a = ?", [1], "no such table: nope")
    ]


async def test_every_statement_is_reported_with_its_rows(sqlite: Sqlite, statements: list[Statement]) -> None:
    async with sqlite() as db:
        await db.call("transaction", queries=[ORDERS, "INSERT INTO orders (customer) VALUES ('a'), ('b')"])
        await db.call("batch_insert", table="orders", records=[{"customer": n} for n in "cde"], batch_size=2)
        await db.rows("SELECT * FROM orders")

    assert [(sent.text.split(" (")[0], sent.rows) for sent in statements] == [
        ("BEGIN IMMEDIATE", 0),
        ("CREATE TABLE orders", 0),
        ("INSERT INTO orders", 2),
        ("COMMIT", 0),
        ("BEGIN IMMEDIATE", 0),
        ('INSERT INTO "orders"', 2),
        ('INSERT INTO "orders"', 1),
        ("COMMIT", 0),
        ("SELECT * FROM orders", 5),
    ]
    assert all(sent.duration_ms > 0 for sent in statements)


async def test_a_hundred_thousand_rows_are_inserted_in_bounded_memory(sqlite: Sqlite) -> None:
    records = [{"id": number, "status": "x"} for number in range(100_000)]
    async with sqlite() as db:
        await db.call("execute", query=ORDERS)
        tracemalloc.start()
        result = await db.call("batch_insert", table="orders", records=records)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert await db.value("SELECT count(*) FROM orders") == 100_000

    assert result["batches"] == 100
    assert peak < 4_000_000


async def test_results_are_plain_data(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        result = await db.call("query", query="SELECT 1 AS a, 'x' AS b, 1.5 AS c, NULL AS d")

    assert json.loads(json.dumps(result)) == result
