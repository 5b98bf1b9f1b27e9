"""Where a project begins, and which subflows its flows can call."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.language.lookup import find_root, find_subflow, subflow_names

FLOW = "flow: F\nsteps:\n  - exit\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder five levels deep, apart from whatever lies above it."""
    (tmp_path / "top/a/b/c/d/e").mkdir(parents=True)
    return tmp_path / "top"


def flow(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FLOW, encoding="utf-8")
    return path


@pytest.mark.parametrize("marker", ["flowlang.yaml", "project.yaml"])
def test_the_nearest_project_file_marks_the_root(tree: Path, marker: str) -> None:
    (tree / marker).touch()
    (tree / "a/b" / marker).touch()
    assert find_root(tree / "a/b/c") == tree / "a/b"
    assert find_root(tree / "a/b") == tree / "a/b"
    assert find_root(tree / "a") == tree


def test_a_flowlang_folder_marks_the_root_and_goes_before_a_nearer_checkout(tree: Path) -> None:
    (tree / "a/.flowlang").mkdir()
    (tree / "a/b/c/.git").mkdir()
    (tree / "a/b/c/d/pyproject.toml").touch()
    assert find_root(tree / "a/b/c/d/e") == tree / "a"


@pytest.mark.parametrize("marker", [".git", "pyproject.toml"])
def test_else_the_nearest_checkout_is_the_root(tree: Path, marker: str) -> None:
    (tree / "a" / marker).touch()
    assert find_root(tree / "a/b/c/x.yaml") == tree / "a"


def test_else_a_flow_yaml_belongs_to_the_folder_above_its_own(tree: Path) -> None:
    file = flow(tree / "a/b/flow.yaml")
    other = flow(tree / "a/b/other.yaml")
    assert find_root(file) == tree / "a"
    assert find_root(tree / "a/b") == tree / "a"
    assert find_root(other) == tree / "a/b"
    assert find_root(tree / "a/b/c") == tree / "a/b/c"


def test_a_relative_path_is_taken_from_the_current_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "flowlang.yaml").touch()
    monkeypatch.chdir(tree / "a")
    assert find_root(Path("b")) == tree
    found = flow(tree / "send.yaml")
    assert find_subflow("send", Path("b"), Path("..")) == found


def test_a_folder_goes_before_a_file_and_near_before_far(tree: Path) -> None:
    far = flow(tree / "send/flow.yaml")
    assert find_subflow("send", tree / "a/b", tree) == far
    near_file = flow(tree / "a/send.yaml")
    assert find_subflow("send", tree / "a/b", tree) == near_file
    near_folder = flow(tree / "a/send/flow.yaml")
    assert find_subflow("send", tree / "a/b", tree) == near_folder
    assert find_subflow("other", tree / "a/b", tree) is None


def test_three_parents_are_searched_and_no_more(tree: Path) -> None:
    found = flow(tree / "a/send.yaml")
    flow(tree / "beyond.yaml")
    assert find_subflow("send", tree / "a/b/c/d", tree) == found
    assert find_subflow("beyond", tree / "a/b/c/d", tree) is None


def test_nothing_outside_the_project_is_found(tree: Path) -> None:
    flow(tree / "send.yaml")
    assert find_subflow("send", tree / "a/b", tree / "a") is None
    assert find_subflow("send", tree, tree / "a") is None
    assert subflow_names(tree / "a/b", tree / "a") == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../send", "a/send", "/send", "a\\send", "send\0", ".send", "s" * 5000]
)
def test_a_name_is_no_path(tree: Path, name: str) -> None:
    flow(tree / "send.yaml")
    flow(tree / "a/send.yaml")
    flow(tree / ".send.yaml")
    assert find_subflow(name, tree / "a", tree) is None
    assert find_subflow(str(tree / "send"), tree / "a", tree) is None


def test_a_link_may_lead_about_the_project_but_not_out_of_it(tree: Path) -> None:
    outside = flow(tree / "secret.yaml")
    inside = flow(tree / "a/b/real.yaml")
    (tree / "a/out.yaml").symlink_to(outside)
    (tree / "a/up").symlink_to(tree, target_is_directory=True)
    flow(tree / "flow.yaml")
    (tree / "a/within.yaml").symlink_to(inside)
    assert find_subflow("out", tree / "a", tree / "a") is None
    assert find_subflow("up", tree / "a", tree / "a") is None
    assert find_subflow("within", tree / "a", tree / "a") == tree / "a/within.yaml"


def test_a_project_that_is_reached_by_a_link_is_searched_as_usual(tree: Path) -> None:
    flow(tree / "a/send.yaml")
    (tree / "link").symlink_to(tree / "a", target_is_directory=True)
    assert find_subflow("send", tree / "link", tree / "link") == tree / "link/send.yaml"


def test_a_folder_called_like_a_flow_file_is_no_flow(tree: Path) -> None:
    (tree / "send.yaml").mkdir()
    assert find_subflow("send", tree, tree) is None


def test_the_names_of_all_flows_within_reach_are_listed(tree: Path) -> None:
    (tree / "flowlang.yaml").write_text("name: project\n", encoding="utf-8")
    flow(tree / "a/mail/flow.yaml")
    flow(tree / "a/b/ship.yaml")
    flow(tree / "invoice.yaml")
    flow(tree / "a/b/c/too_deep.yaml")
    (tree / "a/compose.yaml").write_text("services:\n  flow: x\n", encoding="utf-8")
    assert subflow_names(tree / "a/b", tree) == ["invoice", "mail", "ship"]
