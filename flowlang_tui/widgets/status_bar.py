"""The line at the top: the project, and how the run goes or went."""

from __future__ import annotations

from collections.abc import Iterator
from time import time

from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from flowlang.cli.readable import duration
from flowlang_tui.graph.states import PINNED
from flowlang_tui.inert import inert
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepRecord
from flowlang_tui.widgets.ages import ago

#: What is under way is told by its innermost steps.
_SHOWN = ("task", "for_each", "while")
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ENDINGS = {
    "succeeded": ("✓", "b $text-success"),
    "terminated": ("✓", "b $text-success"),
    "failed": ("✗", "b $text-error"),
    "cancelled": ("■", "b $text-warning"),
    "interrupted": ("↯", "b $text-warning"),
}

#: A piece of the line: plain, or with a style.
_Piece = str | tuple[str, str]


class StatusBar(Widget):
    """One line. It says that a run is over where the eye is: at the top, in colour and with a sign."""

    DEFAULT_CSS = """
    StatusBar {
        height: 1; width: 1fr; background: $panel; color: $foreground; padding: 0 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    class BackAsked(Message):
        """The latest run is to be shown again, instead of one of the journal."""

    watching = reactive(False)

    def __init__(self, project: str) -> None:
        super().__init__()
        self._project = project
        self._record: RunRecord | None = None
        self._recorded: RunRecord | None = None
        self._refusal = ""
        self._is_cancelling = False
        self._stopped = ""
        self._deadline: float | None = None
        self._pins = 0
        self._turn = 0

    def show_run(self, record: RunRecord) -> None:
        """Show how a run goes."""
        self._record, self._refusal, self._is_cancelling = record, "", False
        self.refresh()

    def show_recorded(self, record: RunRecord | None) -> None:
        """Show that the panes show a run of the journal, or no longer."""
        self._recorded = record
        self.refresh()

    def show_stop(self, where: str, deadline: float | None = None) -> None:
        """Show where the run stands still; empty when it goes on. At `deadline` a transaction is rolled back."""
        self._stopped, self._deadline = where, deadline
        self.refresh()

    def show_pins(self, count: int) -> None:
        """Show how many steps are pinned, so that a run doesn't run them."""
        if count != self._pins:
            self._pins = count
            self.refresh()

    def on_click(self) -> None:
        """Go back to the latest run."""
        if self._recorded is not None:
            self.post_message(self.BackAsked())

    def show_cancelling(self) -> None:
        """Show that the run was asked to stop."""
        self._is_cancelling = True
        self.refresh()

    def show_refusal(self, why: str) -> None:
        """Show that a flow could not be started, until there is no more reason to: then `why` is empty."""
        self._refusal = why
        self.refresh()

    def tick(self) -> None:
        """Show what has changed since the last frame."""
        self._turn += 1
        self.refresh()

    def render(self) -> Content:
        return Content.assemble(*self._pieces())

    def _pieces(self) -> Iterator[_Piece]:
        yield inert(self._project), "b"
        if self.watching:
            yield "  ◉ watching", "b $text-accent"
        if self._pins:
            yield f"  {PINNED} {self._pins} pinned", "b $text-warning"
        yield "  "
        if self._recorded is not None and (self._record is None or self._record.is_over):
            started = self._recorded.started or 0.0
            yield f"▸ recorded, {ago(started, time())}", "b $text-accent"
            yield "  alt+L 0 goes back  ", "$text-accent"
            yield from self._ended(self._recorded)
        elif self._refusal:
            first, *more = self._refusal.splitlines()
            yield "✗ not run: ", "b $text-error"
            yield inert(first) + (f" (and {len(more)} more)" if more else "")
        elif self._record is None:
            yield "nothing has run yet: ^r runs the flow", "$text-muted"
        elif self._record.is_over:
            yield from self._ended(self._record)
        else:
            yield from self._under_way(self._record)

    def _under_way(self, record: RunRecord) -> Iterator[_Piece]:
        spinner = "‖" if self._stopped else _SPINNER[self._turn // 3 % len(_SPINNER)]
        yield f"{spinner} {inert(record.flow)} ", "b $text-primary"
        if record.is_sandbox:
            yield "in a sandbox ", "b $text-warning"
        if self._is_cancelling:
            yield "cancelling… ", "b $text-warning"
        elif self._stopped:
            # first, because a long path may leave no room for it
            if self._deadline is not None:
                yield f"rolls back in {max(0, round(self._deadline - time()))} s, ", "b $text-error"
            yield f"stopped at {inert(self._stopped)}  ", "b $text-warning"
        yield f"{_steps(record.finished)}, {duration(record.duration_ms)}"
        steps = [step for step in list(record.active) if step.kind in _SHOWN]
        steps.sort(key=lambda step: (step.started or 0, step.line))
        for step in steps[:3]:
            yield f"  ▶ {inert(step.step_id)}{_loop(step)}", "$text-primary"
        if len(steps) > 3:
            yield f" +{len(steps) - 3}", "$text-primary"

    @staticmethod
    def _ended(record: RunRecord) -> Iterator[_Piece]:
        sign, style = _ENDINGS.get(record.status, ("◐", "b $text-primary"))
        yield f"{sign} {inert(record.flow)} {record.status}", style
        yield f" in {duration(record.duration_ms)}, {_steps(record.finished)}"
        if record.is_sandbox:
            yield ", in a sandbox: undone", "b $text-warning"
        why = record.reason or (record.error or {}).get("message")
        if why:
            at = (record.error or {}).get("step")
            yield ": " + inert((f"{at}: {why}" if at else str(why)).partition("\n")[0])


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"


def _loop(step: StepRecord) -> str:
    if step.iterations_total is None:
        return f" {step.iterations_done}" if step.kind == "while" else ""
    return f" {step.iterations_done:,}/{step.iterations_total:,}"
