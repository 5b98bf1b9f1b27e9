"""The databases of the benchmarks, as their drivers offer them: what a plugin is measured against.

Private servers of the tests are started. A database whose server isn't there is left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import aiomysql
import aiosqlite
import asyncpg
from motor.motor_asyncio import AsyncIOMotorClient
from redis.asyncio import BlockingConnectionPool, Redis

from tests.services.pool import SERVICES, ServerPool
from tests.services.server import Unavailable, with_database

#: How many sessions a pool may have.
SESSIONS = 20
#: How many things there are to look up.
THINGS = 1000

Record = dict[str, Any]
as_tuple = itemgetter("id", "name", "price")


def records(count: int) -> list[Record]:
    """Rows of `things`."""
    return [{"id": number, "name": f"thing {number}", "price": number / 4} for number in range(count)]


class Database(ABC):
    """A database with a table `things`, and its driver's own pool."""

    name: ClassVar[str]
    #: The step that looks up the thing `${key}`, and the expression that reads its name.
    lookup: ClassVar[dict[str, Any]]
    found: ClassVar[str]

    def __init__(self, url: str) -> None:
        self.url = url
        self.pool: Any = None

    def config(self) -> dict[str, Any]:
        """The connection's configuration."""
        return {"url": self.url, "pool_size": SESSIONS}

    @abstractmethod
    async def open(self) -> None:
        """Open the driver's pool."""

    @abstractmethod
    async def close(self) -> None:
        """Close the pool."""

    @abstractmethod
    async def look_up(self, key: int) -> object:
        """The name of a thing, on a session of the pool."""

    @abstractmethod
    async def fill(self) -> None:
        """Make the table, with the things to look up."""


class Loadable(Database):
    """A database that takes many rows at once, into a table `loaded`."""

    #: The step that inserts `${inputs.records}`.
    insertion: ClassVar[dict[str, Any]]

    @abstractmethod
    async def empty(self) -> None:
        """Remove the rows that were loaded."""

    @abstractmethod
    async def insert(self, rows: Sequence[Record]) -> None:
        """Insert rows in the fastest way that the driver has."""


class Postgres(Loadable):
    name = "postgres"
    lookup: ClassVar = {"pg_query": {"query": "SELECT id, name FROM things WHERE id = $1", "params": ["${key}"]}}
    found = "found.rows[0].name"
    insertion: ClassVar = {"pg_batch_insert": {"table": "loaded", "records": "${inputs.records}"}}

    async def open(self) -> None:
        self.pool = await asyncpg.create_pool(self.url, min_size=1, max_size=SESSIONS)

    async def close(self) -> None:
        await self.pool.close()

    async def look_up(self, key: int) -> object:
        return (await self.pool.fetch("SELECT id, name FROM things WHERE id = $1", key))[0]["name"]

    async def fill(self) -> None:
        for table in ("things", "loaded"):
            await self.pool.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, name text, price float8)")
        await self.pool.copy_records_to_table("things", records=map(as_tuple, records(THINGS)))

    async def empty(self) -> None:
        await self.pool.execute("TRUNCATE loaded")

    async def insert(self, rows: Sequence[Record]) -> None:
        await self.pool.copy_records_to_table("loaded", records=map(as_tuple, rows))


class MySQL(Loadable):
    name = "mysql"
    lookup: ClassVar = {"mysql_query": {"query": "SELECT id, name FROM things WHERE id = %s", "params": ["${key}"]}}
    found = "found.rows[0].name"
    insertion: ClassVar = {"mysql_batch_insert": {"table": "loaded", "records": "${inputs.records}"}}

    async def open(self) -> None:
        server, _, database = self.url.rpartition("/")
        account, _, address = server.removeprefix("mysql://").rpartition("@")
        user, _, password = account.partition(":")
        host, _, port = address.partition(":")
        self.pool = await aiomysql.create_pool(
            host=host,
            port=int(port),
            user=user,
            password=password,
            db=database,
            charset="utf8mb4",
            autocommit=True,
            minsize=1,
            maxsize=SESSIONS,
        )

    async def close(self) -> None:
        self.pool.close()
        await self.pool.wait_closed()

    async def look_up(self, key: int) -> object:
        async with self.pool.acquire() as connection, connection.cursor(aiomysql.DictCursor) as cursor:
            await cursor.execute("SELECT id, name FROM things WHERE id = %s", (key,))
            return (await cursor.fetchall())[0]["name"]

    async def fill(self) -> None:
        for table in ("things", "loaded"):
            await self.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, name varchar(50), price double)")
        await self._insert("things", records(THINGS))

    async def empty(self) -> None:
        await self.execute("TRUNCATE loaded")

    async def insert(self, rows: Sequence[Record]) -> None:
        await self._insert("loaded", rows)

    async def execute(self, statement: str) -> None:
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(statement)

    async def _insert(self, table: str, rows: Sequence[Record]) -> None:
        async with self.pool.acquire() as connection, connection.cursor() as cursor:
            await connection.begin()
            # the driver makes statements of many rows of this
            cursor.max_stmt_length = 1_000_000
            await cursor.executemany(
                f"INSERT INTO {table} (id, name, price) VALUES (%s, %s, %s)", [as_tuple(row) for row in rows]
            )
            await connection.commit()


