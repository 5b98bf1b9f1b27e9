"""The choice between the changes here and those that somebody else has saved."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from flowlang_tui.inert import inert

_STYLES = {"+": "$text-success", "-": "$text-error", "@": "$text-secondary"}


class Conflict(ModalScreen[str | None]):
    """Gives back `mine`, `theirs`, or None to decide later. `difference` is a unified diff."""

    DEFAULT_CSS = """
    Conflict { align: center middle; background: $background 50%; }
    Conflict > Vertical {
        width: 100; max-width: 96%; height: auto; max-height: 90%;
        border: round $border; background: $surface; padding: 0 1;
    }
    Conflict VerticalScroll { height: auto; max-height: 24; margin: 1 0; background: $background; }
    Conflict VerticalScroll Static { width: auto; }
    Conflict Horizontal { height: auto; align-horizontal: right; }
    Conflict Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Later"),
        Binding("m", "dismiss('mine')", "Keep mine"),
        Binding("r", "dismiss('theirs')", "Reload"),
    ]

    def __init__(self, name: str, difference: str) -> None:
        super().__init__()
        self._file = name
        self._difference = difference

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(f"{inert(self._file)} was changed elsewhere")
            yield Static("You have changes that are not saved. Saving yours would change the file like this:")
            with VerticalScroll():
                yield Static(self._drawn())
            with Horizontal():
                yield Button("Decide later", id="later", compact=True)
                yield Button("Reload theirs  r", id="theirs", compact=True)
                yield Button("Keep mine  m", id="mine", variant="primary", compact=True)

    def _drawn(self) -> Content:
        lines = self._difference.split("\n")
        return Content("\n").join(Content.styled(inert(line), _STYLES.get(line[:1], "")) for line in lines)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        chosen = event.button.id
        self.dismiss(None if chosen == "later" else chosen)
