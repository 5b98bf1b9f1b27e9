"""How the characters of a line lie in the cells of the screen: tabs, wide ones, and those that a sign stands for.

Every character is shown on its own, so that a column always knows its cells: what would join or turn its neighbours,
or steer the terminal, is shown as a sign.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from typing import Final
from unicodedata import category

from rich.cells import get_character_cell_size

from flowlang_tui.widgets.code_editor.languages import TAB_WIDTH

#: Asks for another look of the character before it; the look is the terminal's choice here.
_VARIATIONS: Final = "\ufe0e\ufe0f"


class Cells:
    """One line: what is shown for each of its characters, and where."""

    __slots__ = ("_pieces", "_starts", "line", "width")

    def __init__(self, line: str) -> None:
        self.line = line
        self._pieces: list[str] | None = None
        self._starts: list[int] = []
        if is_plain(line):
            self.width = len(line)
            return
        self._pieces = [_shown(character) for character in line]
        if "\t" in line:
            self._expand_tabs(line, self._pieces)
        self._starts = list(accumulate(map(_width, self._pieces), initial=0))
        self.width = self._starts[-1]

    def _expand_tabs(self, line: str, pieces: list[str]) -> None:
        cell = 0
        for column, character in enumerate(line):
            if character == "\t":
                pieces[column] = " " * (TAB_WIDTH - cell % TAB_WIDTH)
            cell += _width(pieces[column])

    def cell(self, column: int) -> int:
        """The cell in which a column starts; a cell for each column behind the end."""
        length = len(self.line)
        if self._pieces is None or column > length:
            return column + self.width - length
        return self._starts[column]

    def column(self, cell: int) -> int:
        """The column that is shown in a cell; the end of the line for cells behind it."""
        if cell >= self.width:
            return len(self.line)
        if self._pieces is None:
            return max(0, cell)
        return max(0, bisect_right(self._starts, cell) - 1)

    def shown(self, start: int, end: int) -> str:
        """What is shown for the columns from `start` to before `end`."""
        if self._pieces is None:
            return self.line[start:end]
        return "".join(self._pieces[start:end])


@lru_cache(maxsize=512)
def cells_of(line: str) -> Cells:
    """The cells of a line, kept for those that were asked for last."""
    return Cells(line)


def is_plain(line: str) -> bool:
    """Whether each character is shown as it stands, in one cell."""
    return line.isascii() and (line.isprintable() or not line)


def width_of(line: str) -> int:
    """How many cells a line takes."""
    return len(line) if is_plain(line) else cells_of(line).width


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if character == "\t" or "\x20" <= character < "\x7f":
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if character in _VARIATIONS:
        return ""
    return "�" if category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character


@lru_cache(maxsize=4096)
def _width(shown: str) -> int:
    return get_character_cell_size(shown) if len(shown) == 1 else len(shown)
