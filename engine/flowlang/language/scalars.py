"""What a plain scalar means: the JSON-like core of YAML 1.2."""

from __future__ import annotations

import re
from typing import Any, Final

#: The first characters of plain text that may mean something else than itself.
SUSPECTS: Final = frozenset(["", *"-+.0123456789tfn~"])

_WORDS: Final[dict[str, Any]] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((f"{sign}.{word}" for sign in ("", "+") for word in ("inf", "Inf", "INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


def resolve(text: str) -> Any:
    """The value of a plain scalar: null, a boolean, a number, or the text itself.

    Raises ValueError for a whole number with more digits than Python takes.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        number = int(text, 0)
        str(number)
        return number
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
