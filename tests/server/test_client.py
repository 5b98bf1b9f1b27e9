"""The clients: what they call, and what they ask for again."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from flowlang.server import FlowLangClient, ServerError, SyncFlowLangClient
from flowlang.server.client_requests import Retries, flows
from tests.server.conftest import Served


def test_the_client_that_waits_runs_streams_lists_and_tells_errors(server: Served) -> None:
    with SyncFlowLangClient(server.url) as client:
        assert [flow["name"] for flow in client.flows()] == ["Sums", "Unfinished"]
        result = client.execute("Sums", {"numbers": [1, 2]})
        assert result["outputs"]["sum"] == 3
        assert client.status(result["run_id"])["status"] == "succeeded"
        assert client.executions("Sums", "succeeded")
        events = list(client.stream("Sums", {"numbers": [3]}))
        assert events[0]["type"] == "flow_started"
        assert events[-1]["result"]["outputs"]["sum"] == 3
        with pytest.raises(ServerError, match="did you mean `numbers`") as refused:
            client.execute("Sums", {"number": 1})
        assert refused.value.answer["problems"]
        with pytest.raises(ServerError) as failed:
            client.execute("Sums", {"numbers": ["x"]})
        assert failed.value.answer["error"]["step"] == "add"
        with pytest.raises(ServerError, match="not written"):
            client.execute("Unfinished")


async def test_the_async_client_does_the_same(server: Served) -> None:
    async with FlowLangClient(server.url) as client:
        assert (await client.execute("Sums", {"numbers": [1, 2]}))["outputs"]["sum"] == 3
        async for event in client.stream("Sums", {"numbers": [1], "wait": 600}):
            if event["type"] == "step_started" and event["step_id"] == "wait":
                (running,) = await client.executions(status="running")
                await client.cancel(running["id"])
        assert event["result"]["status"] == "cancelled"
        with pytest.raises(ServerError, match="409"):
            await client.cancel(running["id"])


class Answers(httpx.BaseTransport):
    """A server that answers with one status after the other, None for a connection that breaks."""

    def __init__(self, *statuses: int | None) -> None:
        self._statuses: Iterator[int | None] = iter(statuses)
        self.asked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        status = next(self._statuses)
        if status is None:
            raise httpx.ReadError("broken", request=request)
        return httpx.Response(status, json={"detail": "x"})


@pytest.mark.parametrize(
    ("statuses", "asked"), [((503, 502, 200), 3), ((None, None, 200), 3), ((404,), 1), ((503, 503, 503, 503), 4)]
)
def test_what_is_safe_is_asked_again(statuses: tuple[int | None, ...], asked: int) -> None:
    answers = Answers(*statuses)
    client = SyncFlowLangClient("http://test", transport=answers, backoff=0.001)
    if statuses[-1] == 200:
        client.status("x")
    else:
        with pytest.raises(ServerError):
            client.status("x")
    assert answers.asked == asked


@pytest.mark.parametrize(("statuses", "asked"), [((None,), 1), ((502,), 1), ((503, 200), 2)])
def test_a_run_that_may_have_begun_is_not_begun_again(statuses: tuple[int | None, ...], asked: int) -> None:
    answers = Answers(*statuses)
    client = SyncFlowLangClient("http://test", transport=answers, backoff=0.001)
    if statuses[-1] == 200:
        client.execute("F")
    else:
        with pytest.raises((ServerError, httpx.ReadError)):
            client.execute("F")
    assert answers.asked == asked


def test_a_server_says_when_to_ask_again() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "1"})
    vague = httpx.Response(503, headers={"Retry-After": "Sun, 22 Nov 2026 03:00:00 GMT"})
    assert Retries(3, 0.001).pause(1, flows(), busy) == 1
    assert (Retries(3, 0.001).pause(1, flows(), vague) or 0) < 0.1
    assert Retries(3, 0.001).pause(4, flows(), busy) is None


def test_a_flow_that_lacks_tasks_is_not_asked_for_again() -> None:
    unfinished = httpx.Response(503, json={"detail": "not written", "stubs": ["send"]})
    assert Retries(3, 0.001).pause(1, flows(), unfinished) is None


async def test_a_name_is_one_part_of_the_path_whatever_is_in_it() -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={})

    async with FlowLangClient("http://test", transport=httpx.MockTransport(answer)) as client:
        await client.execute("Tax & more?")
        await client.status("../flows")
    assert asked == [b"/flows/Tax%20%26%20more%3F/execute", b"/executions/..%2Fflows"]


def test_what_is_no_answer_of_a_server_of_flows_is_an_error_of_the_server() -> None:
    with (
        SyncFlowLangClient(
            "http://test", transport=httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
        ) as client,
        pytest.raises(ServerError, match="200: not an answer of a server of flows: <html>"),
    ):
        client.status("x")
