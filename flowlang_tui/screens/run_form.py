"""The form for the inputs of a run, made from what the flow declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from flowlang.language.model import Input as FlowInput
from flowlang_tui.inert import inert
from flowlang_tui.widgets.input_form import InputForm


class RunForm(ModalScreen[dict[str, Any] | None]):
    """Gives back the inputs, or None."""

    DEFAULT_CSS = """
    RunForm { align: center middle; background: $background 50%; }
    RunForm > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 92%;
        border: round $border; background: $surface; padding: 0 1;
    }
    RunForm VerticalScroll { height: auto; max-height: 30; }
    RunForm InputField { margin: 0 0 1 0; }
    RunForm Horizontal { height: auto; align-horizontal: right; }
    RunForm Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("ctrl+r,ctrl+s", "run", "Run", priority=True),
    ]

    def __init__(self, title: str, declared: Sequence[FlowInput], known: Mapping[str, Any]) -> None:
        super().__init__()
        self._title = title
        self._declared = declared
        self._known = known

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(f"Run {inert(self._title)}")
            with VerticalScroll(can_focus=False):
                if not self._declared:
                    yield Static("This flow declares no inputs.", markup=False)
                yield InputForm(self._declared, self._known)
            with Horizontal():
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Run  ^r", id="run", variant="primary", compact=True)

    @on(Button.Pressed, "#run")
    @on(Input.Submitted)
    def action_run(self) -> None:
        """Give back what was filled in, unless something is wrong with it."""
        inputs = self.query_one(InputForm).given()
        if inputs is not None:
            self.dismiss(inputs)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)
