"""`flowlang runs prune`, `pin`, `unpin`, `export` and `import`: which runs stay, and how they travel."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.cli.runs.commands import Command
from tests.journal.projects import Project


def ids(flowlang: Command) -> list[str]:
    return [run["run_id"] for run in flowlang("runs", "list", "--json").json]


def test_prune_keeps_the_latest_and_those_that_are_pinned(flowlang: Command, failed: str) -> None:
    flowlang("run", "main.yaml")
    flowlang("run", "main.yaml")
    newest, middle, oldest = ids(flowlang)
    assert flowlang("runs", "pin", failed).code == 0
    assert "pinned" in flowlang("runs", "list").out
    ran = flowlang("runs", "prune", "--keep", "1", "--dry-run")
    assert ran.out.startswith("would forget 1 run\n")
    assert middle.rpartition("-")[2] in ran.out
    assert len(ids(flowlang)) == 3
    assert [run["run_id"] for run in flowlang("runs", "prune", "--keep", "1", "--json").json["forgotten"]] == [middle]
    assert ids(flowlang) == [newest, oldest]
    flowlang("runs", "unpin", oldest)
    assert flowlang("runs", "prune", "--keep", "1").out == "forgot 1 run\n"
    assert flowlang("runs", "prune", "--older-than", "30d").out == "forgot nothing\n"


@pytest.mark.parametrize("options", [("--keep", "-1"), ("--keep", "few"), ("--older-than", "long")])
def test_a_prune_that_makes_no_sense_is_refused(flowlang: Command, failed: str, options: tuple[str, str]) -> None:
    assert flowlang("runs", "prune", *options).code == 2
    assert ids(flowlang) == [failed]


def test_a_run_travels_as_a_file(
    flowlang: Command, project: Project, failed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = flowlang("runs", "export", "last", "../failed.zip")
    assert ran.code == 0
    assert zipfile.is_zipfile(tmp_path / "failed.zip")
    there = tmp_path / "there"
    (there / ".flowlang").mkdir(parents=True)
    monkeypatch.chdir(there)
    ran = flowlang("runs", "import", "../failed.zip", "--json")
    assert ran.code == 0
    shown = flowlang("runs", "show", ran.json["run_id"]).out
    assert "imported from" in shown
    assert "FlowExecutionError: ship 1 is broken" in shown


def test_a_folder_that_is_not_there_is_told_by_its_name(flowlang: Command, failed: str) -> None:
    ran = flowlang("runs", "export", failed, "nowhere/run.zip")
    assert (ran.code, "nowhere/run.zip: there is no such folder" in ran.err) == (2, True)


def test_files_that_cannot_be_read_or_written_are_told(flowlang: Command, project: Project, failed: str) -> None:
    for words in (
        ["export", "last", "nowhere/failed.zip"],
        ["export", "last", "."],
        ["import", "nowhere.zip"],
        ["import", "main.yaml"],
    ):
        ran = flowlang("runs", *words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("flowlang runs: ")
        assert "Traceback" not in ran.err


def test_a_journal_of_a_later_version_is_left_alone_and_told(flowlang: Command, project: Project, failed: str) -> None:
    import sqlite3
    from contextlib import closing

    path = project.root / ".flowlang" / "runs.db"
    ids(flowlang)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 9999")
    before = path.read_bytes()
    ran = flowlang("runs", "list")
    assert (ran.code, ran.out) == (2, "")
    assert "later version" in ran.err
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["list", "show", "diff", "resume", "rerun", "export", "import", "prune", "pin"])
def test_each_command_explains_itself(flowlang: Command, command: str) -> None:
    ran = flowlang("runs", command, "--help")
    assert ran.code == 0
    assert f"example:\n  flowlang runs {command}" in ran.out
    assert "--json" in ran.out
