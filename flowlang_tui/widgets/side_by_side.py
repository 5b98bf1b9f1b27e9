"""Rows with what two runs had, one beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from flowlang_tui.inert import inert
from flowlang_tui.session.comparison_lines import Line
from flowlang_tui.widgets.line_view import LineView, Piece

#: The share of the width that names have, at most and at least.
_NAME: Final = (0.34, 16)


class SideBySide(LineView):
    """Shows a comparison's rows; one is selected."""

    looks = "side"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"side--{name}"
        for name in ("section", "same", "name", "value", "text", "hunk", "added", "removed", "gap", "selected")
    }

    DEFAULT_CSS = """
    SideBySide {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        .side--section { color: $text-accent; text-style: bold; }
        .side--same { color: $text-muted; }
        .side--name { color: $text-muted; }
        .side--value { color: $foreground; }
        .side--text { color: $foreground; }
        .side--hunk { color: $text-muted; }
        .side--added { color: $text-success; }
        .side--removed { color: $text-error; }
        .side--gap { color: $text-muted; }
        .side--selected { background: $block-cursor-blurred-background; }
        &:focus .side--selected { background: $block-cursor-background 40%; }
    }
    """

    class Moved(Message):
        """Another row is selected."""

    class Chosen(Message):
        """A second click was made on a row."""

    def __init__(self, lines: Sequence[Line], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines = lines
        self.selected = next((at for at, line in enumerate(lines) if line.before), 0)

    @property
    def line(self) -> Line | None:
        """The selected row."""
        return self.lines[self.selected] if self.selected < len(self.lines) else None

    def select(self, row: int) -> None:
        """Select a row and show it."""
        if self.lines:
            self.selected = min(max(row, 0), len(self.lines) - 1)
            self.measure()
            self.show_line(self.selected)
            self.refresh()
            self.post_message(self.Moved())

    def move(self, rows: int) -> None:
        """Select the row so many further down."""
        self.select(self.selected + rows)

    def page(self, direction: int) -> None:
        """Go a page down (1) or up (-1)."""
        self.move(direction * max(self.room.height - 1, 1))

    def to_section(self, direction: int) -> None:
        """Go to the next section (1), or to the one before (-1)."""
        sections = [at for at, line in enumerate(self.lines) if line.look == "section"]
        ahead = [at for at in sections if (at - self.selected) * direction > 0]
        if ahead:
            self.select(ahead[0] if direction > 0 else ahead[-1])
            self.scroll_to_line(self.selected)

    def columns(self) -> tuple[int, int, int]:
        """The cells of the three columns."""
        share, least = _NAME
        name = max(int(self.room.width * share), least)
        each = max((self.room.width - name - 4) // 2, 8)
        return name, each, each

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        row = self.scroll_offset.y + y
        if row >= len(self.lines):
            return self.strip([])
        line, selected = self.lines[row], row == self.selected
        return self.kept((row, selected), lambda: self.strip(self._pieces(line), selected=selected))

    def _pieces(self, line: Line) -> list[Piece]:
        name, before, after = self.columns()
        if not line.before and not line.after:
            indent = "" if line.look == "section" else " "
            return [(_fit(indent + line.name, self.room.width), line.look)]
        ours, theirs = ("removed", "added") if line.look == "value" else (line.look, line.look)
        if line.look == "figure" or line.before == line.after:
            ours = theirs = "value"
        return [
            (_fit(f" {line.name}", name), "name"),
            (" ", "gap"),
            (_fit(line.before, before), ours),
            (" │ ", "gap"),
            (_fit(line.after, after), theirs),
        ]

    def on_resize(self) -> None:
        """Lay the columns out for the width there is."""
        self.measure()
        self.forget()
        self.virtual_size = Size(self.room.width, len(self.lines))
        self.show_line(self.selected)

    def on_click(self, event: events.Click) -> None:
        """A click selects a row, a second one goes to its step."""
        row = self.scroll_offset.y + event.y
        if row < len(self.lines):
            self.select(row)
            if event.chain == 2:
                self.post_message(self.Chosen())


def _fit(text: str, width: int) -> str:
    text = inert(text)
    return set_cell_size(text, width) if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"
