from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.project import Project, ProjectError


def flow(path: Path, name: str = "one") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"flow: {name}\nsteps: [exit]\n")
    return path


def test_a_file_is_its_own_main_flow(tmp_path: Path) -> None:
    path = flow(tmp_path / "any name.yaml")
    project = Project(path)
    assert project.main == str(path)
    assert [(found.name, found.path) for found in project.flows] == [("one", str(path))]


def test_the_main_flow_of_a_folder_is_flow_yaml(tmp_path: Path) -> None:
    main = flow(tmp_path / "flow.yaml")
    flow(tmp_path / "other.yaml")
    assert Project(tmp_path).main == str(main)


def test_without_flow_yaml_the_only_flow_is_meant(tmp_path: Path) -> None:
    only = flow(tmp_path / "orders.yml")
    (tmp_path / "config.yaml").write_text("colour: red\nflow_rate: 3\n")
    assert Project(tmp_path).main == str(only)


def test_several_flows_are_listed_as_choices(tmp_path: Path) -> None:
    flow(tmp_path / "a.yaml", "first")
    flow(tmp_path / "b.yaml", "second")
    with pytest.raises(ProjectError) as caught:
        _ = Project(tmp_path).main
    for part in ("2 flows", "a.yaml", "(first)", "b.yaml", "(second)"):
        assert part in str(caught.value)


def test_a_folder_without_a_flow_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no other file with a flow"):
        _ = Project(tmp_path).main


def test_a_path_that_leads_nowhere_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="there is no file or folder"):
        Project(tmp_path / "gone")


def test_the_flows_of_a_folder_are_all_below_but_tests_and_hidden_ones(tmp_path: Path) -> None:
    expected = {str(flow(tmp_path / name)) for name in ("flow.yaml", "billing/flow.yaml", "billing/more.yml")}
    for name in (".hidden/a.yaml", "__pycache__/a.yaml", "test_a.yaml", "a_test.yaml", "a.test.yml", "notes.txt"):
        flow(tmp_path / name)
    (tmp_path / "nested.yaml").write_text("outer:\n  flow: no\n")
    assert {found.path for found in Project(tmp_path).flows} == expected


@pytest.mark.parametrize(
    "text", ['"flow": named', "\ufeffflow: named", "# first\nflow:   named  # last", "flow : named"]
)
def test_a_flow_is_told_by_its_top_level_key(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(f"{text}\n", encoding="utf-8")
    assert [found.name for found in Project(tmp_path).flows] == ["named"]


def test_the_tasks_are_in_flow_py_beside_the_flow(tmp_path: Path) -> None:
    path = flow(tmp_path / "flow.yaml")
    assert Project(path).tasks_file is None
    (tmp_path / "flow.py").write_text("")
    assert Project(path).tasks_file == str(tmp_path / "flow.py")
    assert Project(tmp_path).tasks_file == str(tmp_path / "flow.py")


def test_the_root_is_the_nearest_folder_upwards_that_is_marked_as_one(tmp_path: Path) -> None:
    (tmp_path / "flowlang.yaml").touch()
    path = flow(tmp_path / "billing" / "flow.yaml")
    assert Project(path).root == str(tmp_path)


def test_the_pins_of_a_flow_are_no_flow_whatever_its_steps_are_called(tmp_path: Path) -> None:
    only = flow(tmp_path / "orders.yaml")
    (tmp_path / "orders.pins.yaml").write_text("flow: {output: 1}\n")
    assert Project(tmp_path).main == str(only)
    assert [found.path for found in Project(tmp_path).flows] == [str(only)]
