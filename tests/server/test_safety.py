"""What a server doesn't do for pages of other sites, and what it says to what no flow can be run with."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from flowlang.errors import ConfigurationError
from flowlang.server import application
from tests.server.conftest import Serve, Served, project

RUN = {"inputs": {"numbers": [1]}}


def url_of(server: Served) -> str:
    return server.url.replace("http", "ws") + "/flows/Sums/live"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_starts_nothing(server: Served, headers: dict[str, str]) -> None:
    for path in ("/flows/Sums/execute", "/flows/Sums/execute/stream", "/executions/x/cancel"):
        answer = server.client.post(path, json=RUN, headers={**headers, "Content-Type": "text/plain"})
        assert (answer.status_code, answer.json()["detail"].split()[4]) == (403, "another")
    with pytest.raises(InvalidStatus), connect(url_of(server), origin=Origin("http://evil.example")):
        pass


def test_a_page_of_its_own_and_one_behind_a_proxy_may_call(server: Served) -> None:
    proxied = {"Origin": "https://flows.example", "X-Forwarded-Host": "flows.example"}
    for headers in ({"Origin": server.url}, {"Sec-Fetch-Site": "same-origin"}, proxied):
        assert server.client.post("/flows/Sums/execute", json=RUN, headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "[::"])
def test_a_name_that_leads_here_is_not_answered_without_a_token(server: Served, host: str) -> None:
    answer = server.client.get("/executions", headers={"Host": host})
    assert answer.status_code == 403
    assert "FLOWLANG_SERVER_TOKEN" in answer.json()["detail"]
    assert server.client.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8000", "flows.localhost"])
def test_names_of_this_machine_are_answered(server: Served, host: str) -> None:
    assert server.client.get("/flows", headers={"Host": host}).status_code == 200


def test_a_browser_gives_the_token_as_a_password(serve: Serve) -> None:
    served = serve(env={"FLOWLANG_SERVER_TOKEN": "open-sesame"})
    refused = served.client.get("/flows/Sums/graph")
    assert refused.status_code == 401
    assert any(one.startswith("Basic ") for one in refused.headers.get_list("www-authenticate"))
    assert served.client.get("/flows/Sums/graph", auth=("", "open-sesame")).status_code == 200
    assert served.client.get("/flows/Sums/graph", auth=("", "open-sesam")).status_code == 401
    for wrong in ("Basic", "Basic !", "Basic b3Blbg==", "open-sesame", "Digest open-sesame"):
        assert served.client.get("/flows", headers={"Authorization": wrong}).status_code == 401
    named = {"Authorization": "Bearer open-sesame", "Host": "flows.example"}
    assert served.client.get("/flows", headers=named).status_code == 200
    from_elsewhere = {**named, "Origin": "http://evil.example"}
    assert served.client.post("/flows/Sums/execute", json=RUN, headers=from_elsewhere).status_code == 403


@pytest.mark.parametrize(
    ("message", "status", "said"),
    [
        ("[", 400, "no JSON"),
        ("[" * 200_000, 400, "nests too deep"),
        ('{"inputs": {"numbers": [%s]}}' % ("1" * 5000), 400, "too many digits"),
        ('{"inputs": {"numbers": [NaN]}}', 400, "no number NaN"),
        ('{"input": {}}', 422, "the inputs are under `inputs`"),
        ('"inputs"', 422, "a JSON object"),
        (b"\xff\xfe", 400, "the body is no"),
    ],
)
def test_what_is_wrong_is_told_over_both_ways(server: Served, message: str | bytes, status: int, said: str) -> None:
    answer = server.client.post("/flows/Sums/execute", content=message)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True)
    with connect(url_of(server)) as socket:
        socket.send(message)
        told = json.loads(socket.recv())
    assert (told["type"], told["status"], said in told["detail"]) == ("refused", status, True)


def test_a_message_that_is_none_ends_no_run(server: Served) -> None:
    with connect(url_of(server)) as socket:
        socket.send(json.dumps({"inputs": {"numbers": [], "wait": 600}}))
        for wrong in ("[", '{"stop": true}', b"\x00"):
            socket.send(wrong)
            while (told := json.loads(socket.recv()))["type"] != "refused":
                pass
            assert told["status"] in (400, 422)
        socket.send('{"cancel": true}')
        assert [json.loads(message) for message in socket][-1]["result"]["status"] == "cancelled"


def test_half_a_surrogate_pair_comes_back_as_it_was(server: Served) -> None:
    body = b'{"inputs": {"numbers": [1], "password": "\\ud800"}}'
    answer = server.client.post("/flows/Sums/execute", content=body)
    assert answer.json()["outputs"]["said"] == "••••"
    names = server.client.post("/flows/Sums/execute", content=b'{"inputs": {"\\ud800": 1}}')
    assert (names.status_code, "\ud800" in names.json()["error"]["message"]) == (422, True)
    streamed = server.client.post("/flows/Sums/execute/stream", content=b'{"inputs": {"\\ud800": 1}}')
    assert "event: end" in streamed.text


def test_head_is_answered_as_get_without_a_body(server: Served) -> None:
    for path in ("/", "/health", "/flows", "/flows/Sums/graph"):
        got, head = server.client.get(path), server.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(got.content))
    assert server.client.head("/nothing").status_code == 404


def test_what_is_not_there_and_what_is_asked_otherwise_are_told_apart(server: Served) -> None:
    def told(answer: httpx.Response) -> tuple[int, list[str]]:
        return answer.status_code, answer.json()["problems"]

    assert told(server.client.get("/nothing")) == (404, ["there is nothing at /nothing"])
    assert told(server.client.delete("/flows")) == (405, ["/flows does not answer to DELETE"])
    assert server.client.delete("/flows").headers["Allow"] == "GET"
    status, problems = told(server.client.get("/executions?status=done&limit=many"))
    assert (status, len(problems)) == (422, 2)


@pytest.mark.parametrize(("address", "status"), [("10.0.0.7", 403), ("[2001:db8::1]", 403), ("127.0.0.1", 200)])
async def test_an_application_that_others_reach_answers_nobody_without_a_token(
    tmp_path: Path, address: str, status: int
) -> None:
    asked = httpx.ASGITransport(application(project(tmp_path), journal=False))
    async with httpx.AsyncClient(transport=asked, base_url=f"http://{address}:8000") as client:
        assert (await client.get("/flows")).status_code == status
        assert (await client.get("/health")).status_code == 200
    asked = httpx.ASGITransport(application(tmp_path, journal=False, token="open-sesame"))
    async with httpx.AsyncClient(transport=asked, base_url=f"http://{address}:8000") as client:
        assert (await client.get("/flows")).status_code == 401
        assert (await client.get("/flows", auth=("", "open-sesame"))).status_code == 200


def test_an_empty_token_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the token of the server is empty"):
        application(project(tmp_path), token=" ")
