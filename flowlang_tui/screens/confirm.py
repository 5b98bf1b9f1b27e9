"""A question with a few answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from flowlang_tui.inert import inert


class Confirm(ModalScreen[str | None]):
    """Gives back the chosen name of `choices`, or None when it was closed.

    The last choice should be the one that changes nothing: it has the focus unless `default` names another.
    Each choice can be taken by a letter of its label, which is underlined.
    """

    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 50%; }
    Confirm > Vertical {
        width: auto; max-width: 90%; min-width: 40; height: auto; max-height: 90%;
        border: round $border; background: $surface; padding: 1 2;
    }
    Confirm Static { width: auto; max-width: 64; height: auto; margin-bottom: 1; }
    Confirm Horizontal { width: auto; height: auto; align-horizontal: right; }
    Confirm Button { min-width: 8; margin-left: 1; padding: 0 2; }
    Confirm Button:focus {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close"),
        Binding("left,up,h,k", "app.focus_previous", "Previous", show=False),
        Binding("right,down,l,j", "app.focus_next", "Next", show=False),
    ]

    def __init__(self, question: str, choices: Mapping[str, str], *, default: str | None = None) -> None:
        super().__init__()
        self._question = question
        self._choices = dict(choices)
        self._default = default or list(choices)[-1]
        self._letters = _letters(self._choices)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(inert(self._question, newlines=True), markup=False)
            with Horizontal():
                for name, label in self._choices.items():
                    yield Button(_underlined(label, self._letters.get(name)), name=name, compact=True)

    def on_mount(self) -> None:
        next(button for button in self.query(Button) if button.name == self._default).focus()

    def on_key(self, event: events.Key) -> None:
        for name, letter in self._letters.items():
            if event.key == letter:
                event.stop()
                self.dismiss(name)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.name)


def _letters(choices: Mapping[str, str]) -> dict[str, str]:
    """A letter for each choice, the first of its label that is free. Those of the moving keys are not."""
    letters: dict[str, str] = {}
    for name, label in choices.items():
        free = (c for c in label.lower() if c.isascii() and c.isalpha() and c not in "hjkl")
        letter = next((c for c in free if c not in letters.values()), None)
        if letter is not None:
            letters[name] = letter
    return letters


def _underlined(label: str, letter: str | None) -> Text:
    text = Text(inert(label))
    if letter is not None:
        place = label.lower().index(letter)
        text.stylize("underline", place, place + 1)
    return text
