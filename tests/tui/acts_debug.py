"""What one sees of the actions of the debugger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from textual.widgets import Input

from flowlang_tui.graph.addresses import lines_of
from tests.tui.acting import ANYTHING, Act, copied, cursor, dialog, focused_pane, told
from tests.tui.opening import Opened

Before = Callable[[Opened], Awaitable[None]]


def _flow(one: Opened) -> Path:
    return one.app.session.folder / "flow.yaml"


def set_at(one: Opened, *steps: str) -> None:
    """Set breakpoints at these steps and nowhere else."""
    debugging = one.app.session.debugging
    debugging.points.clear()
    for step in steps:
        debugging.points.toggle(_flow(one), step)
    debugging.breakpoints_changed()


async def run_to(one: Opened, *steps: str) -> None:
    """Run the flow, and wait until it stands at the first of these steps."""
    set_at(one, *steps)
    await _stand(one)


async def _stand(one: Opened) -> None:
    debugging = one.app.session.debugging
    one.screen.run_flow(_flow(one))
    await one.until(lambda: debugging.chosen is not None)
    one.screen.show_pane("stack")
    await one.pilot.pause()


def at(*steps: str) -> Before:
    """Stand at a step."""

    async def before(one: Opened) -> None:
        await run_to(one, *steps)

    return before


def _once(step: str) -> Before:
    """Stand at a step when the run comes there first."""

    async def before(one: Opened) -> None:
        from flowlang.debugger import Breakpoint

        set_at(one)
        one.app.session.debugging.points.put(None, Breakpoint(step, hits=1, flow="flow.yaml"))
        await _stand(one)

    return before


def where(one: Opened) -> str:
    """Where the chosen stop is: its path and when."""
    chosen = one.app.session.debugging.chosen
    return "" if chosen is None else f"{chosen.stop.path} {chosen.stop.when}"


def _stops(one: Opened) -> int:
    return len(one.app.session.debugging.sights)


def _points(one: Opened) -> list[tuple[str, bool]]:
    return [(point.step, point.enabled) for point in one.app.session.debugging.points.all]


def _others(one: Opened) -> bool:
    return one.app.session.debugging.others_wait is True


def _ended(one: Opened) -> list[tuple[str, str]]:
    """The steps that ended in the newest run, each with how."""
    record = one.app.session.runs.latest
    steps = [] if record is None else list(record.steps.values())
    one.app.session.runs.take_up()
    return [(step.step_id, step.status) for step in steps if step.runs or step.skipped]


def _calls_of(step: str) -> Callable[[Opened], int]:
    """How often a step began in the newest run."""

    def count(one: Opened) -> int:
        one.app.session.runs.take_up()
        record = one.app.session.runs.latest
        found = [] if record is None else [one for one in record.steps.values() if one.step_id == step]
        return len(found[0].calls) if found else 0

    return count


def _points_listed(*steps: str) -> Before:
    """Look at the list of breakpoints."""

    async def before(one: Opened) -> None:
        one.screen.show_pane("breakpoints")
        set_at(one, *steps)
        one.screen.breakpoints.list.select(1)
        await one.pilot.pause()

    return before


def _point_row(one: Opened) -> int:
    return one.screen.breakpoints.list.selected


async def _two_points(one: Opened) -> None:
    await _points_listed("fetch", "stored")(one)


async def _second_point(one: Opened) -> None:
    await _two_points(one)
    one.screen.breakpoints.list.select(2)


def _scope_at(step: str, row: str) -> Before:
    """Look at the values at a step, one of them selected."""

    async def before(one: Opened) -> None:
        await run_to(one, step)
        one.screen.show_pane("scope")
        await one.pilot.pause()
        values = one.screen.scope.values
        values.select(next(at for at, told in enumerate(values.rows) if row in told))

    return before


async def _rows_of_fetch(one: Opened) -> None:
    """Look at a list of rows that is open."""
    await _scope_at("stored", "fetch")(one)
    values = one.screen.scope.values
    if values.node is not None and not values.node.is_open:
        values.toggle()
    values.move(1)
    if values.node is not None and not values.node.is_open:
        values.toggle()


def _value_rows(one: Opened) -> list[str]:
    return one.screen.scope.values.rows if "scope" in one.screen.panes else []


def _value_state(one: Opened) -> tuple[list[str], int]:
    return _value_rows(one), one.screen.scope.values.selected if "scope" in one.screen.panes else 0


def _asking(one: Opened) -> bool:
    return isinstance(one.app.focused, Input) and focused_pane(one) == "scope"


async def _two_stops(one: Opened) -> None:
    """Stand at both branches of the parallel step."""
    one.app.session.debugging.let_others(False)
    await run_to(one, "one", "other")
    await one.until(lambda: _stops(one) == 2)


async def _all_wait(one: Opened) -> None:
    one.app.session.debugging.let_others(True)
    await run_to(one, "fetch")


async def _running(one: Opened) -> None:
    one.screen.run_flow(one.app.session.folder / "ticking.yaml")
    await one.until(lambda: one.app.session.debugging.debugger is not None)


async def _changed_input(one: Opened) -> None:
    await run_to(one, "one")
    one.app.session.debugging.act(lambda stop: stop.set_input("number", 77))
    chosen = one.app.session.debugging.chosen
    assert chosen is not None
    await one.until(lambda: chosen.stop.changes)


async def _other_text(one: Opened) -> None:
    await run_to(one, "one")
    code = one.screen.editor.code
    code.replace_text(code.text.replace("inputs: {number: 1}", "inputs: {number: 4}"))
    await one.checked()


async def _in_transaction(one: Opened) -> None:
    debugging = one.app.session.debugging
    flow = one.app.session.folder / "paying.yaml"
    debugging.points.clear()
    debugging.points.toggle(flow, "pay")
    one.screen.run_flow(flow)
    await one.until(lambda: debugging.chosen is not None)
    first = debugging.chosen
    debugging.step("into")
    await one.until(lambda: debugging.chosen not in (None, first))
    await one.until(lambda: debugging.can("commit"))
    one.screen.show_pane("stack")
    await one.pilot.pause()


def _result_of(step: str) -> Callable[[Opened], Any]:
    def result(one: Opened) -> Any:
        one.app.session.runs.take_up()
        record = one.app.session.runs.latest
        found = [] if record is None else [one for one in record.steps.values() if one.step_id == step]
        call = found[0].last if found else None
        return None if call is None else (call.status, call.outputs)

    return result


def _after(step: str) -> Before:
    """Stand after an attempt of a step."""

    async def before(one: Opened) -> None:
        from flowlang.debugger import Breakpoint

        set_at(one)
        one.app.session.debugging.points.put(None, Breakpoint(step, "after", flow="flow.yaml"))
        await _stand(one)

    return before


def _again_number(one: Opened) -> int:
    chosen = one.app.session.debugging.chosen
    return 0 if chosen is None else chosen.stop.id


def _cursor_at(line: int) -> Callable[[Opened], None]:
    return lambda one: one.screen.editor.go(line)


async def _stopped_with_cursor(one: Opened) -> None:
    await run_to(one, "fetch")
    checked = one.app.session.checked(_flow(one))
    assert checked is not None
    one.screen.editor.go(lines_of(checked.graph)["stored"])


def _shown_past(one: Opened) -> str:
    """The step that is shown as it was."""
    walk = one.app.session.debugging.walk
    return "" if walk is None or walk.moment is None else walk.moment.past.path


async def _finished(one: Opened) -> None:
    """Show a run that is over, and have the focus in the debugger."""
    before = len(one.app.session.runs.records)
    one.screen.run_flow(_flow(one))
    await one.until(lambda: len(one.app.session.runs.records) > before or one.app.session.runs.is_busy)
    await one.until(lambda: not one.app.session.runs.is_busy)
    one.screen.show_pane("stack")
    await one.pilot.pause()


def _looking_back(steps: int) -> Before:
    """Look at what a run that is over was some steps before its end."""

    async def before(one: Opened) -> None:
        await _finished(one)
        for _ in range(steps):
            seen = _shown_past(one)
            one.screen.action_debug_back()
            await one.until(lambda seen=seen: _shown_past(one) not in ("", seen))
        one.screen.show_pane("stack")
        await one.pilot.pause()

    return before


def _origin_of_newest(one: Opened) -> str:
    """The newest run, once it is over."""
    runs = one.app.session.runs
    return "" if runs.is_busy or runs.latest is None else runs.latest.run_id


DEBUG: Final[dict[str, Act]] = {
    "debug.menu": Act(dialog, "DebugMenu Debugger"),
    "debug.start": Act(where, "fetch before"),
    "debug.breakpoint": Act(_points, [("fetch", True)], lambda one: _choose(one, "fetch")),
    "debug.condition": Act(dialog, "BreakpointForm Breakpoint at fetch", lambda one: _choose(one, "fetch")),
    "view.stack": Act(focused_pane, "stack"),
    "view.scope": Act(focused_pane, "scope"),
    "view.breakpoints": Act(focused_pane, "breakpoints"),
    "view.console": Act(focused_pane, "console"),
    "graph.breakpoint": Act(_points, [("fetch", True)], lambda one: _choose(one, "fetch")),
    "debug.continue": Act(where, "", at("stored")),
    "debug.over": Act(where, "each before", at("fetch")),
    "debug.into": Act(where, "each[0]/check before", at("each")),
    "debug.out": Act(where, "stored before", _once("each/check")),
    "debug.to-cursor": Act(where, "stored before", _stopped_with_cursor),
    "debug.pause": Act(where, ANYTHING, _running),
    "debug.others": Act(_others, ANYTHING, _all_wait),
    "debug.next-stop": Act(where, ANYTHING, _two_stops),
    "debug.previous-stop": Act(where, ANYTHING, _two_stops),
    "debug.evaluate": Act(focused_pane, "console", at("fetch")),
    "debug.watch": Act(_asking, True, at("fetch")),
    "debug.edit": Act(dialog, "BreakpointForm Breakpoint at fetch", _points_listed("fetch")),
    "debug.inputs": Act(dialog, "Ask name =", at("fetch")),
    "debug.again": Act(_again_number, ANYTHING, _after("fetch")),
    "debug.skip": Act(lambda one: ("fetch", "skipped") in _ended(one), True, at("fetch")),
    "debug.give": Act(dialog, "Ask fetch gives", at("fetch")),
    "debug.redo": Act(_result_of("one"), ("succeeded", {"double": 8}), _other_text),
    "debug.accept": Act(lambda one: "number: 77" in one.screen.editor.code.text, True, _changed_input),
    "debug.commit": Act(lambda one: _result_of("pay")(one), ANYTHING, _in_transaction),
    "debug.roll-back": Act(lambda one: (_result_of("pay")(one) or ("", None))[0], "failed", _in_transaction),
    "debug.back": Act(_shown_past, ANYTHING, _finished),
    "debug.forward": Act(_shown_past, ANYTHING, _looking_back(2)),
    "debug.now": Act(_shown_past, "", _looking_back(1)),
    "debug.fork": Act(_origin_of_newest, ANYTHING, _looking_back(2)),
    "debug.open": Act(cursor, ("flow.yaml", 18), _points_listed("stored")),
    "debug.toggle": Act(_points, [("fetch", False)], _points_listed("fetch")),
    "debug.delete": Act(_points, [], _points_listed("fetch")),
    "debug.delete-all": Act(dialog, "Confirm", _points_listed("fetch")),
    "debug.table": Act(_value_rows, ANYTHING, _rows_of_fetch),
    "debug.copy": Act(lambda one: "fetch" in copied(one), True, _points_listed("fetch")),
    "debug.down": Act(_point_row, 2, _two_points),
    "debug.up": Act(_point_row, 1, _second_point),
    "debug.inside": Act(_value_state, ANYTHING, _scope_at("stored", "fetch")),
    "debug.outside": Act(_value_state, ANYTHING, _scope_at("stored", "fetch")),
    "debug.first": Act(_point_row, 1, _second_point),
    "debug.last": Act(_point_row, 2, _two_points),
}


def _choose(one: Opened, step: str) -> None:
    """Choose a step in the graph, and put the cursor on it."""
    one.screen.graph.drawing.select(step)
    node = one.screen.graph.drawing.picture.node(step)
    assert node is not None
    one.screen.editor.go(node.line)
    one.screen.graph.drawing.focus()


__all__ = ["DEBUG", "run_to", "set_at", "told", "where"]
