"""What is in a database, asked past flowlang."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import pymysql


async def postgres_rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query; of any other statement nothing."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def mysql_rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query; of any other statement nothing."""
    parts = urlsplit(url)
    with (
        pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path[1:],
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(query)
        return list(cursor.fetchall())
