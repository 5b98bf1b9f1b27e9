"""Jump mode: every pane gets a letter, and the letter leads there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from flowlang_tui.actions import PLACES

#: The letter of each pane: those of the keys with Alt that go there.
LETTERS: dict[str, str] = {
    "explorer": "x",
    "editor": "e",
    "graph": "g",
    "logs": "l",
    "inspector": "i",
    "connections": "c",
    "problems": "p",
    "timeline": "t",
    "runs": "L",
    "stack": "s",
    "breakpoints": "b",
    "scope": "v",
    "console": "o",
}
_HOW = "Press a letter to go there, esc to stay."
_WORDS: dict[str, str] = {name: name.capitalize() for name in LETTERS} | {**PLACES}


class Sign(Static):
    """A pane's letter. A click on it is the letter."""

    def __init__(self, name: str) -> None:
        text = f" {LETTERS[name]}  {_WORDS[name]} "
        super().__init__(Content(text).stylize("reverse", 0, 3), name=name)
        self.cells = len(text)

    def on_click(self) -> None:
        if isinstance(self.screen, Jump):
            self.screen.dismiss(self.name)


class Jump(ModalScreen[str | None]):
    """Gives back the name of the pane whose letter was pressed, or None. Digits count the panes of the table."""

    DEFAULT_CSS = """
    Jump { background: $background 40%; }
    Jump Sign {
        position: absolute; width: auto; height: 1;
        background: $accent; color: $background; text-style: bold;
    }
    Jump #elsewhere { dock: bottom; height: auto; width: 1fr; background: $panel; }
    Jump .line { height: 1; }
    Jump .line > * { position: relative; width: auto; margin-left: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+g", "dismiss", "Close")]

    def __init__(self, panes: Mapping[str, Widget]) -> None:
        super().__init__()
        self._panes = {name: pane for name, pane in panes.items() if name in LETTERS}

    def compose(self) -> ComposeResult:
        here = [name for name, pane in self._panes.items() if pane.region.area]
        for name in here:
            yield Sign(name)
        with Vertical(id="elsewhere"):
            for line in self._lines([Sign(name) for name in self._panes if name not in here]):
                yield Horizontal(*line, classes="line")

    def _lines(self, signs: Sequence[Sign]) -> list[list[Static]]:
        """What stands at the bottom, in as many lines as it takes: the panes that are not to be seen."""
        lines: list[list[Static]] = [[Static(_HOW)]]
        left = self.app.size.width - len(_HOW) - 1
        for sign in signs:
            if sign.cells + 1 > left:
                lines.append([])
                left = self.app.size.width
            lines[-1].append(sign)
            left -= sign.cells + 1
        return lines

    def on_mount(self) -> None:
        self._place()

    def on_resize(self) -> None:
        self.call_after_refresh(self._place)

    def _place(self) -> None:
        """Put each letter into the middle of its pane."""
        for sign in self.query_children(Sign):
            region = self._panes[str(sign.name)].region
            x = region.x + max(0, region.width - sign.cells) // 2
            sign.styles.offset = (x, region.y + max(0, region.height - 1) // 2)

    def on_key(self, event: events.Key) -> None:
        names = list(LETTERS)
        digit = int(event.key) - 1 if event.key in "123456789" else None
        name = names[digit] if digit is not None else next((n for n in names if LETTERS[n] == event.key), None)
        if name in self._panes:
            event.stop()
            self.dismiss(name)
