"""A line of a flow as it is laid out: indentation, dashes, key, value. Needs no more of the file than the line."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_DASH: Final = re.compile(r"-(?: +|$)")
_KEY: Final = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\w(?:[\w .-]*[\w.-])?) *:(?=\s|$)""")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
_BLOCK: Final = re.compile(r"[|>][+-]?\d?[+-]?$")
_PROPERTIES: Final = re.compile(r"(?:[&!]\S* *)+")


class Row(NamedTuple):
    """A line. Columns count from 0.

    `dashes` are the columns of the dashes, `column` is where what follows them begins. Without a `key` the line is
    a value, or part of one.
    """

    indent: int
    dashes: tuple[int, ...]
    column: int
    key: str | None
    key_end: int
    value_at: int
    text: str

    @property
    def value(self) -> str:
        """What stands behind the key, or the whole line without one; no comment, no anchor."""
        text = self.text[self.value_at :].strip()
        if text[:1] in ("&", "!"):
            text = _PROPERTIES.sub("", text, count=1)
        return text if text[:1] in ("'", '"') else _COMMENT.sub("", text).strip()

    @property
    def opens_text(self) -> bool:
        """Whether a block of text begins here, in the lines below."""
        return _BLOCK.match(self.value) is not None


def indent_of(line: str) -> int | None:
    """The column where a line begins; None for an empty line or a comment."""
    bare = line.lstrip(" ")
    return None if not bare or bare[0] in "#\r" or bare.isspace() else len(line) - len(bare)


def read_row(line: str) -> Row:
    """The layout of a line."""
    line = line.rstrip("\r")
    indent = column = len(line) - len(line.lstrip(" "))
    dashes = []
    while (dash := _DASH.match(line, column)) is not None:
        dashes.append(column)
        column = dash.end()
    if dashes and column == len(line):
        column = max(column, dashes[-1] + 2)
    found = _KEY.match(line, column)
    if found is None:
        return Row(indent, tuple(dashes), column, None, column, column, line)
    key = found[1]
    name = key[1:-1] if key[0] in "\"'" else key
    value_at = found.end()
    while line[value_at : value_at + 1] == " ":
        value_at += 1
    return Row(indent, tuple(dashes), column, name, found.end(1), value_at, line)
