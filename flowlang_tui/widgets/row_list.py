"""A list of lines, one of them selected, that moves nothing else on the screen when it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.geometry import Size
from textual.message import Message

from flowlang_tui.widgets.line_view import Piece, Row, SteadyView


class Line(NamedTuple):
    """A line: pieces of text with the names of their looks. A heading is passed over."""

    pieces: tuple[Piece, ...]
    is_heading: bool = False

    @property
    def text(self) -> str:
        """The line as it stands on the screen."""
        return "".join(text for text, _ in self.pieces)


class RowList(SteadyView):
    """Shows lines. What is selected stays so when others take their places."""

    looks = "row-list"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"row-list--{name}"
        for name in ("plain", "strong", "muted", "accent", "stopped", "point", "heading", "selected")
    }

    DEFAULT_CSS = """
    RowList {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size: 1 1;
        .row-list--plain { color: $foreground; }
        .row-list--strong { color: $foreground; text-style: bold; }
        .row-list--muted { color: $text-muted; }
        .row-list--accent { color: $text-accent; }
        .row-list--stopped { color: $text-warning; text-style: bold; }
        .row-list--point { color: $text-error; }
        .row-list--heading { color: $text-primary; text-style: bold; }
        .row-list--selected { background: $block-cursor-blurred-background; }
        &:focus .row-list--selected { background: $block-cursor-background 40%; }
    }
    """

    class Chosen(Message):
        """A line was clicked twice."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: list[Line] = []
        self.selected = 0

    def show(self, lines: Sequence[Line]) -> None:
        """Show other lines."""
        if list(lines) != self.lines:
            self.lines = list(lines)
            self.virtual_size = Size(0, len(self.lines))
            self.select(self.selected)

    def select(self, row: int) -> None:
        """Select a line, or the next one that is no heading, and show it."""
        last = len(self.lines) - 1
        row = max(0, min(row, last))
        down = row >= self.selected
        while 0 <= row <= last and self.lines[row].is_heading:
            row += 1 if down else -1
        if not 0 <= row <= last:
            row = next((at for at, line in enumerate(self.lines) if not line.is_heading), 0)
        self.selected = row
        if self.is_mounted:
            self.measure()
            self.show_line(row)
            self.repaint()

    def move(self, rows: int) -> None:
        """Select the line so many further down."""
        self.select(self.selected + rows)

    def row(self, y: int) -> Row:
        """What a line of the screen shows."""
        at = self.scroll_offset.y + y
        if at >= len(self.lines):
            return Row(())
        line = self.lines[at]
        return Row(line.pieces, selected=at == self.selected and not line.is_heading)

    def on_click(self, event: events.Click) -> None:
        """A click selects a line, a second one chooses it."""
        row = self.scroll_offset.y + event.y
        if row < len(self.lines) and not self.lines[row].is_heading:
            self.select(row)
            if event.chain == 2:
                self.post_message(self.Chosen())
