"""Opens sessions on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import asyncpg

from flowlang_plugins.postgres.connection import PostgresConnection
from flowlang_plugins.postgres.errors import opening_failure
from flowlang_plugins.postgres.settings import Settings


def opener(settings: Settings) -> Callable[[], Awaitable[PostgresConnection]]:
    """What opens one more session. It raises `ConnectionError` with the stage that failed."""

    async def opened() -> PostgresConnection:
        try:
            connection: PostgresConnection = await asyncpg.connect(
                connection_class=PostgresConnection, **settings.arguments
            )
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise opening_failure(error, settings.place) from error
        try:
            await connection.ready(settings)
        except BaseException:
            connection.terminate()
            raise
        return connection

    return opened
