"""Clients of a server of flows: one for asyncio, and the same for code that waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any, TypeVar

import httpx

from flowlang.server import client_requests as request
from flowlang.server.client_requests import Asked, Retries, SentEvents, ServerError, answer_of

__all__ = ["FlowLangClient", "ServerError", "SyncFlowLangClient"]

T = TypeVar("T")


class FlowLangClient:
    """Calls the flows of a server.

        async with FlowLangClient("http://127.0.0.1:8000") as client:
            result = await client.execute("UserManager", {"user_id": 1})

    `token` is sent with each request. What is safe to ask again is, up to `retries` times, the first time after
    `backoff` seconds, or later if the server says so; `timeout` is in seconds, None waits as long as it takes. Raises
    ServerError for an answer that is an error, and httpx's errors when there is none.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float | None = None,
        retries: int = 3,
        backoff: float = 0.2,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = request.headers(token)
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._retries = Retries(retries, backoff)

    async def __aenter__(self) -> FlowLangClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections to the server."""
        await self._http.aclose()

    async def flows(self) -> list[dict[str, Any]]:
        """Every flow with its schemas."""
        return await self._ask(request.flows())

    async def execute(self, flow: str, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a flow; its result. Raises ServerError for one that fails, with the result in `answer`."""
        return await self._ask(request.execute(flow, inputs))

    async def stream(self, flow: str, inputs: Mapping[str, Any] | None = None) -> AsyncIterator[dict[str, Any]]:
        """Run a flow and follow its events; the last is `{"type": "end", "result": …}`. Leaving early cancels it."""
        asked = request.stream(flow, inputs)
        async with self._http.stream(asked.method, asked.path, json=asked.body) as response:
            if response.is_error:
                await response.aread()
                answer_of(response)
            events = SentEvents()
            async for line in response.aiter_lines():
                if (event := events.line(line)) is not None:
                    yield event

    async def executions(self, flow: str | None = None, status: str | None = None) -> list[dict[str, Any]]:
        """The latest runs: of all flows or one, with any status or one."""
        return await self._ask(request.executions(flow, status))

    async def status(self, execution: str) -> dict[str, Any]:
        """A run, with its result when it is over."""
        return await self._ask(request.status_of(execution))

    async def cancel(self, execution: str) -> dict[str, Any]:
        """Cancel a run."""
        return await self._ask(request.cancel(execution))

    async def _ask(self, asked: Asked[T]) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await self._http.request(asked.method, asked.path, json=asked.body, params=asked.query)
            except httpx.TransportError as error:
                pause = self._retries.pause(attempt, asked, error)
                if pause is None:
                    raise
            else:
                pause = self._retries.pause(attempt, asked, response)
                if pause is None:
                    return asked.answer(response)
            await asyncio.sleep(pause)


class SyncFlowLangClient:
    """`FlowLangClient` for code without asyncio: the same methods, which wait."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float | None = None,
        retries: int = 3,
        backoff: float = 0.2,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = request.headers(token)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)
        self._retries = Retries(retries, backoff)

    def __enter__(self) -> SyncFlowLangClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._http.close()

    def flows(self) -> list[dict[str, Any]]:
        """As `FlowLangClient.flows`."""
        return self._ask(request.flows())

    def execute(self, flow: str, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """As `FlowLangClient.execute`."""
        return self._ask(request.execute(flow, inputs))

    def stream(self, flow: str, inputs: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """As `FlowLangClient.stream`."""
        asked = request.stream(flow, inputs)
        with self._http.stream(asked.method, asked.path, json=asked.body) as response:
            if response.is_error:
                response.read()
                answer_of(response)
            events = SentEvents()
            for line in response.iter_lines():
                if (event := events.line(line)) is not None:
                    yield event

    def executions(self, flow: str | None = None, status: str | None = None) -> list[dict[str, Any]]:
        """As `FlowLangClient.executions`."""
        return self._ask(request.executions(flow, status))

    def status(self, execution: str) -> dict[str, Any]:
        """As `FlowLangClient.status`."""
        return self._ask(request.status_of(execution))

    def cancel(self, execution: str) -> dict[str, Any]:
        """As `FlowLangClient.cancel`."""
        return self._ask(request.cancel(execution))

    def _ask(self, asked: Asked[T]) -> T:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self._http.request(asked.method, asked.path, json=asked.body, params=asked.query)
            except httpx.TransportError as error:
                pause = self._retries.pause(attempt, asked, error)
                if pause is None:
                    raise
            else:
                pause = self._retries.pause(attempt, asked, response)
                if pause is None:
                    return asked.answer(response)
            time.sleep(pause)
