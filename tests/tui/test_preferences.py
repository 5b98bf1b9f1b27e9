"""What the workbench remembers survives the next start, and nothing about it keeps anybody from working."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowlang_tui.preferences import Preferences, config_folder, state_folder


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "flowlang-tui"


def test_a_value_is_there_the_next_time(tmp_path: Path, state: Path) -> None:
    Preferences.of_project(tmp_path).set("arrangement", {"mode": "wide"})
    assert Preferences.of_project(tmp_path).get("arrangement") == {"mode": "wide"}
    assert Preferences.of_project(tmp_path / "..").get("arrangement") is None
    assert Preferences.of_person().get("arrangement", "none") == "none"
    (file,) = state.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert state.stat().st_mode & 0o077 == 0


def test_a_project_is_the_same_one_by_whatever_path(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    Preferences.of_project(link).set("a", 1)
    assert Preferences.of_project(tmp_path).get("a") == 1


def test_two_workbenches_do_not_forget_what_the_other_one_remembers(tmp_path: Path) -> None:
    one, other = Preferences.of_project(tmp_path), Preferences.of_project(tmp_path)
    one.set("a", 1)
    other.set("b", 2)
    again = Preferences.of_project(tmp_path)
    assert (again.get("a"), again.get("b")) == (1, 2)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000, b""])
def test_a_broken_file_is_taken_for_an_empty_one_and_replaced(tmp_path: Path, content: bytes) -> None:
    path = Preferences.of_project(tmp_path).path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    preferences = Preferences.of_project(tmp_path)
    assert preferences.get("a") is None
    preferences.set("a", 1)
    assert json.loads(path.read_bytes()) == {"a": 1}


def test_what_cannot_be_written_is_remembered_until_the_end_and_told(tmp_path: Path, state: Path) -> None:
    state.parent.mkdir()
    state.write_text("a file is in the way")
    preferences = Preferences.of_project(tmp_path)
    preferences.set("a", 1)
    assert preferences.get("a") == 1
    assert preferences.problem is not None
    assert str(state) in preferences.problem


def test_nothing_is_left_behind_by_a_value_that_is_no_json(tmp_path: Path, state: Path) -> None:
    with pytest.raises(TypeError):
        Preferences.of_project(tmp_path).set("a", object())
    assert not state.exists() or list(state.iterdir()) == []


def test_the_folders_are_those_of_the_desktop_and_only_absolute_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert config_folder() == Path.home() / ".config" / "flowlang-tui"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/xdg")
    assert config_folder() == Path("/etc/xdg/flowlang-tui")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert state_folder() == Path.home() / ".local/state" / "flowlang-tui"
