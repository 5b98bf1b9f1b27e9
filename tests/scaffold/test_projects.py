"""What is scaffolded is correct and runs as it was created, with nothing to install or to start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowlang import FlowExecutor, FlowResult, TaskRegistry, check
from flowlang.cli import main
from flowlang.language.lookup import find_root
from flowlang.project import Project
from flowlang.scaffold import TEMPLATES, ScaffoldError, new_flow, new_project
from flowlang.tasks.loader import load_registry


async def run(flow: Path, **inputs: Any) -> FlowResult:
    tasks = flow.with_name("flow.py")
    executor = FlowExecutor(load_registry(tasks) if tasks.exists() else TaskRegistry())
    try:
        return await executor.execute_flow(flow, inputs)
    finally:
        await executor.close()


@pytest.mark.parametrize("template", TEMPLATES)
async def test_a_new_project_checks_clean_and_runs(tmp_path: Path, template: str) -> None:
    created = new_project(tmp_path / "My first Project", template)
    assert created.flow == tmp_path / "My first Project" / "flow.yaml"
    assert set(created.files) == {path for path in created.flow.parent.rglob("*") if path.is_file()}
    assert check(created.flow) == []
    result = await run(created.flow)
    assert result.error is None
    assert result.to_dict()["flow"] == "my_first_project"
    again = await run(created.flow)
    assert again.error is None


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_say_what_they_are(template: str) -> None:
    about = TEMPLATES[template]
    assert about.name == template
    assert about.title
    assert "flow.yaml" in about.files


async def test_the_templates_do_what_they_say(tmp_path: Path) -> None:
    def project(template: str) -> Path:
        return new_project(tmp_path / template, template).flow

    assert (await run(project("hello"), name="you"))["greeting"] == "Hello, you!"
    api = await run(project("api"))
    assert (api["count"], api["total"], api["receipts"]) == (2, 184.5, ["Ada-1", "Grace-3"])
    bank = project("database")
    assert (await run(bank))["balances"] == [{"name": "current", "balance": 75}, {"name": "savings", "balance": 975}]
    assert "there are 75.00" in str((await run(bank, source="current", target="savings", amount=100)).error)
    etl = await run(project("etl"))
    assert (etl["read"], etl["loaded"], len(etl["rejected"])) == (6, 4, 2)
    cached = project("cache-aside")
    assert [(await run(cached, product=2))["from_cache"] for _ in range(3)] == [False, True, True]
    approval = project("approval")
    for decision, status in (("ask", "waiting"), ("ask", "waiting"), ("approve", "approved"), ("reject", "approved")):
        assert (await run(approval, decision=decision))["status"] == status
    assert (await run(approval, request="tea", amount=3))["status"] == "approved"


async def test_an_api_that_cannot_be_reached_fails_with_a_sentence(tmp_path: Path) -> None:
    flow = new_project(tmp_path / "api", "api").flow
    flow.write_text(flow.read_text().replace("delay: 1", "delay: 0"))
    result = await run(flow, url="http://127.0.0.1:9/orders")
    assert "cannot be reached" in str(result.error)
    assert [step["attempts"] for step in result.to_dict()["steps"]] == [3]


def test_the_command_runs_a_new_project(tmp_path: Path) -> None:
    created = new_project(tmp_path / "etl", "etl")
    command = [sys.executable, "-m", "flowlang_tui", "--run", str(created.flow.parent), "--output", "json"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["outputs"]["loaded"] == 4


def test_a_new_project_is_a_project_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    created = new_project(tmp_path / "inner")
    assert find_root(created.flow) == tmp_path / "inner"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("mine")
    with pytest.raises(ScaffoldError, match=r"flow\.py is there already"):
        new_project(tmp_path, "hello")
    assert [path.name for path in tmp_path.iterdir()] == ["flow.py"]
    with pytest.raises(ScaffoldError, match="there already"):
        new_project(new_project(tmp_path / "a", "empty").flow.parent, "etl")


def test_a_folder_with_other_things_in_it_will_do(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / ".gitignore").write_text("mine")
    created = new_project(tmp_path, "hello")
    assert check(created.flow) == []
    assert (tmp_path / ".gitignore").read_text() == "mine"


def test_templates_that_there_are_not_and_names_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="did you mean `hello`"):
        new_project(tmp_path, "helo")
    with pytest.raises(ScaffoldError, match="cannot be made into a name"):
        new_flow(tmp_path, "  …")
    with pytest.raises(ScaffoldError, match="cannot be written"):
        new_project(Path("/dev/null/x"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Send the Invoice", "send_the_invoice"), ("SendInvoice", "send_invoice"), ("2nd-try", "nd_try"), ("a", "a")],
)
def test_a_new_flow_is_one_that_others_can_call(tmp_path: Path, name: str, expected: str) -> None:
    main = new_project(tmp_path, "empty").flow
    created = new_flow(tmp_path, name)
    assert created.flow == tmp_path / f"{expected}.yaml"
    assert check(created.flow) == []
    main.write_text(f"flow: main\nsteps:\n  - subflow: {expected}\n")
    assert check(main) == []
    assert {flow.name for flow in Project(tmp_path).flows} == {"main", expected}


async def test_a_flow_with_tasks_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    new_project(tmp_path, "hello")
    created = new_flow(tmp_path, "Load people", "etl")
    assert created.flow == tmp_path / "load_people" / "flow.yaml"
    assert check(created.flow) == []
    assert (await run(created.flow))["loaded"] == 4


def test_two_flows_of_one_name_are_refused(tmp_path: Path) -> None:
    new_flow(tmp_path, "one")
    for template in ("empty", "hello"):
        with pytest.raises(ScaffoldError, match="there already"):
            new_flow(tmp_path, "One", template)


@pytest.mark.parametrize("template", sorted(TEMPLATES.keys() - {"empty"}))
def test_a_new_project_comes_with_tests_that_pass_and_touch_nothing(
    tmp_path: Path, template: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    created = new_project(tmp_path / "shop", template)
    monkeypatch.chdir(created.flow.parent)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = {path for path in created.flow.parent.rglob("*") if "__pycache__" not in path.parts}
    assert main(["test", "--coverage"]) == 0
    assert "100 %  flow.yaml" in capsys.readouterr().out
    assert before == {path for path in created.flow.parent.rglob("*") if "__pycache__" not in path.parts}


def test_a_flow_that_is_added_to_a_project_comes_without(tmp_path: Path) -> None:
    assert new_flow(tmp_path, "Second", "database").files == [tmp_path / "second.yaml"]
    assert not (new_flow(tmp_path, "Third", "hello").flow.parent / "tests").exists()
