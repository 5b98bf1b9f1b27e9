from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ENVIRONMENT, write

TERMINAL = ENVIRONMENT | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}

FLOW = """\
flow: looping
steps:
  - for_each: ${range(3)}
    id: rounds
    do:
      - {task: Show, id: show}
"""
TASKS = """\
import asyncio
import time

from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Show")
    async def show():
        print("printed by the task")
        await asyncio.sleep(0.2)

    return registry
"""


def on_terminal(project: Path, *arguments: str, stdout: bool) -> tuple[str, str, int]:
    """Run on a terminal; what it showed, what went to stdout where that is no terminal, and the exit code."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "flowlang", "run", ".", *arguments]
    with subprocess.Popen(
        command, cwd=project, env=TERMINAL, stdout=slave if stdout else subprocess.PIPE, stderr=slave
    ) as process:
        os.close(slave)
        shown = b""
        try:
            while chunk := os.read(master, 65536):
                shown += chunk
        # how Linux says that the other end is closed
        except OSError:
            pass
        os.close(master)
        out = process.stdout.read() if process.stdout is not None else b""
    return shown.decode(), out.decode(), process.returncode


def test_on_a_terminal_the_run_is_shown_live_and_stdout_has_only_the_result(project: Path) -> None:
    write(project / "flow.py", TASKS)
    write(project / "flow.yaml", FLOW)
    shown, out, code = on_terminal(project, stdout=False)
    assert code == 0
    assert json.loads(out)["success"] is True
    for part in ("looping", "rounds", "show", "1 of 3", "done", "printed by the task"):
        assert part in shown


def test_quiet_shows_nothing(project: Path) -> None:
    write(project / "flow.yaml", "flow: quiet\nsteps: [exit]\n")
    shown, out, _ = on_terminal(project, "--quiet", stdout=False)
    assert shown == ""
    assert json.loads(out)["status"] == "terminated"


def test_on_a_terminal_the_result_is_text(project: Path) -> None:
    write(project / "flow.yaml", "flow: shown\nsteps: [exit: {outputs: {answer: 42}}]\n")
    shown, _, _ = on_terminal(project, stdout=True)
    assert "answer: 42" in shown
    assert "ended early" in shown


def test_names_and_values_cannot_steer_the_terminal(project: Path) -> None:
    write(
        project / "flow.yaml", 'flow: evil\nsteps: [exit: {reason: "\\e]0;owned\\a", outputs: {"\\e[2J": "\\e[2J"}}]\n'
    )
    shown, _, _ = on_terminal(project, stdout=True)
    assert "␛[2J: ␛[2J" in shown
    assert "\x1b]0;" not in shown
    assert "\x1b[2J" not in shown


def test_a_dumb_terminal_gets_plain_lines(project: Path) -> None:
    write(project / "flow.yaml", "flow: plain\nsteps: [exit]\n")
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "flowlang", "run", "."]
    subprocess.run(command, cwd=project, env=TERMINAL | {"TERM": "dumb"}, stdout=slave, stderr=slave, check=True)
    os.close(slave)
    assert b"\x1b" not in os.read(master, 65536)
    os.close(master)
