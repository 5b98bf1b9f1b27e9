"""The server over a real socket: what it answers to what it is asked, and what it does with bad clients."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.sync.client import connect

from flowlang.server.listening import listening, port_of
from tests.server.conftest import FLOW, TASKS, Serve, Served, project


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


def test_it_tells_its_flows_with_their_schemas(server: Served) -> None:
    index = server.client.get("/").json()
    assert [flow["name"] for flow in index["flows"]] == ["Sums", "Unfinished"]
    flow = server.client.get("/flows/Sums").json()
    assert flow["inputs"]["required"] == ["numbers"]
    assert flow["inputs"]["properties"]["numbers"] == {"type": "array", "description": "What to add."}
    assert flow["inputs"]["properties"]["password"] == {"writeOnly": True}
    assert list(flow["outputs"]["properties"]) == ["sum", "said"]
    assert server.client.get("/docs").status_code == 200


def test_a_flow_is_run_with_the_inputs_of_the_body(server: Served) -> None:
    answer = server.execute(numbers=[1, 2, 3])
    assert answer.status_code == 200
    assert answer.json()["outputs"]["sum"] == 6
    run = server.client.get(f"/executions/{answer.json()['run_id']}").json()
    assert (run["status"], run["result"]["outputs"]["sum"]) == ("succeeded", 6)


def test_a_secret_is_not_told_anywhere(server: Served) -> None:
    answer = server.execute(numbers=[1], password="quite-secret-7")
    assert answer.json()["outputs"]["said"] == "••••"
    run = answer.json()["run_id"]
    assert "quite-secret-7" not in server.client.get(f"/executions/{run}/events").text


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ('{"inputs": {"number": [1]}}', 422, "did you mean `numbers`?"),
        ('{"inputs": {"numbers": "x", "wait": "long"}}', 422, "input `wait` must be a number"),
        ('{"inputs": [1]}', 422, "`inputs` is a JSON object"),
        ('{"input": {}}', 422, "the inputs are under `inputs`"),
        ("[]", 422, "the body is a JSON object"),
        ("{", 400, "the body is no JSON"),
        ("[" * 200_000, 400, "nests too deep"),
        (b"\xff", 400, "no UTF-8"),
    ],
)
def test_what_is_wrong_with_a_body_is_told(server: Served, body: str | bytes, status: int, said: str) -> None:
    answer = server.client.post("/flows/Sums/execute", content=body)
    assert answer.status_code == status
    assert any(said in problem for problem in answer.json()["problems"])


def test_a_failure_is_told_with_its_error(server: Served) -> None:
    answer = server.execute(numbers=[1, "x"])
    assert answer.status_code == 500
    assert answer.json()["error"]["step"] == "add"
    assert answer.json()["error_type"] == "TypeError"


def test_a_flow_with_tasks_that_are_not_written_is_not_run(server: Served) -> None:
    answer = server.execute("Unfinished")
    assert answer.status_code == 503
    assert answer.json()["stubs"] == ["Later"]
    assert server.client.get("/ready").json()["stubs"] == {"Unfinished": ["Later"]}


def test_what_is_not_there_is_404(server: Served) -> None:
    for answer in (
        server.execute("Nothing"),
        server.client.get("/flows/Nothing"),
        server.client.get("/executions/nothing"),
        server.client.post("/webhooks/nothing"),
    ):
        assert answer.status_code == 404


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: Served) -> None:
    assert server.client.post("/flows/Sums/execute", content=b" " * 11_000_000).status_code == 413
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0)) as client:
        client.sendall(b"POST /flows/Sums/execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_events_are_streamed_and_end_with_the_result(server: Served) -> None:
    with server.client.stream("POST", "/flows/Sums/execute/stream", json={"inputs": {"numbers": [4]}}) as answer:
        lines = list(answer.iter_lines())
    types = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert types[0] == "flow_started"
    assert types[-2:] == ["flow_completed", "end"]
    assert json.loads(lines[-2].removeprefix("data: "))["outputs"]["sum"] == 4


def test_a_stream_of_a_failing_flow_ends_too(server: Served) -> None:
    with server.client.stream("POST", "/flows/Sums/execute/stream", json={"inputs": {"numbers": ["x"]}}) as answer:
        text = answer.read().decode()
    assert "event: flow_failed" in text
    assert text.rstrip().split("\n\n")[-1].startswith("event: end")


def test_a_websocket_gives_every_event_and_takes_a_cancellation(server: Served) -> None:
    url = server.url.replace("http", "ws")
    with connect(f"{url}/flows/Sums/live") as socket:
        socket.send(json.dumps({"inputs": {"numbers": [5]}}))
        told = [json.loads(message) for message in socket]
    assert told[0]["type"] == "flow_started"
    assert told[-1]["result"]["outputs"]["sum"] == 5
    with connect(f"{url}/flows/Sums/live") as socket:
        socket.send(json.dumps({"inputs": {"numbers": [5], "wait": 600}}))
        socket.send(json.dumps({"cancel": True}))
        told = [json.loads(message) for message in socket]
    assert told[-1]["result"]["status"] == "cancelled"


def test_a_run_is_cancelled_by_its_id_and_its_client_is_told(server: Served) -> None:
    (server.folder / "cancelled.txt").unlink(missing_ok=True)

    going_on = "/executions?status=running"

    async def both() -> httpx.Response:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            waiting = asyncio.ensure_future(
                client.post("/flows/Sums/execute", json={"inputs": {"numbers": [], "wait": 600}})
            )
            while not (running := (await client.get(going_on)).json()):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.02)
            cancelled = await client.post(f"/executions/{running[0]['id']}/cancel")
            assert cancelled.status_code == 202
            return await waiting

    answer = asyncio.run(both())
    assert answer.status_code == 409
    assert answer.json()["status"] == "cancelled"
    assert (server.folder / "cancelled.txt").exists()


@pytest.mark.parametrize("path", ["/flows/Sums/execute", "/flows/Sums/execute/stream"])
def test_the_run_of_a_client_that_goes_away_is_cancelled(server: Served, path: str) -> None:
    body = b'{"inputs": {"numbers": [], "wait": 600}}'
    client = socket.create_connection(("127.0.0.1", urlsplit(server.url).port or 0))
    client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    until(lambda: server.client.get("/executions", params={"status": "running"}).json())
    client.close()
    until(lambda: not server.client.get("/executions", params={"status": "running"}).json())
    assert server.client.get("/executions").json()[0]["status"] == "cancelled"


def test_metrics_count_runs_by_flow_and_ending(server: Served) -> None:
    server.execute(numbers=[1])
    text = server.client.get("/metrics").text
    assert 'flowlang_executions_total{flow="Sums",status="succeeded"}' in text
    assert "flowlang_executions_running 0" in text


def test_the_graph_page_draws_every_step_inert(server: Served) -> None:
    page = server.client.get("/flows/Sums/graph").text
    assert 'data-step="add"' in page
    assert "on_cancel" in page


def test_a_hundred_clients_at_once_are_all_answered(server: Served) -> None:
    async def many() -> list[int]:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
            answers = await asyncio.gather(
                *(client.post("/flows/Sums/execute", json={"inputs": {"numbers": [n]}}) for n in range(300))
            )
        return [answer.json()["outputs"]["sum"] for answer in answers]

    assert asyncio.run(many()) == list(range(300))


def test_more_runs_than_may_go_on_at_once_are_refused(serve: Serve) -> None:
    served = serve("--limit", "1")
    with served.client.stream(
        "POST", "/flows/Sums/execute/stream", json={"inputs": {"numbers": [], "wait": 600}}
    ) as answer:
        lines = answer.iter_lines()
        next(lines)
        refused = httpx.post(f"{served.url}/flows/Sums/execute", json={"inputs": {"numbers": []}})
        assert refused.status_code == 503
        assert "1 flows are running" in refused.text
        assert refused.headers["Retry-After"] == "1"
        lines.close()


def test_what_is_saved_is_served_and_what_is_broken_stays_as_it_was(serve: Serve) -> None:
    served = serve("--reload")
    (served.folder / "flow.py").write_text(TASKS.replace("sum(numbers)", "-sum(numbers)"))
    until(lambda: served.execute(numbers=[2]).json()["outputs"]["sum"] == -2)
    (served.folder / "flow.yaml").write_text(FLOW.replace("task: Add", "task: Ad"))
    until(lambda: "flow.yaml" in served.client.get("/ready").text)
    assert served.execute(numbers=[2]).status_code == 200
    (served.folder / "flow.yaml").write_text(FLOW.replace("description: Adds", "description: Subtracts"))
    until(lambda: served.client.get("/flows/Sums").json()["description"].startswith("Subtracts"))


def test_a_folder_that_goes_away_and_comes_back_is_served_on(serve: Serve, tmp_path: Path) -> None:
    home = project((tmp_path / "served").absolute())
    served = serve("--reload", folder=home)
    home.rename(tmp_path / "moved")
    until(lambda: "there is no file or folder" in served.client.get("/ready").text)
    assert [flow["name"] for flow in served.client.get("/flows").json()] == ["Sums", "Unfinished"]
    (tmp_path / "moved").rename(home)
    (home / "flow.yaml").write_text(FLOW.replace("description: Adds", "description: Subtracts"))
    until(lambda: served.client.get("/flows/Sums").json()["description"].startswith("Subtracts"))
    served.process.terminate()
    assert "Traceback" not in served.process.communicate(timeout=20)[1]


def test_with_a_token_each_request_needs_it(serve: Serve) -> None:
    served = serve(env={"FLOWLANG_SERVER_TOKEN": "open-sesame"})
    assert served.client.get("/health").status_code == 200
    assert served.execute(numbers=[1]).status_code == 401
    wrong = served.client.get("/flows", headers={"Authorization": "Bearer open-sesam"})
    assert wrong.status_code == 401
    right = served.client.get("/flows", headers={"Authorization": "Bearer open-sesame"})
    assert right.status_code == 200


def test_it_doesnt_listen_for_others_without_a_token() -> None:
    from flowlang.errors import ConfigurationError
    from flowlang.server.security import check_address

    for host in ("127.0.0.1", "::1", "localhost"):
        check_address(host, None)
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        check_address(host, "token")
        with pytest.raises(ConfigurationError, match="there is no token"):
            check_address(host, None)


def test_a_stop_lets_runs_end_within_their_grace_and_cancels_the_rest(serve: Serve) -> None:
    served = serve("--grace", "2s")
    short, long = ({"inputs": {"numbers": [n], "wait": wait}} for n, wait in ((1, 1), (2, 600)))

    async def followed(client: httpx.AsyncClient, last: list[str]) -> None:
        async with client.stream("POST", "/flows/Sums/execute/stream", json=long) as answer:
            last += [line async for line in answer.aiter_lines() if line]

    async def stopped() -> tuple[httpx.Response, httpx.Response, httpx.Response, list[str]]:
        last: list[str] = []
        async with httpx.AsyncClient(base_url=served.url, timeout=30) as client:
            asked = [asyncio.ensure_future(client.post("/flows/Sums/execute", json=body)) for body in (short, long)]
            following = asyncio.ensure_future(followed(client, last))
            while len((await client.get("/executions?status=running")).json()) < 3:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.02)
            served.process.send_signal(signal.SIGTERM)
            while (refused := await client.post("/flows/Sums/execute", json=short)).status_code == 200:
                pass
            ended, cancelled = await asyncio.gather(*asked)
            await following
        return ended, cancelled, refused, last

    ended, cancelled, refused, last = asyncio.run(stopped())
    assert (ended.status_code, ended.json()["outputs"]["sum"]) == (200, 1)
    assert (cancelled.status_code, cancelled.json()["reason"]) == (409, "the server is stopping")
    assert (refused.status_code, refused.json()["detail"]) == (503, "the server is about to stop")
    assert last[-2] == "event: end"
    assert json.loads(last[-1].removeprefix("data: "))["status"] == "cancelled"
    assert served.process.wait(20) in (0, -signal.SIGTERM)
    assert (served.folder / "cancelled.txt").exists()
    assert "Traceback" not in (served.process.stderr.read() if served.process.stderr else "")


def test_a_second_interrupt_ends_it_at_once(serve: Serve) -> None:
    served = serve("--grace", "600s")
    body = {"inputs": {"numbers": [], "wait": 600}}
    with (
        suppress(httpx.TransportError),
        served.client.stream("POST", "/flows/Sums/execute/stream", json=body) as answer,
    ):
        next(answer.iter_lines())
        served.process.send_signal(signal.SIGINT)
        until(lambda: httpx.get(f"{served.url}/ready").json()["stopping"])
        served.process.send_signal(signal.SIGINT)
        assert served.process.wait(20) in (0, 130, -signal.SIGINT)


def test_an_address_that_cannot_be_had_is_told_of_before_anything_is_served(serve: Serve, tmp_path: Path) -> None:
    taken = urlsplit(serve().url).port

    def refused(*arguments: str, folder: Path = tmp_path) -> str:
        command = [sys.executable, "-m", "flowlang", "serve", str(folder), *arguments]
        ended = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "FLOWLANG_SERVER_TOKEN": "x"}
        )
        assert ended.returncode == 2
        assert "Serving" not in ended.stderr
        return ended.stderr

    assert f"127.0.0.1, port {taken}: something else listens there" in refused("--port", str(taken))
    assert "this machine does not have that address" in refused("--host", "192.0.2.1")
    assert "there is no host nowhere.invalid" in refused("--host", "nowhere.invalid")
    assert "there is no port 70000" in refused("--port", "70000")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "flowlang.yaml").touch()
    assert f"there is no flow in {empty}" in refused("--port", "0", folder=empty)


def test_a_free_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text("flow: Alone\nsteps: [exit]\n")
    command = [sys.executable, "-m", "flowlang", "serve", str(tmp_path), "--port", "0", "--host", "localhost"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = re.search(r"http://localhost:\d+", process.stderr.readline())
        try:
            assert url is not None
            assert httpx.get(f"{url[0]}/flows", timeout=30).json()[0]["name"] == "Alone"
        finally:
            process.kill()


def test_what_is_small_is_sent_at_once() -> None:
    for listener in (sockets := listening("localhost", 0)):
        assert (listener.proto, listener.getsockname()[1]) == (socket.IPPROTO_TCP, port_of(sockets))
        listener.close()
