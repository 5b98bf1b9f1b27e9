"""Text of others made safe to show: what would steer a terminal, or deceive the eye, becomes a sign of itself."""

from __future__ import annotations

import re
from typing import Final

TAB: Final = "    "

#: Controls (C0, DEL, C1), what reorders text (bidi), what takes no room or cannot be seen, and lone surrogates.
#: U+FE0F stays: it makes an emoji of a sign and cannot hide anything.
_UNSAFE: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    "\ud800-\udfff"
    "]"
)


_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


def inert(text: str, *, newlines: bool = False) -> str:
    """`text` with every character that could steer a terminal, or that nobody would see, shown as a sign.

    A tab becomes spaces. Newlines become `␊`, or stay as they are with `newlines`.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    return _UNSAFE.sub(_sign_but_newline if newlines else _sign, text)


def pasted_line(text: str) -> str:
    """The first line of a text that is pasted, with its control characters as signs; letters stay what they are."""
    line, *_ = re.split("\r\n|\r|\n", text, maxsplit=1)
    return _CONTROL.sub(_sign, line)


def _sign(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return TAB if code == 0x09 else chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _sign_but_newline(match: re.Match[str]) -> str:
    return "\n" if match.group() == "\n" else _sign(match)
