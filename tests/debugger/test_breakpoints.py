"""The breakpoints that a project keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowlang.debugger import Breakpoint, Breakpoints, DebuggerError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flowlang.yaml").touch()
    return tmp_path


def test_breakpoints_are_kept_by_flow_in_the_project(project: Path) -> None:
    kept = Breakpoints(project)
    first = Breakpoint("orders/ship", condition="total > 5", hits="every 2", flow="a.yaml")
    kept.add(first)
    kept.add(Breakpoint("b", "error", enabled=False, flow="b.yaml"))
    again = Breakpoints(project)
    assert list(again) == list(kept)
    assert again.of("a.yaml") == [first]
    assert json.loads(again.path.read_text())["breakpoints"][0] == {
        "step": "orders/ship",
        "when": "before",
        "condition": "total > 5",
        "hits": "every 2",
        "flow": "a.yaml",
    }


def test_nothing_is_written_before_there_is_a_breakpoint(project: Path) -> None:
    assert len(Breakpoints(project)) == 0
    assert [one.name for one in project.iterdir()] == ["flowlang.yaml"]


def test_toggling_adds_and_takes_away(project: Path) -> None:
    kept = Breakpoints(project)
    assert kept.toggle("a.yaml", "x") == Breakpoint("x", flow="a.yaml")
    assert kept.toggle("a.yaml", "x") is None
    assert list(Breakpoints(project)) == []


def test_a_breakpoint_takes_the_place_of_the_one_that_was_there(project: Path) -> None:
    kept = Breakpoints(project)
    kept.add(Breakpoint("x"))
    kept.add(Breakpoint("x", condition="true"))
    kept.add(Breakpoint("x", "after"))
    assert len(kept) == 2
    off = kept.enable(Breakpoint("x", "after"), False)
    assert off in list(Breakpoints(project))
    kept.remove(off)
    assert list(kept) == [Breakpoint("x", condition="true")]


def test_a_step_that_is_renamed_keeps_its_breakpoints(project: Path) -> None:
    kept = Breakpoints(project)
    kept.replace("a.yaml", [Breakpoint("orders/ship", flow="a.yaml"), Breakpoint("ship", flow="a.yaml")])
    kept.rename("a.yaml", "orders", "all")
    kept.rename("a.yaml", "ship", "send")
    assert [point.step for point in kept] == ["all/send", "send"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"breakpoints": [{}]}', '{"breakpoints": [{"step": "a", "when": "x"}]}', "\0"]
)
def test_a_file_that_cannot_be_read_is_told_and_left_alone(project: Path, content: str) -> None:
    kept = Breakpoints(project)
    kept.path.parent.mkdir()
    kept.path.write_text(content)
    again = Breakpoints(project)
    assert list(again) == []
    assert "could not be read" in str(again.problem)
    assert again.path.read_text() == content


def test_a_folder_that_cannot_be_written_is_told(project: Path) -> None:
    (project / ".flowlang").write_text("a file")
    kept = Breakpoints(project)
    kept.add(Breakpoint("x"))
    assert "could not be kept" in str(kept.problem)
    assert list(kept) == [Breakpoint("x")]


@pytest.mark.parametrize("data", [{}, {"step": 1}, {"step": "a", "when": "never"}, {"step": "a", "condition": 5}])
def test_what_is_no_breakpoint_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(DebuggerError):
        Breakpoint.from_dict(data)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (None, True),
        ("update  STOCK", True),
        ("delete", False),
        ("/UPDATE \\w+ set/", True),
        ("/^set/", False),
        ("/(/", False),
    ],
)
def test_statements_match_by_text_or_pattern(pattern: str | None, matches: bool) -> None:
    assert Breakpoint("*", "statement", statement=pattern).matches("UPDATE stock\n SET n = 1") is matches
