"""A line to type: a name, a path."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from flowlang_tui.inert import inert


class Ask(ModalScreen[str | None]):
    """Gives back what was typed, or None. `check` gives back what is wrong with it, or None."""

    DEFAULT_CSS = """
    Ask { align: center top; background: $background 50%; }
    Ask > Vertical {
        width: 70; max-width: 90%; height: auto; margin-top: 4;
        border: round $border; background: $surface; padding: 0 1;
    }
    Ask Input { border: none; height: 1; padding: 0; background: $surface; }
    Ask Static { height: auto; color: $text-error; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Close")]

    def __init__(
        self, question: str, value: str = "", *, placeholder: str = "", check: Callable[[str], str | None] | None = None
    ) -> None:
        super().__init__()
        self._question = question
        self._value = inert(value)
        self._placeholder = placeholder
        self._check = check or (lambda text: None)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(inert(self._question))
            yield Input(self._value, placeholder=self._placeholder, compact=True)
            yield Static(markup=False)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        wrong = self._check(event.value) if event.value and event.value != self._value else None
        self.query_one(Static).update(inert(wrong or ""))

    @on(Input.Submitted)
    def _taken(self, event: Input.Submitted) -> None:
        wrong = self._check(event.value)
        if wrong:
            self.query_one(Static).update(inert(wrong))
        elif event.value:
            self.dismiss(event.value)
