"""How long ago something was, as people say it."""

from __future__ import annotations

from time import localtime, strftime
from typing import Final

_UNITS: Final = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (7 * 86_400, 86_400, "d"))


def ago(then: float, now: float) -> str:
    """How long ago something was, in a few cells; a date when that is more than a week. Nothing for a time of 0."""
    if not then:
        return ""
    past = now - then
    if past < 5:
        return "now"
    for limit, unit, word in _UNITS:
        if past < limit:
            return f"{int(past // unit)} {word} ago"
    return strftime("%d %b %y", localtime(then))
