"""The runs pane: what it lists, what it reads and when, and what it asks for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from time import time

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from flowlang.journal import RunQuery
from flowlang_tui.panes.runs import RunsPane
from flowlang_tui.session.history_rows import PAGE, RunRow, RunRows
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.run_list import RunList


class Alone(App[None]):
    """The pane, and what it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.searched: list[tuple[str, bool]] = []
        self.asked: list[tuple[str, str]] = []
        self.compared: list[tuple[str, str | None]] = []
        self.wanted: list[int] = []

    def compose(self) -> ComposeResult:
        yield RunsPane()

    def on_runs_pane_searched(self, event: RunsPane.Searched) -> None:
        self.searched.append((event.text, event.again))

    def on_runs_pane_asked(self, event: RunsPane.Asked) -> None:
        self.asked.append((event.wish, event.row.run_id))

    def on_runs_pane_compare_asked(self, event: RunsPane.CompareAsked) -> None:
        self.compared.append((event.first, event.second))

    def on_run_list_wanted(self, event: RunList.Wanted) -> None:
        self.wanted += event.pages

    @property
    def pane(self) -> RunsPane:
        return self.query_one(RunsPane)

    def lines(self) -> list[str]:
        listed = self.pane.list
        return [listed.render_line(y).text.rstrip() for y in range(listed.size.height)]


@pytest.fixture
async def shown() -> AsyncIterator[tuple[Alone, Pilot[None]]]:
    app = Alone()
    async with app.run_test(size=(100, 20)) as pilot:
        app.pane.focus_inside()
        await pilot.pause()
        yield app, pilot


def row(number: int, **facts: object) -> RunRow:
    given = {
        "flow": "orders",
        "status": "succeeded",
        "started": time() - 60 * number,
        "duration_ms": 1350.0,
        "steps": 7,
    }
    return RunRow(**{"run_id": f"run-{number}", **given, **facts})  # type: ignore[arg-type]


def rows_of(*rows: RunRow, total: int | None = None) -> RunRows:
    made = RunRows(RunQuery())
    made.take(0, rows, len(rows) if total is None else total)
    return made


async def test_the_journal_is_read_when_the_pane_is_first_seen(shown: tuple[Alone, Pilot[None]]) -> None:
    app, _ = shown
    assert app.searched == [("", False)]
    assert app.lines()[0].strip() == "Reading the journal…"


async def test_while_nobody_looks_it_is_not_read_again(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.display = False
    await pilot.pause()
    app.pane.reload()
    assert len(app.searched) == 1
    app.pane.display = True
    await pilot.pause()
    assert app.searched[1:] == [("", True)]


async def test_a_run_has_its_sign_age_flow_time_steps_and_what_failed(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    failed = row(5, status="failed", failed_step="ship", error="card refused\nmore", pinned=True)
    app.pane.show_rows(rows_of(row(2), failed))
    await pilot.pause()
    _, first, second, *_ = app.lines()
    assert re.sub(" +", " ", first).strip() == "✓ 2 min ago orders succeeded 1.35 s 7"
    assert re.sub(" +", " ", second).strip() == "✗⚑ 5 min ago orders failed 1.35 s 7 ship: card refused"


async def test_no_run_teaches_how_to_get_one(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of())
    await pilot.pause()
    assert "ctrl+r  runs the flow" in "\n".join(app.lines())


async def test_of_a_hundred_thousand_runs_only_those_in_sight_are_asked_for(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(*(row(n) for n in range(PAGE)), total=100_000))
    await pilot.pause()
    app.wanted.clear()
    await pilot.press("G")
    await pilot.pause()
    assert app.wanted == [999]
    assert app.pane.list.selected == 99_999
    assert "…" in app.lines()[-5]


async def test_read_again_the_same_run_stays_selected(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(row(1), row(2), row(3)))
    await pilot.press("j")
    app.pane.show_rows(rows_of(row(0), row(1), row(2), row(3)), keep=True)
    await pilot.pause()
    assert app.pane.list.row is not None
    assert app.pane.list.row.run_id == "run-2"


async def test_what_is_typed_into_the_filter_is_searched_and_escape_ends_that(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(row(1)))
    await pilot.press("slash", *"ab", "enter")
    await pilot.pause()
    assert app.searched[1:] == [("a", False), ("ab", False)]
    assert app.pane.list.has_focus
    await pilot.press("escape")
    await pilot.pause()
    assert app.searched[-1] == ("", False)
    assert not app.pane.query_one(Input).display


async def test_what_is_wrong_with_a_filter_is_told_and_then_no_longer(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_problem("no run is `broken`")
    await pilot.pause()
    assert app.pane.query_one("#runs-problem").display
    app.pane.show_rows(rows_of(row(1)))
    assert not app.pane.query_one("#runs-problem").display


@pytest.mark.parametrize(
    ("key", "wish"),
    [("enter", "open"), ("r", "again"), ("u", "resume"), ("p", "pin"), ("d", "delete"), ("x", "export")],
)
async def test_keys_ask_for_what_is_to_be_done_with_the_selected_run(
    shown: tuple[Alone, Pilot[None]], key: str, wish: str
) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(row(1), row(2)))
    await pilot.press("j", key)
    await pilot.pause()
    assert app.asked == [(wish, "run-2")]


async def test_a_click_selects_and_a_second_one_opens(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(row(1), row(2)))
    await pilot.click(RunList, offset=(10, 2), times=2)
    await pilot.pause()
    assert app.asked == [("open", "run-2")]


async def test_two_marked_runs_are_compared(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(row(1), row(2), row(3)))
    await pilot.press("space", "j", "space", "c")
    await pilot.pause()
    assert app.compared == [("run-1", "run-3")]
    assert [line[0] for line in app.lines()[1:4]] == ["◆", " ", "◆"]


async def test_without_marks_a_run_is_compared_with_the_one_before(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(row(1), row(2)))
    await pilot.press("c")
    await pilot.pause()
    assert app.compared == [("run-1", None)]


async def test_the_run_under_way_is_shown_as_far_as_it_has_come(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(rows_of(row(0, run_id="live", status="running", steps=0), row(1)))
    live = RunRecord(None, "orders", {}, "live")
    live.status, live.started, live.finished = "running", time(), 41
    app.pane.show_live(live)
    await pilot.pause()
    assert re.search(r"◐ .* running .* 41$", app.lines()[1])


async def test_text_of_a_run_is_shown_inert(shown: tuple[Alone, Pilot[None]]) -> None:
    app, pilot = shown
    app.pane.show_rows(
        rows_of(row(1, flow="[red]o\x1b[31m", status="failed", error="\x1b]52;c;x\x07[@click=app.quit]x"))
    )
    await pilot.pause()
    drawn = "\n".join(app.lines()) + str(app.pane.query_one("#runs-detail").render())
    assert "\x1b" not in drawn
    assert "[red]o␛" in drawn
    assert "[@click=app.quit]" in drawn
