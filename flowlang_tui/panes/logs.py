"""The logs pane: the log of a run, a filter, and the selected line in whole."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from flowlang.runtime.paths import address_of
from flowlang_tui.actions import bindings
from flowlang_tui.copying import CopyAsked, line_text
from flowlang_tui.inert import inert
from flowlang_tui.panes.run_pane import EMPTY, RunPane
from flowlang_tui.session.log_filter import LogFilter
from flowlang_tui.session.log_pattern import FilterError
from flowlang_tui.session.log_store import DEBUG, ERROR, LogStore
from flowlang_tui.widgets.log_view import LogView

NOTHING = "No line passes the filter.\n\nescape  shows all lines"

_LEVELS = ("", "info and up", "warnings and errors", "errors")


class LogsPane(RunPane):
    """Shows the log of a run as it grows."""

    DEFAULT_CSS = """
    LogsPane {
        #log-filter { display: none; height: 1; background: $surface; &.-invalid { color: $text-error; } }
        #log-detail { display: none; height: auto; max-height: 8; border-top: solid $border-blurred; padding: 0 1; }
        #log-detail > Static { height: auto; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("logs")]
    title = "Logs"

    class StepChosen(Message):
        """The step of a line was chosen, by its path."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    def __init__(self, *, id: str = "logs") -> None:
        super().__init__(id=id)
        self._query = ""
        self._level = DEBUG
        self._address = ""
        self._problem = ""
        self._said = ""
        self._detailed: int | None = None

    def compose(self) -> ComposeResult:
        yield LogView(id="log-view")
        with VerticalScroll(id="log-detail", can_focus=False):
            yield Static(id="log-detail-text", markup=False)
        yield Input(id="log-filter", placeholder="text, !text, /pattern/", compact=True, select_on_focus=False)

    @property
    def view(self) -> LogView:
        """The lines."""
        return self.query_one("#log-view", LogView)

    def focus_inside(self) -> None:
        """Give the focus to the lines."""
        self.view.focus()

    def _show(self) -> None:
        self.view.show(LogStore() if self._record is None else self._record.log)
        self._say()

    def _catch_up(self) -> None:
        self.view.refresh_log()

    def _apply(self) -> None:
        try:
            chosen = LogFilter(self._query, self._level, self._address)
        except FilterError as error:
            self._problem = str(error)
        else:
            self._problem = ""
            self.view.apply(chosen)
        self._say()

    @on(LogView.Changed)
    def _say(self) -> None:
        view = self.view
        view.hint = EMPTY if self._record is None else NOTHING if not view.rows.filter.is_open else ""
        problem = self._problem or view.rows.problem
        self.query_one("#log-filter").set_class(bool(problem), "-invalid")
        run = "" if self._record is None or not self._record.run_id else f" {self._record.run_id[-8:]}"
        words = [problem] if problem else self._state(view)
        subtitle = inert("  ".join(filter(None, [*words, run.strip()])))
        if subtitle != self._said:
            self._said = subtitle
            self.show_subtitle(subtitle)
        self._show_detail()

    def _state(self, view: LogView) -> list[str]:
        count = (
            f"{len(view.rows):,} lines" if view.rows.filter.is_open else f"{len(view.rows):,} of {len(view.store):,}"
        )
        new = "● following" if view.following else f"⏸ {view.unseen:,} new" if view.unseen else "⏸"
        return [new, _LEVELS[self._level], self._address, "" if view.rows.is_complete else "searching…", count]

    def _show_detail(self) -> None:
        detail = self.query_one("#log-detail")
        line = self.view.line
        if not detail.display or line is None or line.number == self._detailed:
            return
        self._detailed = line.number
        self.query_one("#log-detail-text", Static).update(Content(inert(line.text, newlines=True)))
        detail.scroll_home(animate=False)

    @on(LogView.Chosen)
    def _line_chosen(self, event: LogView.Chosen) -> None:
        event.stop()
        if event.line.path:
            self.post_message(self.StepChosen(event.line.path))

    @on(Input.Changed, "#log-filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._query:
            self._query = event.value
            self._apply()

    @on(Input.Submitted, "#log-filter")
    def _filter_kept(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#log-filter").display = bool(self._query)
        self.view.focus()

    def action_logs_filter(self) -> None:
        bar = self.query_one("#log-filter", Input)
        bar.display = True
        bar.focus()

    def action_logs_clear_filter(self) -> None:
        bar = self.query_one("#log-filter", Input)
        bar.display = False
        bar.value = ""
        self.view.focus()
        self._query, self._level, self._address = "", DEBUG, ""
        self._apply()

    def _to_match(self, direction: int) -> None:
        if not self.view.to_match(direction):
            # there is nothing to look for yet
            self.action_logs_filter()

    def action_logs_next_match(self) -> None:
        self._to_match(1)

    def action_logs_previous_match(self) -> None:
        self._to_match(-1)

    def action_logs_follow(self) -> None:
        self.view.follow()

    def action_logs_start(self) -> None:
        self.view.select(self.view.store.first)

    def action_logs_level(self) -> None:
        self._level = DEBUG if self._level == ERROR else self._level + 1
        self._apply()

    def action_logs_only_step(self) -> None:
        line = self.view.line
        self._address = "" if self._address or line is None else address_of(line.path)
        self._apply()

    def action_logs_times(self) -> None:
        self.view.toggle_times()

    def action_logs_wrap(self) -> None:
        detail = self.query_one("#log-detail")
        detail.display = not detail.display
        self._detailed = None
        self._show_detail()

    def action_logs_step(self) -> None:
        line = self.view.line
        if line is not None and line.path:
            self.post_message(self.StepChosen(line.path))

    def action_logs_copy(self) -> None:
        line = self.view.line
        if line is not None:
            self.post_message(CopyAsked(line_text(line), "log line"))

    def action_logs_down(self) -> None:
        self.view.move(1)

    def action_logs_up(self) -> None:
        self.view.move(-1)

    def action_logs_page_down(self) -> None:
        self.view.page(1)

    def action_logs_page_up(self) -> None:
        self.view.page(-1)
