"""The proxy that breaks connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from tests.services.proxy import Proxy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    """URL of a server that sends back what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(1000):
                writer.write(chunk)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"redis://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/3?a=b"


@contextlib.asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    yield reader, writer
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def exchange(streams: Streams, text: bytes) -> bytes:
    streams[1].write(text)
    return await streams[0].readexactly(len(text))


async def test_bytes_go_through_both_ways(echo: str, proxy: Callable[[str], Proxy]) -> None:
    async with connected(proxy(echo)) as streams:
        assert await exchange(streams, b"hello") == b"hello"


async def test_its_url_keeps_user_database_and_options(echo: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy(echo)
    assert between.url == f"redis://me:secret@127.0.0.1:{between.port}/3?a=b"


async def test_dropped_connections_are_reset_and_new_ones_work(echo: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy(echo)
    async with connected(between) as streams:
        await exchange(streams, b"hello")
        assert between.connections == 1
        between.drop()
        with pytest.raises(ConnectionResetError):
            await streams[0].read()
    async with connected(between) as streams:
        assert await exchange(streams, b"again") == b"again"


async def test_frozen_connections_stand_and_say_nothing_until_thawed(echo: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy(echo)
    async with connected(between) as streams:
        await exchange(streams, b"hello")
        between.freeze()
        answer = asyncio.create_task(exchange(streams, b"are you there"))
        async with connected(between) as late:
            late_answer = asyncio.create_task(exchange(late, b"and you"))
            done, _ = await asyncio.wait({answer, late_answer}, timeout=0.1)
            assert not done
            between.thaw()
            assert await answer == b"are you there"
            assert await late_answer == b"and you"


async def test_a_server_that_is_down_shows_as_a_closed_connection(proxy: Callable[[str], Proxy]) -> None:
    async with connected(proxy("redis://127.0.0.1:1")) as streams:
        assert await streams[0].read() == b""
