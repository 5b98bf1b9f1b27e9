"""The servers that the tests start for themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.services import mongodb, mysql, postgres, redis
from tests.services.server import Server

Databases = Callable[[], str]
SERVERS = ("postgres", "mysql", "redis", "mongodb")


def write(url: str) -> None:
    if url.startswith("mongodb"):
        with mongodb.connect(url) as client:
            client.get_default_database().t.insert_one({"n": 7})
    elif url.startswith("redis"):
        redis.execute(url, "SET", "n", "7")
    else:
        sql(url)(url, "CREATE TABLE t AS SELECT 7 AS n")


def stored(url: str) -> list[Any]:
    """What `write` wrote to this database: [7] or nothing."""
    if url.startswith("mongodb"):
        with mongodb.connect(url) as client:
            return [document["n"] for document in client.get_default_database().t.find()]
    if url.startswith("redis"):
        return [int(str(value)) for value in [redis.execute(url, "GET", "n")] if value is not None]
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema IN ('public', database())"
    if sql(url) is postgres.execute:
        tables = tables.replace(", database()", "")
    return [sql(url)(url, "SELECT n FROM t")] if sql(url)(url, tables) else []


def sql(url: str) -> Callable[[str, str], object]:
    return postgres.execute if url.startswith("postgres") else mysql.execute


@pytest.fixture(params=SERVERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def databases(name: str, request: pytest.FixtureRequest) -> Databases:
    made: Databases = request.getfixturevalue(f"{name}_databases")
    return made


@pytest.fixture
def server(name: str, request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(f"{name}_server")
    return server


def test_databases_of_a_test_are_empty_and_apart(databases: Databases) -> None:
    first, second = databases(), databases()
    assert stored(first) == stored(second) == []
    write(first)
    assert stored(first) == [7]
    assert stored(second) == []


def test_a_restarted_server_has_the_same_address_and_data(server: Server, databases: Databases) -> None:
    url = databases()
    write(url)
    server.restart()
    assert stored(url) == [7]


def test_a_killed_server_is_gone_until_it_is_started(server: Server, databases: Databases) -> None:
    server.kill()
    assert not server.running
    server.start()
    assert stored(databases()) == []


async def test_postgres_offers_tls_to_the_tests_that_want_it(postgres_url: str, postgres_tls: Path) -> None:
    connection = await asyncpg.connect(f"{postgres_url}?sslmode=verify-full&sslrootcert={postgres_tls}")
    try:
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    finally:
        await connection.close()


async def test_without_asking_for_it_postgres_speaks_no_tls(postgres_url: str) -> None:
    with pytest.raises(ConnectionError):
        await asyncpg.connect(f"{postgres_url}?sslmode=require")
