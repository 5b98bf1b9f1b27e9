"""Finds the place of a part of a scalar in the file, whatever the style in which the scalar is written."""

from __future__ import annotations

import re

from flowlang.language.diagnostics import Span
from flowlang.language.nodes import Scalar

_LINE_BREAK = re.compile(r"\r\n?|\n")
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_ESCAPE = re.compile(r"\\(?:x..|u.{4}|U.{8}|\r\n|.)", re.DOTALL)


def stretch(text: str, scalar: Scalar, start: int, end: int) -> Span:
    """The span of `scalar.value[start:end]` in `text`. The scalar must have been read from it."""
    assert scalar.start is not None
    assert scalar.end is not None
    raw = text[scalar.start.index : scalar.end.index]
    value = scalar.value
    if not isinstance(value, str) or not 0 <= start <= end <= len(value):
        return scalar.span
    found = _offsets(raw, scalar.style, value, start, end)
    if found is None:
        return scalar.span
    first = _position(raw, found[0], scalar.start.line, scalar.start.column)
    last = _position(raw, found[1], scalar.start.line, scalar.start.column)
    return Span(*first, *last)


def _offsets(raw: str, style: str, value: str, start: int, end: int) -> tuple[int, int] | None:
    skipped = 0
    if raw != value:
        properties = _PROPERTIES.match(raw)
        if properties is not None and raw[: len(value)] != value:
            skipped = properties.end()
    if style in ("|", ">"):
        line_break = _LINE_BREAK.search(raw, skipped)
        if line_break is None:
            return None
        skipped = line_break.end()
    elif style:
        skipped += 1
    if raw.startswith(value, skipped):
        return skipped + start, skipped + end
    return _aligned(raw, style, value, start, end, skipped)


def _aligned(raw: str, style: str, value: str, start: int, end: int, position: int) -> tuple[int, int] | None:
    """Walk through both texts: they differ in white space, escapes, and doubled quotes only."""
    first = position
    for index, character in enumerate(value[:end]):
        while position < len(raw) and raw[position] != character:
            if style == '"' and raw[position] == "\\" and raw[position + 1 : position + 2] not in ("\n", "\r"):
                break
            if not raw[position].isspace() and raw[position] != "\\":
                break
            if character.isspace() and not raw[position].isspace():
                break
            position += 1
        if index == start:
            first = position
        position += _width(raw, style, position, character)
    return (position, position) if start == end else (first, position)


def _width(raw: str, style: str, position: int, character: str) -> int:
    """How many characters of `raw` write one character of the value."""
    if style == '"' and raw[position : position + 1] == "\\":
        escape = _ESCAPE.match(raw, position)
        return len(escape.group()) if escape else 1
    if style == "'" and character == "'":
        return 2
    return 1 if raw[position : position + 1] == character or not character.isspace() else 0


def _position(raw: str, offset: int, line: int, column: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset in a text that starts at `line` and `column`, from 0."""
    breaks = list(_LINE_BREAK.finditer(raw, 0, offset))
    if not breaks:
        return line + 1, column + offset + 1
    return line + len(breaks) + 1, offset - breaks[-1].end() + 1
