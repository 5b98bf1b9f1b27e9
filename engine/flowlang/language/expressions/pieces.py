"""Finds the `${…}` in a text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: A read that needs no parser: names joined by points. `$` must not stand before it, for `$${…}` is no expression.
DOTTED: Final = re.compile(r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*", re.ASCII)

#: The inside of `${NAME:default}`.
WITH_DEFAULT: Final = re.compile(r"\s*(?:env\.([A-Za-z_]\w*)|([A-Z][A-Z0-9_]*))\s*:(.*)", re.ASCII | re.DOTALL)

_START = re.compile(r"\$?\$\{")
_DEFAULT_TO_BRACE = re.compile(r"\s*(?:env\.[A-Za-z_]\w*|[A-Z][A-Z0-9_]*)\s*:[^}]*\}", re.ASCII)
_QUOTE = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_INSIDE = re.compile(rf"[^{{}}'\"]+|{_QUOTE}|([{{}}'\"])", re.DOTALL)
_CONDITION = re.compile(rf"{_QUOTE}|\$\{{", re.DOTALL)


class Piece(NamedTuple):
    """An expression in a text: `text[start:end]` is what stands between the braces. Unclosed ones end the text."""

    start: int
    end: int
    closed: bool = True


def split(text: str) -> list[str | Piece]:
    """The literal stretches of a text and the expressions between them. `$${` is a literal `${`."""
    parts: list[str | Piece] = []
    literal = ""
    position = 0
    while (found := _START.search(text, position)) is not None:
        if found.end() - found.start() == 3:
            literal += text[position : found.start()] + "${"
            position = found.end()
            continue
        literal += text[position : found.start()]
        if literal:
            parts.append(literal)
            literal = ""
        piece = piece_at(text, found.end())
        parts.append(piece)
        position = piece.end + 1
    literal += text[position:]
    if literal:
        parts.append(literal)
    return parts


def piece_at(text: str, start: int) -> Piece:
    """The expression whose inside begins at `start`."""
    simple = DOTTED.match(text, start)
    if simple is not None and text.startswith("}", simple.end()):
        return Piece(start, simple.end())
    default = _DEFAULT_TO_BRACE.match(text, start)
    if default is not None:
        return Piece(start, default.end() - 1)
    depth = 0
    position = start
    while (token := _INSIDE.match(text, position)) is not None:
        mark = token[1]
        if mark == "{":
            depth += 1
        elif mark == "}":
            if depth == 0:
                return Piece(start, token.start())
            depth -= 1
        position = token.end()
    # A bracket or a quote is open: end at the first brace, so that what follows is still read.
    brace = text.find("}", start)
    return Piece(start, brace) if brace >= 0 else Piece(start, len(text), closed=False)


def in_condition(text: str) -> list[tuple[int, int, bool]]:
    """The stretches of a condition that are `${…}`, or quoted text with `${…}` in it (then the last item is true)."""
    stretches = []
    position = 0
    while (found := _CONDITION.search(text, position)) is not None:
        if found[0] == "${":
            piece = piece_at(text, found.end())
            position = piece.end + 1 if piece.closed else piece.end
            stretches.append((found.start(), position, False))
        else:
            position = found.end()
            if "${" in found[0]:
                stretches.append((found.start(), position, True))
    return stretches
