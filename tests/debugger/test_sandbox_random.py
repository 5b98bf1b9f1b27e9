"""Random flows give the same in a sandbox as without one, and leave nothing."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiomysql
import asyncpg
import pytest
import pytest_asyncio

from flowlang import FlowExecutor
from flowlang.debugger.sandbox import Sandbox

from .sandboxes import mysql_session

#: How many flows are tried on each database; more by the variable `FLOWLANG_RANDOM_SANDBOXES`.
FLOWS = int(os.environ.get("FLOWLANG_RANDOM_SANDBOXES", "15"))

SCHEMA = "create table t (id integer primary key, n integer not null, what text)"
ROWS = "insert into t values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')"


def statement(chance: random.Random) -> str:
    """A statement that may change something, or fail."""
    id, n = chance.randint(1, 8), chance.randint(0, 9)
    return chance.choice(
        [
            f"insert into t values ({id}, {n}, 'new')",
            f"insert into t select id + 10, n, what from t where n < {n}",
            f"update t set n = n + 1, what = 'x' where id <= {id}",
            f"update t set id = id + 20 where id = {id}",
            f"delete from t where n = {n}",
            f"insert into t values ({id}, null, 'broken')",
            "insert into nowhere values (1)",
        ]
    )


def step(chance: random.Random, prefix: str, number: int) -> str:
    kind = chance.choice(["execute", "execute", "transaction", "transaction", "insert", "update", "query"])
    head = f"id: s{number}, connection: db, continue_on_error: true"
    if kind == "execute":
        return f'- {prefix}_execute: {{{head}, query: "{statement(chance)}"}}'
    if kind == "query":
        return f"- {prefix}_query: {{{head}, query: select count(*) as n from t}}"
    if kind == "insert":
        ids = chance.sample(range(30, 60), 3) + ([1] if chance.random() < 0.3 else [])
        records = ", ".join(f"{{id: {id}, n: {id}}}" for id in ids)
        return f"- {prefix}_batch_insert: {{{head}, table: t, records: [{records}]}}"
    if kind == "update":
        updates = ", ".join(f"{{id: {id}, what: u}}" for id in chance.sample(range(1, 9), 3))
        return f"- {prefix}_batch_update: {{{head}, table: t, updates: [{updates}]}}"
    queries = [statement(chance) for _ in range(chance.randint(1, 3))]
    if chance.random() < 0.4:
        queries = [queries[0], "savepoint p", *queries[1:], "rollback to savepoint p"]
    listed = ", ".join(f'"{query}"' for query in queries)
    return f"- {prefix}_transaction: {{{head}, queries: [{listed}]}}"


def flow(chance: random.Random, prefix: str, connection: str) -> str:
    count = chance.randint(3, 10)
    steps = "\n".join(f"  {step(chance, prefix, number)}" for number in range(count))
    last = f"  - {prefix}_query: {{id: last, connection: db, query: select * from t order by id}}"
    results = "".join(f"\n  s{number}: ${{s{number}}}" for number in range(count))
    errors = "".join(f"\n  e{number}: ${{s{number}.error.type}}" for number in range(count))
    outputs = f"outputs:{results}{errors}\n  last: ${{last.rows}}\n"
    return f"flow: random\nconnections: {{db: {connection}}}\nsteps:\n{steps}\n{last}\n{outputs}"


async def compare(text: str, content: Callable[[], Awaitable[list[Any]]]) -> None:
    """Run it in a sandbox, and then without one."""
    executor = FlowExecutor()
    sandbox = Sandbox()
    before = await content()
    inside = await executor.execute_flow(text, interceptors=[sandbox])
    assert await content() == before
    outside = await executor.execute_flow(text)
    await executor.close()
    assert inside.success, inside.error
    assert outside.success, outside.error
    assert inside.outputs == outside.outputs, text
    assert sandbox.report is not None
    after = await content()
    if not sandbox.report.steps:
        assert after == before, text
    grown = sum(
        change.affected if change.kind == "insert" else -change.affected
        for effects in sandbox.report.steps
        for change in effects.changes
        if change.kind in ("insert", "delete")
    )
    assert len(after) - len(before) == grown, text


@pytest.mark.parametrize("seed", range(FLOWS))
async def test_on_sqlite(seed: int, tmp_path: Path) -> None:
    file = tmp_path / "t.db"
    with sqlite3.connect(file) as database:
        database.executescript(f"{SCHEMA};{ROWS};")
    database.close()

    async def content() -> list[Any]:
        database = sqlite3.connect(file)
        try:
            return database.execute("select * from t order by id").fetchall()
        finally:
            database.close()

    await compare(flow(random.Random(seed), "sqlite", f"{{type: sqlite, database: '{file}'}}"), content)


@pytest_asyncio.fixture
async def outside(postgres_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres_database)
    yield connection
    await connection.close()


async def test_on_postgres(outside: asyncpg.Connection, postgres_database: str) -> None:
    async def content() -> list[Any]:
        return [tuple(row) for row in await outside.fetch("select * from t order by id")]

    for seed in range(FLOWS):
        await outside.execute(f"drop table if exists t; {SCHEMA}; {ROWS}")
        await compare(flow(random.Random(seed), "pg", f"{{type: postgres, url: '{postgres_database}'}}"), content)


@pytest_asyncio.fixture
async def beside(mysql_database: str) -> AsyncIterator[aiomysql.Connection]:
    connection = await mysql_session(mysql_database)
    yield connection
    connection.close()


async def test_on_mysql(beside: aiomysql.Connection, mysql_database: str) -> None:
    async def sent(query: str) -> list[Any]:
        async with beside.cursor() as cursor:
            await cursor.execute(query)
            return list(await cursor.fetchall())

    await sent(SCHEMA)
    for seed in range(FLOWS):
        for query in ("delete from t", ROWS):
            await sent(query)
        text = flow(random.Random(seed), "mysql", f"{{type: mysql, url: '{mysql_database}'}}")
        await compare(text, lambda: sent("select * from t order by id"))
