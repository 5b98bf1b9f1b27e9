from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command, write

GOOD = "flow: good\nsteps: [exit]\n"
BAD = "flow: bad\nsteps:\n  - exit: {reson: x}\n"


def test_a_clean_flow_ends_with_0(flowlang: Command, project: Path) -> None:
    write(project / "good.yaml", GOOD)
    ran = flowlang("check", "good.yaml")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "no problems in 1 flow\n", "")


def test_a_problem_is_shown_with_its_place_underlined(flowlang: Command, project: Path) -> None:
    write(project / "bad.yaml", BAD)
    ran = flowlang("check", "bad.yaml")
    assert ran.returncode == 1
    assert "bad.yaml:3:12: error:" in ran.stdout
    assert "did you mean `reason`?" in ran.stdout
    assert "  3 │   - exit: {reson: x}\n    │            ^^^^^\n" in ran.stdout
    assert ran.stdout.endswith("1 error in 1 flow\n")


def test_validate_is_another_name(flowlang: Command, project: Path) -> None:
    write(project / "bad.yaml", BAD)
    assert flowlang("validate", "bad.yaml").stdout == flowlang("check", "bad.yaml").stdout


def test_a_folder_is_searched_for_flows(flowlang: Command, project: Path) -> None:
    (project / "deep" / "er").mkdir(parents=True)
    write(project / "good.yaml", GOOD)
    write(project / "deep" / "er" / "bad.yml", BAD)
    write(project / "deep" / "data.yaml", "colour: red\n")
    ran = flowlang("check", ".")
    assert ran.returncode == 1
    assert "deep/er/bad.yml:3:12" in ran.stdout
    assert ran.stdout.endswith("1 error in 2 flows\n")


def test_json_has_every_problem_as_an_object(flowlang: Command, project: Path) -> None:
    write(project / "bad.yaml", BAD)
    ran = flowlang("check", "bad.yaml", "--format", "json")
    (problem,) = json.loads(ran.stdout)
    assert problem["severity"] == "error"
    assert (problem["line"], problem["column"], problem["suggestion"]) == (3, 12, "reason")
    assert "1 error in 1 flow" in ran.stderr


def test_json_of_a_clean_flow_is_an_empty_list(flowlang: Command, project: Path) -> None:
    write(project / "good.yaml", GOOD)
    assert json.loads(flowlang("check", "good.yaml", "--format", "json").stdout) == []


def test_github_gets_an_annotation_a_line(flowlang: Command, project: Path) -> None:
    write(project / "50%, bad:\n.yaml", BAD)
    ran = flowlang("check", ".", "--format", "github")
    (line,) = ran.stdout.splitlines()
    assert line.startswith("::error file=")
    assert "50%25%2C bad%3A%0A.yaml,line=3,col=12,endLine=3,endColumn=17,title=" in line
    assert ran.returncode == 1


@pytest.mark.parametrize(("strict", "code"), [([], 0), (["--strict"], 1)])
def test_warnings_fail_only_a_strict_check(flowlang: Command, project: Path, strict: list[str], code: int) -> None:
    flow = "flow: warned\nsteps: [exit: {outputs: {a: '${inputs.anything}'}}]\n"
    write(project / "warned.yaml", flow)
    ran = flowlang("check", "warned.yaml", *strict)
    assert "warning" in ran.stdout
    assert ran.returncode == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "PATH"),
        (["gone.yaml"], "there is no file or folder gone.yaml"),
        (["."], "has no flows"),
        (["--format", "xml", "."], "invalid choice"),
    ],
)
def test_a_call_that_cannot_work_ends_with_2(flowlang: Command, arguments: list[str], said: str) -> None:
    ran = flowlang("check", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_a_broken_tasks_file_is_one_problem_of_all_its_flows(flowlang: Command, project: Path) -> None:
    write(project / "flow.py", "def create_task_registry(:\n")
    write(project / "one.yaml", "flow: one\nsteps: [task: Mine]\n")
    write(project / "two.yaml", BAD)
    ran = flowlang("check", ".")
    assert ran.returncode == 1
    assert ran.stdout.count("flow.py:1") == 1
    assert "two.yaml:3:12: error" in ran.stdout
    assert "Traceback" not in ran.stderr


def test_the_tasks_may_be_in_another_file(flowlang: Command, project: Path) -> None:
    (project / "flows").mkdir()
    write(project / "flows" / "one.yaml", "flow: one\nsteps: [task: Mnie]\n")
    write(
        project / "tasks.py",
        """\
        from flowlang import TaskRegistry


        def create_task_registry():
            registry = TaskRegistry()

            @registry.register("Mine")
            def mine():
                pass

            return registry
        """,
    )
    ran = flowlang("check", "flows", "--tasks-file", "tasks.py")
    assert ran.returncode == 1
    assert "did you mean `Mine`?" in ran.stdout
    assert "gone.py" in flowlang("check", "flows", "--tasks-file", "gone.py").stdout


def test_without_a_tasks_file_a_task_that_no_plugin_brings_is_an_error_as_it_would_be_when_run(
    flowlang: Command, project: Path
) -> None:
    write(project / "one.yaml", "flow: one\nsteps: [task: Mine]\n")
    ran = flowlang("check", "one.yaml")
    assert ran.returncode == 1
    assert ran.stdout.endswith("1 error in 1 flow\n")


def test_the_five_mistakes_of_a_beginner_are_all_told_at_once(flowlang: Command, project: Path) -> None:
    write(
        project / "flow.yaml",
        """\
        flow: mistakes
        connections:
          db: {type: sqlite, database: ':memory:'}
        stpes: []
        steps:
          - sqlite_qery: {id: rows, query: select 1}
          - for_each: ${row.rows}
            do:
              - exit
          - exit: {status: maybe}
          - task: Nothing
            timeout: soon
        """,
    )
    ran = flowlang("check", "flow.yaml")
    assert ran.returncode == 1
    for place in (":4:", ":6:", ":7:", ":10:", ":12:"):
        assert f"flow.yaml{place}" in ran.stdout
