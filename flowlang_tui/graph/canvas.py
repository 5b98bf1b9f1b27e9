"""A grid of cells that lines and texts are put on.

A line is kept as the directions in which it leaves each cell, so that lines which meet become the right box-drawing
character by themselves. Where two lines only cross, one passes over the other.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from flowlang_tui.graph.cells import cells, is_narrow
from flowlang_tui.graph.drawing import Box, Role, Run

NORTH: Final = 1
EAST: Final = 2
SOUTH: Final = 4
WEST: Final = 8

_LINES: Final = " ╵╶╰╷│╭├╴╯─┴╮┤┬┼"
_TABLE: Final = dict(enumerate(_LINES))
_LEVEL: Final = EAST | WEST
_UPRIGHT: Final = NORTH | SOUTH

ARROW: Final = "▼"

_ALIKE: Final = re.compile(r"(.)\1*", re.DOTALL)


class Canvas:
    """Cells of lines and texts, each with the role and the step that it is painted for."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.lines = [bytearray(width) for _ in range(height)]
        self.texts: list[list[tuple[int, list[str]]]] = [[] for _ in range(height)]
        #: The rows in which there is something of a step.
        self.rows_of: defaultdict[str, set[int]] = defaultdict(set)
        #: What each cell means, as a character that stands for a place in `_meanings`: such rows are quickly divided.
        self._marks = [["\0"] * width for _ in range(height)]
        self._meanings: list[tuple[Role, str]] = [("", "")]
        self._signs: dict[tuple[Role, str], str] = {("", ""): "\0"}

    def text(self, x: int, y: int, text: str, role: Role, node: str = "") -> None:
        """Put a text over whatever is there."""
        drawn = list(text) if is_narrow(text) else _spread(text)
        self.texts[y].append((x, drawn))
        self._mark(x, y, len(drawn), role, node)

    def level(self, y: int, start: int, end: int, role: Role, node: str = "") -> None:
        """Draw from the middle of one column to the middle of another."""
        start, end = min(start, end), max(start, end)
        if start == end:
            return
        line = self.lines[y]
        line[start] |= EAST
        line[end] |= WEST
        if any(line[start + 1 : end]):
            for x in range(start + 1, end):
                line[x] |= _LEVEL
        else:
            line[start + 1 : end] = bytes((_LEVEL,)) * (end - start - 1)
        self._mark(start, y, end - start + 1, role, node)

    def upright(self, x: int, start: int, end: int, role: Role, node: str = "") -> None:
        """Draw from the middle of one row down to the middle of another, over the lines that it crosses."""
        for y in range(start, end + 1):
            here = (NORTH if y > start else 0) | (SOUTH if y < end else 0)
            if self.lines[y][x] == _LEVEL and here == _UPRIGHT:
                self.lines[y][x] = 0
            self.lines[y][x] |= here
            if self._marks[y][x] == "\0":
                self._mark(x, y, 1, role, node)

    def box(self, box: Box, role: Role, node: str) -> None:
        """Draw a border."""
        left, right, bottom = box.x, box.right, box.bottom
        self.level(box.y, left, right, role, node)
        self.level(bottom, left, right, role, node)
        for x in (left, right):
            self.lines[box.y][x] |= SOUTH
            self.lines[bottom][x] |= NORTH
            for y in range(box.y + 1, bottom):
                self.lines[y][x] |= _UPRIGHT
                self._mark(x, y, 1, role, node)

    def arrow(self, x: int, y: int, role: Role, node: str) -> None:
        """Put the head of an arrow that comes from above."""
        self.text(x, y, ARROW, role, node)

    def row(self, y: int) -> tuple[Run, ...]:
        """A row as runs, without the blanks at its end."""
        drawn = list(self.lines[y].decode("latin-1").translate(_TABLE))
        for x, text in self.texts[y]:
            drawn[x : x + len(text)] = text
        runs: list[Run] = []
        for alike in _ALIKE.finditer("".join(self._marks[y])):
            start, end = alike.span()
            runs.append(Run("".join(drawn[start:end]), end - start, *self._meanings[ord(alike[1])]))
        if runs and not runs[-1].role:
            runs.pop()
        return tuple(runs)

    def _mark(self, x: int, y: int, width: int, role: Role, node: str) -> None:
        mark = self._signs.get((role, node))
        if mark is None:
            mark = self._signs[role, node] = chr(len(self._meanings))
            self._meanings.append((role, node))
        self._marks[y][x : x + width] = [mark] * width
        self.rows_of[node].add(y)


def _spread(text: str) -> list[str]:
    """The characters by cells: a wide one takes two, and one without a width goes with that before it."""
    drawn: list[str] = []
    for character in text:
        width = cells(character)
        if width == 0 and drawn:
            drawn[-1] += character
        else:
            drawn += [character, *[""] * (width - 1)]
    return drawn
