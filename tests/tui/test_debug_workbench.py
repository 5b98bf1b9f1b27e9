"""The workbench with a run that stands still: its panes, its marks in text and graph, and what they give back."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from flowlang.debugger import Breakpoint
from flowlang_tui.graph.addresses import lines_of
from flowlang_tui.screens.ask import Ask
from flowlang_tui.screens.breakpoint_form import BreakpointForm
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.screens.debug_menu import OFFERED, DebugMenu
from flowlang_tui.widgets.code_editor.looks import Shown, look_of
from flowlang_tui.widgets.value_tree import ValueTree
from tests.tui.opening import Opened, opened
from tests.tui.unseen import painted

FLOW = """\
flow: Orders
inputs:
  - {name: limit, type: integer, default: 3}
  - {name: code, type: string, secret: true, default: very-secret-code}
steps:
  - parallel:
      - for_each: ${range(inputs.limit)}
        id: each
        as: number
        do:
          - {task: Double, id: double, inputs: {number: "${number}"}}
          - subflow: inner
            id: inner
            inputs: {value: "${double}"}
      - {task: Double, id: other, inputs: {number: 50}}
    id: both
  - {task: Double, id: last, inputs: {number: 7}}
outputs:
  last: ${last}
"""
DOUBLE, INNER, OTHER, LAST = 11, 12, 15, 17

INNER_FLOW = """\
flow: Inner
inputs: [{name: value, type: integer}]
steps:
  - {task: Double, id: twice, inputs: {number: "${inputs.value}"}}
"""

TASKS = """\
from flowlang import TaskRegistry

registry = TaskRegistry()


@registry.register("Double")
async def double(number: int) -> int:
    return number * 2


def create_task_registry():
    return registry
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "orders"
    (folder / "inner").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    (folder / "flow.yaml").write_text(FLOW)
    (folder / "inner" / "flow.yaml").write_text(INNER_FLOW)
    for name in ("flow.py", "inner/flow.py"):
        (folder / name).write_text(TASKS)
    return folder


def points(one: Opened) -> list[str]:
    return [point.step for point in one.app.session.debugging.points.all]


def set_points(one: Opened, *steps: str | Breakpoint) -> None:
    debugging = one.app.session.debugging
    debugging.points.clear()
    for step in steps:
        debugging.points.put(None, step if isinstance(step, Breakpoint) else Breakpoint(step, flow="flow.yaml"))
    debugging.breakpoints_changed()


async def stand(one: Opened, than: str = "") -> str:
    """Wait until the run stands, elsewhere than there; where it does, once that is shown."""
    debugging = one.app.session.debugging
    await one.until(lambda: debugging.chosen is not None and debugging.chosen.stop.path != than)
    await one.pilot.pause()
    await one.pilot.pause()
    assert debugging.chosen is not None
    return debugging.chosen.stop.path


async def run_to(one: Opened, *steps: str | Breakpoint) -> str:
    set_points(one, *steps)
    await one.press("ctrl+r")
    return await stand(one)


def gutter(one: Opened, line: int) -> str:
    """The signs beside a line."""
    code = one.screen.editor.code
    look = look_of(code.buffer, line - 1, Shown(code.selection, None, False, False, 3, 0, 80))
    return "".join(sign.character for sign in look.signs[:2])


def shown(one: Opened) -> set[str]:
    return {name for name, pane in one.screen.panes.items() if pane.display}


def rows(one: Opened) -> str:
    return "\n".join(one.screen.scope.values.rows)


def stack(one: Opened) -> list[str]:
    return [line.text.strip() for line in one.screen.stack.list.lines]


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
        assert {"debug.continue", "debug.skip"} <= {action.name for action in menu._actions} <= set(OFFERED)
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


# looking and changing


async def test_a_value_is_changed_where_it_stands(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "each/double")
        one.screen.show_pane("scope")
        await one.pilot.pause()
        values = one.screen.scope.values
        values.select(next(at for at, row in enumerate(values.rows) if row.strip() == "number  0"))
        await one.press("e")
        prompt = one.screen.scope.query_one("#scope-prompt", Input)
        await one.until(lambda: prompt.has_focus)
        assert prompt.value == "0"
        await one.press(*" + 20", "enter")
        await one.until(lambda: "number  20" in rows(one))
        assert "by hand: input number" in str(one.screen.scope.query_one("#scope-head").render())
        await one.press("n")
        await stand(one, "each[0]/double")
        assert "double  40" in rows(one)


