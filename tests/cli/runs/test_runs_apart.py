"""Runs of a folder that is no project are kept apart from it, and found again from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowlang.debugger import Breakpoint, Breakpoints
from flowlang.journal.homes import home_of, journal_of

HELLO = "flow: Hello\nsteps: [{exit: {reason: enough}}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "no project"
    folder.mkdir()
    (folder / "hello.yaml").write_text(HELLO)
    return folder


def flowlang(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "flowlang", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_runs_of_a_folder_that_is_no_project_are_recorded_and_it_stays_none(folder: Path) -> None:
    flowlang(folder, "run", "hello.yaml")
    (run,) = json.loads(flowlang(folder, "runs", "list", "--json"))
    assert (run["flow"], run["status"]) == ("Hello", "terminated")
    assert os.listdir(folder) == ["hello.yaml"]


def test_breakpoints_are_kept_where_the_runs_are(folder: Path) -> None:
    Breakpoints(folder).add(Breakpoint("exit", flow="hello.yaml"))
    assert os.listdir(folder) == ["hello.yaml"]
    assert len(Breakpoints(folder)) == 1
    assert home_of(folder).is_relative_to(folder.parent / "state")


def test_the_runs_stay_when_the_folder_becomes_a_project(folder: Path) -> None:
    flowlang(folder, "run", "hello.yaml")
    (folder / ".flowlang").mkdir()
    assert [run.flow for run in journal_of(folder).runs()] == ["Hello"]
    flowlang(folder, "run", "hello.yaml")
    assert len(journal_of(folder).runs()) == 2


@pytest.mark.parametrize("mark", ["pyproject.toml", "flowlang.yaml"])
def test_a_checkout_or_project_has_its_runs_inside_where_version_control_passes_over_them(
    folder: Path, mark: str
) -> None:
    (folder / mark).touch()
    flowlang(folder, "run", "hello.yaml")
    assert home_of(folder) == folder / ".flowlang"
    assert (folder / ".flowlang" / ".gitignore").read_text() == "*\n"
    assert len(journal_of(folder).runs()) == 1
