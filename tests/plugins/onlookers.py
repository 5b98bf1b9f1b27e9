"""Somebody else on the same server, who sees what flowlang does there."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomysql
import asyncpg


class Onlooker(ABC):
    """Looks at the sessions of one database."""

    #: The condition that a session works on a statement.
    busy: str

    @abstractmethod
    async def ask(self, query: str) -> Any:
        """The first value that a query gives."""

    @abstractmethod
    async def sessions(self, condition: str = "true") -> int:
        """How many sessions flowlang has in this database."""

    async def sees(self, count: int, condition: str = "true") -> None:
        """Wait until that many sessions are left."""
        async with asyncio.timeout(5):
            while True:
                if await self.sessions(condition) == count:
                    return
                await asyncio.sleep(0.02)


class PostgresOnlooker(Onlooker):
    busy = "state <> 'idle'"

    def __init__(self, url: str) -> None:
        self.url = url

    async def ask(self, query: str) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    async def sessions(self, condition: str = "true") -> int:
        count: int = await self.ask(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            f"AND application_name = 'flowlang' AND {condition}"
        )
        return count


class MySQLOnlooker(Onlooker):
    busy = "COMMAND = 'Query'"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.database = parts.path[1:]
        self.parts: dict[str, Any] = {
            "host": parts.hostname,
            "port": parts.port,
            "user": parts.username,
            "password": unquote(parts.password or ""),
        }

    async def ask(self, query: str, database: str | None = None) -> Any:
        connection = await aiomysql.connect(db=database or self.database, autocommit=True, **self.parts)
        try:
            async with connection.cursor() as cursor:
                await cursor.execute(query)
                row = await cursor.fetchone()
                return row and row[0]
        finally:
            await connection.ensure_closed()

    async def sessions(self, condition: str = "true") -> int:
        # from another database, so that it doesn't count itself
        count: int = await self.ask(
            f"SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = '{self.database}' AND {condition}",
            "information_schema",
        )
        return count
