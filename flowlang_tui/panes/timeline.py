"""The timeline: when each step of a run ran, beside and inside of which others."""

from __future__ import annotations

from time import time
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message

from flowlang.cli.readable import duration
from flowlang_tui.actions import bindings
from flowlang_tui.copying import CopyAsked
from flowlang_tui.panes.run_pane import EMPTY, RunPane
from flowlang_tui.widgets.gantt import Gantt, times


class TimelinePane(RunPane):
    """Shows the times of a run."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("timeline")]
    title = "Timeline"

    class StepChosen(Message):
        """A step was chosen, by its address and line."""

        def __init__(self, address: str, line: int) -> None:
            super().__init__()
            self.address = address
            self.line = line

    def __init__(self, *, id: str = "timeline") -> None:
        super().__init__(id=id)

    def compose(self) -> ComposeResult:
        yield Gantt(id="timeline-gantt")

    @property
    def gantt(self) -> Gantt:
        """The bars."""
        return self.query_one(Gantt)

    def focus_inside(self) -> None:
        """Give the focus to the bars."""
        self.gantt.focus()

    def _show(self) -> None:
        self.gantt.hint = EMPTY if self._record is None else "Nothing has started yet."
        self.gantt.show(self._record)
        self._say()

    def _catch_up(self) -> None:
        self.gantt.refresh_run()
        self._say()

    def _say(self) -> None:
        run = self._record
        if run is None or run.started is None:
            self.show_subtitle("")
        else:
            steps = len(self.gantt.rows)
            noun = "step" if steps == 1 else "steps"
            self.show_subtitle(f"{steps} {noun}  {run.status}  {duration(run.duration_ms)}")

    @on(Gantt.Chosen)
    def _chosen(self, event: Gantt.Chosen) -> None:
        event.stop()
        self.post_message(self.StepChosen(*event.step.key))

    def action_timeline_step(self) -> None:
        step = self.gantt.step
        if step is not None:
            self.post_message(self.StepChosen(*step.key))

    def action_timeline_zoom_in(self) -> None:
        self.gantt.zoom(0.5)

    def action_timeline_zoom_out(self) -> None:
        self.gantt.zoom(2)

    def action_timeline_fit(self) -> None:
        self.gantt.fit()

    def action_timeline_earlier(self) -> None:
        self.gantt.pan(-0.25)

    def action_timeline_later(self) -> None:
        self.gantt.pan(0.25)

    def action_timeline_copy(self) -> None:
        step = self.gantt.step
        if step is not None:
            self.post_message(CopyAsked(f"{step.address}: {step.status}, {times(step, time())}", "times of the step"))

    def action_timeline_down(self) -> None:
        self.gantt.move(1)

    def action_timeline_up(self) -> None:
        self.gantt.move(-1)

    def action_timeline_page_down(self) -> None:
        self.gantt.page(1)

    def action_timeline_page_up(self) -> None:
        self.gantt.page(-1)

    def action_timeline_start(self) -> None:
        self.gantt.select(0)

    def action_timeline_end(self) -> None:
        self.gantt.select(len(self.gantt.rows) - 1)