async def test_an_expression_is_watched_and_remembered(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "each/double")
        await one.press("a")
        await one.until(lambda: isinstance(one.app.focused, Input))
        await one.press(*"number*100", "enter")
        await one.until(lambda: "number*100  0" in rows(one))
        await one.press("c")
        await stand(one, "each[0]/double")
        assert "number*100  100" in rows(one)
    async with opened(project) as one:
        assert one.app.session.debugging.watched == {project / "flow.yaml": ["number*100"]}


async def test_the_console_answers_and_brings_lines_back(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        await one.press("colon")
        await one.until(lambda: one.screen.console.prompt.has_focus)

        def answers() -> str:
            return "\n".join(one.screen.console.query_one(ValueTree).rows)

        for text in ("other / 4", "inputs.code", "nothing", "query select 1"):
            one.screen.console.prompt.value = text
            await one.press("enter")
            await one.until(lambda text=text: f"› {text}" in answers())
        assert "value  25" in answers()
        assert "very-secret" not in answers()
        assert "••••" in answers()
        assert "this step has no connection" in answers()
        await one.press("up", "up")
        assert one.screen.console.prompt.value == "nothing"


async def test_an_output_is_given_by_hand(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        await one.press("v")
        await one.until(lambda: isinstance(one.app.screen, Ask))
        await one.press(*"other+1", "enter")
        await one.over()
        assert one.app.session.runs.records[-1].outputs == {"last": 101}


async def test_the_step_is_redone_with_what_the_editor_has(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        code = one.screen.editor.code
        code.replace_text(code.text.replace("inputs: {number: 7}", "inputs: {number: 9}"))
        await one.checked()
        assert gutter(one, LAST) == "●➤"
        await one.press("m")
        await one.over()
        assert one.app.session.runs.records[-1].outputs == {"last": 18}


async def test_leaving_asks_first_and_does_not_wait_for_the_stop(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        await one.press("ctrl+q")
        assert "A run is going on" in str(one.app.screen.query("Static").first().render())
        await one.press("escape")
        lines = lines_of(one.app.session.checked(project / "flow.yaml").graph)  # type: ignore[union-attr]
        assert lines["last"] == LAST


# looking back


async def test_one_steps_back_looks_and_comes_back_to_the_stop(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        await one.press("comma")
        await one.until(lambda: "as it was" in str(one.screen.scope.query_one("#scope-head").render()))
        walk = one.app.session.debugging.walk
        assert walk is not None
        assert walk.moment is not None
        line = walk.moment.past.line
        await one.until(lambda: gutter(one, line)[1] == "↶")
        await one.press("colon")
        await one.until(lambda: one.screen.console.prompt.has_focus)
        one.screen.console.prompt.value = "context.flow"
        await one.press("enter")
        await one.until(lambda: "as it was" in "\n".join(one.screen.console.query_one(ValueTree).rows))
        await one.press("escape", "0")
        await one.until(lambda: gutter(one, LAST)[1] == "➤")
        assert "➤ before last" in str(one.screen.scope.query_one("#scope-head").render())
        await one.press("c")
        await one.over()


async def test_a_run_that_has_stopped_is_ended_and_forked_after_a_question(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, "last")
        stopped = one.app.session.runs.records[-1]
        await one.press("comma")
        await one.until(lambda: one.app.session.debugging.is_looking_back)
        walk = one.app.session.debugging.walk
        assert walk is not None
        await one.until(lambda: walk.moment is not None)
        await one.press("f")
        await one.until(lambda: isinstance(one.app.screen, Confirm))
        await one.press("e")
        await one.until(lambda: len(one.app.session.runs.records) == 2)
        forked = one.app.session.runs.records[-1]
        assert stopped.status == "cancelled"
        await stand(one)
        await one.press("c")
        await one.over(2)
        assert forked.outputs == {"last": 14}


async def test_a_run_that_is_over_is_walked_back_and_forked(project: Path) -> None:
    async with opened(project) as one:
        await one.press("ctrl+r")
        await one.over()
        before = shown(one)
        await one.press("ctrl+b", "comma")
        await one.until(lambda: one.app.session.debugging.is_looking_back)
        await one.pilot.pause()
        assert one.app.session.debugging.walk is not None
        assert one.app.session.debugging.walk.moment is not None
        assert one.app.session.debugging.walk.moment.past.path == "last"
        assert "other  100" in rows(one)
        await one.press("f")
        await one.over(2)
        assert one.app.session.runs.records[-1].outputs == {"last": 14}
        assert shown(one) == before
