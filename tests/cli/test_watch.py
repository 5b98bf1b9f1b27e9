"""`flowlang watch`: what is told of each run, what isn't as before, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from flowlang.journal import Journal

FLOW = """flow: Greeting
inputs: [{name: name, default: you}]
steps:
  - if: ${inputs.name == 'nobody'}
    id: empty
    then: [{exit: {status: failure, reason: there is nobody}}]
outputs: {text: 'Hello ${inputs.name}'}
"""


class Program:
    """`flowlang watch` in a process of its own, and the lines that it printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "flowlang", "watch", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "NO_COLOR": "1"},
        )
        self._lines: Queue[str] = Queue()
        self.seen: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def until(self, text: str) -> list[str]:
        """The lines up to the first that has `text` in it."""
        got: list[str] = []
        while not got or text not in got[-1]:
            try:
                got.append(self._lines.get(timeout=20))
            except Empty:
                raise AssertionError(f"no line has {text!r} in it: {self.seen + got}") from None
        self.seen += got
        return got

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "flow.yaml").write_text(FLOW)
    return tmp_path


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    started: list[Program] = []
    yield started
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
        program.process.wait()
        assert program.process.stdout is not None
        program.process.stdout.close()


def test_it_tells_results_changes_failures_and_mistakes(folder: Path, programs: list[Program]) -> None:
    inputs = folder / "my inputs.json"
    inputs.write_text('{"name": "Ada"}')
    programs.append(program := Program(folder, "flow.yaml", "--test-inputs", inputs.name))
    assert "  text: Hello Ada" in program.until("waiting")
    inputs.write_text('{"name": "Grace"}')
    told = program.until("waiting")
    assert "── my inputs.json changed" in told
    assert '  ~ text: "Hello Ada" → "Hello Grace"' in told
    inputs.write_text('{"name": "nobody"}')
    told = program.until("waiting")
    assert any("there is nobody" in line for line in told)
    assert not any("Greeting succeeded" in line for line in told)
    (folder / "flow.yaml").write_text(FLOW.replace("if:", "iff:"))
    told = program.until("waiting")
    assert any("did you mean `if`" in line for line in told)
    inputs.write_text('{"name": }')
    told = program.until("waiting")
    (folder / "flow.yaml").write_text(FLOW)
    assert any("this is not JSON" in line for line in program.until("waiting"))
    inputs.write_text('{"name": "Mary"}')
    assert "  text: Hello Mary" in program.until("waiting")
    assert program.end() == 0


def test_a_command_runs_after_each_success_and_its_failure_is_told(folder: Path, programs: list[Program]) -> None:
    programs.append(program := Program(folder, "flow.yaml", "--on-success", "echo done; exit 3"))
    program.until("ended with code 3")
    assert "done" in program.seen
    assert program.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 0), (("--input", "name=nobody"), 1), (("--on-success", "exit 4"), 4)]
)
def test_once_ends_with_the_exit_code_of_the_run(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    command = [sys.executable, "-m", "flowlang", "watch", "flow.yaml", "--once", *arguments]
    assert subprocess.run(command, cwd=folder, capture_output=True, timeout=30).returncode == code


def test_once_with_a_mistake_in_the_flow_ends_with_two(folder: Path) -> None:
    (folder / "flow.yaml").write_text("flow: F\nsteps: [{task: Nobody}]\n")
    command = [sys.executable, "-m", "flowlang", "watch", "flow.yaml", "--once"]
    assert subprocess.run(command, cwd=folder, capture_output=True, timeout=30).returncode == 2


@pytest.mark.parametrize("arguments", [("--watch", "flow.yaml"), ("--watch", "--plain", ".")])
def test_the_workbench_watches_in_lines_where_there_is_no_screen(folder: Path, arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "flowlang_tui", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if "waiting" in line:
                program.send_signal(signal.SIGINT)
        assert program.wait(20) == 0


def test_each_run_is_recorded_and_that_starts_no_other(folder: Path, programs: list[Program]) -> None:
    programs.append(program := Program(folder, "flow.yaml", "--input", "name=Ada"))
    program.until("waiting")
    (folder / "flow.yaml").write_text(FLOW.replace("Hello", "Goodbye"))
    program.until("waiting")
    assert program.end() == 0
    journal = Journal(folder)
    texts = [journal.run(run.run_id).outputs for run in journal.runs()]
    journal.close()
    assert texts == [{"text": "Goodbye Ada"}, {"text": "Hello Ada"}]


def test_without_a_journal_nothing_is_recorded(folder: Path, programs: list[Program]) -> None:
    programs.append(program := Program(folder, "flow.yaml", "--once", "--no-journal"))
    assert program.process.wait(20) == 0
    assert not (folder / ".flowlang").exists()
