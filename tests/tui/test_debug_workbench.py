"""The workbench with a run that stands still: its panes, and its marks in text and graph."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Select

from flowlang.debugger import Breakpoint
from flowlang_tui.screens.breakpoint_form import BreakpointForm
from flowlang_tui.screens.debug_menu import OFFERED, DebugMenu
from tests.tui.opening import opened
from tests.tui.standing import (
    DOUBLE,
    FLOW,
    LAST,
    OTHER,
    TASKS,
    gutter,
    points,
    rows,
    run_to,
    set_points,
    shown,
    stack,
    stand,
    write_project,
)
from tests.tui.unseen import painted


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "orders")


# breakpoints


async def test_the_cursor_the_gutter_and_the_graph_set_breakpoints(project: Path) -> None:
    async with opened(project) as one:
        one.screen.editor.go(DOUBLE)
        await one.press("alt+shift+b")
        await one.until(lambda: points(one) == ["each/double"])
        await one.until(lambda: gutter(one, DOUBLE)[0] == "●")
        painted(one.app.screen)
        await one.pilot.click("CodeEditor", offset=(2, LAST - 1))
        await one.until(lambda: points(one) == ["each/double", "last"])
        one.screen.show_pane("graph")
        one.screen.graph.drawing.select("other")
        await one.press("b")
        await one.until(lambda: "other" in points(one))
        drawing = one.screen.graph.drawing
        drawn = "\n".join(drawing.painted(y).text for y in range(drawing.drawing.height))
        assert drawn.count("◉") == 3
        await one.press("b")
        await one.until(lambda: "other" not in points(one))


async def test_a_breakpoint_moves_with_its_text_and_follows_its_step(project: Path) -> None:
    async with opened(project) as one:
        set_points(one, "last")
        code = one.screen.editor.code
        await one.until(lambda: gutter(one, LAST)[0] == "●")
        code.replace_text("# one more line\n" + FLOW)
        assert gutter(one, LAST + 1)[0] == "●"
        code.replace_text("# one more line\n" + FLOW.replace("id: last", "id: final").replace("${last}", "${final}"))
        await one.checked()
        await one.until(lambda: points(one) == ["final"])
        assert gutter(one, LAST + 1)[0] == "●"


async def test_the_form_says_when_a_breakpoint_stops_and_what_is_wrong_with_that(project: Path) -> None:
    async with opened(project) as one:
        one.screen.editor.go(DOUBLE)
        await one.press("ctrl+b", "e")
        await one.until(lambda: isinstance(one.app.screen, BreakpointForm))
        form = one.app.screen
        form.query_one("#condition", Input).value = "number >"
        await one.press("ctrl+s")
        assert "✗" in str(form.query_one("#wrong").render())
        form.query_one("#condition", Input).value = "number > 1"
        await one.press("ctrl+s")
        await one.until(lambda: points(one) == ["each/double"])
        assert gutter(one, DOUBLE)[0] == "◆"
        await one.press("ctrl+r")
        assert await stand(one) == "each[2]/double"


async def test_a_doubtful_condition_is_told_once_and_then_taken(project: Path) -> None:
    async with opened(project) as one:
        one.screen.editor.go(DOUBLE)
        await one.press("ctrl+b", "e")
        await one.until(lambda: isinstance(one.app.screen, BreakpointForm))
        form = one.app.screen
        form.query_one("#condition", Input).value = "unheard"
        await one.press("ctrl+s")
        assert "nothing is called `unheard`" in str(form.query_one("#wrong").render())
        assert points(one) == []
        await one.press("ctrl+s")
        await one.until(lambda: points(one) == ["each/double"])


async def test_a_breakpoint_for_a_statement_of_any_step_of_any_flow(project: Path) -> None:
    async with opened(project) as one:
        one.screen.editor.go(DOUBLE)
        await one.press("ctrl+b", "e")
        await one.until(lambda: isinstance(one.app.screen, BreakpointForm))
        form = one.app.screen
        form.query_one("#where", Select).value = "project"
        form.query_one("#statement", Input).value = "delete from"
        await one.until(lambda: form.query_one("#when", Select).value == "statement")
        form.query_one("#when", Select).value = "after"
        await one.press("ctrl+s")
        assert "only before a statement" in str(form.query_one("#wrong").render())
        form.query_one("#when", Select).value = "statement"
        await one.press("ctrl+s")
        point = Breakpoint("*", "statement", statement="delete from")
        await one.until(lambda: list(one.app.session.debugging.points.all) == [point])
        assert gutter(one, DOUBLE).strip() == "", "no line is the place of it"
        one.screen.show_pane("breakpoints")
        await one.pilot.pause()
        lines = [line.text.strip() for line in one.screen.breakpoints.list.lines]
        assert lines == ["every flow", "◆ any step  statement, `delete from`"]


async def test_a_run_stops_where_any_step_fails(project: Path) -> None:
    (project / "flow.py").write_text(TASKS.replace("    return number * 2", "    return number * 2 // (number - 50)"))
    async with opened(project) as one:
        assert await run_to(one, Breakpoint("*", "error")) == "other"
        assert "division or modulo by zero" in str(one.screen.scope.query_one("#scope-head").render())


async def test_the_list_of_breakpoints_switches_edits_opens_and_deletes(project: Path) -> None:
    async with opened(project) as one:
        set_points(one, "last", "other", "gone")
        one.screen.show_pane("breakpoints")
        await one.pilot.pause()
        listed = one.screen.breakpoints
        assert [line.text.strip() for line in listed.list.lines] == [
            "flow.yaml",
            "● last",
            "● other",
            "● gone  no such step",
        ]
        await one.press("j", "space")
        assert [point.enabled for point in one.app.session.debugging.points.all if point.step == "other"] == [False]
        listed.list.select(1)
        await one.press("enter")
        assert one.screen.editor.code.cursor_location[0] + 1 == LAST
        one.screen.show_pane("breakpoints")
        await one.press("d")
        assert "last" not in points(one)


# standing


async def test_a_stop_brings_the_debugger_and_its_end_gives_all_back(project: Path) -> None:
    async with opened(project) as one:
        before = shown(one)
        assert "stack" not in one.screen.panes
        assert await run_to(one, "each/double") == "each[0]/double"
        assert shown(one) == {"stack", "breakpoints", "editor", "console", "graph", "scope"}
        assert one.screen.stack.has_focus_within
        assert stack(one) == ["➤ each[0]/double", "before, breakpoint", "↻ each  1 of 3  :7", "∥ both  :6"]
        assert gutter(one, DOUBLE) == "●➤"
        assert "stopped at each[0]/double" in one.status
        assert "number  0" in rows(one)
        set_points(one)
        await one.press("c")
        await one.over()
        assert shown(one) == before
        assert gutter(one, DOUBLE) == " ✓"
        assert one.screen.editor.code.has_focus


async def test_letters_step_and_the_graph_shows_where(project: Path) -> None:
    async with opened(project) as one:
        path = await run_to(one, "each/double")
        drawing = one.screen.graph.drawing
        assert any("➤ double" in drawing.painted(y).text for y in range(drawing.drawing.height))
        await one.press("n")
        assert await stand(one, path) == "each[0]/inner"
        assert any("➤ inner" in drawing.painted(y).text for y in range(drawing.drawing.height))


async def test_a_stop_in_a_subflow_shows_its_text_and_keeps_the_graph_of_the_run(project: Path) -> None:
    async with opened(project) as one:
        path = await run_to(one, "each/inner")
        await one.press("s")
        assert await stand(one, path) == "each[0]/inner/twice"
        assert one.screen.editor.current == project / "inner" / "flow.yaml"
        assert gutter(one, 4)[1] == "➤"
        await one.checked()
        assert one.screen.shown_flow == project / "flow.yaml"
        assert stack(one)[2] == "▶ inner  flow.yaml:12"
        one.screen.stack.list.select(2)
        await one.press("enter")
        await one.until(lambda: "double" in one.app.session.debugging.chosen.scope.values)  # type: ignore[union-attr]
        assert one.screen.editor.current == project / "flow.yaml"
        await one.press("o")
        await stand(one, "each[0]/inner/twice")


async def test_several_stops_are_listed_and_one_is_chosen(project: Path) -> None:
    async with opened(project) as one:
        one.app.session.debugging.let_others(False)
        await run_to(one, "each/double", "other")
        await one.until(lambda: len(one.app.session.debugging.sights) == 2)
        await one.pilot.pause()
        assert {line.split()[1] for line in stack(one) if line[0] in "➤‖"} == {"each[0]/double", "other"}
        before = one.app.session.debugging.chosen
        await one.press("right_square_bracket")
        assert one.app.session.debugging.chosen is not before
        assert {gutter(one, DOUBLE)[1], gutter(one, OTHER)[1]} == {"➤"}


async def test_the_focus_stays_in_the_text_from_the_second_stop_on(project: Path) -> None:
    async with opened(project) as one:
        path = await run_to(one, "each/double")
        one.screen.show_pane("editor")
        await one.press("ctrl+b", "c")
        await stand(one, path)
        assert one.screen.editor.code.has_focus


async def test_the_menu_offers_what_can_be_done_now(project: Path) -> None:
    async with opened(project) as one:
        await one.press("ctrl+b")
        menu = one.app.screen
        assert isinstance(menu, DebugMenu)
        offered = {action.name for action in menu._actions}
        assert "debug.start" in offered
        assert "debug.continue" not in offered
        await one.press("escape")
        await run_to(one, "last")
        await one.press("ctrl+b")
        menu = one.app.screen
        assert isinstance(menu, DebugMenu)
        offered = {action.name for action in menu._actions}
        assert {"debug.continue", "debug.skip"} <= offered <= set(OFFERED)
        assert "debug.again" not in offered, "nothing ran yet that could run again"
        await one.press("x")
        await one.over()
        assert one.app.session.runs.records[-1].outputs == {"last": None}


async def test_a_narrow_screen_shows_the_stack_and_offers_the_others(project: Path) -> None:
    async with opened(project, size=(80, 24)) as one:
        await run_to(one, "last")
        assert shown(one) == {"stack"}
        assert "Scope" in str(one.screen.stack.border_title)
        await one.press("colon")
        assert shown(one) == {"console"}
        await one.press("escape", "c")
        await one.over()
        assert shown(one) == {"editor"}
