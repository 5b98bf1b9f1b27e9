"""How values and keys are spoken of in messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowlang.language.diagnostics import nearest

_SHOWN = 10
_LONGEST = 60


def kind_of(value: Any) -> str:
    """What a value is, in a user's words: `text`, `a number`, `a list` …"""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float)) or type(value).__name__ == "Decimal":
        return "a number"
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, (list, tuple, range)):
        return "a list"
    word = type(value).__name__
    return f"a {word}" if word in ("date", "datetime", "time", "timedelta") else f"a value of type {word}"


def quoted(text: object) -> str:
    """A key or an expression in backquotes, on one line, cut short where it is long."""
    line = " ".join(str(text).split())
    return f"`{line if len(line) <= _LONGEST else line[: _LONGEST - 1] + '…'}`"


def keys_there(keys: Iterable[Any]) -> str:
    """Lists the keys of a map: `it has `a`, `b` and 3 more`."""
    all_keys = list(keys)
    if not all_keys:
        return "the map is empty"
    shown = ", ".join(quoted(key) for key in all_keys[:_SHOWN])
    more = len(all_keys) - _SHOWN
    return f"it has {shown}" + (f" and {more} more" if more > 0 else "")


def did_you_mean(word: Any, keys: Iterable[Any]) -> str | None:
    """The question after the key that was probably meant, or None."""
    if not isinstance(word, str) or len(word) > _LONGEST:
        return None
    known = [key for key, _ in zip(keys, range(200), strict=False) if isinstance(key, str) and len(key) <= _LONGEST]
    near = nearest(word, known)
    return None if near is None else f"did you mean `{near}`?"
