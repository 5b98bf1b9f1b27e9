"""Runs of a server are recorded: told of after a restart, resumed after a death, never a reason not to serve."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowlang.journal import Journal, RunSummary
from flowlang.server.executions import Executions
from flowlang.server.history import History
from flowlang.server.hosting import Hosting
from flowlang.server.triggers import Triggers
from flowlang.testing.clock import run_virtually
from tests.server.conftest import Serve, Served
from tests.server.test_server import until

HOOKED = """
flow: Hooked
triggers:
  - webhook: {path: /hooks/order, wait: true, auth: {type: api_key, key: '${env.HOOK_KEY}'}}
inputs: [{name: order, required: false}]
steps: [{exit: {outputs: {order: '${inputs.order}'}}}]
"""
STEPS = """
flow: Steps
inputs: [{name: n, type: integer}, {name: key, secret: true, required: false}]
steps:
  - {task: Mark, id: first, inputs: {what: 'first ${inputs.n}'}}
  - {task: Hang, id: second}
  - {task: Mark, id: third, inputs: {what: 'third ${first.what}'}}
outputs: {said: '${third.what}'}
"""
STEP_TASKS = """
import asyncio
from pathlib import Path
from flowlang import TaskRegistry

HERE = Path(__file__).parent

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Mark")
    async def mark(what):
        with open(HERE / "effects", "a") as file:
            file.write(what + "\\n")
        return {"what": what}

    @registry.register("Hang")
    async def hang():
        if (HERE / "hanging").exists():
            (HERE / "reached").touch()
            await asyncio.Event().wait()

    return registry
