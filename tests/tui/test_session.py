from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from flowlang.watch import Watcher
from flowlang_tui.session.notices import (
    DocumentChanged,
    DocumentConflict,
    FlowChecked,
    RunEnded,
    RunRefused,
    RunStarted,
    Told,
)
from tests.tui.driving import driven

HELLO = """\
flow: hello
inputs:
  - {name: who, type: string, default: world}
steps:
  - task: Greet
    id: greet
    inputs: {who: "${inputs.who}"}
outputs:
  greeting: ${greet}
"""

TASKS = """\
from flowlang import TaskRegistry

registry = TaskRegistry()


@registry.register("Greet")
def greet(who):
    print("greeting", who)
    return f"Hello, {who}!"


def create_task_registry():
    return registry
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(HELLO)
    (tmp_path / "flow.py").write_text(TASKS)
    return tmp_path


def test_a_project_is_listed_and_its_flows_are_checked(project: Path) -> None:
    with driven(project) as one:
        one.session.refresh_files()
        one.session.begin()
        one.checked(project / "flow.yaml")
        assert [(file.path.name, file.kind) for file in one.session.files] == [
            ("flow.yaml", "flow"),
            ("flow.py", "tasks"),
        ]
        assert one.session.problems == []


def test_what_is_typed_is_checked_with_the_tasks_of_the_project(project: Path) -> None:
    with driven(project) as one:
        document = one.session.open(project / "flow.yaml")
        assert document is not None
        one.session.edit(document, HELLO.replace("task: Greet", "task: Greeet"))
        one.checked(document.path)
        assert [problem.suggestion for problem in one.session.problems] == ["Greet"]
        assert (project / "flow.yaml").read_text() == HELLO


def test_a_run_is_recorded_step_by_step(project: Path) -> None:
    with driven(project) as one:
        record = one.run(project / "flow.yaml", {"who": "Ada"})
        assert (record.status, record.outputs) == ("succeeded", {"greeting": "Hello, Ada!"})
        step = record.step("greet", 5)
        assert step is not None
        assert step.last is not None
        assert (step.status, step.last.inputs, step.last.outputs) == ("succeeded", {"who": "Ada"}, "Hello, Ada!")


def test_a_run_uses_the_inputs_of_the_last_one_until_there_are_others(project: Path) -> None:
    with driven(project) as one:
        one.run(project / "flow.yaml", {"who": "Ada"})
        assert one.run(project / "flow.yaml").outputs == {"greeting": "Hello, Ada!"}


def test_saving_in_watch_mode_runs_the_flow_again(project: Path) -> None:
    with driven(project) as one:
        document = one.session.open(project / "flow.yaml")
        assert document is not None
        one.run(document.path)
        one.session.watch(True)
        one.session.edit(document, HELLO.replace("default: world", "default: moon"))
        one.session.save(document)
        one.until(lambda: len(one.told(RunEnded)) == 2)
        assert one.told(RunEnded)[-1].record.outputs == {"greeting": "Hello, moon!"}


def test_a_broken_save_in_watch_mode_runs_nothing_and_says_why(project: Path) -> None:
    with driven(project) as one:
        document = one.session.open(project / "flow.yaml")
        assert document is not None
        one.run(document.path)
        one.session.watch(True)
        one.session.edit(document, HELLO.replace("task: Greet", "task: Greeet"))
        one.session.save(document)
        one.until(lambda: one.told(RunRefused))
        assert "Greeet" in one.told(RunRefused)[0].message
        assert [record.status for record in one.session.runs.records] == ["succeeded"]


def test_a_saved_task_file_is_loaded_without_stale_code_even_within_a_second(project: Path) -> None:
    with driven(project) as one:
        one.run(project / "flow.yaml")
        for word in ("Howdy", "Salut", "Hallo"):
            (project / "flow.py").write_text(TASKS.replace("Hello", word))
            one.session.changed([project / "flow.py"])
            assert one.run(project / "flow.yaml").outputs == {"greeting": f"{word}, world!"}


def test_a_broken_task_file_keeps_the_flow_from_running_and_is_a_problem_with_its_line(project: Path) -> None:
    with driven(project) as one:
        one.run(project / "flow.yaml")
        (project / "flow.py").write_text(TASKS.replace("def greet(who):", "def greet(who:"))
        one.session.changed([project / "flow.py"])
        one.session.run(project / "flow.yaml")
        one.until(lambda: one.told(RunRefused))
        (problem,) = [one for one in one.session.problems if one.code == "task-file"]
        assert (problem.path, problem.line) == (str(project / "flow.py"), 7)


def test_a_flow_that_is_started_again_while_it_runs_is_cancelled_first(project: Path) -> None:
    (project / "slow.yaml").write_text("flow: slow\nsteps:\n  - task: Wait\n")
    (project / "flow.py").write_text(
        TASKS.replace("@registry.register", "import asyncio\n\n\n@registry.register").replace(
            "def create",
            "@registry.register('Wait')\nasync def wait():\n    await asyncio.sleep(60)\n\n\ndef create",
        )
    )
    with driven(project) as one:
        one.session.run(project / "slow.yaml")
        one.until(lambda: one.session.runs.latest and one.session.runs.latest.steps)
        one.session.run(project / "flow.yaml")
        one.until(lambda: len(one.told(RunEnded)) == 2)
        assert [record.status for record in one.session.runs.records] == ["cancelled", "succeeded"]
        assert len(one.told(RunStarted)) == 2


def test_a_cancelled_run_marks_what_was_under_way(project: Path) -> None:
    (project / "slow.yaml").write_text("flow: slow\nsteps:\n  - task: Wait\n")
    (project / "flow.py").write_text(
        TASKS.replace(
            "def create",
            "@registry.register('Wait')\nasync def wait():\n    import asyncio\n\n    await asyncio.sleep(60)\n\n\n"
            "def create",
        )
    )
    with driven(project) as one:
        one.session.run(project / "slow.yaml")
        one.until(lambda: one.session.runs.latest and one.session.runs.latest.steps)
        one.session.runs.cancel()
        one.until(lambda: one.told(RunEnded))
        record = one.session.runs.latest
        assert record is not None
        assert record.status == "cancelled"
        assert [step.status for step in record.steps.values()] == ["cancelled"]


def test_a_file_that_is_changed_elsewhere_is_taken_over(project: Path) -> None:
    with driven(project) as one:
        document = one.session.open(project / "flow.yaml")
        assert document is not None
        (project / "flow.yaml").write_text(HELLO + "# more\n")
        one.session.changed([project / "flow.yaml"])
        assert one.told(DocumentChanged)
        assert document.text.endswith("# more\n")
        assert not document.is_changed


def test_a_file_that_is_changed_here_and_elsewhere_is_left_to_a_choice(project: Path) -> None:
    with driven(project) as one:
        document = one.session.open(project / "flow.yaml")
        assert document is not None
        one.session.edit(document, HELLO + "# mine\n")
        (project / "flow.yaml").write_text(HELLO + "# theirs\n")
        one.session.changed([project / "flow.yaml"])
        assert one.told(DocumentConflict)
        assert document.text.endswith("# mine\n")
        assert "-# theirs" in document.difference()
        document.keep_mine()
        one.session.save(document)
        assert (project / "flow.yaml").read_text().endswith("# mine\n")


def test_a_file_that_is_no_text_is_told_and_not_opened(project: Path) -> None:
    (project / "data.csv").write_bytes(b"\xff\xfe\x00")
    with driven(project) as one:
        assert one.session.open(project / "data.csv") is None
        assert "UTF-8" in one.told(Told)[0].message


def test_line_ends_and_byte_order_mark_are_kept(project: Path) -> None:
    (project / "flow.yaml").write_bytes(b"\xef\xbb\xbf" + HELLO.replace("\n", "\r\n").encode())
    with driven(project) as one:
        document = one.session.open(project / "flow.yaml")
        assert document is not None
        assert "\r" not in document.text
        one.session.edit(document, document.text + "# end\n")
        one.session.save(document)
        assert (project / "flow.yaml").read_bytes() == b"\xef\xbb\xbf" + (HELLO + "# end\n").replace(
            "\n", "\r\n"
        ).encode()


def test_a_flow_whose_folder_has_spaces_and_no_tasks_runs(tmp_path: Path) -> None:
    folder = tmp_path / "my flows"
    folder.mkdir()
    (folder / "a b.yaml").write_text(
        "flow: plain\nsteps:\n  - for_each: []\n    do: [{exit: {}}]\noutputs: {x: null}\n"
    )
    with driven(folder) as one:
        assert one.run(folder / "a b.yaml").outputs == {"x": None}


async def test_a_save_from_outside_is_noticed(project: Path) -> None:
    async with Watcher(project) as watcher:
        with driven(project) as one:
            one.session.open(project / "flow.yaml")
            (project / "flow.yaml").write_text(HELLO + "# outside\n")
            change = await asyncio.wait_for(anext(watcher), 10)
            one.session.changed(change.paths)
            assert one.told(DocumentChanged)
            one.checked(project / "flow.yaml")
            assert one.told(FlowChecked)
