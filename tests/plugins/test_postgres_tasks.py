"""What the PostgreSQL tasks do with data, on a real server."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from flowlang.connections.base import Statement
from flowlang.errors import FlowExecutionError
from flowlang.values import plain
from flowlang_plugins.postgres import PostgresPlugin
from tests.plugins.connected import connected

Postgres = Callable[..., Any]

ORDERS = """
CREATE TABLE orders (
  id int PRIMARY KEY, customer text UNIQUE, total numeric(10, 2) DEFAULT 1, placed date, "when" timestamptz,
  status varchar(10), tags text[], extra jsonb, mood mood, wait interval, span int4range, address inet)
"""


NUMBERS = count(1)


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Postgres]:
    """Opens a connection to an empty schema for an `async with` block."""
    schema = f"flowlang_test_{os.getpid()}_{next(NUMBERS)}"
    await administer(postgres_url, f"CREATE SCHEMA {schema}")
    yield partial(connected, PostgresPlugin, "pg", url=f"{postgres_url}?search_path={schema}")
    await administer(postgres_url, f"DROP SCHEMA {schema} CASCADE")


async def administer(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def make_orders(db: Any) -> None:
    await db.call("transaction", queries=["CREATE TYPE mood AS ENUM ('calm', 'cross')", ORDERS])


@pytest.mark.parametrize(
    ("type", "given", "seen"),
    [
        ("int", "5", 5),
        ("int", 5.0, 5),
        ("bigint", 2**60, 2**60),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("text", 1.5, "1.5"),
        ("text", date(2024, 2, 29), "2024-02-29"),
        ("text", {"a": [1]}, '{"a": [1]}'),
        ("varchar(3)", "äöü", "äöü"),
        ("float8", "1.5", 1.5),
        ("numeric", "12.50", Decimal("12.50")),
        ("numeric", 0.1, Decimal("0.1")),
        ("bool", "true", True),
        ("bool", "off", False),
        ("bool", 1, True),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", "today", date.today()),
        ("date", datetime(2024, 2, 29, 12), date(2024, 2, 29)),
        ("time", "12:30", time(12, 30)),
        ("timestamp", "2024-02-29T12:30:00", datetime(2024, 2, 29, 12, 30)),
        ("timestamp", "2024-02-29", datetime(2024, 2, 29)),
        ("timestamp", "2024-02-29T12:30:00+02:00", datetime(2024, 2, 29, 10, 30)),
        ("timestamptz", "2024-02-29T12:30:00+02:00", datetime(2024, 2, 29, 10, 30, tzinfo=UTC)),
        ("timestamptz", "2024-02-29 12:30", datetime(2024, 2, 29, 12, 30, tzinfo=UTC)),
        (
            "timestamptz",
            datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=1))),
            datetime(2024, 2, 29, 11, tzinfo=UTC),
        ),
        ("interval", "1 day 2 hours", timedelta(days=1, hours=2)),
        ("interval", 90, timedelta(seconds=90)),
        ("uuid", "12345678-1234-5678-1234-567812345678", UUID("12345678-1234-5678-1234-567812345678")),
        ("bytea", b"\0\1", b"\0\1"),
        ("bytea", "\\x0001", b"\0\1"),
        ("jsonb", {"a": [1, None]}, {"a": [1, None]}),
        ("jsonb", [1, {"b": 2}], [1, {"b": 2}]),
        ("jsonb", '{"a": 1}', {"a": 1}),
        ("jsonb", "just text", "just text"),
        ("json", {"when": date(2024, 1, 1), "much": Decimal("1.5")}, {"when": "2024-01-01", "much": "1.5"}),
        ("jsonb", 7, 7),
        ("int[]", ["1", 2, None], [1, 2, None]),
        ("int[]", "[1, 2]", [1, 2]),
        ("int[]", "{1,2}", [1, 2]),
        ("text[]", [1, "b"], ["1", "b"]),
        ("date[]", ["2024-02-29"], [date(2024, 2, 29)]),
        ("int4range", "[1,5)", "[1,5)"),
        ("inet", "10.0.0.1", "10.0.0.1"),
        ("point", "(1,2)", [1.0, 2.0]),
        ("bit(3)", "101", "101"),
        ("text", None, None),
        ("jsonb", None, None),
    ],
)
async def test_a_parameter_takes_the_type_of_its_place(postgres_url: str, type: str, given: Any, seen: Any) -> None:
    async with connected(PostgresPlugin, "pg", url=postgres_url) as db:
        got = await db.value(f"SELECT $1::{type} AS v", given)

    assert got == seen
    json.dumps(plain(got))


async def test_composite_values_are_maps(postgres: Postgres) -> None:
    async with postgres() as db:
        await db.call("execute", query="CREATE TYPE pair AS (a int, b text)")
        assert await db.value("SELECT ARRAY[(1, 'x')::pair]") == [{"a": 1, "b": "x"}]


async def test_execute_tells_how_many_rows_it_touched(postgres: Postgres) -> None:
    async with postgres() as db:
        await make_orders(db)
        insert = "INSERT INTO orders (id, customer) VALUES ($1, $2), ($3, $4)"
        assert await db.call("execute", query=insert, params=[1, "a", "2", 3]) == {"rows_affected": 2}
        assert await db.call("execute", query="UPDATE orders SET status = 'x'") == {"rows_affected": 2}
        assert await db.call("execute", query="DELETE FROM orders WHERE id = 1 RETURNING id") == {"rows_affected": 1}
        assert await db.call("execute", query="SELECT * FROM orders") == {"rows_affected": 0}


@pytest.mark.parametrize("isolation", ["read_committed", "repeatable_read", "SERIALIZABLE", "repeatable read"])
async def test_a_transaction_has_the_isolation_it_asks_for(postgres: Postgres, isolation: str) -> None:
    async with postgres() as db:
        result = await db.call("transaction", queries=["SHOW transaction_isolation"], isolation=isolation)

    shown = result["results"][0]["rows"][0]["transaction_isolation"]
    assert shown == isolation.lower().replace("_", " ")


@pytest.mark.parametrize(
    "word", ["BEGIN", "commit", "/* x /* y */ */ END", "-- x\n ABORT", "; ROLLBACK", "START TRANSACTION"]
)
async def test_a_transaction_is_begun_and_ended_by_the_task_alone(postgres: Postgres, word: str) -> None:
    async with postgres() as db:
        await make_orders(db)
        with pytest.raises(FlowExecutionError, match=r"query 2 is .*begins and ends the transaction itself"):
            await db.call("transaction", queries=["INSERT INTO orders (id) VALUES (1)", word])
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_savepoints_work_within_a_transaction(postgres: Postgres) -> None:
    insert = "INSERT INTO orders (id) VALUES ($1)"
    async with postgres() as db:
        await make_orders(db)
        await db.call(
            "transaction",
            queries=[
                {"query": insert, "params": [1]},
                "SAVEPOINT here",
                {"query": insert, "params": [2]},
                "ROLLBACK TO SAVEPOINT here",
            ],
        )
        assert (await db.call("query", query="SELECT id FROM orders"))["rows"] == [{"id": 1}]


RECORD = {
    "id": "7",
    "customer": 5,
    "total": 12.5,
    "placed": "2024-02-29",
    "when": "2024-02-29T12:00:00Z",
    "status": "open",
    "tags": ["a", "b"],
    "extra": {"gift": True},
    "mood": "calm",
}
STORED = {
    "id": 7,
    "customer": "5",
    "total": Decimal("12.50"),
    "placed": date(2024, 2, 29),
    "when": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "status": "open",
    "tags": ["a", "b"],
    "extra": {"gift": True},
    "mood": "calm",
}
ODD = {"wait": "1 day", "span": "[1,5)", "address": "10.0.0.1"}
ODD_STORED = {"wait": timedelta(days=1), "span": "[1,5)", "address": "10.0.0.1"}


@pytest.mark.parametrize(("record", "stored"), [(RECORD, STORED), ({**RECORD, **ODD}, {**STORED, **ODD_STORED})])
async def test_batch_insert_brings_values_into_the_types_of_the_columns(
    postgres: Postgres, record: dict[str, Any], stored: dict[str, Any]
) -> None:
    async with postgres() as db:
        await make_orders(db)
        result = await db.call("batch_insert", table="orders", records=[record, {"id": 8}])
        rows = (await db.call("query", query="SELECT * FROM orders ORDER BY id"))["rows"]

    assert result == {"inserted_count": 2, "batches": 1, "table": "orders"}
    assert {name: rows[0][name] for name in stored} == stored
    assert set(rows[1].values()) == {8, None}


async def test_batch_insert_counts_its_batches(postgres: Postgres) -> None:
    async with postgres() as db:
        await make_orders(db)
        records = [{"id": number} for number in range(5)]
        assert await db.call("batch_insert", table="orders", records=records, batch_size=2) == {
            "inserted_count": 5,
            "batches": 3,
            "table": "orders",
        }
        assert (await db.call("batch_insert", table="orders", records=[]))["inserted_count"] == 0


async def test_a_batch_is_inserted_whole_or_not_at_all(postgres: Postgres) -> None:
    async with postgres() as db:
        await make_orders(db)
        with pytest.raises(FlowExecutionError, match="duplicate key value"):
            await db.call("batch_insert", table="orders", records=[{"id": n % 5} for n in range(6)], batch_size=2)
        with pytest.raises(FlowExecutionError, match="invalid input syntax for type integer"):
            await db.call("batch_insert", table="orders", records=[{"id": 1}, {"id": "two"}])
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_names_are_quoted(postgres: Postgres) -> None:
    async with postgres() as db:
        await db.call("execute", query='CREATE SCHEMA "my shop"')
        await db.call("execute", query='CREATE TABLE "my shop"."a""b" (id int PRIMARY KEY, "x; DROP TABLE y" int)')
        table = 'my shop."a""b"'
        await db.call("batch_insert", table=table, records=[{"id": 1, "x; DROP TABLE y": 2}])
        result = await db.call("batch_update", table=table, updates=[{"id": 1, "x; DROP TABLE y": 3}])
        assert result["updated_count"] == 1
        assert await db.value('SELECT "x; DROP TABLE y" FROM "my shop"."a""b"') == 3
        await db.call("execute", query='DROP SCHEMA "my shop" CASCADE')


async def test_rows_are_inserted_into_a_view_too(postgres: Postgres) -> None:
    async with postgres() as db:
        await make_orders(db)
        await db.call("execute", query="CREATE VIEW open_orders AS SELECT id, status FROM orders")
        await db.call("batch_insert", table="open_orders", records=[{"id": 1, "status": "open"}])
        assert await db.value("SELECT status FROM orders") == "open"


async def test_batch_update_changes_the_columns_that_each_update_has(postgres: Postgres) -> None:
    async with postgres() as db:
        await make_orders(db)
        await db.call(
            "batch_insert", table="orders", records=[{"id": n, "status": "open", "total": 1} for n in range(4)]
        )
        result = await db.call(
            "batch_update",
            table="orders",
            batch_size=2,
            updates=[
                {"id": 0, "status": "sent", "placed": "2024-02-29", "extra": [1, 2], "wait": "1 day"},
                {"id": "1", "tags": ["x"]},
                {"id": 2, "total": "2.5", "mood": "cross"},
                {"id": 99, "total": 9},
                {"id": 2, "total": 3},
                {"id": 2, "total": 4},
            ],
        )
        rows = (await db.call("query", query="SELECT * FROM orders ORDER BY id"))["rows"]

    assert result == {"updated_count": 5, "batches": 3, "table": "orders"}
    assert (rows[0]["status"], rows[0]["placed"], rows[0]["extra"]) == ("sent", date(2024, 2, 29), [1, 2])
    assert (rows[0]["wait"], rows[0]["total"]) == (timedelta(days=1), Decimal(1))
    assert (rows[1]["tags"], rows[1]["status"]) == (["x"], "open")
    assert (rows[2]["total"], rows[2]["mood"]) == (Decimal(4), "cross")


async def test_batch_update_finds_rows_by_any_column(postgres: Postgres) -> None:
    async with postgres() as db:
        await make_orders(db)
        await db.call("batch_insert", table="orders", records=[{"id": n, "status": "open"} for n in range(3)])
        result = await db.call(
            "batch_update", table="orders", updates=[{"status": "open", "total": 5}], key_field="status"
        )
        assert result["updated_count"] == 3


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("query", {"query": " "}, "`query` is empty"),
        ("query", {"query": 5}, "`query` must be text, not int"),
        ("query", {"query": "SELECT 1; SELECT 2"}, "holds several statements"),
        ("query", {"query": "SELECT $1::int", "params": []}, "has 1 parameters, but `params` has 0"),
        ("query", {"query": "SELECT $1::int", "params": {"a": 1}}, "PostgreSQL has no named parameters"),
        ("query", {"query": "SELECT $1::int", "params": 5}, "`params` must be a list, not int"),
        ("query", {"query": "SELECT $1::int", "params": [2**70]}, r"parameter \$1 doesn't fit"),
        ("query", {"query": "SELECT $1::int", "params": ["x"]}, 'invalid input syntax for type integer: "x"'),
        ("query", {"query": "SELEC 1"}, 'syntax error at or near "SELEC"'),
        ("query", {"query": "SELECT * FROM nope"}, 'relation "nope" does not exist'),
        ("query", {"query": "BEGIN"}, "began a transaction and left it open"),
        ("transaction", {"queries": "x"}, "`queries` must be a list"),
        ("transaction", {"queries": [{"sql": "x"}]}, "query 1 must be a map with `query` and `params`"),
        ("transaction", {"queries": ["SELECT 1"], "isolation": "loose"}, "`isolation` must be one of"),
        ("batch_insert", {"table": "", "records": [{"a": 1}]}, "'' is no name"),
        ("batch_insert", {"table": "a.b.c", "records": [{"a": 1}]}, "'a.b.c' is no name of a table"),
        ("batch_insert", {"table": "nope", "records": [{"a": 1}]}, 'relation "nope" does not exist'),
        ("batch_insert", {"table": "orders", "records": [{"nope": 1}]}, 'column "nope" does not exist'),
        ("batch_insert", {"table": "orders", "records": [{}]}, "the records have no columns"),
        ("batch_insert", {"table": "orders", "records": [5]}, "entry 1 of `records` must be a map"),
        ("batch_insert", {"table": "orders", "records": [{"id": 1}], "batch_size": 0}, "`batch_size` must be"),
        ("batch_update", {"table": "orders", "updates": [{"total": 1}]}, "update 1 has no `id`"),
        ("batch_update", {"table": "orders", "updates": [{"id": 1}]}, "sets no column beside its key"),
    ],
)
async def test_a_mistake_is_told_plainly(postgres: Postgres, task: str, arguments: Any, message: str) -> None:
    async with postgres() as db:
        await make_orders(db)
        with pytest.raises(FlowExecutionError, match=message):
            await db.call(task, **arguments)
        assert await db.value("SELECT count(*) FROM orders") == 0


async def test_every_statement_is_reported_with_its_rows(postgres: Postgres, statements: list[Statement]) -> None:
    async with postgres() as db:
        await db.call("transaction", queries=["CREATE TABLE t (id int)", "INSERT INTO t VALUES (1), (2)"])
        await db.call("batch_insert", table="t", records=[{"id": 3}])
        await db.call("query", query="SELECT * FROM t WHERE id > $1", params=[1])

    assert [(sent.text, sent.params, sent.rows) for sent in statements] == [
        ("BEGIN;", None, 0),
        ("CREATE TABLE t (id int)", None, 0),
        ("INSERT INTO t VALUES (1), (2)", None, 2),
        ("COMMIT;", None, 0),
        ("BEGIN;", None, 0),
        ('COPY "t" ("id") FROM STDIN', None, 1),
        ("COMMIT;", None, 0),
        ("SELECT * FROM t WHERE id > $1", [1], 2),
    ]
    assert all(sent.duration_ms > 0 for sent in statements)


async def test_an_error_keeps_its_cause_and_the_statement(postgres: Postgres, statements: list[Statement]) -> None:
    async with postgres() as db:
        with pytest.raises(FlowExecutionError) as raised:
            await db.call("query", query="SELECT 1 / $1::int", params=[0])

    assert type(raised.value.__cause__).__name__ == "DivisionByZeroError"
    assert [(sent.text, sent.params, sent.error) for sent in statements] == [
        ("SELECT 1 / $1::int", [0], "division by zero")
    ]


async def test_a_statement_survives_a_change_of_its_table(postgres: Postgres) -> None:
    async with postgres() as db:
        await db.call("execute", query="CREATE TABLE t AS SELECT 1 AS a")
        assert (await db.call("query", query="SELECT * FROM t"))["rows"] == [{"a": 1}]
        await db.call("execute", query="ALTER TABLE t ADD b text DEFAULT 'x'")
        assert (await db.call("query", query="SELECT * FROM t"))["rows"] == [{"a": 1, "b": "x"}]
