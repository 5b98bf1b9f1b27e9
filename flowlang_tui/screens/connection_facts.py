"""Something to read about a connection."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class ConnectionFacts(ModalScreen[None]):
    """Shows a text until a key is pressed."""

    DEFAULT_CSS = """
    ConnectionFacts { align: center middle; background: $background 50%; }
    ConnectionFacts > Vertical {
        width: 90; max-width: 96%; height: auto; max-height: 90%;
        border: round $border; background: $surface; padding: 0 1;
    }
    ConnectionFacts VerticalScroll { height: auto; max-height: 24; }
    ConnectionFacts Static { height: auto; }
    ConnectionFacts Horizontal { height: 1; margin-top: 1; align-horizontal: right; }
    ConnectionFacts Button { margin-left: 2; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "Close"),
    ]

    def __init__(self, title: str, text: Content) -> None:
        super().__init__()
        self._title_text = title
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._title_text)
            with VerticalScroll():
                yield Static(self._text, markup=False)
            with Horizontal():
                yield Button("Close  esc", id="close", compact=True)

    @on(Button.Pressed)
    def action_leave(self) -> None:
        """Close."""
        self.dismiss(None)