"""


def recorded(folder: Path) -> list[RunSummary]:
    journal = Journal(folder)
    try:
        return journal.runs()
    finally:
        journal.close()


def stopped(served: Served) -> None:
    served.process.send_signal(signal.SIGTERM)
    served.process.wait(30)


def flowlang(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowlang", *words], cwd=folder, check=False, capture_output=True, text=True
    )


def told(lines: str) -> list[tuple[str, Any]]:
    parts = [dict(line.split(": ", 1) for line in one.split("\n")) for one in lines.strip().split("\n\n")]
    return [(part["event"], json.loads(part["data"])) for part in parts]


def test_each_run_is_recorded_under_the_id_that_the_client_is_told_and_says_who_asked(
    serve: Serve, tmp_path: Path
) -> None:
    served = serve(env={"HOOK_KEY": "k3y"})
    (tmp_path / "hooked.yaml").write_text(HOOKED)
    stopped(served)
    served = serve(env={"HOOK_KEY": "k3y"})
    called = served.execute(numbers=[1, 2]).json()["run_id"]
    hooked = served.client.post("/hooks/order", json={"order": 7}, headers={"X-API-Key": "k3y"}).json()["run_id"]
    origins = {run.run_id: run.origin and run.origin.how for run in recorded(tmp_path)}
    assert origins == {called: "api", hooked: "webhook"}
    shown = flowlang(tmp_path, "runs", "show", called, "--json")
    assert (json.loads(shown.stdout)["status"], json.loads(shown.stdout)["outputs"]["sum"]) == ("succeeded", 3)
    assert "webhook" in flowlang(tmp_path, "runs", "list").stdout
    (run,) = json.loads(flowlang(tmp_path, "runs", "list", "--origin", "api", "--json").stdout)
    assert (run["run_id"], run["origin"]["how"]) == (called, "api")


def test_a_server_that_was_started_anew_still_tells_of_the_runs_before(serve: Serve) -> None:
    served = serve()
    good = served.execute(numbers=[1, 2, 3]).json()
    bad = served.execute(numbers=[1, "x"]).json()
    wrong = served.execute(number=[1]).json()
    events = told(served.client.get(f"/executions/{good['run_id']}/events").text)
    stopped(served)
    served = serve()
    get = served.client.get
    assert [run["id"] for run in get("/executions").json()] == [one["run_id"] for one in (wrong, bad, good)]
    assert [run["id"] for run in get("/executions?status=succeeded").json()] == [good["run_id"]]
    assert [run["id"] for run in get("/executions?limit=2").json()] == [wrong["run_id"], bad["run_id"]]
    for before in (good, bad, wrong):
        run = get(f"/executions/{before['run_id']}").json()
        assert (run["status"], run["origin"]) == (before["status"], "api")
        alike = ("flow", "run_id", "success", "outputs", "error", "error_type", "reason")
        assert {name: run["result"][name] for name in alike} == {name: before[name] for name in alike}
        assert ("problems" in run["result"]) == ("problems" in before)
        assert [(step["id"], step["status"]) for step in run["result"]["steps"]] == [
            (step["id"], step["status"]) for step in before["steps"]
        ]
    again = told(get(f"/executions/{good['run_id']}/events").text)
    assert [name for name, _ in again] == [name for name, _ in events]
    assert again[-1][1]["outputs"] == good["outputs"]
    over = served.client.post(f"/executions/{good['run_id']}/cancel")
    assert (over.status_code, over.json()["detail"]) == (409, "the run is over: it succeeded")
    assert get("/executions/2026").status_code == 404, "a part of an id is no id"


def test_a_run_begun_on_the_command_line_is_told_of_too_and_one_of_another_flow_is_not(
    serve: Serve, tmp_path: Path
) -> None:
    served = serve()
    (tmp_path / "elsewhere.yaml").write_text("flow: Elsewhere\nsteps: [{task: Wait, inputs: {seconds: 0}}]\n")
    assert flowlang(tmp_path, "run", "flow.yaml", "--input", "numbers=[4]").returncode == 0
    assert flowlang(tmp_path, "run", "elsewhere.yaml").returncode == 0
    other, ours = (run.run_id for run in recorded(tmp_path))
    assert [(run["id"], run["origin"]) for run in served.client.get("/executions").json()] == [(ours, None)]
    assert served.client.get(f"/executions/{ours}").json()["result"]["outputs"]["sum"] == 4
    assert served.client.get(f"/executions/{other}").status_code == 404


def test_a_run_of_a_server_that_was_killed_is_interrupted_and_can_be_resumed(serve: Serve, tmp_path: Path) -> None:
    served = serve()
    stopped(served)
    (tmp_path / "flow.yaml").write_text(STEPS)
    (tmp_path / "flow.py").write_text(STEP_TASKS)
    (tmp_path / "unfinished.yaml").unlink()
    (tmp_path / "hanging").touch()
    served = serve()
    body = '{"inputs": {"n": 7}}'
    head = f"POST /flows/Steps/execute HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.client.base_url.port or 0)) as client:
        client.sendall((head + body).encode())
        until((tmp_path / "reached").exists)
        served.process.kill()
        served.process.wait()
    (tmp_path / "hanging").unlink()
    served = serve()
    (run,) = served.client.get("/executions").json()
    assert run["status"] == "interrupted"
    assert served.client.get(f"/executions/{run['id']}").json()["result"] is None
    refused = served.client.post(f"/executions/{run['id']}/cancel").json()["detail"]
    assert refused == "the run is over: it was interrupted"
    resumed = flowlang(tmp_path, "runs", "resume", run["id"], "--retry", "all", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert (tmp_path / "effects").read_text().split("\n") == ["first 7", "third first 7", ""]
    found = served.client.get(f"/executions/{run['id']}").json()
    assert (found["status"], found["result"]["outputs"]["said"]) == ("succeeded", "third first 7")


def test_many_runs_are_taken_into_the_database_while_the_server_goes_on(serve: Serve, tmp_path: Path) -> None:
    served = serve()
    ids = [served.execute(numbers=[number]).json()["run_id"] for number in range(40)]
    until(lambda: not list((tmp_path / ".flowlang" / "running").glob("*.spool")))
    assert [run.run_id for run in recorded(tmp_path)] == ids[::-1]
    stopped(served)
    assert not list((tmp_path / ".flowlang" / "running").iterdir())


LONG = """
flow: Long
steps:
  - {for_each: "${range(400)}", id: each, as: n, do: [{task: Add, id: sum, inputs: {numbers: ["${n}"]}}]}
  - {task: Wait, id: wait, inputs: {seconds: 600}}
