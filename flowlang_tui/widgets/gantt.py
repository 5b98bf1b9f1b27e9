"""The bars of a run on the screen, a row for each step. Only rows that are seen are drawn."""

from __future__ import annotations

from time import time
from typing import ClassVar, Final

from rich.cells import set_cell_size
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from flowlang.cli.readable import duration
from flowlang_tui.inert import inert
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.snapshots import snapshot
from flowlang_tui.session.step_records import StepRecord
from flowlang_tui.widgets.gantt_bars import Row, Span, axis, bar, rows_of, whole_span
from flowlang_tui.widgets.line_view import LineView, Piece
from flowlang_tui.widgets.status_signs import SIGNS

_NAME: Final = 28
_TIMES: Final = 16
_SHORTEST: Final = 1e-5

_COLOURS: Final = {
    "$text-muted": "pending",
    "$text-warning": "running",
    "$text-success": "done",
    "$text-error": "failed",
}


class Gantt(LineView):
    """Shows when the steps of a run ran, and at once with which others."""

    looks = "gantt"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "gantt--axis",
        "gantt--name",
        "gantt--times",
        "gantt--pending",
        "gantt--running",
        "gantt--done",
        "gantt--failed",
        "gantt--unknown",
        "gantt--selected",
    }

    DEFAULT_CSS = """
    Gantt {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        .gantt--axis { color: $text-muted; }
        .gantt--name { color: $foreground; }
        .gantt--times { color: $text-muted; }
        .gantt--pending { color: $text-muted; }
        .gantt--running { color: $warning; }
        .gantt--done { color: $success; }
        .gantt--failed { color: $error; }
        .gantt--unknown { color: $text-muted; }
        .gantt--selected { background: $block-cursor-blurred-background; }
        &:focus .gantt--selected { background: $block-cursor-background 40%; }
    }
    """

    class Chosen(Message):
        """Enter was pressed on a step, or a second click made."""

        def __init__(self, step: StepRecord) -> None:
            super().__init__()
            self.step = step

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows: list[Row] = []
        self.selected = 0
        self.hint = ""
        self._run: RunRecord | None = None
        self._steps = -1
        #: The part that is shown: None is the whole run, else its begin and end in seconds.
        self._part: tuple[float, float] | None = None

    def show(self, run: RunRecord | None) -> None:
        """Show another run, all of it."""
        self._run = run
        self._part = None
        self._steps = -1
        self.selected = 0
        self.forget()
        self.scroll_to_line(0)
        self.refresh_run()

    def refresh_run(self) -> None:
        """Show what happened since. Called once a frame while the run goes on."""
        run = self._run
        started = 0 if run is None else len(run.steps)
        if started != self._steps:
            self._steps = started
            chosen = self.step
            self.rows = [] if run is None else rows_of(run)
            self.measure()
            self.selected = next((at for at, row in enumerate(self.rows) if row.step is chosen), 0)
            self.virtual_size = Size(self.room.width, len(self.rows) + 1)
        self.refresh()

    @property
    def step(self) -> StepRecord | None:
        """The selected step."""
        return self.rows[self.selected].step if self.selected < len(self.rows) else None

    def select(self, row: int) -> None:
        """Select a row and show it."""
        if not self.rows:
            return
        self.selected = min(max(row, 0), len(self.rows) - 1)
        self.measure()
        self.show_line(self.selected, self.room.height - 1)
        self.refresh()

    def move(self, rows: int) -> None:
        """Select the row so many further down."""
        self.select(self.selected + rows)

    def page(self, direction: int) -> None:
        """Go a page down (1) or up (-1)."""
        self.move(direction * max(self.room.height - 2, 1))

    def zoom(self, factor: float) -> None:
        """Show so many times as much time, around the middle of what is shown."""
        span = self._span()
        middle, half = (span.start + span.end) / 2, max((span.end - span.start) / 2 * factor, _SHORTEST)
        self._show_part(middle - half, middle + half)

    def pan(self, part: float) -> None:
        """Move by a part of what is shown: later if it is positive."""
        span = self._span()
        by = (span.end - span.start) * part
        self._show_part(span.start + by, span.end + by)

    def fit(self) -> None:
        """Show the whole run again, and go on with it."""
        self._part = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The axis, then a row for each step."""
        if not self.rows:
            hint = self.hint.split("\n")
            return self.strip([(f" {hint[y]}", "axis")] if y < len(hint) else [])
        span = self._span()
        if y == 0:
            origin = (self._run.started if self._run is not None else None) or span.start
            return self.strip([(" " * (self._name_width + 1) + axis(span, origin), "axis")])
        at = self.scroll_offset.y + y - 1
        if at >= len(self.rows):
            return self.strip([])
        row, selected = self.rows[at], at == self.selected
        if row.step.running:
            return self.strip(self._pieces(row, span), selected=selected)
        key = (row.step.key, row.step.version, span, selected)
        return self.kept(key, lambda: self.strip(self._pieces(row, span), selected=selected))

    def _pieces(self, row: Row, span: Span) -> list[Piece]:
        step, now = row.step, time()
        sign, colour = SIGNS[step.status]
        name = f"{'  ' * row.depth}{inert(step.step_id)}"
        bars = [(one.text, f"{one.kind or 'pending'}{' reverse' * one.reverse}") for one in bar(step, span, now)]
        return [
            (f"{sign} ", _COLOURS[colour]),
            (set_cell_size(name, self._name_width - 2) + " ", "name"),
            *bars,
            (f" {times(step, now)}", "times"),
        ]

    @property
    def _name_width(self) -> int:
        return min(_NAME, max(self.room.width // 4, 8))

    def _span(self) -> Span:
        width = max(self.room.width - self._name_width - 1 - _TIMES, 8)
        if self._run is None:
            return Span(0.0, 1.0, width)
        if self._part is not None:
            return Span(*self._part, width)
        return whole_span(self._run, time(), width)

    def _show_part(self, start: float, end: float) -> None:
        run = self._run
        if run is None or run.started is None:
            return
        whole = whole_span(run, time(), 1)
        length = end - start
        if length >= whole.end - whole.start:
            self._part = None
        else:
            start = min(max(start, whole.start), whole.end - length)
            self._part = (start, start + length)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click selects a step, a second one goes to it."""
        row = self.scroll_offset.y + event.y - 1
        if event.y > 0 and row < len(self.rows):
            self.select(row)
            if event.chain == 2 and self.step is not None:
                self.post_message(self.Chosen(self.step))


def times(step: StepRecord, now: float) -> str:
    """How long a step took in all, how often it ran, and what went wrong."""
    calls = snapshot(step.calls)
    going = sum(now - call.started for call in calls if call.ended is None) if step.running else 0.0
    words = [duration(step.total_ms + going * 1000)]
    if step.runs + step.running > 1:
        words.append(f"{step.runs + step.running:,}×")
    attempts = sum(call.attempts for call in calls if call.retries)
    if attempts:
        words.append(f"↻{attempts}")
    if step.failed > 1:
        words.append(f"✗{step.failed:,}")
    return " ".join(words)
