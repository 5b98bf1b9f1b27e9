"""Recorded runs in the workbench that are run again, from any step, or go on where they ended."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.widgets import Input, Select, TextArea

from flowlang.journal import Journal, RunQuery
from flowlang_tui.commands.rerunning import RerunCommands
from flowlang_tui.screens.resume import OpenStep, Resume
from flowlang_tui.screens.run_again import RunAgain
from flowlang_tui.screens.run_form import RunForm
from tests.tui.acting import dialog, send, told
from tests.tui.opening import Opened, opened
from tests.tui.orders import FLOW, TASKS, choose_step, effects, listed, run, write_orders


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_orders(tmp_path)


@pytest.fixture
async def one(project: Path) -> AsyncIterator[Opened]:
    async with opened(project) as found:
        yield found


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
        await choose_step(one, "orders[1]/ship")
        await one.press(key)
        await one.over(2 * number + 2)
        assert effects(one) == done
        assert one.screen.shown_run is one.app.session.runs.latest
        one.screen.show_run(first)
        await choose_step(one, "orders[1]/ship")
        send(one, "alt+shift+c")
        await one.until(lambda: dialog(one).startswith("Confirm"))
        await one.press(letter)
        await one.over(2 * number + 3)
        assert effects(one) == done
        one.screen.show_run(first)


async def test_a_form_takes_another_output_of_a_step_before(one: Opened) -> None:
    await run(one)
    effects(one)
    await choose_step(one, "total")
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


async def test_secret_inputs_are_asked_for_again(project: Path) -> None:
    text = FLOW.replace("type: string, default: Ada", "type: string, secret: true")
    (project / "flow.yaml").write_text(text)
    async with opened(project) as one:
        await run(one, who="Hush")
        effects(one)
        one.app.session.last_inputs.clear()
        await choose_step(one, "fetch")
        await one.press("R")
        await one.until(lambda: isinstance(one.app.screen, RunForm))
        one.app.screen.query_one(Input).value = "Hush"
        await one.press("ctrl+r")
        await one.over(2)
        assert one.app.session.runs.records[-1].status == "succeeded"
        kept = b"".join(path.read_bytes() for path in (project / ".flowlang").rglob("*") if path.is_file())
        assert b"Hush" not in kept


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
