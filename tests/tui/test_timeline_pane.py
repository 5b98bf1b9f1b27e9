"""The timeline: bars of steps and calls, as text and by its keys."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from flowlang import Event
from flowlang_tui.copying import CopyAsked
from flowlang_tui.panes.timeline import TimelinePane
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.gantt_bars import Span, axis, bar, rows_of, whole_span

pytestmark = pytest.mark.usefixtures("seen")

BEGIN = 1e9


def started(path: str, at: float, line: int = 1) -> Event:
    step_id = path.rpartition("/")[2]
    facts = {"flow": "f", "step_id": step_id, "task": "wait", "kind": "task", "path": path, "line": line}
    return {"type": "step_started", "timestamp": BEGIN + at, "inputs": None, **facts}  # type: ignore[typeddict-item]


def ended(path: str, at: float, took: float, line: int = 1) -> Event:
    event = {**started(path, at, line), "type": "step_completed", "duration_ms": took * 1000}
    return {**event, "outputs": None, "attempts": 1, "status": "succeeded"}  # type: ignore[typeddict-item,return-value]


def failed(path: str, at: float, took: float, line: int = 1) -> Event:
    return {  # type: ignore[return-value]
        **ended(path, at, took, line),
        "type": "step_failed",
        "status": "failed",
        "error": {"message": "no"},
        "error_type": "ValueError",
    }


def make_run(*events: Event, until: float | None = 10.0) -> RunRecord:
    run = RunRecord(None, "f", {})
    run.apply([{"type": "flow_started", "timestamp": BEGIN, "run_id": "r", "flow": "f", "inputs": {}}, *events])
    if until is not None:
        run.end("succeeded")
        run.ended = BEGIN + until
    return run


def drawn(run: RunRecord, name: str, width: int = 10, now: float = 10.0) -> str:
    step = next(one for one in run.steps.values() if one.step_id == name)
    return "".join(piece.text for piece in bar(step, whole_span(run, BEGIN + now, width), BEGIN + now))


def test_a_bar_begins_and_ends_within_an_eighth_of_a_cell() -> None:
    run = make_run(started("a", 0), ended("a", 2.5, 2.5), started("b", 2.5), ended("b", 10, 7.5))
    assert drawn(run, "a") == "██▌       "
    step = next(one for one in run.steps.values() if one.step_id == "b")
    pieces = bar(step, whole_span(run, BEGIN + 10, 10), BEGIN + 10)
    assert [(piece.text, piece.reverse) for piece in pieces] == [("  ", False), ("▌", True), ("███████", False)]


def test_the_shortest_call_can_be_seen() -> None:
    assert drawn(make_run(started("a", 5), ended("a", 5.000001, 0.000001)), "a") == "     ▏    "


def test_calls_of_a_loop_share_a_bar_and_dense_ones_are_one_sign() -> None:
    calls = [event for at in (0, 2, 4) for event in (started("a", at), ended("a", at + 1, 1))]
    assert drawn(make_run(*calls), "a") == "█ █ █     "
    calls = [event for at in range(4) for event in (started("a", at / 4), ended("a", at / 4 + 0.02, 0.02))]
    assert drawn(make_run(*calls), "a") == "▒         "


def test_calls_that_are_no_longer_kept_leave_a_trace() -> None:
    calls = [event for at in range(400) for event in (started("a", at / 40), ended("a", at / 40 + 0.02, 0.02))]
    shown = drawn(make_run(*calls), "a")
    assert shown[:4] == "░░░░"
    assert "░" not in shown[6:]


def test_failures_and_what_still_runs_are_told_apart() -> None:
    run = make_run(started("a", 0), failed("a", 2, 2), started("a", 4), ended("a", 6, 2), started("a", 8), until=None)
    step = next(iter(run.steps.values()))
    pieces = bar(step, Span(BEGIN, BEGIN + 10, 10), BEGIN + 9)
    assert [(piece.text, piece.kind) for piece in pieces if piece.kind] == [
        ("██", "failed"),
        ("██", "done"),
        ("█", "running"),
    ]


def test_rows_stand_in_the_order_of_their_begin_with_what_is_inside_below() -> None:
    run = make_run(
        started("first", 0),
        ended("first", 1, 1),
        started("each", 2),
        started("late", 2.5),
        started("each[0]/b", 3),
        started("each[0]/a", 4),
        started("each[0]/sub/deep", 5),
    )
    rows = [(row.step.address, row.depth) for row in rows_of(run)]
    assert rows == [
        ("first", 0),
        ("each", 0),
        ("each/b", 1),
        ("each/a", 1),
        ("late", 0),
        ("each/sub/deep", 0),
    ]


def test_branches_that_share_an_id_have_rows_of_their_own() -> None:
    run = make_run(started("q", 0, line=3), ended("q", 1, 1, line=3), started("q", 2, line=9), ended("q", 3, 1, line=9))
    assert [row.step.line for row in rows_of(run)] == [3, 9]


@pytest.mark.parametrize(
    ("start", "end", "line"),
    [
        (0, 10, "╵0      ╵2 s    ╵4 s    ╵6 s    ╵8 s"),
        (0, 0.3, "╵0           ╵100 ms      ╵200 ms       "),
        (2, 3, "╵2.0 s  ╵2.2 s  ╵2.4 s  ╵2.6 s  ╵2.8 s"),
        (0, 300, "╵0           ╵1m40s       ╵3m20s"),
    ],
)
def test_the_axis_has_round_times(start: float, end: float, line: str) -> None:
    assert axis(Span(BEGIN + start, BEGIN + end, 40), BEGIN).startswith(line.rstrip("╵ "))


def test_the_axis_of_a_run_that_goes_on_grows_in_steps() -> None:
    run = make_run(until=None)
    spans = {whole_span(run, BEGIN + tenths / 10, 40) for tenths in range(1, 1000)}
    assert len(spans) < 40
    assert whole_span(run, BEGIN + 50, 40).end >= BEGIN + 50


class TimelineApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[tuple[str, int]] = []
        self.copied: list[str] = []

    def compose(self) -> ComposeResult:
        yield TimelinePane()

    @property
    def pane(self) -> TimelinePane:
        return self.query_one(TimelinePane)

    def lines(self) -> list[str]:
        gantt = self.pane.gantt
        return [gantt.render_line(y).text.rstrip() for y in range(gantt.size.height)]

    def on_timeline_pane_step_chosen(self, event: TimelinePane.StepChosen) -> None:
        self.chosen.append((event.address, event.line))

    def on_copy_asked(self, event: CopyAsked) -> None:
        self.copied.append(event.text)


@pytest.fixture
async def pilot() -> AsyncIterator[Pilot[None]]:
    app = TimelineApp()
    async with app.run_test(size=(80, 12)) as pilot:
        app.pane.focus_inside()
        await pilot.pause()
        yield pilot


@pytest.fixture
def app(pilot: Pilot[None]) -> TimelineApp:
    assert isinstance(pilot.app, TimelineApp)
    return pilot.app


RUN = (
    started("fetch", 0, 4),
    ended("fetch", 2, 2, 4),
    started("each", 2, 5),
    started("each[0]/ship", 2, 7),
    failed("each[0]/ship", 4, 2, 7),
    started("each[1]/ship", 4, 7),
    ended("each[1]/ship", 8, 4, 7),
    ended("each", 8, 6, 5),
)


def test_before_a_run_the_pane_says_how_to_fill_it(app: TimelineApp) -> None:
    assert app.lines()[0] == " No run yet."


async def test_a_run_is_drawn_with_names_bars_and_times(pilot: Pilot[None], app: TimelineApp) -> None:
    app.pane.show_run(make_run(*RUN))
    await pilot.pause()
    axis_line, *rows = (line for line in app.lines() if line)
    assert axis_line.split() == ["╵0", "╵2", "s", "╵4", "s", "╵6", "s", "╵8", "s"]
    assert [(row[:18].rstrip(), re.split("[▏▎▍▌▋▊▉█]", row)[-1].strip()) for row in rows] == [
        ("✓ fetch", "2.00 s"),
        ("✓ each", "6.00 s"),
        ("✗   ship", "6.00 s 2×"),
    ]
    assert str(app.pane.border_subtitle) == "3 steps  succeeded  10.00 s"


async def test_rows_appear_while_the_run_goes_on(pilot: Pilot[None], app: TimelineApp) -> None:
    run = make_run(*RUN[:2], until=None)
    app.pane.show_run(run)
    await pilot.pause()
    run.apply(RUN[2:4])
    app.pane.refresh_run()
    await pilot.pause()
    assert [line[:12].rstrip() for line in app.lines() if line][1:] == ["✓ fetch", "◐ each", "◐   ship"]


async def test_keys_choose_a_step_and_copy_its_times(pilot: Pilot[None], app: TimelineApp) -> None:
    app.pane.show_run(make_run(*RUN))
    await pilot.press("j", "enter", "end", "enter", "up", "home", "y")
    await pilot.double_click(TimelinePane, offset=(4, 4))
    assert app.chosen == [("each", 5), ("each/ship", 7), ("each/ship", 7)]
    assert app.copied == ["fetch: succeeded, 2.00 s"]


async def test_time_is_zoomed_and_moved_within_the_run(pilot: Pilot[None], app: TimelineApp) -> None:
    app.pane.show_run(make_run(*RUN))
    await pilot.pause()
    whole = app.lines()[0]
    shown = []
    for key in ("plus", "h", "h", "h", "l", "minus"):
        await pilot.press(key)
        shown.append(app.lines()[0].split("╵")[1].strip())
    assert shown == ["3 s", "2 s", "0", "0", "2 s", "0"]
    await pilot.press("plus", "0")
    assert app.lines()[0] == whole


async def test_a_hidden_pane_catches_up_when_it_is_shown(pilot: Pilot[None], app: TimelineApp) -> None:
    run = make_run(*RUN[:2], until=None)
    app.pane.show_run(run)
    app.pane.display = False
    await pilot.pause()
    run.apply(RUN[2:])
    app.pane.refresh_run()
    app.pane.display = True
    await pilot.pause()
    assert [line[:12].rstrip() for line in app.lines() if line][1:] == ["✓ fetch", "✓ each", "✗   ship"]
