"""A pane of the debugger that is a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult

from flowlang_tui.copying import CopyAsked
from flowlang_tui.panes.debug_pane import DebugPane
from flowlang_tui.widgets.line_view import Piece
from flowlang_tui.widgets.row_list import Line, RowList

Row = TypeVar("Row")


class ListPane(DebugPane, Generic[Row]):
    """Lists rows, each with its line of text. Without rows it shows what to do to get some."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rows: list[Row | None] = []
        self._list = RowList()

    def compose(self) -> ComposeResult:
        yield self._list

    def on_mount(self) -> None:
        if not self._list.lines:
            self.show_rows(())

    def focus_inside(self) -> None:
        """Give the focus to the list, at once: letters are keys there."""
        self.screen.set_focus(self._list)

    @property
    def list(self) -> RowList:
        """The list itself."""
        return self._list

    @property
    def current(self) -> Row | None:
        """The selected row; None if there is none."""
        at = self._list.selected
        return self._rows[at] if at < len(self._rows) else None

    def show_rows(self, rows: Sequence[tuple[Row | None, Sequence[Piece]]], selected: int | None = None) -> None:
        """Show rows; one without a value is a heading. The selection stays, unless another one is given."""
        self._rows = [row for row, _ in rows]
        lines = [Line(tuple(pieces), row is None) for row, pieces in rows]
        self._list.show(lines or [Line(((text, "muted"),), True) for text in self.empty().splitlines()])
        if selected is not None:
            self._list.select(selected)

    def about(self, row: Row) -> tuple[str, str]:
        """What is copied of a row, and what that is."""
        raise NotImplementedError

    def empty(self) -> str:
        """What stands there without rows."""
        raise NotImplementedError

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self.action_debug_open()

    def action_debug_copy(self) -> None:
        if self.current is not None:
            self.post_message(CopyAsked(*self.about(self.current)))

    def action_debug_down(self) -> None:
        self._list.move(1)

    def action_debug_up(self) -> None:
        self._list.move(-1)

    def action_debug_first(self) -> None:
        self._list.select(0)

    def action_debug_last(self) -> None:
        self._list.select(len(self._rows) - 1)
