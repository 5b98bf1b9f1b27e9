"""Ends what a server is doing for a session that was given up."""

from __future__ import annotations

import asyncio
from typing import Final

import aiomysql
from pymysql.err import MySQLError

from flowlang_plugins.mysql.settings import Settings

#: How many seconds it may take.
END_SECONDS: Final = 3.0


async def end_session(settings: Settings, thread: int) -> None:
    """End a session at the server, through another one, and with it what it was doing."""
    other = aiomysql.Connection(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password_for_driver,
        connect_timeout=END_SECONDS,
        ssl=settings.tls(),
    )
    try:
        async with asyncio.timeout(END_SECONDS):
            await other._connect()
            await other.query(f"KILL {thread}")
            await other.ensure_closed()
    except (MySQLError, OSError, RuntimeError):
        # the session ended by itself, or the server can't be reached and will notice the closed socket
        pass
    finally:
        other.close()
