"""Recorded runs in the workbench: listed, shown, compared, run again, resumed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Input, Select, TextArea

from flowlang import FlowExecutor
from flowlang.journal import Journal, RunQuery
from flowlang_tui.commands.rerunning import RerunCommands
from flowlang_tui.screens.compare import Compare
from flowlang_tui.screens.resume import OpenStep, Resume
from flowlang_tui.screens.run_again import RunAgain
from flowlang_tui.screens.run_form import RunForm
from flowlang_tui.session.log_store import LogLine
from flowlang_tui.session.records import StepRecord
from flowlang_tui.widgets.run_list import RunList
from flowlang_tui.widgets.status_bar import StatusBar
from tests.tui.acting import dialog, send, told
from tests.tui.opening import Opened, opened

FLOW = """\
flow: Orders
inputs:
  - {name: who, type: string, default: Ada}
steps:
  - {task: Fetch, id: fetch, inputs: {name: "${inputs.who}"}}
  - for_each: ${fetch.rows}
    id: orders
    do:
      - {task: Ship, id: ship, inputs: {number: "${item}"}}
  - {task: Total, id: total, inputs: {numbers: "${fetch.rows}"}}
outputs: {total: "${total}"}
"""

TASKS = """\
import os
from pathlib import Path

from flowlang import TaskRegistry

LOG = Path(__file__).parent / "effects.txt"


def note(text):
    with open(LOG, "a") as file:
        file.write(text + chr(10))


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Fetch")
    def fetch(name):
        note("fetch")
        if name == "Nobody":
            raise ValueError("nobody ordered anything")
        return {"rows": [1, 2, 3]}

    @registry.register("Ship")
    def ship(number):
        note(f"ship {number}")
        if (Path(__file__).parent / "die").exists() and number == 2:
            os.kill(os.getpid(), 9)
        return number * 10

    @registry.register("Total")
    def total(numbers):
        note("total")
        return sum(numbers)

    return registry
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose tasks write down that they ran."""
    folder = tmp_path / "orders"
    folder.mkdir()
    for name, text in (("flow.yaml", FLOW), ("flow.py", TASKS), ("flowlang.yaml", "project: orders\n")):
        (folder / name).write_text(text)
    return folder


@pytest.fixture
async def one(project: Path) -> AsyncIterator[Opened]:
    async with opened(project) as found:
        yield found


def effects(one: Opened) -> list[str]:
    """What the tasks did since the last time this was asked."""
    log = one.app.session.folder / "effects.txt"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


async def run(one: Opened, runs: int = 1, **inputs: object) -> str:
    """Run the flow to its end; gives back the run's id."""
    one.app.session.run(one.app.session.folder / "flow.yaml", inputs or None)
    await one.over(runs)
    return one.app.session.runs.records[-1].run_id


async def listed(one: Opened, count: int) -> RunList:
    """The list of runs, once it has so many."""
    one.screen.show_pane("runs")
    await one.until(lambda: one.screen.runs.list.rows.total == count)
    await one.pilot.pause()
    return one.screen.runs.list


def lines(one: Opened) -> list[str]:
    view = one.screen.runs.list
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def test_runs_of_the_workbench_and_of_other_programs_are_listed(one: Opened) -> None:
    folder = one.app.session.folder
    journal = Journal(folder)
    from flowlang.tasks.loader import load_registry

    executor = FlowExecutor(load_registry(folder / "flow.py"))
    await executor.execute_flow(folder / "flow.yaml", {"who": "Nobody"}, recorder=journal.recorder())
    await executor.close()
    await run(one)
    assert one.screen.runs.list.rows.total is None, "the journal is left alone until somebody looks"
    view = await listed(one, 2)
    assert [(row.flow, row.status) for row in map(view.rows.row, (0, 1)) if row] == [
        ("Orders", "succeeded"),
        ("Orders", "failed"),
    ]
    assert "fetch: nobody ordered" in lines(one)[2]


async def test_a_filter_narrows_the_list(one: Opened) -> None:
    await run(one)
    await run(one, 2, who="Nobody")
    await listed(one, 2)
    one.screen.runs.set_filter("status:failed")
    view = await listed(one, 1)
    assert view.row is not None
    assert view.row.status == "failed"
    one.screen.runs.set_filter("status:odd")
    await one.until(lambda: one.screen.runs.query_one("#runs-problem").display)
    await one.press("escape")
    await listed(one, 2)


