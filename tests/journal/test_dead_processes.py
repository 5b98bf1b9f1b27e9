"""What a killed process had written is kept, and nobody takes its run for one that still runs."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowlang import Journal, RunSummary
from flowlang.journal import lease
from flowlang.journal.spool import written_lines
from tests.journal.conftest import Recorded

ROOT = Path(__file__).parent.parent.parent

#: Runs a flow again and again, each time in a process that kills itself one event later than the one before.
CHILD = """
import asyncio, json, os, signal, sys
from pathlib import Path
from flowlang import FlowExecutor, Journal, TaskRegistry

registry = TaskRegistry()

@registry.register("Count")
async def count(n: int) -> dict[str, int]:
    return {"n": n}

flow = '''
flow: Killed
steps:
  - Count: {id: first, n: 1}
  - for_each: [1, 2, 3]
    id: each
    as: number
    do: [{Count: {id: inner, n: '${number}'}}]
  - Count: {id: last, n: 4}
'''

def run(root, at):
    told = 0

    def listen(event):
        nonlocal told
        told += 1
        with open(root / "told.jsonl", "a") as file:
            print(json.dumps({"type": event["type"], "path": event.get("path")}), file=file)
        if told == at:
            os.kill(os.getpid(), signal.SIGKILL)

    recorder = Journal(root).recorder()
    asyncio.run(FlowExecutor(registry, folder=root).execute_flow(flow, event_callback=listen, recorder=recorder))

for at in range(1, 100):
    root = Path(sys.argv[1], str(at))
    root.mkdir()
    child = os.fork()
    if not child:
        run(root, at)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, list[dict[str, Any]]]]:
    """A project for each event of the run at which its process was killed, and what it had told before."""
    folder = tmp_path_factory.mktemp("killed")
    subprocess.run([sys.executable, "-c", CHILD, str(folder)], check=True, cwd=ROOT, timeout=60)
    roots = sorted(folder.iterdir(), key=lambda root: int(root.name))
    return [(root, [json.loads(line) for line in (root / "told.jsonl").read_text().splitlines()]) for root in roots]


def test_a_kill_at_every_event_loses_no_step_that_had_ended(kills: list[tuple[Path, list[dict[str, Any]]]]) -> None:
    assert len(kills) > 15
    for folder, told in kills:
        journal = Journal(folder)
        [run] = journal.runs()
        steps = journal.run(run.run_id).steps()
        ended = {event["path"] for event in told if event["type"] == "step_completed"}
        started = {event["path"] for event in told if event["type"] == "step_started"}
        over = told[-1]["type"] == "flow_completed"
        assert run.status == ("succeeded" if over else "interrupted")
        assert {step.path for step in steps if step.status == "succeeded"} == ended
        assert {step.path for step in steps if step.status == "unknown"} == started - ended
        assert run.has_unknown == bool(started - ended - {"each"})
        kept = [event["type"] for event in journal.run(run.run_id).events()]
        unwritten = [event["type"] for event in told[len(kept) :]]
        assert kept == [event["type"] for event in told[: len(kept)]]
        assert all(kind.startswith("iteration_") for kind in unwritten)
        assert list((folder / ".flowlang" / "running").iterdir()) == []
        journal.close()


def dead_process() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def list_twice_at_once(folder: Path) -> list[int]:
    """Look at the runs of a project from two processes; how these ended."""
    code = "import sys; from pathlib import Path; from flowlang import Journal; Journal(Path(sys.argv[1])).runs()"
    both = [subprocess.Popen([sys.executable, "-c", code, str(folder)], cwd=ROOT) for _ in range(2)]
    return [process.wait(60) for process in both]


async def spooled(project: Recorded) -> Path:
    """The file of a run that is over, which nobody took in yet; it ends with its last line."""
    await project.run()
    [path] = (project.folder / ".flowlang" / "running").iterdir()
    path.write_bytes(written_lines(path.read_bytes()))
    return path


