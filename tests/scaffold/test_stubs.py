"""A task that is still to be written is added to the tasks file, and the rest of it stays as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flowlang import FlowExecutor, TaskNotImplementedError, check
from flowlang.scaffold import ScaffoldError, task_stub
from flowlang.tasks.loader import load_registry

SAMPLES = Path(__file__).parents[2] / "sample_projects"
NEW = """\
\"\"\"The tasks of this project.\"\"\"

from __future__ import annotations

from typing import Any

from flowlang import TaskNotImplementedError, TaskRegistry


def create_task_registry() -> TaskRegistry:
    \"\"\"Every task of the project, by the name that flows use.\"\"\"
    registry = TaskRegistry()

    @registry.stub("SendMail")
    async def send_mail(to: str, copies: int, tags: list[Any], order: Any) -> dict[str, Any]:
        \"\"\"Describe what SendMail does.

        Args:
            to: Describe it.
            copies: Describe it.
            tags: Describe it.
            order: Describe it.

        Returns:
            Dict with 'sent' and 'id'
        \"\"\"
        raise TaskNotImplementedError("the task SendMail is not written yet")

    return registry
"""


def loaded(folder: Path, text: str) -> list[str]:
    path = folder / "flow.py"
    path.write_bytes(text.encode())
    return load_registry(path).names()


def test_without_a_file_it_is_made(tmp_path: Path) -> None:
    arguments = {"to": "a@b.c", "copies": int, "tags": ["x"], "order": "${order}"}
    text = task_stub(None, "SendMail", arguments, ["sent", "id"])
    assert text == NEW
    assert loaded(tmp_path, text) == ["SendMail"]
    info = load_registry(tmp_path / "flow.py").info("SendMail")
    assert [parameter.type for parameter in info.parameters] == ["string", "integer", "array", None]
    assert set(info.results or ()) == {"sent", "id"}


def test_more_are_added_below(tmp_path: Path) -> None:
    text = task_stub(task_stub(NEW, "FetchOrders"), "HTTPGet", {"from": 1, "url": "a"})
    assert text.startswith(NEW.removesuffix("    return registry\n"))
    assert loaded(tmp_path, text) == ["SendMail", "FetchOrders", "HTTPGet"]
    assert "async def http_get(url: str, **arguments: Any)" in text
    assert text.endswith('not written yet")\n\n    return registry\n')
    assert "\n\n\n    " not in text


async def test_flows_that_call_it_can_be_checked_and_say_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(task_stub(None, "Later"))
    flow = tmp_path / "flow.yaml"
    flow.write_text("flow: a\nsteps:\n  - task: Later\n")
    assert [problem.code for problem in check(flow)] == ["stub-task"]
    result = await FlowExecutor(load_registry(tmp_path / "flow.py")).execute_flow(flow)
    assert result.error_type == TaskNotImplementedError.__name__


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SAMPLES.glob("*/flow.py")))
def test_files_as_people_write_them_keep_every_byte(tmp_path: Path, name: str) -> None:
    shutil.copytree(SAMPLES / name, tmp_path / name)
    before = (SAMPLES / name / "flow.py").read_text(encoding="utf-8")
    text = task_stub(before, "NewOne", {"a": 1})
    assert set(loaded(tmp_path / name, text)) == {*load_registry(SAMPLES / name / "flow.py").names(), "NewOne"}
    removed = [line for line in before.splitlines() if line not in text.splitlines()]
    assert all(line.startswith("from ") for line in removed)


def test_imports_that_are_there_are_used() -> None:
    text = "from flowlang import (\n    TaskRegistry,\n)\n\n"
    text += "def create_task_registry():\n    tasks = TaskRegistry()\n    return tasks"
    assert task_stub(text, "A").startswith(
        "from flowlang import (\n    TaskNotImplementedError,\n    TaskRegistry,\n)\nfrom typing import Any\n\ndef "
    )
    assert "@tasks.stub" in task_stub(text, "A")


def test_a_file_without_a_registry_gets_one(tmp_path: Path) -> None:
    text = '"""Helpers: ä."""\n\n\ndef helper():\n    return 1\n'
    changed = task_stub(text, "A")
    assert changed.startswith('"""Helpers: ä."""\n\nfrom ')
    assert "\n\n\ndef helper():\n    return 1\n\n\ndef create_task_registry()" in changed
    assert loaded(tmp_path, changed) == ["A"]


def test_line_ends_comments_and_marks_stay(tmp_path: Path) -> None:
    text = "\ufeff" + NEW.replace("    return registry", "    # all of them\n    return registry  # so").replace(
        "\n", "\r\n"
    )
    changed = task_stub(text, "B")
    assert changed.startswith("\ufeff")
    assert changed.count("\n") == changed.count("\r\n")
    assert changed.endswith("    # all of them\r\n    return registry  # so\r\n")
    assert loaded(tmp_path, changed) == ["SendMail", "B"]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (NEW, "SendMail", "already, in line 14"),
        ("def (", "A", "line 1 of the tasks file"),
        ("from x import make\ndef create_task_registry():\n    return make()\n", "A", "does not end with"),
        ("def create_task_registry():\n    r = 1; return r\n", "A", "several statements"),
        (None, " A", "cannot be the name"),
        (None, "", "cannot be the name"),
    ],
)
def test_what_cannot_be_done_is_said(text: str | None, name: str, message: str) -> None:
    with pytest.raises(ScaffoldError, match=message):
        task_stub(text, name)


@pytest.mark.parametrize("name", ['say "hi"', "back\\slash", "it's", "class", "Überweisen 2"])
def test_names_with_anything_in_them(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, task_stub(None, name, {"class": 1, "x": 2}, ["a"])) == [name]