async def test_a_recorded_run_is_shown_as_if_it_had_just_ended(one: Opened) -> None:
    failed = await run(one, who="Nobody")
    await run(one, 2, who="Ada")
    await listed(one, 2)
    await one.press("j", "enter")
    await one.until(lambda: one.screen.shown_recorded is not None)
    await one.pilot.pause()
    screen = one.screen
    assert screen.shown_run is not None
    assert (screen.shown_run.run_id, screen.shown_run.status) == (failed, "failed")
    assert "recorded" in one.status
    assert "nobody ordered anything" in one.status
    assert screen.inspector.path == "fetch"
    assert any("run of Orders started with who=Nobody" in line.text for line in _log(one))
    assert screen.timeline.gantt.rows[0].step.status == "failed"
    await one.pilot.click(StatusBar)
    await one.until(lambda: screen.shown_recorded is None)
    assert screen.shown_run.status == "succeeded"
    assert "recorded" not in one.status


def _log(one: Opened) -> list[LogLine]:
    store = one.screen.logs.view.store
    return [store.line(number) for number in range(len(store))]


async def test_a_run_of_another_text_is_drawn_as_the_flow_was_then(one: Opened) -> None:
    await run(one)
    one.screen.editor.code.replace_text(FLOW.replace("id: total", "id: sum").replace("${total}", "${sum}"))
    await one.pilot.pause()
    assert one.app.session.save_all()
    await one.checked()
    await listed(one, 1)
    await one.press("enter")
    await one.until(lambda: one.screen.shown_recorded is not None)
    await one.pilot.pause()
    drawn = one.screen.graph.drawing.picture
    assert drawn.node_of("total", 10) is not None
    assert one.screen.graph.badge == "as it was then"
    await one.press("0")
    await one.pilot.pause()
    assert one.screen.graph.badge == ""
    assert one.screen.graph.drawing.picture.node_of("sum", 10) is not None


async def test_a_new_run_ends_looking_at_an_old_one(one: Opened) -> None:
    await run(one)
    await listed(one, 1)
    await one.press("enter")
    await one.until(lambda: one.screen.shown_recorded is not None)
    await run(one, 2)
    assert one.screen.shown_recorded is None
    assert one.screen.shown_run is one.app.session.runs.latest


async def test_another_flow_that_is_opened_ends_looking_at_an_old_run(one: Opened) -> None:
    other = one.app.session.folder / "other.yaml"
    other.write_text("flow: Other\nsteps:\n  - exit: {}\n")
    await run(one)
    await listed(one, 1)
    await one.press("enter")
    await one.until(lambda: one.screen.shown_recorded is not None)
    one.screen.open_file(other)
    await one.checked()
    assert one.screen.shown_recorded is None
    assert "recorded" not in one.status
    assert one.screen.shown_run is None


async def test_a_run_is_pinned_given_to_somebody_else_forgotten_and_taken_in(one: Opened, tmp_path: Path) -> None:
    await run(one)
    view = await listed(one, 1)
    await one.press("p")
    await one.until(lambda: view.row is not None and view.row.pinned)
    await one.press("x")
    await one.until(lambda: dialog(one).startswith("Ask"))
    bundle = tmp_path / "one.run.zip"
    one.app.screen.query_one(Input).value = str(bundle)
    await one.press("enter")
    await one.until(bundle.exists)
    await one.press("d")
    await one.until(lambda: dialog(one).startswith("Confirm"))
    await one.press("d")
    await listed(one, 0)
    await one.press("i")
    await one.until(lambda: dialog(one).startswith("Ask"))
    one.app.screen.query_one(Input).value = str(bundle)
    await one.press("enter")
    await listed(one, 1)
    assert view.row is not None
    assert view.row.origin == "imported"
    await one.press("i")
    await one.until(lambda: dialog(one).startswith("Ask"))
    one.app.screen.query_one(Input).value = str(tmp_path / "orders" / "flow.yaml")
    one.app.clear_notifications()
    await one.press("enter")
    await one.until(lambda: told(one))


async def test_two_runs_are_compared_side_by_side(one: Opened) -> None:
    await run(one, who="Ada")
    await listed(one, 1)
    await one.press("c")
    await one.until(lambda: told(one))
    assert "first run" in told(one)[-1]
    await run(one, 2, who="Nobody")
    await listed(one, 2)
    one.screen.runs.list.select(0)
    await one.press("c")
    await one.until(lambda: isinstance(one.app.screen, Compare))
    await one.pilot.pause()
    shown = [line for line in one.app.screen.query_one("#differences").lines if line.name]
    assert [line.name for line in shown[:3]] == ["First difference", "the run: what it got", "who"]
    assert (shown[2].before, shown[2].after) == ("Ada", "Nobody")
    assert {line.name for line in shown if line.look == "section"} >= {
        "Inputs and outputs",
        "Values",
        "Steps that only one run came to",
    }
    step = next(at for at, line in enumerate(one.app.screen.list.lines) if line.path == "fetch")
    one.app.screen.list.select(step)
    await one.press("enter")
    await one.until(lambda: one.screen.shown_recorded is not None)
    assert one.screen.inspector.path == "fetch"


