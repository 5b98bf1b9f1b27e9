"""Recorded runs in the workbench: listed, shown, compared, kept; and what happens where none can be."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Input

from flowlang import FlowExecutor
from flowlang.journal import Journal
from flowlang_tui.screens.compare import Compare
from flowlang_tui.session.log_store import LogLine
from flowlang_tui.session.step_records import StepRecord
from flowlang_tui.widgets.status_bar import StatusBar
from tests.tui.acting import dialog, told
from tests.tui.opening import Opened, opened
from tests.tui.orders import FLOW, TASKS, lines, listed, run, write_orders


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_orders(tmp_path)


@pytest.fixture
async def one(project: Path) -> AsyncIterator[Opened]:
    async with opened(project) as found:
        yield found


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
