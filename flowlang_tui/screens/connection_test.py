"""The test of a connection: its stages one by one, what failed, and what to try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from flowlang.connections.probe import OnStage, ProbeReport
from flowlang.errors import FlowLangError
from flowlang_tui.inert import inert
from flowlang_tui.widgets.stage_list import StageList

#: Begins a test that tells each stage as it ends.
Probe = Callable[[OnStage], Awaitable[ProbeReport]]


class ConnectionTest(ModalScreen[bool | None]):
    """Runs `probe` and gives back whether the connection can be used, None if the test did not end."""

    DEFAULT_CSS = """
    ConnectionTest { align: center middle; background: $background 50%; }
    ConnectionTest > VerticalScroll {
        width: 90; max-width: 96%; height: auto; max-height: 94%;
        border: round $border; background: $surface; padding: 0 1;
    }
    ConnectionTest #outcome { height: auto; margin-top: 1; }
    ConnectionTest Horizontal { height: 1; margin-top: 1; align-horizontal: right; }
    ConnectionTest Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Close"),
        Binding("t,r", "again", "Test again"),
    ]

    def __init__(self, subject: str, probe: Probe) -> None:
        super().__init__()
        self._subject = subject
        self._probe = probe
        self._ok: bool | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = Content(f"Test {inert(self._subject)}")
            yield StageList()
            yield Static(markup=False, id="outcome")
            with Horizontal():
                yield Button("Test again  t", id="again", compact=True)
                yield Button("Close  esc", id="close", variant="primary", compact=True)

    def on_mount(self) -> None:
        self._run()

    @work(exclusive=True)
    async def _run(self) -> None:
        stages, outcome = self.query_one(StageList), self.query_one("#outcome", Static)
        self._ok = None
        stages.restart()
        outcome.update("Esc cancels.")
        try:
            report = await self._probe(stages.tell)
        except FlowLangError as error:
            hint = f"\n→ {error.hint}" if error.hint else ""
            words = f"✗ {inert(str(error), newlines=True)}{inert(hint, newlines=True)}"
            outcome.update(Content.styled(words, "$text-error"))
            self._ok = False
        else:
            # stages come through the event loop, the report by its own way: take over what is still under way
            for stage in report.stages:
                stages.tell(stage)
            self._ok = report.ok
            outcome.update(_closing(self._subject, report))
        finally:
            stages.stop()

    @on(Button.Pressed, "#again")
    def action_again(self) -> None:
        """Test once more; a test that is under way is given up."""
        self._run()

    @on(Button.Pressed, "#close")
    def action_leave(self) -> None:
        """Close; a test that is under way is given up, and what it opened is closed."""
        self.workers.cancel_node(self)
        self.dismiss(self._ok)


def _closing(subject: str, report: ProbeReport) -> Content:
    about = f"{inert(subject)} ({inert(report.type)}, {inert(report.target)})"
    if report.failed is None:
        return Content.styled(f"✓ {about} can be used", "$text-success")
    return Content.styled(f"✗ {about} cannot be used: {report.failed.stage} failed", "bold $text-error")
