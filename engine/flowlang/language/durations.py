"""Durations: a number of seconds, or text such as `500ms`, `10s`, `5m`, `2h`."""

from __future__ import annotations

import re
from typing import Any, Final

#: How many seconds each unit has.
UNITS: Final[dict[str, float]] = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h)?")


def parse_duration(value: Any) -> float:
    """The seconds that a duration means.

    Text that is a number alone counts as seconds, because variables of the environment are text. Raises
    ValueError with a sentence for whatever is no duration, a negative one included.
    """
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{_shown(value)} is no duration; write seconds, or `500ms`, `10s`, `5m`, `2h`")
    if value < 0:
        raise ValueError(f"{_shown(value)} is negative, and a duration is 0 or more")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = float("inf")
    if not seconds < float("inf"):
        raise ValueError(f"{_shown(value)} is no duration, because it has no end")
    return seconds


def _parse_text(text: str) -> float:
    written = _WRITTEN.fullmatch(text.strip())
    if written is not None:
        return parse_duration(float(written[1]) * UNITS[written[2] or "s"])
    if re.fullmatch(r"-\s*" + _WRITTEN.pattern, text.strip()):
        raise ValueError(f"{_shown(text)} is negative, and a duration is 0 or more")
    raise ValueError(f"{_shown(text)} is no duration; write seconds, or `500ms`, `10s`, `5m`, `2h`")


def _shown(value: Any) -> str:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            text = str(value)
        except ValueError:
            return "this number"
        return f"`{text}`" if len(text) <= 40 else f"`{text[:40]}…`"
    return "nothing" if value is None else f"a value of type {type(value).__name__}"


def format_duration(seconds: float) -> str:
    """Seconds as a person writes them: `500ms`, `2.5s`, `5m`, `2h`."""
    if seconds and seconds < 1:
        return f"{seconds * 1000:g}ms"
    for unit in ("h", "m"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:g}{unit}"
    return f"{seconds:g}s"
