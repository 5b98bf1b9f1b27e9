"""A pane of the debugger that shows values."""

from __future__ import annotations

from textual import on

from flowlang_tui.copying import CopyAsked
from flowlang_tui.panes.debug_pane import DebugPane
from flowlang_tui.widgets.value_nodes import Node
from flowlang_tui.widgets.value_tree import ValueTree


class TreePane(DebugPane):
    """Values as a tree, with the keys of all such trees."""

    @property
    def values(self) -> ValueTree:
        """The tree."""
        return self.query_one(ValueTree)

    @property
    def node(self) -> Node | None:
        """The selected row."""
        return self.values.node if self.is_mounted else None

    def focus_inside(self) -> None:
        """Give the focus to the values, at once: letters are keys there."""
        self.screen.set_focus(self.values)

    @on(ValueTree.Opened)
    def _row_opened(self, event: ValueTree.Opened) -> None:
        event.stop()
        self.action_debug_edit()

    def action_debug_open(self) -> None:
        self.values.toggle()

    def action_debug_toggle(self) -> None:
        self.values.toggle()

    def action_debug_table(self) -> None:
        self.values.toggle_table()

    def action_debug_copy(self) -> None:
        if self.node is not None:
            self.post_message(CopyAsked(*self.node.text()))

    def action_debug_down(self) -> None:
        self.values.move(1)

    def action_debug_up(self) -> None:
        self.values.move(-1)

    def action_debug_inside(self) -> None:
        self.values.go_inside()

    def action_debug_outside(self) -> None:
        self.values.go_outside()

    def action_debug_first(self) -> None:
        self.values.select(0)

    def action_debug_last(self) -> None:
        self.values.select(10**9)
