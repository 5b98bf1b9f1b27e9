"""Ends what a server is doing for a session: with the session, or without."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import aiomysql
from pymysql.err import MySQLError

from flowlang.connections.base import shielded
from flowlang_plugins.mysql.settings import Settings

T = TypeVar("T")

#: How many seconds it may take.
END_SECONDS: Final = 3.0


async def end_session(settings: Settings, thread: int, what: str = "CONNECTION") -> None:
    """End a session at the server, through another one, and with it what it was doing; or only that (`QUERY`)."""
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
            await other.query(f"KILL {what} {thread}")
            await other.ensure_closed()
    except (MySQLError, OSError, RuntimeError):
        # the session ended by itself, or the server can't be reached and will notice the closed socket
        pass
    finally:
        other.close()


async def ended_alone(settings: Settings, thread: int, work: Coroutine[Any, Any, T], close: Callable[[], None]) -> T:
    """What `work` gives. Cancelled, or when it takes too long, its statement is ended, and the session goes on.

    A session that owes an answer all the same is closed.
    """
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait((working,), timeout=settings.timeout)
    except asyncio.CancelledError:
        await shielded(_stopped(settings, thread, working, close))
        raise
    if not working.done():
        await shielded(_stopped(settings, thread, working, close))
        raise TimeoutError(f"no answer within {settings.timeout:g} s")
    return working.result()


async def _stopped(settings: Settings, thread: int, working: asyncio.Future[Any], close: Callable[[], None]) -> None:
    deadline = asyncio.get_running_loop().time() + END_SECONDS
    while not working.done() and asyncio.get_running_loop().time() < deadline:
        # a statement that is just being sent isn't known at the server, so once may not be enough
        await end_session(settings, thread, "QUERY")
        await asyncio.wait((working,), timeout=0.1)
    if not working.done():
        close()
        working.cancel()
        await asyncio.wait((working,))
    if not working.cancelled():
        # looked at: that it was interrupted is no news
        working.exception()
