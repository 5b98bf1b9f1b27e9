"""Finds the bracket that belongs to another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

Location = tuple[int, int]

_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}
_PARTNERS: Final = _PAIRS | {closing: opening for opening, closing in _PAIRS.items()}
_BRACKET = re.compile(r"[()\[\]{}]")

#: Lines and characters of a line beyond these are not looked at: it happens at every move of the cursor.
_MAX_LINES: Final = 500
_MAX_CHARACTERS: Final = 20_000


def matching_bracket(lines: Sequence[str], bracket: str, at: Location) -> Location | None:
    """Where the partner of the bracket at a location is; None for another character, or without a partner nearby."""
    if bracket not in _PARTNERS or not bracket:
        return None
    depth = 0
    for row, column, found in _after(lines, at) if bracket in _PAIRS else _before(lines, at):
        if found == bracket:
            depth += 1
        elif found == _PARTNERS[bracket]:
            depth -= 1
            if depth == 0:
                return row, column
    return None


def _after(lines: Sequence[str], at: Location) -> Iterator[tuple[int, int, str]]:
    row, column = at
    for below in range(row, min(len(lines), row + _MAX_LINES)):
        start = column if below == row else 0
        for found in _BRACKET.finditer(lines[below], start, start + _MAX_CHARACTERS):
            yield below, found.start(), found[0]


def _before(lines: Sequence[str], at: Location) -> Iterator[tuple[int, int, str]]:
    row, column = at
    for above in range(row, max(-1, row - _MAX_LINES), -1):
        end = column + 1 if above == row else len(lines[above])
        for found in reversed([*_BRACKET.finditer(lines[above], max(0, end - _MAX_CHARACTERS), end)]):
            yield above, found.start(), found[0]
