"""Changes of a text, as an editor makes them: pieces of it replaced, everything else as it was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from flowlang.language.diagnostics import Span
from flowlang.language.edit import Splice, spliced


class TextEdit(NamedTuple):
    """What stands at `span` becomes `text`. An empty span inserts."""

    span: Span
    text: str


class Location(NamedTuple):
    """A place in a file; `path` is None in the text itself."""

    path: str | None
    span: Span


def apply_edits(text: str, edits: Iterable[TextEdit]) -> str:
    """`text` with all edits made; they must not overlap."""
    places = Offsets(text)
    return spliced(text, (Splice(*places.range(edit.span), edit.text) for edit in edits))


def insertion(line: int, column: int, text: str) -> TextEdit:
    """An edit that adds `text` at a place and removes nothing."""
    return TextEdit(Span(line, column, line, column), text)


class Offsets:
    """The way between lines and columns, both from 1, and positions in a text, from 0."""

    __slots__ = ("starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0]
        position = text.find("\n")
        while position >= 0:
            self.starts.append(position + 1)
            position = text.find("\n", position + 1)

    def position(self, line: int, column: int) -> int:
        """The position of a place; the nearest there is for one outside the text."""
        if line > len(self.starts):
            return len(self.text)
        return min(self.starts[max(line, 1) - 1] + max(column, 1) - 1, len(self.text))

    def range(self, span: Span) -> tuple[int, int]:
        """Start and end of a span as positions."""
        return self.position(span.line, span.column), self.position(span.end_line, span.end_column)

    def slice(self, span: Span) -> str:
        """The text at a span."""
        start, end = self.range(span)
        return self.text[start:end]

    def span(self, start: int, end: int) -> Span:
        """The span of `text[start:end]`."""
        return Span(*self.place(start), *self.place(end))

    def place(self, position: int) -> tuple[int, int]:
        """Line and column of a position."""
        line = bisect_right(self.starts, position)
        return line, position - self.starts[line - 1] + 1
