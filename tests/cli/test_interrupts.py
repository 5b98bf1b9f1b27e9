from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, write

TASKS = """\
import asyncio
import threading
from pathlib import Path

from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Wait")
    async def wait():
        await asyncio.Event().wait()

    @registry.register("Block")
    def block():
        threading.Event().wait()

    @registry.register("Mark")
    def mark(name: str):
        Path(name).touch()

    return registry
"""


@contextmanager
def running(project: Path, flow: str, step: str) -> Iterator[subprocess.Popen[str]]:
    """The flow in a process of its own, from the moment when `step` has started."""
    write(project / "flow.py", TASKS)
    write(project / "flow.yaml", flow)
    command = [sys.executable, "-m", "flowlang", "run", ".", "--output", "events"]
    with subprocess.Popen(
        command, cwd=project, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_for(process, step)
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], step: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "step_started" and event["step_id"] == step:
            return
    raise AssertionError(f"{step} never started: {process.stderr.read() if process.stderr else ''}")


FLOW = """\
flow: long
steps:
  - {task: Wait, id: wait}
on_cancel:
  - {task: Mark, inputs: {name: cancelled}}
finally:
  - {task: Mark, inputs: {name: finished}}
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_cleans_up_and_ends_with_130(project: Path, number: signal.Signals) -> None:
    with running(project, FLOW, "wait") as process:
        process.send_signal(number)
        out, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert (project / "cancelled").exists()
    assert (project / "finished").exists()
    assert json.loads(out.splitlines()[-1])["type"] == "flow_cancelled"
    assert "Stopping" in said
    assert "Traceback" not in said


def test_a_second_signal_ends_it_at_once(project: Path) -> None:
    flow = FLOW.replace("{task: Mark, inputs: {name: cancelled}}", "{task: Wait, id: cleaning}")
    with running(project, flow, "wait") as process:
        process.send_signal(signal.SIGINT)
        wait_for(process, "cleaning")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert not (project / "finished").exists()


def test_a_blocked_thread_does_not_keep_the_process(project: Path) -> None:
    with running(project, FLOW.replace("task: Wait", "task: Block"), "wait") as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert (project / "finished").exists()
