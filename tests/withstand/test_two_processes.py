"""Processes that share a project: each records, looks and prunes, and no run is lost, doubled or done twice."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

from flowlang.journal import Journal, RunQuery
from tests.journal.projects import Project

ROOT = Path(__file__).parents[2]
LONG = "FLOWLANG_TEST_LONG" in os.environ
RUNS = 200 if LONG else 25

#: Waits for its input's end, so that all begin at once.
PROGRAM = """
import asyncio, sys
from pathlib import Path
from flowlang import FlowExecutor
from flowlang.journal import Journal, RunQuery

root, name, runs = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

async def main():
    journal, executor = Journal(root), FlowExecutor()
    for number in range(runs):
        recorder = journal.recorder()
        flow = f"flow: {name}\\nsteps: [{{if: true, id: a, then: [{{exit: {{}}}}]}}]"
        result = await executor.execute_flow(flow, run_id=f"{name}-{number}", recorder=recorder)
        assert result.success and recorder.problem is None, (result.error, recorder.problem)
        assert name + f"-{number}" in {run.run_id for run in journal.runs(RunQuery(limit=20))}
        if number % 5 == 4:
            journal.prune(keep=10_000)
            journal.delete(f"{name}-{number}")

sys.stdin.read()
asyncio.run(main())
"""


def at_once(commands: list[list[str]]) -> list[int]:
    """Start processes, let them go at the same moment, and wait for their ends."""
    started = [subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) for command in commands]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
    return [process.wait(250) for process in started]


def test_runs_of_several_processes_are_all_in_the_journal_once(tmp_path: Path) -> None:
    names = ("left", "right", "third")
    assert at_once([[sys.executable, "-c", PROGRAM, str(tmp_path), name, str(RUNS)] for name in names]) == [0, 0, 0]
    journal = Journal(tmp_path)
    found = journal.runs(RunQuery(limit=None))
    assert Counter(run.flow for run in found) == dict.fromkeys(names, RUNS - RUNS // 5)
    assert len({run.run_id for run in found}) == len(found)
    assert {(run.status, run.steps, run.gap) for run in found} == {("terminated", 2, None)}
    assert list((tmp_path / ".flowlang" / "running").iterdir()) == []
    journal.close()
    with closing(sqlite3.connect(tmp_path / ".flowlang" / "runs.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_of_processes_that_go_on_with_a_run_at_once_one_does(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("- Do: {id: a, what: a}\n- Try: {id: b, what: b}\n- Do: {id: c, what: c}")
    for _ in range(10 if LONG else 1):
        run_id = project.kill_at("step_completed", "a")
        project.effects()
        resume = [sys.executable, "-m", "flowlang", "runs", "resume", run_id, "--project", str(tmp_path), "--quiet"]
        codes = at_once([resume] * 2)
        assert sorted(code != 0 for code in codes) == [False, True]
        assert project.effects() == ["b", "c"]
        assert project.journal.run(run_id).summary.status == "succeeded"
    assert list((tmp_path / ".flowlang").glob("*.resuming")) == []
