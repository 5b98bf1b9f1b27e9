"""The text of one file as lines, for an editor that changes it at every key."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, overload

from textual.geometry import Size
from textual.widgets.text_area import DocumentBase, EditResult, Location

from flowlang_tui.widgets.code_editor.cells import cells_of, width_of

Newline = Literal["\n", "\r\n", "\r"]

_BREAKS: Final = {"\n": re.compile(r"\n"), "\r\n": re.compile(r"\r?\n"), "\r": re.compile(r"\r\n|\n|\r")}


class Change(NamedTuple):
    """A piece of text was replaced: the old one from `top` to `bottom`, the new one from `top` to `end`."""

    top: Location
    bottom: Location
    end: Location


class CodeDocument(DocumentBase):
    """Lines, the line end between them, and the widest of them.

    What was read is what is saved: the line end of the file is kept, and where a file mixes them the carriage returns
    stay in their lines as characters. `changed` is called after every change.
    """

    def __init__(self, text: str) -> None:
        self._newline: Newline = newline_of(text)
        self._lines = text.split(self._newline)
        self._text: str | None = text
        self._widths = [width_of(line) for line in self._lines]
        self._widest: int | None = max(self._widths)
        self.changed: Callable[[Change], None] | None = None
        #: Grows with every change.
        self.version = 0

    @property
    def lines(self) -> list[str]:
        """The lines, without line ends; to read only."""
        return self._lines

    @property
    def text(self) -> str:
        """The whole text, put together once for each version."""
        if self._text is None:
            self._text = self._newline.join(self._lines)
        return self._text

    @property
    def newline(self) -> Newline:
        """What stands between two lines."""
        return self._newline

    @property
    def line_count(self) -> int:
        """How many lines there are, at least one."""
        return len(self._lines)

    @property
    def start(self) -> Location:
        """The first location."""
        return (0, 0)

    @property
    def end(self) -> Location:
        """The last location."""
        return (len(self._lines) - 1, len(self._lines[-1]))

    def get_line(self, index: int) -> str:
        """A line, without its line end."""
        return self._lines[index]

    @overload
    def __getitem__(self, line_index: int) -> str: ...

    @overload
    def __getitem__(self, line_index: slice) -> list[str]: ...

    def __getitem__(self, line_index: int | slice) -> str | list[str]:
        return self._lines[line_index]

    def get_size(self, indent_width: int) -> Size:
        """The cells of the widest line, and the number of lines."""
        if self._widest is None:
            self._widest = max(self._widths)
        return Size(self._widest, len(self._lines))

    def get_text_range(self, start: Location, end: Location) -> str:
        """The text between two locations."""
        (top_row, top_column), (bottom_row, bottom_column) = self._clamped(start, end)
        if top_row == bottom_row:
            return self._lines[top_row][top_column:bottom_column]
        first, *between = self._lines[top_row:bottom_row]
        return self._newline.join([first[top_column:], *between, self._lines[bottom_row][:bottom_column]])

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        """Put `text` in place of what stands between two locations."""
        top, bottom = self._clamped(start, end)
        replaced = self.get_text_range(top, bottom)
        pieces = _BREAKS[self._newline].split(text)
        end_location = (top[0] + len(pieces) - 1, len(pieces[-1]) + (top[1] if len(pieces) == 1 else 0))
        pieces[0] = self._lines[top[0]][: top[1]] + pieces[0]
        pieces[-1] += self._lines[bottom[0]][bottom[1] :]
        self._put(top[0], bottom[0], pieces)
        if self.changed is not None:
            self.changed(Change(top, bottom, end_location))
        return EditResult(end_location, replaced)

    def _put(self, first: int, last: int, lines: list[str]) -> None:
        old = self._widths[first : last + 1]
        new = [width_of(line) for line in lines]
        self._lines[first : last + 1] = lines
        self._widths[first : last + 1] = new
        if self._widest is not None and max(new) >= self._widest:
            self._widest = max(new)
        elif self._widest in old:
            self._widest = None
        self._text = None
        self.version += 1

    def _clamped(self, start: Location, end: Location) -> tuple[Location, Location]:
        top, bottom = sorted((start, end))
        return self._clamp(top), self._clamp(bottom)

    def _clamp(self, location: Location) -> Location:
        row, column = location
        if row >= len(self._lines):
            return self.end
        return row, min(column, len(self._lines[row]))

    def cell(self, location: Location) -> int:
        """The cell, from the start of its line, in which a location is shown."""
        row, column = location
        return cells_of(self._lines[row]).cell(column)


def newline_of(text: str) -> Newline:
    """The line end of a text, if all of its lines have it."""
    line_feeds = text.count("\n")
    if line_feeds:
        return "\r\n" if text.count("\r\n") == line_feeds else "\n"
    return "\r" if "\r" in text else "\n"
