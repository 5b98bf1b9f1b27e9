"""How many cells of a terminal a text takes, and making it take exactly as many as there are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from unicodedata import combining, east_asian_width

#: Latin letters, punctuation, arrows, mathematical signs, lines and shapes.
_NARROW: Final = re.compile("[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u2319\u2500-\u25fc\u2713-\u2718]*")


def cells(text: str) -> int:
    """The cells that `text` takes on a line."""
    return len(text) if is_narrow(text) else sum(map(_cells, text))


def is_narrow(text: str) -> bool:
    """Whether each character surely takes one cell."""
    return text.isascii() or _NARROW.fullmatch(text) is not None


def cut(text: str, width: int) -> str:
    """`text`, or as much of it as fits into `width` cells with `…` for the rest."""
    if cells(text) <= width:
        return text
    if width < 1:
        return ""
    left = width - 1
    kept: list[str] = []
    for character in text:
        left -= _cells(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def filled(text: str, width: int) -> str:
    """`text` in exactly `width` cells."""
    shown = cut(text, width)
    return shown + " " * (width - cells(shown))


def flush_right(text: str, width: int) -> str:
    """`text` in exactly `width` cells, at their right end."""
    shown = cut(text, width)
    return " " * (width - cells(shown)) + shown


@lru_cache(maxsize=4096)
def _cells(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
