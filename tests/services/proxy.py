"""A TCP proxy between a test and a server, to break the connections in between."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.services.server import HOST, with_address

DEFAULT_PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306, "redis": 6379, "mongodb": 27017}
CHUNK = 65_536


class Proxy:
    """Forwards a port of its own to the server of a URL. Its methods may be called from any thread."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname or HOST, parts.port or DEFAULT_PORTS[parts.scheme]
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = with_address(url, HOST, self.port)

    @property
    def connections(self) -> int:
        """How many connections go through it now."""
        return len(self._writers) // 2

    def drop(self) -> None:
        """Resets all connections on both sides; new ones are forwarded again."""
        self._call(self._reset)

    def freeze(self) -> None:
        """Lets connections stand, old and new, without a byte going through: neither side hears of the other."""
        self._call(self._flowing.clear)

    def thaw(self) -> None:
        """Forwards again, first of all what was held back."""
        self._call(self._flowing.set)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, HOST, 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            await self._forward(reader, writer)
        except asyncio.CancelledError:
            # Only `_reset` cancels, and nobody waits for this task.
            pass
        finally:
            self._discard(writer)
            self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_writer: asyncio.StreamWriter | None = None
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
            self._writers.add(server_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, server_writer))
                both.create_task(self._pump(server_reader, writer))
        except* OSError:
            # The server is down or one side went away: the other hears of it as its connection closes.
            pass
        finally:
            if server_writer is not None:
                self._discard(server_writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK):
            await self._flowing.wait()
            writer.write(chunk)
            await writer.drain()
        await self._flowing.wait()
        with contextlib.suppress(OSError):
            writer.write_eof()

    def _discard(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()

    def _reset(self) -> None:
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            # Closing with a linger time of zero sends a reset instead of an end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()

    async def _shut(self) -> None:
        self._server.close()
        self._reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _call(self, function: Callable[[], object]) -> None:
        async def work() -> None:
            function()

        asyncio.run_coroutine_threadsafe(work(), self._loop).result()
