"""What the clients ask a server for, what they ask for again, and how they take the answers: all but the waiting."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import loads
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import httpx

from flowlang.errors import FlowLangError

T = TypeVar("T")

#: Answers after which asking once more may help.
_LATER: Final = frozenset({429, 502, 503, 504})
#: Seconds of a server's `Retry-After` that are waited for at most.
_PATIENCE: Final = 30


class ServerError(FlowLangError):
    """The server answered with an error. `status` is that of HTTP, `answer` what came with it."""

    def __init__(self, status: int, answer: Any) -> None:
        told = answer if isinstance(answer, Mapping) else {}
        error = told.get("error")
        message = error.get("message") if isinstance(error, Mapping) else told.get("detail")
        super().__init__(f"{status}: {message or answer or 'no answer'}")
        self.status = status
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """A request, and what makes its answer of the JSON that comes. `safe`: sent twice it does no more than once."""

    method: str
    path: str
    shape: Callable[[Any], T]
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None
    safe: bool = True

    def answer(self, response: httpx.Response) -> T:
        """The answer that came. Raises ServerError if it is an error, or not what the server of flows would say."""
        told = answer_of(response)
        try:
            return self.shape(told)
        except (TypeError, ValueError) as error:
            raise ServerError(response.status_code, f"not an answer of a server of flows: {str(told)[:200]}") from error


def answer_of(response: httpx.Response) -> Any:
    """The JSON, or the text, of a response that was read. Raises ServerError."""
    try:
        answer = response.json()
    except ValueError:
        answer = response.text
    if response.status_code >= 400:
        raise ServerError(response.status_code, answer)
    return answer


def flows() -> Asked[list[dict[str, Any]]]:
    """Every flow with its schemas."""
    return Asked("GET", "/flows", list)


def execute(flow: str, inputs: Mapping[str, Any] | None) -> Asked[dict[str, Any]]:
    """A run of a flow, to its end."""
    return Asked("POST", f"/flows/{_part(flow)}/execute", dict, body={"inputs": dict(inputs or {})}, safe=False)


def stream(flow: str, inputs: Mapping[str, Any] | None) -> Asked[dict[str, Any]]:
    """A run of a flow, event by event."""
    return Asked("POST", f"/flows/{_part(flow)}/execute/stream", dict, body={"inputs": dict(inputs or {})}, safe=False)


def executions(flow: str | None, status: str | None) -> Asked[list[dict[str, Any]]]:
    """The latest runs: of a flow, with a status."""
    query = {name: value for name, value in (("flow", flow), ("status", status)) if value is not None}
    return Asked("GET", "/executions", list, query=query)


def status_of(execution: str) -> Asked[dict[str, Any]]:
    """A run."""
    return Asked("GET", f"/executions/{_part(execution)}", dict)


def cancel(execution: str) -> Asked[dict[str, Any]]:
    """The end of a run."""
    return Asked("POST", f"/executions/{_part(execution)}/cancel", dict)


def _part(name: str) -> str:
    return quote(name, safe="")


def headers(token: str | None) -> dict[str, str]:
    """What goes with every request."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class Retries:
    """When to ask again: up to `most` times, the first time after `backoff` seconds and twice as long each time."""

    most: int
    backoff: float

    def pause(self, attempt: int, asked: Asked[Any], outcome: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds until it is asked again after so many attempts, from 1; None if it is not.

        What may have begun a run is only sent again if it surely has not.
        """
        if attempt > self.most or not _helps(asked, outcome):
            return None
        pause = float(self.backoff * 2 ** (attempt - 1) * (1 + random.random() / 4))
        return max(pause, _wished(outcome))


def _helps(asked: Asked[Any], outcome: httpx.Response | httpx.TransportError) -> bool:
    if isinstance(outcome, httpx.TransportError):
        return asked.safe or isinstance(outcome, (httpx.ConnectError, httpx.ConnectTimeout))
    may_help = outcome.status_code in _LATER and (asked.safe or outcome.status_code == 503)
    return may_help and not _is_unfinished(outcome)


def _is_unfinished(response: httpx.Response) -> bool:
    """Whether the flow calls tasks that nobody has written: they will not be there in a second."""
    return '"stubs":' in response.text


def _wished(outcome: httpx.Response | httpx.TransportError) -> float:
    told = outcome.headers.get("Retry-After", "") if isinstance(outcome, httpx.Response) else ""
    return min(int(told), _PATIENCE) if told.isascii() and told.isdigit() else 0


class SentEvents:
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
