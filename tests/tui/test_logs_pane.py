"""The logs pane: lines as they come, a filter, and the selected line in whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input

from flowlang_tui.copying import CopyAsked
from flowlang_tui.panes.logs import LogsPane
from flowlang_tui.session.log_store import DEBUG, ERROR, INFO, WARNING
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.log_view import LogView


class LogsApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.copied: list[str] = []
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        yield LogsPane()

    @property
    def pane(self) -> LogsPane:
        return self.query_one(LogsPane)

    @property
    def view(self) -> LogView:
        return self.pane.view

    def on_copy_asked(self, event: CopyAsked) -> None:
        self.copied.append(event.text)

    def on_logs_pane_step_chosen(self, event: LogsPane.StepChosen) -> None:
        self.chosen.append(event.path)

    def screen_lines(self) -> list[str]:
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]

    def texts(self) -> list[str]:
        """The lines on the screen without their times."""
        return [line[13:] for line in self.screen_lines() if line]

    @property
    def state(self) -> str:
        return str(self.pane.border_subtitle)


def make_run(lines: int = 0) -> RunRecord:
    run = RunRecord(None, "nightly", {}, "20261121-144656-706e28f2")
    add(run, lines)
    return run


def add(run: RunRecord, lines: int) -> None:
    for number in range(len(run.log), len(run.log) + lines):
        run.log.append(1e9 + number, number % 4, f"each[{number}]/ship", f"line {number}", "✓")


@pytest.fixture
async def pilot() -> AsyncIterator[Pilot[None]]:
    app = LogsApp()
    async with app.run_test(size=(100, 24)) as pilot:
        app.pane.focus_inside()
        await pilot.pause()
        yield pilot


@pytest.fixture
def app(pilot: Pilot[None]) -> LogsApp:
    assert isinstance(pilot.app, LogsApp)
    return pilot.app


async def show(pilot: Pilot[None], run: RunRecord) -> None:
    assert isinstance(pilot.app, LogsApp)
    pilot.app.pane.show_run(run)
    await settle(pilot)


async def settle(pilot: Pilot[None]) -> None:
    assert isinstance(pilot.app, LogsApp)
    pilot.app.pane.refresh_run()
    await pilot.pause()
    while not pilot.app.view.rows.is_complete:
        await pilot.pause(0.01)
    await pilot.pause()


def test_nothing_but_the_two_keys_that_fill_it_is_shown_before_a_run(app: LogsApp) -> None:
    assert app.screen_lines()[:4] == [
        " No run yet.",
        "",
        " ctrl+r  runs the flow",
        " alt+r   asks for its inputs first",
    ]


async def test_the_view_stays_at_the_end_while_lines_come(pilot: Pilot[None], app: LogsApp) -> None:
    run = make_run(100)
    await show(pilot, run)
    assert app.texts()[-1] == "✓ each[99]/ship  line 99"
    assert "● following" in app.state
    assert "706e28f2" in app.state
    add(run, 50)
    await settle(pilot)
    assert app.texts()[-1] == "✓ each[149]/ship  line 149"
    assert "150 lines" in app.state


async def test_going_up_stops_following_and_end_goes_on(pilot: Pilot[None], app: LogsApp) -> None:
    run = make_run(100)
    await show(pilot, run)
    await pilot.press("up", "up")
    before = app.texts()
    add(run, 1234)
    await settle(pilot)
    assert app.texts() == before
    assert "⏸ 1,234 new" in app.state
    await pilot.press("end")
    await pilot.pause()
    assert app.texts()[-1] == "✓ each[1333]/ship  line 1333"
    assert "● following" in app.state


async def test_the_wheel_stops_following_and_coming_back_to_the_end_goes_on(pilot: Pilot[None], app: LogsApp) -> None:
    run = make_run(100)
    await show(pilot, run)
    app.view.scroll_relative(y=-5, animate=False)
    await pilot.pause()
    assert not app.view.following
    add(run, 10)
    await settle(pilot)
    assert app.texts()[-1] == "✓ each[94]/ship  line 94"
    app.view.scroll_end(animate=False)
    await pilot.pause()
    assert app.view.following


async def test_a_filter_is_applied_while_it_is_typed_and_new_lines_go_through_it(
    pilot: Pilot[None], app: LogsApp
) -> None:
    run = make_run(100)
    await show(pilot, run)
    await pilot.press("slash", *"line 7")
    await settle(pilot)
    assert [text.split()[-1] for text in app.texts()] == ["7", *map(str, range(70, 80))]
    assert "11 of 100" in app.state
    add(run, 710)
    await settle(pilot)
    assert app.texts()[-1] == "✓ each[799]/ship  line 799"
    assert "● following" in app.state
    await pilot.press("enter")
    assert app.focused is app.view
    await pilot.press("escape")
    await settle(pilot)
    assert len(app.view.rows) == 810


async def test_letters_go_into_the_filter_while_it_has_the_focus(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(10))
    await pilot.press("slash", *"nfltwyo")
    assert app.pane.query_one(Input).value == "nfltwyo"


async def test_a_wrong_pattern_says_what_is_wrong_and_leaves_the_lines(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(10))
    await pilot.press("slash", *"/(x/")
    await settle(pilot)
    assert "not a regular expression at character 1" in app.state
    assert len(app.texts()) == 10


async def test_a_filter_that_nothing_passes_says_how_to_leave_it(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(10))
    await pilot.press("slash", *"nowhere")
    await settle(pilot)
    assert app.screen_lines()[0] == " No line passes the filter."


async def test_after_a_filter_was_cleared_the_matches_are_found_among_all_lines(
    pilot: Pilot[None], app: LogsApp
) -> None:
    await show(pilot, make_run(100))
    await pilot.press("slash", *"line 5", "enter", "home", "escape")
    await settle(pilot)
    assert app.view.line is not None
    assert app.view.line.number == 5
    await pilot.press("n")
    assert app.view.line.number == 50
    await pilot.press("n")
    assert app.view.line.number == 51
    await pilot.press("N", "N", "N")
    assert app.view.line.number == 59


async def test_looking_for_the_next_match_without_a_text_asks_for_one(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(10))
    await pilot.press("n")
    await pilot.pause()
    assert app.focused is app.pane.query_one(Input)


async def test_levels_and_a_single_step_can_be_chosen(pilot: Pilot[None], app: LogsApp) -> None:
    run = make_run()
    for level in (DEBUG, INFO, WARNING, ERROR):
        run.log.append(1e9, level, f"step_{level}[0]/inner", "text")
    await show(pilot, run)
    shown = []
    for _ in range(4):
        await pilot.press("l")
        await settle(pilot)
        shown.append(len(app.texts()))
    assert shown == [3, 2, 1, 4]
    await pilot.press("home", "o")
    await settle(pilot)
    assert app.texts() == ["· step_0[0]/inner  text"]
    assert "step_0/inner" in app.state
    await pilot.press("o")
    await settle(pilot)
    assert len(app.texts()) == 4


async def test_what_others_wrote_is_shown_inert_and_copied_as_it_is(pilot: Pilot[None], app: LogsApp) -> None:
    run = make_run()
    run.log.append(1e9, INFO, "ship", "[bold]red[/bold] \x1b[31m \u202egnp\n[@click=app.quit]x[/]")
    await show(pilot, run)
    assert app.texts() == ["· ship  [bold]red[/bold] ␛[31m \\u202egnp␊[@click=app.quit]x[/]"]
    await pilot.press("y")
    assert app.copied == ["ship  [bold]red[/bold] \x1b[31m \u202egnp\n[@click=app.quit]x[/]"]


async def test_a_long_line_is_shown_in_whole_below(pilot: Pilot[None], app: LogsApp) -> None:
    run = make_run()
    run.log.append(1e9, INFO, "ship", "words " * 60 + "the end")
    await show(pilot, run)
    assert app.texts()[0].endswith("…")
    await pilot.press("w")
    await settle(pilot)
    detail = app.pane.query_one("#log-detail-text")
    shown = " ".join(strip.text.strip() for strip in detail.render_lines(detail.size.region))
    assert shown.endswith("the end")
    await pilot.press("w")
    assert not app.pane.query_one("#log-detail").display


async def test_enter_and_a_double_click_choose_the_step(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(5))
    await pilot.press("home", "down", "enter")
    await pilot.double_click(LogView, offset=(30, 3))
    assert app.chosen == ["each[1]/ship", "each[3]/ship"]


async def test_keys_of_lists_move_the_selection(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(100))
    numbers = []
    for key in ("g", "j", "down", "k", "pagedown", "ctrl+u", "G", "k"):
        await pilot.press(key)
        numbers.append(app.view.selected)
    page = app.view.size.height - 1
    assert numbers == [0, 1, 2, 1, 1 + page, 1, None, 99]


async def test_lines_that_are_dropped_do_not_move_what_is_read(pilot: Pilot[None], app: LogsApp) -> None:
    from flowlang_tui.session.log_store import LogStore

    run = make_run()
    run.log = LogStore(lines=8192)
    add(run, 8000)
    await show(pilot, run)
    app.view.select(7990)
    await pilot.pause()
    before = app.texts()
    add(run, 3000)
    await settle(pilot)
    assert run.log.first > 0
    assert app.texts() == before


async def test_times_can_be_hidden(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(1))
    assert app.screen_lines()[0][2] == ":"
    await pilot.press("t")
    assert app.screen_lines()[0] == "✓ each[0]/ship  line 0"


async def test_another_run_shows_its_own_log(pilot: Pilot[None], app: LogsApp) -> None:
    await show(pilot, make_run(50))
    await pilot.press("home")
    other = make_run()
    other.log.append(1e9, INFO, "", "only line")
    await show(pilot, other)
    assert app.texts() == ["· only line"]
    assert app.view.following


async def test_a_hidden_pane_catches_up_when_it_is_shown(pilot: Pilot[None], app: LogsApp) -> None:
    run = make_run(10)
    await show(pilot, run)
    app.pane.display = False
    await pilot.pause()
    add(run, 90)
    app.pane.refresh_run()
    app.pane.display = True
    await pilot.pause()
    await pilot.pause()
    assert app.texts()[-1] == "✓ each[99]/ship  line 99"


async def test_an_empty_pane_that_is_shown_later_says_how_to_fill_it(pilot: Pilot[None], app: LogsApp) -> None:
    app.pane.display = False
    await pilot.pause()
    app.pane.display = True
    await pilot.pause()
    assert app.screen_lines()[0] == " No run yet."