async def test_a_torn_line_and_what_comes_after_it_never_were(project: Recorded) -> None:
    path = await spooled(project)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in (1, 5, len(lines[-2]) - 1):
        torn = b"".join(lines[:-2]) + lines[-2][:cut]
        path.write_bytes(torn + b"\0" * 100)
        assert written_lines(path.read_bytes()) == b"".join(lines[:-2])
    path.write_bytes(torn + b"\0\0\n" + b"\0" * 100)  # its end had been written before its middle
    [run] = project.journal.runs()
    assert run.status == "interrupted"


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"no json\n", b'["h",{"version":0}]\n', b'["h",{}]\n'])
async def test_a_file_that_is_no_record_is_set_aside(project: Recorded, content: bytes) -> None:
    path = await spooled(project)
    path.write_bytes(content)
    assert project.journal.runs() == []
    assert path.with_suffix(".broken").read_bytes() == content


async def test_a_file_of_a_later_version_waits_for_that(project: Recorded) -> None:
    path = await spooled(project)
    content = path.read_bytes().replace(b'"version":1', b'"version":99', 1)
    path.write_bytes(content)
    assert project.journal.runs() == []
    assert path.read_bytes() == content


async def test_a_kill_between_the_commit_and_the_end_of_the_file_changes_nothing(project: Recorded) -> None:
    path = await spooled(project)
    content = path.read_bytes()
    [first] = project.journal.runs()
    path.write_bytes(content)
    assert project.journal.runs() == [first]
    assert not path.exists()


async def test_a_locked_file_is_of_a_living_process(project: Recorded) -> None:
    path = await spooled(project)
    header, _, rest = path.read_bytes().partition(b"\n")
    without_end = rest.rpartition(b'["e"')[0]
    path.write_bytes(header + b"\n" + without_end)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        [run] = project.journal.runs()
        assert run.status == "running"
    [run] = project.journal.runs()
    assert run.status == "interrupted"


async def test_a_child_that_inherited_the_lock_keeps_no_dead_run_alive(project: Recorded) -> None:
    path = await spooled(project)
    header, _, rest = path.read_bytes().partition(b"\n")
    [letter, words] = json.loads(header)
    words["pid"] = dead_process()
    path.write_bytes(json.dumps([letter, words]).encode() + b"\n" + rest.rpartition(b'["e"')[0])
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        [run] = project.journal.runs()
        assert run.status == "interrupted"


@pytest.mark.parametrize(
    ("change", "alive"),
    [
        ({}, True),
        ({"born": "1"}, False),
        ({"pid": 2**22 + 1}, False),
        ({"boot": "another"}, True),
        ({"host": "another"}, True),
        ({"space": "another"}, True),
        ({"pid": "x"}, True),
    ],
)
def test_an_owner_is_known_by_its_process_where_that_can_be_known(change: dict[str, Any], alive: bool) -> None:
    assert lease.is_alive(lease.this_process() | change) is alive


async def test_two_processes_take_over_at_once(project: Recorded) -> None:
    for _ in range(8):
        await project.run()
    assert list_twice_at_once(project.folder) == [0, 0]
    assert len({run.run_id for run in project.journal.runs()}) == 8


async def test_a_clock_that_jumps_makes_nobody_dead_or_alive(project: Recorded) -> None:
    path = await spooled(project)
    path.write_bytes(path.read_bytes().rpartition(b'["e"')[0])
    os.utime(path, (0, 0))
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.utime(path, (2**31, 2**31))
        assert [run.status for run in project.journal.runs()] == ["running"]
    assert [run.status for run in project.journal.runs()] == ["interrupted"]


async def test_drafts_of_dead_processes_are_removed(project: Recorded) -> None:
    path = await spooled(project)
    old, new = path.with_name("a.new"), path.with_name("b.new")
    for draft in (old, new):
        draft.touch()
    os.utime(old, (0, 0))
    found: list[RunSummary] = project.journal.runs()
    assert len(found) == 1
    assert (old.exists(), new.exists()) == (False, True)
