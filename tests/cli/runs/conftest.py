"""A project with recorded runs, which is the current folder, and the commands about them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from flowlang.cli import main
from tests.cli.runs.commands import ORDERS, Command, Ran
from tests.journal.projects import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a flow of three steps, of which one can be made to fail."""
    folder = tmp_path / "my project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Project(folder)
    made.write(ORDERS)
    return made


@pytest.fixture
def flowlang(project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Calls `flowlang` in the project's folder."""

    def call(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capfd.readouterr()
        code = main(list(words))
        return Ran(code, *capfd.readouterr())

    return call


@pytest.fixture
def failed(project: Project, flowlang: Command) -> str:
    """The id of a run that succeeded in its first step and failed in the second, which would succeed now."""
    project.break_()
    assert flowlang("run", "main.yaml", "--input", "day=monday").code == 1
    project.mend()
    project.effects()
    return str(flowlang("runs", "list", "--json").json[0]["run_id"])
