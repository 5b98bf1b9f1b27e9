"""Counts an answer while it is read, so that it can be refused before it takes all memory."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

from flowlang.connections.base import ResultMeter

#: About what an item of an answer takes beside its bytes.
_ITEM_BYTES: Final = 60


class MeteredReader:
    """The reader of a connection, as the driver's parser uses it."""

    def __init__(self, reader: Any, meter: ResultMeter) -> None:
        self.reader = reader
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)

    def readexactly(self, count: int) -> Coroutine[Any, Any, bytes]:
        """Read so many bytes, if they are allowed."""
        self._meter.add(count + _ITEM_BYTES)
        reading: Coroutine[Any, Any, bytes] = self.reader.readexactly(count)
        return reading

    def readline(self) -> Coroutine[Any, Any, bytes]:
        """Read a line, if it is allowed."""
        self._meter.add(_ITEM_BYTES)
        reading: Coroutine[Any, Any, bytes] = self.reader.readline()
        return reading

    async def read(self, count: int = -1) -> bytes:
        """Read what there is, if it is allowed."""
        data: bytes = await self.reader.read(count)
        # a parser that takes the bytes as they come doesn't say how many items they are
        self._meter.add(len(data) + data.count(b"\r\n") * _ITEM_BYTES)
        return data


def begin_metering(connection: Any, meter: ResultMeter) -> None:
    """Let the meter count what a connection of the driver reads."""
    connection._parser._stream = MeteredReader(connection._parser._stream, meter)


def end_metering(connection: Any) -> None:
    """Let the connection read as the driver made it; one that was closed meanwhile has nothing to read from."""
    metered = connection._parser._stream
    if isinstance(metered, MeteredReader):
        connection._parser._stream = metered.reader
