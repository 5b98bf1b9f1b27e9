"""A pane of the debugger that is a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from flowlang_tui.panes.debug_pane import DebugPane

Row = TypeVar("Row")


class ListPane(DebugPane, Generic[Row]):
    """Lists rows, each with its line of text. Without rows it shows what to do to get some."""

    DEFAULT_CSS = """
    ListPane OptionList, ListPane OptionList:focus {
        border: none; background: transparent; padding: 0; height: 1fr; scrollbar-size-vertical: 1;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rows: list[Row | None] = []
        self._lines: list[Content] = []
        self._wanted: int | None = None
        self._is_ready = False

    def compose(self) -> ComposeResult:
        yield OptionList(markup=False)

    def on_mount(self) -> None:
        self._is_ready = True
        self._fill()
        self._select()

    @property
    def list(self) -> OptionList:
        """The list itself."""
        return self.query_one(OptionList)

    @property
    def current(self) -> Row | None:
        """The selected row; None if there is none, or it is a heading."""
        at = self.list.highlighted if self._is_ready else None
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def show_rows(self, rows: Sequence[tuple[Row | None, Content]], selected: int | None = None) -> None:
        """Show rows; one without a value is a heading. The selection stays, unless another one is given."""
        lines = [line for _, line in rows]
        self._rows = [row for row, _ in rows]
        if lines != self._lines:
            self._lines = lines
            self._fill()
        if selected is not None:
            self._wanted = selected
            self._select()

    def about(self, row: Row) -> tuple[str, str]:
        """What is copied of a row, and what that is."""
        raise NotImplementedError

    def empty(self) -> str:
        """What stands there without rows."""
        raise NotImplementedError

    def _select(self) -> None:
        if self._is_ready and self._wanted is not None and self._wanted < len(self._rows):
            self.list.highlighted = self._wanted
            self._wanted = None

    def _fill(self) -> None:
        if not self._is_ready:
            return
        listed = self.list
        at = listed.highlighted
        listed.clear_options()
        listed.add_options(
            [Option(line, disabled=row is None) for row, line in zip(self._rows, self._lines, strict=True)]
        )
        if not self._rows:
            words = [Option(Content.styled(line, "$text-muted"), disabled=True) for line in self.empty().splitlines()]
            listed.add_options(words)
        elif at is not None:
            listed.highlighted = min(at, len(self._rows) - 1)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_debug_open()

    def action_debug_copy(self) -> None:
        from flowlang_tui.copying import CopyAsked

        if self.current is not None:
            self.post_message(CopyAsked(*self.about(self.current)))

    def action_debug_down(self) -> None:
        self.list.action_cursor_down()

    def action_debug_up(self) -> None:
        self.list.action_cursor_up()

    def action_debug_first(self) -> None:
        self.list.action_first()

    def action_debug_last(self) -> None:
        self.list.action_last()
