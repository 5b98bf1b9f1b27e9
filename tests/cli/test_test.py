"""`flowlang test`, and the same files collected by pytest."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.ran import run_module as run

FLOW = """flow: Greeting
inputs: [{name: name, default: you}]
steps:
  - if: ${inputs.name == 'nobody'}
    id: empty
    then: [{exit: {status: failure, reason: there is nobody}}]
  - task: Greet
    id: greet
    inputs: {name: '${inputs.name}'}
outputs: {text: '${greet.text}'}
"""
TASKS = """
from flowlang import TaskRegistry

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Greet")
    async def greet(name):
        print("greeting", name)
        return {"text": f"Hello {name}"}

    return registry
"""
CASES = """tests:
  - name: greets
    inputs: {name: Ada}
    expect: {outputs: {text: Hello Ada}}
  - name: greets <wrongly> & "loudly"
    expect: {outputs: {text: HELLO}}
  - name: later
    skip: not yet
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "flow.py").write_text(TASKS)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "greeting.test.yaml").write_text(CASES)
    return tmp_path


def test_each_case_is_told_with_what_was_wrong_and_tasks_print_elsewhere(project: Path) -> None:
    done = run(project, "flowlang", "test")
    lines = done.stdout.split("\n")
    assert lines[0] == "tests/greeting.test.yaml"
    assert lines[1].startswith("  ✓ greets")
    assert lines[2].startswith('  ✗ greets <wrongly> & "loudly"')
    assert lines[3] == '    tests/greeting.test.yaml:6: output text: expected "HELLO", not "Hello you"'
    assert lines[4] == "  – later: not yet"
    assert lines[6].startswith("1 passed, 1 failed, 1 skipped in ")
    assert "greeting Ada" in done.stderr
    assert done.returncode == 1


def test_cases_are_chosen_and_coverage_is_told(project: Path) -> None:
    done = run(project, "flowlang", "test", "-k", "GREETS", "--coverage", "tests/greeting.test.yaml", "--json")
    told = json.loads(done.stdout)
    assert [case["outcome"] for case in told["cases"]] == ["passed", "failed"]
    assert told["coverage"]["percent"] == 60.0
    (flow,) = told["coverage"]["flows"].values()
    assert flow["missed_branches"] == [{"line": 4, "step": "empty", "branch": "then"}]
    assert run(project, "flowlang", "test", "-k", "later").returncode == 0


def test_a_junit_report_has_every_case(project: Path) -> None:
    run(project, "flowlang", "test", "--junit", "report.xml")
    suite = ElementTree.parse(project / "report.xml").getroot()[0]
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
    }
    assert suite[1].get("name") == 'greets <wrongly> & "loudly"'
    assert "expected" in str(suite[1][0].text)


def test_a_file_with_mistakes_doesnt_keep_the_others_from_running(project: Path) -> None:
    (project / "tests" / "broken.test.yaml").write_text("tests: [{nam: x}]\nflow: ../flow.yaml\n")
    done = run(project, "flowlang", "test", "-k", "greets")
    assert "tests/broken.test.yaml:1:10: error: there is no key `nam` here; did you mean `name`?" in done.stdout
    assert "1 passed, 1 failed, 1 invalid" in done.stdout
    assert done.returncode == 2


def test_a_folder_without_tests_says_what_they_are_called(tmp_path: Path) -> None:
    done = run(tmp_path, "flowlang", "test")
    assert "no test file (*.test.yaml)" in done.stderr
    assert done.returncode == 2


def test_pytest_collects_the_same_cases_without_configuration(project: Path) -> None:
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider", "-rs")
    assert "1 failed, 1 passed, 1 skipped" in done.stdout
    assert 'greeting.test.yaml:6: output text: expected "HELLO", not "Hello you"' in done.stdout
    assert "Traceback" not in done.stdout
    assert "not yet" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-k", "gretes"], "no case, and no test file, has 'gretes' in its name"),
        (["flow.yaml"], "flow.yaml is no test file, whose name ends with .test.yaml"),
        (["testss"], "there is no file or folder testss"),
        (["."], ""),
    ],
)
def test_a_call_that_would_test_nothing_is_no_success(project: Path, arguments: list[str], said: str) -> None:
    if not said:
        (project / "tests" / "greeting.test.yaml").unlink()
        said = "no test file (*.test.yaml) is in ."
    done = run(project, "flowlang", "test", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_coverage_of_nothing_is_not_whole(project: Path) -> None:
    (project / "flow.py").write_text("def create_task_registry(:\n")
    done = run(project, "flowlang", "test", "--coverage")
    assert done.returncode == 1
    assert "no flow was run" in done.stdout
    assert "100 %" not in done.stdout
