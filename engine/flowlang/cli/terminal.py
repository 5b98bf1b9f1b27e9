"""What a terminal may be sent: text that cannot command it, and how wide that text is."""

from __future__ import annotations

import os
import re
import sys
from typing import Final, TextIO

_UNSAFE: Final = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
_TAB: Final = "    "


def inert(text: str) -> str:
    """`text` with every character that could steer a terminal shown as a sign of itself; newlines stay."""
    if text.isascii() and text.isprintable():
        return text
    # compiled when first used: most runs have nothing to mend
    return re.sub(_UNSAFE, _sign, text.replace("\r\n", "\n").replace("\t", _TAB))


def one_line(text: str) -> str:
    """`text` made inert, with its newlines as signs too."""
    return inert(text).replace("\n", "␊")


def _sign(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\u{code:04x}"


def width(text: str) -> int:
    """How many cells of a terminal `text` takes, which must be inert."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    cells = 0
    for character in text:
        if east_asian_width(character) in "WF":
            cells += 2
        elif category(character) not in ("Mn", "Me", "Cf"):
            cells += 1
    return cells


def cut(text: str, cells: int) -> str:
    """`text` in at most so many cells, and in one at least."""
    if width(text) <= cells:
        return text
    room = max(cells - 1, 0)
    shown = text[:room]
    while width(shown) > room:
        shown = shown[:-1]
    return f"{shown}…"


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at what is written to `stream`."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


class Palette:
    """Colours for one stream: none unless it is a terminal that wants them."""

    def __init__(self, stream: TextIO | None) -> None:
        self.on = is_terminal(stream) and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def bad(self, text: str) -> str:
        """The colour of errors."""
        return self._paint("1;31", text)

    def warn(self, text: str) -> str:
        """The colour of warnings."""
        return self._paint("1;33", text)

    def good(self, text: str) -> str:
        """The colour of success."""
        return self._paint("1;32", text)

    def strong(self, text: str) -> str:
        """What the eye should find first."""
        return self._paint("1", text)

    def faint(self, text: str) -> str:
        """What only frames the rest."""
        return self._paint("2", text)

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on else text


def tell(text: str) -> None:
    """Write `text` and a newline to stderr, which may be closed or gone: there is nobody else to tell."""
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return
