"""Fixtures of the debugger's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomysql
import asyncpg
import pytest
import pytest_asyncio

from tests.runtime.conftest import Engine

from .sandboxes import OnServer, mysql_session
from .shops import Shop


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    if request.param == "sqlite":
        found = Shop("sqlite", "sqlite", f"database: '{tmp_path}/shop.db'", lambda number: "?")
    elif request.param == "postgres":
        url = request.getfixturevalue("postgres_database")
        found = Shop("postgres", "pg", f"url: '{url}'", lambda number: f"${number}")
    else:
        found = Shop("mysql", "mysql", f"url: '{request.getfixturevalue('mysql_database')}'", lambda number: "%s")
    await found.fill()
    return found


@pytest_asyncio.fixture
async def postgres(tmp_path: Path, postgres_database: str) -> AsyncIterator[OnServer]:
    outside = await asyncpg.connect(postgres_database)
    await outside.execute(
        "create table orders (id serial primary key, status text, total numeric(8, 2), tags jsonb);"
        "insert into orders (status, total) values ('open', 10), ('open', 20), ('closed', 30);"
        'create schema "my shop"; create table "my shop".log (what text)'
    )

    async def look(query: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await outside.fetch(query)]

    engine = Engine(tmp_path)
    yield OnServer(engine, "postgres", "pg", postgres_database, look)
    await engine.close()
    await outside.close()


@pytest_asyncio.fixture
async def mysql(tmp_path: Path, mysql_database: str) -> AsyncIterator[OnServer]:
    outside = await mysql_session(mysql_database, cursorclass=aiomysql.DictCursor)

    async def look(query: str) -> list[dict[str, Any]]:
        async with outside.cursor() as cursor:
            await cursor.execute(query)
            return list(await cursor.fetchall())

    await look("create table orders (id int primary key auto_increment, status varchar(20), total decimal(8, 2))")
    await look("insert into orders (status, total) values ('open', 10), ('open', 20), ('closed', 30)")
    await look("create table old (what text) engine = MyISAM")
    engine = Engine(tmp_path)
    yield OnServer(engine, "mysql", "mysql", mysql_database, look)
    await engine.close()
    outside.close()
