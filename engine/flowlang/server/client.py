"""Clients of a server of flows: one for asyncio, and the same for code that waits."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from json import loads
from types import TracebackType
from typing import Any, Final

import httpx

from flowlang.errors import FlowLangError

#: Answers after which asking once more may help.
_LATER: Final = frozenset({429, 502, 503, 504})


class ServerError(FlowLangError):
    """The server answered with an error. `status` is that of HTTP, `answer` what came with it."""

    def __init__(self, status: int, answer: Any) -> None:
        told = answer if isinstance(answer, Mapping) else {}
        error = told.get("error")
        message = error.get("message") if isinstance(error, Mapping) else told.get("detail")
        super().__init__(f"{status}: {message or answer or 'no answer'}")
        self.status = status
        self.answer = answer


class _Requests:
    """What both clients send and how they take the answers."""

    def __init__(self, retries: int, backoff: float) -> None:
        self._retries = retries
        self._backoff = backoff

    def wait(self, attempt: int) -> float:
        """Seconds to wait after so many attempts, from 1."""
        return float(self._backoff * 2 ** (attempt - 1) * (1 + random.random() / 4))

    def again(self, attempt: int, outcome: httpx.Response | httpx.TransportError, *, safe: bool) -> bool:
        """Whether to ask once more: what may have begun a run is only sent again if it surely has not."""
        if attempt > self._retries:
            return False
        if isinstance(outcome, httpx.Response):
            return outcome.status_code in _LATER and (safe or outcome.status_code == 503) and not _has_stubs(outcome)
        return safe or isinstance(outcome, (httpx.ConnectError, httpx.ConnectTimeout))


def _has_stubs(response: httpx.Response) -> bool:
    return '"stubs":' in response.text


def _taken(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError:
        answer = response.text
    if response.status_code >= 400:
        raise ServerError(response.status_code, answer)
    return answer


def _headers(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


class _Events:
    """Puts server-sent events together, line by line."""

    def __init__(self) -> None:
        self._type = ""
        self._data: list[str] = []

    def line(self, line: str) -> dict[str, Any] | None:
        """The event that ends with this line, if one does; the last one has the type `end`."""
        if line.startswith("event:"):
            self._type = line[6:].strip()
        elif line.startswith("data:"):
            self._data.append(line[5:].lstrip())
        elif not line and self._data:
            data, kind = loads("\n".join(self._data)), self._type
            self._data.clear()
            return {"type": "end", "result": data} if kind == "end" else data
        return None


class FlowLangClient:
    """Calls the flows of a server.

        async with FlowLangClient("http://127.0.0.1:8000") as client:
            result = await client.execute("UserManager", {"user_id": 1})

    `token` is sent with each request. What is safe to ask again is, up to `retries` times, the first time after
    `backoff` seconds; `timeout` is in seconds, None waits as long as it takes. Raises ServerError for an answer that
    is an error, and httpx's errors when there is none.
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
        self._http = httpx.AsyncClient(base_url=url, headers=_headers(token), timeout=timeout, transport=transport)
        self._requests = _Requests(retries, backoff)

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
        return list(await self._ask("GET", "/flows"))

    async def execute(self, flow: str, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run a flow; its result. Raises ServerError for one that fails, with the result in `answer`."""
        body = {"inputs": dict(inputs or {})}
        return dict(await self._ask("POST", f"/flows/{flow}/execute", json=body, safe=False))

    async def stream(self, flow: str, inputs: Mapping[str, Any] | None = None) -> AsyncIterator[dict[str, Any]]:
        """Run a flow and follow its events; the last is `{"type": "end", "result": …}`. Leaving early cancels it."""
        body = {"inputs": dict(inputs or {})}
        async with self._http.stream("POST", f"/flows/{flow}/execute/stream", json=body) as response:
            if response.status_code >= 400:
                await response.aread()
                _taken(response)
            events = _Events()
            async for line in response.aiter_lines():
                event = events.line(line)
                if event is not None:
                    yield event

    async def executions(self, flow: str | None = None, status: str | None = None) -> list[dict[str, Any]]:
        """The latest runs."""
        wanted = {name: value for name, value in (("flow", flow), ("status", status)) if value is not None}
        return list(await self._ask("GET", "/executions", params=wanted))

    async def status(self, execution: str) -> dict[str, Any]:
        """A run, with its result when it is over."""
        return dict(await self._ask("GET", f"/executions/{execution}"))

    async def cancel(self, execution: str) -> dict[str, Any]:
        """Cancel a run."""
        return dict(await self._ask("POST", f"/executions/{execution}/cancel"))

    async def _ask(self, method: str, path: str, *, safe: bool = True, **more: Any) -> Any:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await self._http.request(method, path, **more)
            except httpx.TransportError as error:
                if not self._requests.again(attempt, error, safe=safe):
                    raise
            else:
                if not self._requests.again(attempt, response, safe=safe):
                    return _taken(response)
            await asyncio.sleep(self._requests.wait(attempt))


class SyncFlowLangClient:
    """The same for code without asyncio."""

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
        self._http = httpx.Client(base_url=url, headers=_headers(token), timeout=timeout, transport=transport)
        self._requests = _Requests(retries, backoff)

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
        """Every flow with its schemas."""
        return list(self._ask("GET", "/flows"))

    def execute(self, flow: str, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """As `FlowLangClient.execute`."""
        body = {"inputs": dict(inputs or {})}
        return dict(self._ask("POST", f"/flows/{flow}/execute", json=body, safe=False))

    def stream(self, flow: str, inputs: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """As `FlowLangClient.stream`."""
        body = {"inputs": dict(inputs or {})}
        with self._http.stream("POST", f"/flows/{flow}/execute/stream", json=body) as response:
            if response.status_code >= 400:
                response.read()
                _taken(response)
            events = _Events()
            for line in response.iter_lines():
                event = events.line(line)
                if event is not None:
                    yield event

    def executions(self, flow: str | None = None, status: str | None = None) -> list[dict[str, Any]]:
        """The latest runs."""
        wanted = {name: value for name, value in (("flow", flow), ("status", status)) if value is not None}
        return list(self._ask("GET", "/executions", params=wanted))

    def status(self, execution: str) -> dict[str, Any]:
        """A run, with its result when it is over."""
        return dict(self._ask("GET", f"/executions/{execution}"))

    def cancel(self, execution: str) -> dict[str, Any]:
        """Cancel a run."""
        return dict(self._ask("POST", f"/executions/{execution}/cancel"))

    def _ask(self, method: str, path: str, *, safe: bool = True, **more: Any) -> Any:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self._http.request(method, path, **more)
            except httpx.TransportError as error:
                if not self._requests.again(attempt, error, safe=safe):
                    raise
            else:
                if not self._requests.again(attempt, response, safe=safe):
                    return _taken(response)
            time.sleep(self._requests.wait(attempt))
