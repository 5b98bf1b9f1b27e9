"""Opens sessions on a MySQL server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pymysql.err import MySQLError

from flowlang_plugins.mysql.connection import MySQLConnection
from flowlang_plugins.mysql.errors import opening_failure
from flowlang_plugins.mysql.json_columns import JsonColumns
from flowlang_plugins.mysql.settings import Settings

C = TypeVar("C", bound=MySQLConnection)


def opener(settings: Settings) -> Callable[[], Awaitable[MySQLConnection]]:
    """What opens one more session. It raises `ConnectionError` with the stage that failed."""
    return opener_of(MySQLConnection, settings)


def opener_of(kind: type[C], settings: Settings) -> Callable[[], Awaitable[C]]:
    """The same for sessions of that kind."""
    json_columns = JsonColumns()

    async def opened() -> C:
        try:
            connection = kind(settings, json_columns)
            await connection.open()
        except (OSError, RuntimeError, MySQLError) as error:
            raise opening_failure(error, settings.place) from error
        return connection

    return opened
