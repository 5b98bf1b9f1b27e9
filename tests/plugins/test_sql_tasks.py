"""What the tasks of PostgreSQL and MySQL have in common: rows, transactions, batches."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from flowlang.errors import FlowExecutionError
from tests.plugins.connected import Connected, Open
from tests.plugins.kinds import Kind


async def make_orders(db: Connected) -> None:
    await db.call("execute", query="CREATE TABLE orders (id int PRIMARY KEY, total decimal(10, 2), status varchar(10))")


async def test_a_query_gives_rows_count_and_columns(database: Open) -> None:
    async with database() as db:
        result = await db.call("query", query="SELECT 1 AS one, 'x' AS two UNION ALL SELECT 2, NULL ORDER BY 1")

    assert result == {"rows": [{"one": 1, "two": "x"}, {"one": 2, "two": None}], "count": 2, "columns": ["one", "two"]}


async def test_a_query_without_rows_still_names_its_columns(database: Open) -> None:
    async with database() as db:
        result = await db.call("query", query="SELECT 1 AS a FROM (SELECT 1) t WHERE false")

    assert result == {"rows": [], "count": 0, "columns": ["a"]}


async def test_columns_of_one_name_are_told_apart(database: Open) -> None:
    async with database() as db:
        result = await db.call("query", query="SELECT 1 AS id, 2 AS id, 3 AS id_2")

    assert result["rows"] == [{"id": 1, "id_3": 2, "id_2": 3}]


async def test_a_transaction_gives_the_results_of_its_statements(kind: Kind, database: Open) -> None:
    queries: list[Any] = [
        {"query": f"INSERT INTO orders (id) VALUES ({kind.parameter})", "params": [1]},
        {"query": f"UPDATE orders SET status = {kind.parameter}", "params": ["new"]},
        "SELECT status FROM orders",
    ]
    async with database() as db:
        await make_orders(db)
        result = await db.call("transaction", isolation="serializable", queries=queries)

    assert result == {
        "results": [
            {"rows_affected": 1, "rows": []},
            {"rows_affected": 1, "rows": []},
            {"rows_affected": 0, "rows": [{"status": "new"}]},
        ],
        "count": 3,
    }


async def test_batch_update_changes_all_or_nothing(database: Open) -> None:
    updates = [{"id": 1, "total": 2}, {"id": 1, "total": "x"}]
    async with database() as db:
        await make_orders(db)
        await db.call("batch_insert", table="orders", records=[{"id": 1, "total": 1}])
        with pytest.raises(FlowExecutionError, match=r"(?i)numeric: \"x\"|decimal value"):
            await db.call("batch_update", table="orders", updates=updates, batch_size=1)
        assert await db.value("SELECT total FROM orders") == 1


async def test_a_hundred_thousand_rows_are_inserted_in_bounded_memory(database: Open) -> None:
    records = [{"id": number + 1, "status": "x"} for number in range(100_000)]
    async with database() as db:
        await make_orders(db)
        tracemalloc.start()
        result = await db.call("batch_insert", table="orders", records=records)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert await db.value("SELECT count(*) FROM orders") == 100_000

    assert result["batches"] == 100
    assert peak < 6_000_000
