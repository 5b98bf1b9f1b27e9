"""Something to read about a connection, or a question about it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class ConnectionFacts(ModalScreen[bool]):
    """Shows a text. With an `answer` it is a question: gives back whether that was chosen."""

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
        Binding("escape,q,n", "answer(False)", "Close"),
        Binding("y", "answer(True)", "Yes"),
    ]

    def __init__(self, title: str, text: Text, answer: str | None = None) -> None:
        super().__init__()
        self._title_text = title
        self._text = text
        self._answer = answer

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Text(self._title_text).markup
            with VerticalScroll():
                yield Static(self._text, markup=False)
            with Horizontal():
                yield Button("Close  esc", id="close", compact=True)
                if self._answer is not None:
                    yield Button(f"{self._answer}  y", id="yes", variant="error", compact=True)

    def action_answer(self, yes: bool) -> None:
        """Close with an answer; without a question there is no yes."""
        if not yes or self._answer is not None:
            self.dismiss(yes)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
