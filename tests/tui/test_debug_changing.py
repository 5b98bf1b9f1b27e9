"""A run that stands still in the workbench: looked at, changed, walked back, forked."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from flowlang_tui.graph.addresses import lines_of
from flowlang_tui.screens.ask import Ask
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.widgets.value_tree import ValueTree
from tests.tui.acting import send
from tests.tui.opening import opened
from tests.tui.standing import (
    LAST,
    gutter,
    rows,
    run_to,
    shown,
    stand,
    write_project,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "orders")


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
        assert "➤ last, before" in str(one.screen.scope.query_one("#scope-head").render())
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


async def test_steps_back_that_are_asked_for_while_the_run_is_read_are_taken_together(project: Path) -> None:
    async with opened(project) as one:
        await one.press("ctrl+r")
        await one.over()
        one.screen.show_pane("editor")
        for key in ("ctrl+b", "comma", "comma", "comma", "full_stop"):
            send(one, key)
        debugging = one.app.session.debugging

        def left() -> int | None:
            """How many steps there are from the one that is shown to the end of the run."""
            moment = None if debugging.walk is None else debugging.walk.moment
            return None if moment is None else moment.total - moment.position

        await one.until(lambda: left() == 2)
        assert list(one.app.session.documents.changed) == []
        await one.press("0")
        await one.until(lambda: not debugging.is_looking_back)
        assert one.screen.editor.code.has_focus
