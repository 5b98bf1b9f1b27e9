"""What the panes of the debugger have in common: the same keys, each for what is selected."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.message import Message

from flowlang_tui.actions import bindings
from flowlang_tui.panes.pane import Pane

#: What a pane does itself. All else is done to the run, by the screen.
_OWN: Final = frozenset(
    f"debug_{name}"
    for name in (
        *("open", "toggle", "edit", "delete", "copy", "table"),
        *("down", "up", "inside", "outside", "first", "last"),
    )
)


def _bound(binding: BindingType) -> BindingType:
    if isinstance(binding, Binding) and binding.action not in _OWN:
        return replace(binding, action=f"screen.{binding.action}")
    return binding


class DebugPane(Pane):
    """A pane of the debugger. What makes no sense in one does nothing there."""

    BINDINGS: ClassVar[list[BindingType]] = [_bound(binding) for binding in bindings("debug")]

    class PlaceAsked(Message):
        """The text of a step is asked for; `path` is its file's, None for the flow that is shown."""

        def __init__(self, path: str | None, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    def action_debug_open(self) -> None:
        """Go to what is selected, or open it."""

    def action_debug_toggle(self) -> None:
        """Switch what is selected."""

    def action_debug_edit(self) -> None:
        """Change what is selected."""

    def action_debug_delete(self) -> None:
        """Take away what is selected."""

    def action_debug_copy(self) -> None:
        """Copy what is selected."""

    def action_debug_table(self) -> None:
        """Show rows as a table or as a tree."""

    def action_debug_down(self) -> None:
        """Select the next line."""

    def action_debug_up(self) -> None:
        """Select the line above."""

    def action_debug_inside(self) -> None:
        """Go into what is selected."""

    def action_debug_outside(self) -> None:
        """Go out of what is selected."""

    def action_debug_first(self) -> None:
        """Go to the first line."""

    def action_debug_last(self) -> None:
        """Go to the last line."""
