"""Finds the end of a `${…}` that holds more than names, and the `${…}` of a condition."""

from __future__ import annotations

import re
from typing import Final

from flowlang.language.pieces import MAX_CHARACTERS, Piece, piece_at

#: The inside of `${NAME:default}`.
WITH_DEFAULT: Final = re.compile(r"\s*(?:env\.([A-Za-z_]\w*)|([A-Z][A-Z0-9_]*))\s*:(.*)", re.ASCII | re.DOTALL)

_TO_DEFAULT = re.compile(r"\s*(?:env\.[A-Za-z_]\w*|[A-Z][A-Z0-9_]*)\s*:", re.ASCII)
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'"""
_INSIDE = re.compile(rf"[^{{}}'\"$]+|{_QUOTED}|(\$\{{|[{{}}'\"])|\$", re.DOTALL)
_CONDITION = re.compile(rf"{_QUOTED}|\$\{{", re.DOTALL)


def end_of_piece(text: str, start: int) -> Piece:
    """The expression whose inside begins at `start`: it ends at the brace that closes it."""
    if _TO_DEFAULT.match(text, start) is None:
        depth = 0
        position = start
        limit = start + MAX_CHARACTERS
        while (token := _INSIDE.match(text, position, limit)) is not None:
            mark = token[1]
            if mark == "{":
                depth += 1
            elif mark == "}":
                if depth == 0:
                    return Piece(start, token.start())
                depth -= 1
            elif mark is not None:
                break
            position = token.end()
    # A bracket or a quote is open, another `${` begins, or the text of a default follows: the first brace ends it.
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
