"""Opens sessions on a PostgreSQL server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from traceback import walk_tb
from typing import TypeVar

import asyncpg

from flowlang_plugins.postgres.connection import PostgresConnection
from flowlang_plugins.postgres.errors import opening_failure
from flowlang_plugins.postgres.settings import Settings

C = TypeVar("C", bound=PostgresConnection)


def opener(settings: Settings) -> Callable[[], Awaitable[PostgresConnection]]:
    """What opens one more session. It raises `ConnectionError` with the stage that failed."""
    return opener_of(PostgresConnection, settings)


def opener_of(kind: type[C], settings: Settings) -> Callable[[], Awaitable[C]]:
    """The same for sessions of that kind."""

    async def opened() -> C:
        try:
            connection: C = await asyncpg.connect(connection_class=kind, **settings.arguments)
        except asyncio.CancelledError as error:
            _look_at_leftovers(error)
            raise
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _look_at_leftovers(error)
            raise opening_failure(error, settings.place) from error
        try:
            await connection.ready(settings)
        except BaseException:
            connection.terminate()
            raise
        return connection

    return opened


def _look_at_leftovers(error: BaseException) -> None:
    """Look at the failures of what the driver forgot when it was interrupted: they only say that it hung up.

    Interrupted while TCP connects, it leaves a future to nobody, which asyncio would report as an error that was lost.
    """
    cause: BaseException | None = error
    while cause is not None:
        for future in _awaited_by_none(cause):
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
        cause = cause.__cause__ or cause.__context__


def _awaited_by_none(error: BaseException) -> Iterator[asyncio.Future[object]]:
    for frame, _ in walk_tb(error.__traceback__):
        # the answer to its offer of TLS, and the end of the login
        known = (getattr(frame.f_locals.get("protocol"), "on_data", None), frame.f_locals.get("connected"))
        yield from (future for future in known if isinstance(future, asyncio.Future))
