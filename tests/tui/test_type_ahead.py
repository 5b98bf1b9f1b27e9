"""Keys that come faster than the screen follows: each goes where those before it lead."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from flowlang_tui.screens.breakpoint_form import BreakpointForm
from tests.tui.acting import send
from tests.tui.opening import Opened, opened
from tests.tui.standing import DOUBLE, FLOW, INNER, run_to, set_points, stand, write_project

WAIT = "        await asyncio.sleep(0.01)\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "orders")


def typed(one: Opened, *keys: str) -> None:
    """Press keys at once, so that the screen has dealt with none of them when the next one comes."""
    for key in keys:
        send(one, key)


async def test_what_is_typed_behind_a_key_that_opens_a_form_goes_into_the_form(project: Path) -> None:
    async with opened(project) as one:
        one.screen.editor.go(DOUBLE)
        typed(one, "ctrl+b", "e", *"number", "tab", *"every2")
        await one.until(lambda: isinstance(one.app.screen, BreakpointForm))
        await one.until(lambda: one.app.screen.query_one("#hits", Input).value == "every2")
        assert one.app.screen.query_one("#condition", Input).value == "number"
        assert one.screen.editor.code.text == FLOW


async def test_keys_in_the_graph_are_not_overtaken_by_the_cursor_that_follows_them(project: Path) -> None:
    async with opened(project) as one:
        one.screen.show_pane("graph")
        graph = one.screen.graph.drawing
        graph.select(next(iter(graph.drawing.boxes)))
        await one.pilot.pause()
        typed(one, "j", "j", "j")
        await one.until(lambda: graph.selected == "inner")
        await one.until(lambda: one.screen.editor.code.cursor_location[0] + 1 == INNER)


async def test_an_expression_behind_the_key_of_the_console_is_no_order(project: Path) -> None:
    async with opened(project) as one:
        path = await run_to(one, "each/double")
        typed(one, "colon", *"conx")
        await one.until(lambda: one.screen.console.prompt.value == "conx")
        assert one.app.session.debugging.chosen is not None
        assert one.app.session.debugging.chosen.stop.path == path


async def test_a_line_that_is_typed_behind_another_one_is_whole(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        typed(one, "colon", *"other", "enter", *"limit", "enter", *"more")
        await one.until(lambda: one.screen.console.prompt.value == "more")
        await one.until(lambda: "2› limit" in "\n".join(one.screen.console.values.rows))


async def test_an_expression_behind_the_key_of_a_watch_is_no_order(project: Path) -> None:
    async with opened(project) as one:
        path = await run_to(one, "each/double")
        typed(one, "a", *"conx")
        prompt = one.screen.scope.query_one("#scope-prompt", Input)
        await one.until(lambda: prompt.value == "conx")
        assert one.app.session.debugging.chosen is not None
        assert one.app.session.debugging.chosen.stop.path == path


async def test_a_key_for_the_next_step_is_not_typed_into_the_text_when_the_run_has_ended(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        one.app.post_message(now := events.Key("n", "n"))
        await one.over()
        assert one.screen.editor.code.has_focus
        for after in (0.3, 0.6, 1.2):
            late = events.Key("n", "n")
            late.time = now.time + after
            one.app.post_message(late)
        await one.pilot.pause()
        assert one.screen.editor.code.text == FLOW
        later = events.Key("n", "n")
        later.time = now.time + 2.0
        one.app.post_message(later)
        await one.until(lambda: one.screen.editor.code.text != FLOW)


async def test_a_stop_takes_no_letter_from_whoever_is_writing(project: Path) -> None:
    waiting = "async def double(number: int) -> int:\n    while not Path(__file__).with_name('go').exists():\n"
    tasks = (project / "flow.py").read_text().replace("async def double(number: int) -> int:\n", waiting + WAIT)
    (project / "flow.py").write_text("import asyncio\nfrom pathlib import Path\n" + tasks)
    async with opened(project) as one:
        set_points(one, "last")
        one.screen.editor.go(DOUBLE)
        await one.press("ctrl+r")
        await one.until(lambda: one.app.session.runs.is_busy)
        written = events.Key("x", "x")
        written.time += 3600
        one.app.post_message(written)
        await one.until(lambda: one.screen.editor.code.text != FLOW)
        (project / "go").touch()
        await stand(one)
        assert one.screen.panes["stack"].display
        assert one.screen.editor.code.has_focus
