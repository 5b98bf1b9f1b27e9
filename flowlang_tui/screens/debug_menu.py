"""The debugger's menu: what can be done now, each by a letter, from wherever the focus is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from flowlang_tui.actions import Action, key_name

#: The letters of what has none of its own, because it works everywhere.
LETTERS: Final = {
    "debug.start": "d",
    "debug.breakpoint": "b",
    "debug.condition": "e",
    "view.stack": "g",
    "view.scope": "l",
    "view.breakpoints": "k",
    "view.console": "j",
}

#: What stands in the menu, in this order; the rest belongs to what is selected in a pane.
OFFERED: Final = (
    *("debug.breakpoint", "debug.condition", "debug.start", "debug.pause"),
    *("debug.continue", "debug.over", "debug.into", "debug.out", "debug.to-cursor"),
    *("debug.commit", "debug.roll-back"),
    *("debug.again", "debug.skip", "debug.give", "debug.inputs", "debug.redo", "debug.accept"),
    *("debug.evaluate", "debug.watch", "debug.next-stop", "debug.previous-stop", "debug.others"),
    *("debug.back", "debug.forward", "debug.now", "debug.fork"),
    *("view.stack", "view.scope", "view.breakpoints", "view.console"),
)


def letter(action: Action) -> str:
    """The key of an action in the menu."""
    return LETTERS.get(action.name) or action.key_list[0]


class DebugMenu(ModalScreen[str | None]):
    """Gives back the name of the action whose letter was pressed, or None."""

    DEFAULT_CSS = """
    DebugMenu { align: center bottom; background: $background 30%; }
    DebugMenu > Vertical {
        width: 84; max-width: 100%; height: auto; max-height: 90%; margin-bottom: 1;
        border: round $border; background: $surface; padding: 0 1;
    }
    DebugMenu OptionList, DebugMenu OptionList:focus {
        border: none; height: auto; max-height: 30; padding: 0; background: $surface;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+b", "dismiss", "Close")]

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = list(actions)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Debugger"
            box.border_subtitle = "press a letter, or esc"
            yield OptionList(*[Option(_line(action), id=action.name) for action in self._actions], markup=False)

    def on_key(self, event: events.Key) -> None:
        for action in self._actions:
            if event.key in (letter(action), *action.key_list[1:]):
                event.stop()
                event.prevent_default()
                self.dismiss(action.name)
                return

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)


def _line(action: Action) -> Content:
    title = action.title.partition(": ")[2]
    return Content.assemble(
        (f"{key_name(letter(action)):>2}  ", "b $footer-key-foreground"), f"{title:<18}", (action.help, "$text-muted")
    )
