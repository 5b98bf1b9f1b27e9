"""What a word of a flow means, over the text."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from flowlang_tui.inert import inert


class Explanation(ModalScreen[None]):
    """Plain text with a title. Any of the usual keys closes it."""

    DEFAULT_CSS = """
    Explanation { align: center middle; background: $background 50%; }
    Explanation VerticalScroll {
        width: 84; max-width: 96%; height: auto; max-height: 80%;
        border: round $border; background: $surface; padding: 0 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,f1", "dismiss", "Close")]

    def __init__(self, title: str, body: str) -> None:
        super().__init__()
        self._title = title
        self._body = body

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = Content(inert(self._title))
            yield Static(inert(self._body, newlines=True), markup=False)
