"""The line at the top: the project, and how the run goes or went."""

from __future__ import annotations

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from flowlang.cli.readable import duration
from flowlang_tui.inert import inert
from flowlang_tui.session.records import RunRecord, StepRecord

#: What is under way is told by its innermost steps.
_SHOWN = ("task", "for_each", "while")
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_ENDINGS = {
    "succeeded": ("✓", "bold green"),
    "terminated": ("✓", "bold green"),
    "failed": ("✗", "bold red"),
    "cancelled": ("■", "bold yellow"),
}


class StatusBar(Widget):
    """One line. It says that a run is over where the eye is: at the top, in colour and with a sign."""

    DEFAULT_CSS = """
    StatusBar {
        height: 1; width: 1fr; background: $panel; color: $foreground; padding: 0 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    watching = reactive(False)

    def __init__(self, project: str) -> None:
        super().__init__()
        self._project = project
        self._record: RunRecord | None = None
        self._refusal = ""
        self._is_cancelling = False
        self._turn = 0

    def show_run(self, record: RunRecord) -> None:
        """Show how a run goes."""
        self._record, self._refusal, self._is_cancelling = record, "", False
        self.refresh()

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

    def render(self) -> Text:
        line = Text()
        line.append(inert(self._project), "bold")
        if self.watching:
            line.append("  ◉ watching", "bold cyan")
        line.append("  ")
        if self._refusal:
            first, *more = self._refusal.splitlines()
            line.append("✗ not run: ", "bold red")
            line.append(inert(first) + (f" (and {len(more)} more)" if more else ""))
        elif self._record is None:
            line.append("nothing has run yet: ^r runs the flow", "dim")
        else:
            self._run(line, self._record)
        return line

    def _run(self, line: Text, record: RunRecord) -> None:
        name = inert(record.flow)
        took = duration(record.duration_ms)
        done = record.finished
        if not record.is_over:
            spinner = _SPINNER[self._turn // 3 % len(_SPINNER)]
            line.append(f"{spinner} {name} ", "bold cyan")
            if self._is_cancelling:
                line.append("cancelling… ", "bold yellow")
            line.append(f"{_steps(done)}, {took}")
            under_way = [step for step in list(record.active) if step.kind in _SHOWN]
            under_way.sort(key=lambda step: (step.started or 0, step.line))
            for step in under_way[:3]:
                line.append(f"  ▶ {inert(step.step_id)}{_loop(step)}", "cyan")
            if len(under_way) > 3:
                line.append(f" +{len(under_way) - 3}", "cyan")
            return
        sign, style = _ENDINGS[record.status]
        line.append(f"{sign} {name} {record.status}", style)
        line.append(f" in {took}, {_steps(done)}")
        why = record.reason or (record.error or {}).get("message")
        if why:
            at = (record.error or {}).get("step")
            line.append(f": {inert(f'{at}: {why}' if at else str(why))}".partition("\n")[0])


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"


def _loop(step: StepRecord) -> str:
    if step.iterations_total is None:
        return f" {step.iterations_done}" if step.kind == "while" else ""
    return f" {step.iterations_done:,}/{step.iterations_total:,}"
