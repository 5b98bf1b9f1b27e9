"""Finds the `${…}` in a text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

#: How long one expression may be.
MAX_CHARACTERS: Final = 10_000
#: How deep it may nest.
MAX_DEPTH: Final = 50

#: A read that needs no parser: names joined by points.
DOTTED: Final = re.compile(r"\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*", re.ASCII)


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
    while (found := text.find("${", position)) >= 0:
        if found > position and text[found - 1] == "$":
            literal += text[position : found - 1] + "${"
            position = found + 2
            continue
        literal += text[position:found]
        if literal:
            parts.append(literal)
            literal = ""
        piece = piece_at(text, found + 2)
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
    from flowlang.language.expressions.braces import end_of_piece  # plain reads need no more patterns

    return end_of_piece(text, start)