"""


def test_whoever_comes_late_to_a_long_run_is_told_its_first_events_too(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text(LONG)
    served = serve()
    with ThreadPoolExecutor(1) as thread:
        calling = thread.submit(served.execute, "Long")
        until(lambda: any(run["events"] > 4 * 400 for run in served.client.get("/executions").json()))
        [run] = served.client.get("/executions").json()
        wanted = [*range(1, run["events"] + 1)]
        with served.client.stream("GET", f"/executions/{run['id']}/events") as answer:
            ids = (int(line.removeprefix("id: ")) for line in answer.iter_lines() if line.startswith("id: "))
            assert [next(ids) for _ in wanted] == wanted
        served.client.post(f"/executions/{run['id']}/cancel")
        assert calling.result().status_code == 409


def test_where_nothing_can_be_recorded_it_says_so_once_and_serves(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / ".flowlang").write_text("a file, where a folder belongs")
    served = serve()
    for number in range(5):
        assert served.execute(numbers=[number]).status_code == 200
    assert len(served.client.get("/executions").json()) == 5
    stopped(served)
    assert served.process.stderr is not None
    complaints = served.process.stderr.read()
    assert complaints.count("runs are not recorded") == 1
    assert complaints.count("no longer recorded") == 1


def test_without_a_journal_runs_are_remembered_for_a_while_only(serve: Serve, tmp_path: Path) -> None:
    served = serve("--no-journal")
    run = served.execute(numbers=[1]).json()["run_id"]
    assert served.client.get(f"/executions/{run}").json()["status"] == "succeeded"
    assert not (tmp_path / ".flowlang").exists()
    (tmp_path / "flowlang.yaml").write_text("journal: {enabled: false}\n")
    stopped(served)
    served = serve()
    served.execute(numbers=[1])
    assert not (tmp_path / ".flowlang").exists()
    assert served.client.get(f"/executions/{run}").status_code == 404


def test_secrets_of_requests_are_not_written_down(serve: Serve, tmp_path: Path) -> None:
    served = serve()
    run = served.execute(numbers=[1], password="quite-secret-7").json()["run_id"]
    stopped(served)
    kept = [path.read_bytes() for path in (tmp_path / ".flowlang").rglob("*") if path.is_file()]
    assert kept
    assert all(b"quite-secret-7" not in content for content in kept)
    shown = flowlang(tmp_path, "runs", "show", run, "--json")
    assert json.loads(shown.stdout)["masked_inputs"] == ["password"]


def test_runs_of_a_schedule_are_recorded_as_such_with_the_time_that_was_due(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "flow.yaml").write_text(
        "flow: Daily\ntriggers: [{schedule: {cron: '30 6 * * *'}}]\nsteps: [{exit: {outputs: {all: done}}}]\n"
    )
    hosting = Hosting(tmp_path)
    hosting.load()
    history = History(hosting)
    executions = Executions(100, history=history)

    async def two_days() -> None:
        loop = asyncio.get_running_loop()
        begin = datetime(2026, 1, 1, tzinfo=UTC).timestamp() - loop.time()
        triggers = Triggers(hosting, executions, lambda: begin + loop.time())
        triggers.load()
        keeping = asyncio.ensure_future(triggers.keep_time())
        await asyncio.sleep(2 * 86400)
        keeping.cancel()

    run_virtually(two_days())
    asyncio.run(history.close())
    runs = recorded(tmp_path)
    assert [run.origin and run.origin.how for run in runs] == ["schedule", "schedule"]
    assert sorted(run.inputs["_schedule"]["due"] for run in runs) == [
        f"2026-01-0{day}T06:30:00+00:00" for day in (1, 2)
    ]