async def _choose(one: Opened, path: str) -> None:
    one.screen.choose_path(path)
    one.screen.show_pane("graph")
    await one.pilot.pause()
    assert one.screen.inspector.path == path


async def test_a_step_of_an_iteration_is_run_again_without_what_came_before(one: Opened) -> None:
    await run(one)
    first = one.screen.shown_run
    effects(one)
    for number, (key, letter, done) in enumerate(
        [
            ("R", "f", ["ship 2", "ship 3", "total"]),
            ("S", "o", ["ship 2"]),
            ("U", "u", ["fetch", "ship 1", "ship 2"]),
        ]
    ):
        await _choose(one, "orders[1]/ship")
        await one.press(key)
        await one.over(2 * number + 2)
        assert effects(one) == done
        assert one.screen.shown_run is one.app.session.runs.latest
        one.screen.show_run(first)
        await _choose(one, "orders[1]/ship")
        send(one, "alt+shift+c")
        await one.until(lambda: dialog(one).startswith("Confirm"))
        await one.press(letter)
        await one.over(2 * number + 3)
        assert effects(one) == done
        one.screen.show_run(first)


async def test_a_form_takes_another_output_of_a_step_before(one: Opened) -> None:
    await run(one)
    effects(one)
    await _choose(one, "total")
    one.screen.run_again(one.app.session.runs.records[0].run_id)
    await one.until(lambda: isinstance(one.app.screen, RunAgain))
    await one.pilot.pause()
    form = one.app.screen
    form.query_one("#step", Input).value = "totla"
    await one.press("ctrl+r")
    assert "there is total" in str(form.query_one("#wrong-step").render())
    form.query_one("#step", Input).value = "total"
    form.query_one("#other", Input).value = "fetch"
    form.query_one("#other", Input).focus()
    await one.press("enter")
    area = form.query_one(TextArea)
    assert area.text == '{\n  "rows": [\n    1,\n    2,\n    3\n  ]\n}'
    area.text = '{"rows": [5'
    await one.press("ctrl+r")
    assert "the output of fetch: this is not JSON" in str(form.query_one("#wrong-output").render())
    area.text = '{"rows": [5, 6, 7]}'
    await one.press("ctrl+r")
    await one.over(2)
    assert effects(one) == ["total"]
    assert one.app.session.runs.records[-1].outputs == {"total": 18}
    one.screen.choose_path("orders[0]/ship")
    await one.pilot.pause()
    assert "taken from the journal" in str(one.screen.inspector.query_one("#inspector-head").render())


async def test_a_whole_run_is_run_again_with_its_inputs(one: Opened) -> None:
    await run(one, who="Bob")
    await run(one, 2, who="Cleo")
    effects(one)
    await listed(one, 2)
    await one.press("j", "r")
    await one.until(lambda: isinstance(one.app.screen, RunAgain))
    await one.pilot.pause()
    await one.press("ctrl+r")
    await one.over(3)
    assert one.app.session.runs.records[-1].inputs == {"who": "Bob"}
    assert effects(one) == ["fetch", "ship 1", "ship 2", "ship 3", "total"]


async def test_without_a_chosen_step_it_is_said_how_to_choose_one(one: Opened) -> None:
    await run(one)
    one.screen.inspector.show_step(None)
    one.screen.graph.drawing.select(None)
    await one.pilot.pause()
    RerunCommands.action_graph_from_here(one.screen)
    await one.until(lambda: told(one))
    assert told(one)[-1].startswith("Choose a step first")


