"""Fetching a result row by row, so that the session goes on where it is too large."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from pymysql.err import MySQLError

from flowlang.connections.base import ResultMeter, ResultTooLarge


async def read_rows(result: Any, megabytes: float, end: Callable[[], Awaitable[None]]) -> None:
    """Fetch the rows of a result of the driver's that is not buffered, into its `rows`.

    Raises ResultTooLarge; `end` has then ended the statement at the server, and the session owes nothing.
    """
    meter = ResultMeter(megabytes)
    rows = []
    try:
        while (row := await result._read_rowdata_packet_unbuffered()) is not None:
            meter.add_row(row)
            rows.append(row)
    except ResultTooLarge:
        await end()
        # that the statement was ended is said at the end of the result
        with suppress(MySQLError):
            await result._finish_unbuffered_query()
        raise
    if result.description:
        result.rows, result.affected_rows = tuple(rows), len(rows)