class SQLite(Loadable):
    """The driver has no pool, so a queue of connections is one."""

    name = "sqlite"
    lookup: ClassVar = {"sqlite_query": {"query": "SELECT id, name FROM things WHERE id = ?", "params": ["${key}"]}}
    found = "found.rows[0].name"
    insertion: ClassVar = {"sqlite_batch_insert": {"table": "loaded", "records": "${inputs.records}"}}

    def config(self) -> dict[str, Any]:
        return {"database": self.url}

    async def open(self) -> None:
        self.pool = asyncio.Queue()
        for _ in range(5):
            connection = await aiosqlite.connect(self.url, isolation_level=None)
            connection.row_factory = sqlite3.Row
            self.pool.put_nowait(connection)

    async def close(self) -> None:
        while not self.pool.empty():
            await self.pool.get_nowait().close()

    async def look_up(self, key: int) -> object:
        connection = await self.pool.get()
        try:
            rows = await connection.execute_fetchall("SELECT id, name FROM things WHERE id = ?", (key,))
        finally:
            self.pool.put_nowait(connection)
        return rows[0]["name"]

    async def fill(self) -> None:
        database = sqlite3.connect(self.url)
        with database:
            for table in ("things", "loaded"):
                database.execute(f"CREATE TABLE {table} (id integer PRIMARY KEY, name text, price real)")
            database.executemany("INSERT INTO things VALUES (?, ?, ?)", map(as_tuple, records(THINGS)))
        database.close()

    async def empty(self) -> None:
        database = sqlite3.connect(self.url)
        with database:
            database.execute("DELETE FROM loaded")
        database.close()

    async def insert(self, rows: Sequence[Record]) -> None:
        connection = await self.pool.get()
        await connection.execute("BEGIN")
        await connection.executemany("INSERT INTO loaded VALUES (?, ?, ?)", map(as_tuple, rows))
        await connection.commit()
        self.pool.put_nowait(connection)


class RedisServer(Database):
    name = "redis"
    lookup: ClassVar = {"redis_get": {"key": "thing:${key}"}}
    found = "found.value"

    def config(self) -> dict[str, Any]:
        return {"url": self.url, "max_connections": SESSIONS}

    async def open(self) -> None:
        self.pool = Redis(
            connection_pool=BlockingConnectionPool.from_url(self.url, max_connections=SESSIONS, decode_responses=True)
        )

    async def close(self) -> None:
        await self.pool.connection_pool.disconnect()

    async def look_up(self, key: int) -> object:
        return await self.pool.get(f"thing:{key}")

    async def fill(self) -> None:
        await self.pool.mset({f"thing:{each['id']}": each["name"] for each in records(THINGS)})


class MongoDB(Loadable):
    name = "mongodb"
    lookup: ClassVar = {"mongo_find_one": {"collection": "things", "filter": {"_id": "${key}"}}}
    found = "found.document.name"
    insertion: ClassVar = {"mongo_insert": {"collection": "loaded", "documents": "${inputs.records}"}}

    def config(self) -> dict[str, Any]:
        return {"url": self.url, "database": "benchmarks", "max_pool_size": SESSIONS}

    async def open(self) -> None:
        self.pool = AsyncIOMotorClient(self.url, maxPoolSize=SESSIONS)

    async def close(self) -> None:
        self.pool.close()

    async def look_up(self, key: int) -> object:
        return (await self.pool.benchmarks.things.find_one({"_id": key}))["name"]

    async def fill(self) -> None:
        await self.pool.benchmarks.things.insert_many([{"_id": each["id"], **each} for each in records(THINGS)])

    async def empty(self) -> None:
        await self.pool.benchmarks.loaded.drop()

    async def insert(self, rows: Sequence[Record]) -> None:
        # the driver writes the new `_id` into what it is given
        await self.pool.benchmarks.loaded.insert_many([row.copy() for row in rows])


SERVERS = (Postgres, MySQL, RedisServer, MongoDB)


@contextmanager
def databases() -> Iterator[list[Database]]:
    """The databases that there are; gone at the end. What is missing is told on stderr."""
    servers = ServerPool()
    servers.launch(kind.name for kind in SERVERS)
    with TemporaryDirectory() as folder:
        found: list[Database] = [SQLite(os.path.join(folder, "benchmark.db"))]
        try:
            for kind in SERVERS:
                try:
                    found.append(kind(_own_database(kind.name, servers)))
                except Unavailable as reason:
                    print(reason, file=sys.stderr)
            yield found
        finally:
            servers.close()


def _own_database(name: str, servers: ServerPool) -> str:
    url: str = servers.url(name)
    if name == "mongodb":
        return url
    database = "1" if name == "redis" else f"flowlang_benchmark_{os.getpid()}"
    SERVICES[name].module.create_database(url, database)
    emptied: str = with_database(url, database)
    return emptied


def flow(database: Database, step: dict[str, Any], outputs: dict[str, str]) -> str:
    """The text of a flow of one step with the connection `db`, in the part of YAML that is JSON."""
    return json.dumps(
        {
            "flow": "benchmark",
            "inputs": [
                {"name": "keys", "type": "array", "default": []},
                {"name": "records", "type": "array", "default": []},
            ],
            "connections": {"db": {"type": database.name, **database.config()}},
            "steps": [step],
            "outputs": [{"name": name, "value": value} for name, value in outputs.items()],
        }
    )
