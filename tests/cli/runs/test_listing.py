"""`flowlang runs list`: finding runs."""

from __future__ import annotations

import pytest

from tests.cli.runs.commands import Command
from tests.journal.projects import Project


def test_without_any_run_the_way_to_one_is_told(flowlang: Command, project: Project) -> None:
    ran = flowlang("runs", "list")
    assert ran.code == 0
    assert "no run is recorded" in ran.out
    assert "flowlang run FLOW" in ran.out
    assert flowlang("runs", "list", "--json").json == []
    assert not (project.root / ".flowlang").exists()


def test_each_run_is_a_line_with_what_failed(flowlang: Command, failed: str) -> None:
    flowlang("run", "main.yaml")
    ran = flowlang("runs", "list")
    title, good, bad = ran.lines
    assert title[:4] == ["run", "started", "flow", "status"]
    assert good[3:5] == ["main", "succeeded"]
    assert bad[0] == failed.rpartition("-")[2]
    assert bad[3:5] == ["main", "failed"]
    assert "each[0]/ship: ship 1 is broken" in ran.out


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--status", "failed"), 1),
        (("--flow", "main"), 2),
        (("--flow", "main.yaml"), 2),
        (("--flow", "other"), 0),
        (("--step", "last"), 1),
        (("--step", "each/ship"), 2),
        (("--text", "ship 1 is broken"), 1),
        (("--input", "day=monday"), 1),
        (("--input", "day=sunday"), 0),
        (("--since", "1h"), 2),
        (("--since", "2999-01-01"), 0),
        (("--until", "yesterday"), 0),
        (("--longer", "0.1ms"), 2),
        (("--longer", "2h"), 0),
        (("--limit", "1"), 1),
        (("--limit", "0"), 2),
        (("--pinned",), 0),
        (("--origin", "rerun"), 0),
    ],
)
def test_conditions(flowlang: Command, failed: str, options: tuple[str, ...], count: int) -> None:
    flowlang("run", "main.yaml")
    ran = flowlang("runs", "list", "--json", *options)
    assert (ran.code, len(ran.json)) == (0, count)


def test_what_is_left_out_is_said(flowlang: Command, failed: str) -> None:
    flowlang("run", "main.yaml")
    assert "… and 1 more; `--limit 2` shows them all" in flowlang("runs", "list", "--limit", "1").out
    assert "no run meets all of these conditions" in flowlang("runs", "list", "--text", "nowhere").out


@pytest.mark.parametrize(
    "options",
    [
        ("--since", "soon"),
        ("--longer", "-3"),
        ("--longer", "a while"),
        ("--limit", "-1"),
        ("--input", "day"),
        ("--status", "good"),
        ("--project", "nowhere"),
    ],
)
def test_conditions_that_make_no_sense_are_refused(flowlang: Command, options: tuple[str, ...]) -> None:
    ran = flowlang("runs", "list", *options)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err


def test_another_project_is_named_by_its_folder(
    flowlang: Command, failed: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root.parent)
    (ran,) = flowlang("runs", "list", "--json", "--project", project.root.name).json
    assert ran["run_id"] == failed


def test_without_a_project_or_with_no_journal_nothing_is_recorded(flowlang: Command, project: Project) -> None:
    assert flowlang("run", "main.yaml", "--no-journal").code == 0
    (project.root / "flowlang.yaml").write_text("journal: {enabled: false}\n")
    assert flowlang("run", "main.yaml").code == 0
    (project.root / "flowlang.yaml").unlink()
    assert flowlang("run", "main.yaml").code == 0
    assert not (project.root / ".flowlang").exists()