def die(project: Path) -> None:
    """A run of another process that is killed at its second order."""
    (project / "die").touch()
    code = """
        import asyncio, sys
        from pathlib import Path
        from flowlang import FlowExecutor
        from flowlang.journal import Journal
        from flowlang.tasks.loader import load_registry

        folder = Path(sys.argv[1])
        executor = FlowExecutor(load_registry(folder / "flow.py"))
        asyncio.run(executor.execute_flow(folder / "flow.yaml", {}, recorder=Journal(folder).recorder()))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(project)], check=False, timeout=60)
    assert done.returncode == -9
    (project / "die").unlink()
    (project / "effects.txt").unlink()


async def test_an_interrupted_run_is_told_of_looked_at_and_resumed_after_a_choice(project: Path) -> None:
    die(project)
    async with opened(project) as one:
        await one.until(lambda: told(one))
        assert "was interrupted after 2 steps. alt+Z resumes it." in told(one)[-1]
        one.screen.show_pane("graph")
        send(one, "alt+shift+z")
        await one.until(lambda: isinstance(one.app.screen, Resume))
        await one.pilot.pause()
        await one.press("ctrl+r")
        await one.until(lambda: one.screen.shown_recorded is not None)
        assert one.screen.inspector.path == "orders[1]/ship"
        assert one.screen.inspector.call is not None
        assert one.screen.inspector.call.status == "unknown"
        assert effects(one) == []
        send(one, "alt+shift+z")
        await one.until(lambda: isinstance(one.app.screen, Resume))
        await one.pilot.pause()
        steps = list(one.app.screen.query(OpenStep))
        assert [step.path for step in steps] == ["orders[1]/ship"]
        steps[0].query_one(Select).value = "retry"
        await one.press("ctrl+r")
        await one.over()
        assert effects(one) == ["ship 2", "ship 3", "total"]
        (found,) = Journal(project).runs(RunQuery())
        assert (found.status, found.sessions) == ("succeeded", 2)


async def test_a_run_that_failed_is_resumed_from_the_list(one: Opened) -> None:
    await run(one, who="Nobody")
    effects(one)
    source = one.app.session.folder / "flow.py"
    source.write_text(TASKS.replace("Nobody", "No"))
    await one.until(lambda: one.app.session.problems == [])
    one.app.session.changed([source])
    await listed(one, 1)
    await one.press("u")
    await one.until(lambda: isinstance(one.app.screen, Resume))
    await one.pilot.pause()
    assert one.app.screen.query_one("#file", Select).value == "now"
    assert "flow.py" in str(one.app.screen.query_one(".note").render())
    await one.press("ctrl+r")
    await one.over(2)
    assert effects(one) == ["fetch", "ship 1", "ship 2", "ship 3", "total"]
    assert one.app.session.runs.records[-1].status == "succeeded"


async def test_secret_inputs_are_asked_for_again(project: Path) -> None:
    text = FLOW.replace("type: string, default: Ada", "type: string, secret: true")
    (project / "flow.yaml").write_text(text)
    async with opened(project) as one:
        await run(one, who="Hush")
        effects(one)
        one.app.session.last_inputs.clear()
        await _choose(one, "fetch")
        await one.press("R")
        await one.until(lambda: isinstance(one.app.screen, RunForm))
        one.app.screen.query_one(Input).value = "Hush"
        await one.press("ctrl+r")
        await one.over(2)
        assert one.app.session.runs.records[-1].status == "succeeded"
        kept = b"".join(path.read_bytes() for path in (project / ".flowlang").rglob("*") if path.is_file())
        assert b"Hush" not in kept


async def test_a_run_that_cannot_be_recorded_runs_all_the_same_and_that_is_told_once(project: Path) -> None:
    (project / ".flowlang").write_text("a file where the folder has to be")
    async with opened(project) as one:
        await run(one)
        await run(one, 2)
        assert [record.status for record in one.app.session.runs.records] == ["succeeded", "succeeded"]
        assert len([words for words in told(one) if "could not be recorded" in words]) == 1


async def test_a_journal_of_a_later_version_is_left_alone_and_that_is_told(project: Path) -> None:
    (project / ".flowlang").mkdir()
    with closing(sqlite3.connect(project / ".flowlang" / "runs.db")) as database:
        database.execute("PRAGMA user_version = 999")
    async with opened(project) as one:
        await run(one)
        assert one.app.session.runs.records[-1].status == "succeeded"
        one.screen.show_pane("runs")
        problem = one.screen.runs.query_one("#runs-problem")
        await one.until(lambda: problem.display)
        assert "was written by a later version" in str(problem.render())


async def test_a_folder_that_is_no_project_does_not_become_one(tmp_path: Path) -> None:
    folder = tmp_path / "loose" / "orders"
    folder.mkdir(parents=True)
    (folder / "flow.yaml").write_text("flow: Loose\nsteps:\n  - exit: {}\n")
    async with opened(folder) as one:
        await run(one)
        await listed(one, 1)
        assert not list((tmp_path / "loose").rglob(".flowlang"))


async def test_a_run_under_way_when_the_workbench_ends_is_recorded_as_cancelled(project: Path) -> None:
    source = project / "flow.py"
    waiting = TASKS.replace("import os\n", "import asyncio\nimport os\n").replace("def total(", "async def total(")
    source.write_text(waiting.replace('note("total")', "await asyncio.sleep(60)"))
    async with opened(project) as one:
        one.app.session.run(project / "flow.yaml")
        await one.until(lambda: any(step.step_id == "total" for step in _active(one)))
    (found,) = Journal(project).runs()
    assert found.status == "cancelled"


def _active(one: Opened) -> list[StepRecord]:
    record = one.app.session.runs.latest
    return [] if record is None else list(record.active)


def test_the_first_screen_is_painted_without_the_journal() -> None:
    code = "import sys, flowlang_tui.app; print({'sqlite3', 'flowlang.journal'} & sys.modules.keys())"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert shown.stdout.strip() == "set()"
