"""Times as a person gives them on the command line, and as they are shown there."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from flowlang.cli.target import UsageError

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_AGE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d|w)")
#: More than a thousand years ago is before any run.
_OLDEST: Final = 1000 * 366 * 86400.0


def age(text: str, option: str) -> float:
    """The seconds that `90s`, `5m`, `2h`, `30d` or `2w` mean. Raises UsageError for anything else."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"{option} {text}: that is no age; write 90s, 5m, 2h, 30d or 2w")
    return min(float(found[1]) * _UNITS[found[2]], _OLDEST)


def moment(text: str, option: str, now: datetime | None = None) -> float:
    """A point of time, in seconds since 1970: a date with or without a time of day, `today`, or `2h` for that ago.

    Dates without an offset are those of this machine's clock. Raises UsageError for anything else.
    """
    now = now or datetime.now()
    word = text.strip().lower()
    if word in ("today", "yesterday"):
        return (
            now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=word == "yesterday")
        ).timestamp()
    if _AGE.fullmatch(word) is not None:
        return now.timestamp() - age(word, option)
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{option} {text}: that is no time; write 2026-05-01, 2026-05-01T17:30, today, or 2h, 3d for so long ago"
        ) from None


def shown_time(seconds: float) -> str:
    """A point of time by the clock of this machine: `2026-05-01 17:30:02`."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def iso_time(seconds: float) -> str:
    """A point of time for programs: ISO 8601 with the offset of this machine."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")
