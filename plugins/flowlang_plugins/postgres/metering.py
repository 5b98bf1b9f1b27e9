"""Counts what the server sends while a result is fetched, and hangs up when that is too much."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from flowlang.connections.base import ResultMeter, ResultTooLarge

#: How the server's message for a row begins: its kind, and the first half of its length. What looks like that
#: inside a value is counted as a row too.
_ROW: Final = b"D\0\0"
_ROW_BYTES: Final = 280


class MeteredProtocol(asyncio.Protocol):
    """Stands between the driver's protocol and its transport.

    The driver reads a result as a whole, and only what reaches it takes memory; so it is counted on the way in.
    """

    def __init__(self, inner: Any, transport: Any, meter: ResultMeter) -> None:
        self._inner = inner
        self._transport = transport
        self._meter = meter

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)

    def eof_received(self) -> bool | None:
        result: bool | None = self._inner.eof_received()
        return result

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Pass on what the server sent."""
        try:
            self._meter.add(len(data) + _ROW_BYTES * data.count(_ROW))
        except ResultTooLarge:
            # the rest of the result can't be declined but by hanging up
            self._transport.abort()
        else:
            self._inner.data_received(data)


def metered(protocol: Any, transport: Any, meter: ResultMeter) -> None:
    """Count from now on what comes in through a transport."""
    transport.set_protocol(MeteredProtocol(protocol, transport, meter))
