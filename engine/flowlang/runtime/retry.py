"""How often a failing step is tried again, and how long it waits."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from flowlang.language.durations import parse_duration
from flowlang.language.model import Retry, Value
from flowlang.runtime.failure import matches
from flowlang.runtime.frame import Frame


class Backoff(NamedTuple):
    """A retry policy with its values known. Times are seconds; `jitter` is a share of the wait, 0 to 1."""

    max_attempts: int = 3
    delay: float = 1.0
    backoff: str | float = "fixed"
    multiplier: float = 2.0
    max_delay: float | None = None
    jitter: float = 0.0
    on: frozenset[str] = frozenset()

    def wait(self, attempt: int) -> float:
        """Seconds to wait after the failed attempt with this number, from 1."""
        if self.backoff == "fixed":
            wait = self.delay
        elif self.backoff == "linear":
            wait = self.delay * attempt
        else:
            factor = self.multiplier if self.backoff == "exponential" else float(self.backoff)
            try:
                wait = self.delay * factor ** (attempt - 1)
            except OverflowError:
                wait = float("inf")
        if self.max_delay is not None:
            wait = min(wait, self.max_delay)
        wait = min(wait, _LONGEST_WAIT)
        return wait * (1 - self.jitter * random.random()) if self.jitter else wait

    def applies_to(self, exception: BaseException) -> bool:
        """Whether an attempt that failed like this is tried again."""
        return not self.on or matches(exception, self.on)


_LONGEST_WAIT = 86400.0 * 365


def backoff_of(retry: Retry, frame: Frame) -> Backoff:
    """The policy with the values of this moment. Raises ValueError for one that makes no sense."""

    def known(value: Value | None) -> Any:
        return None if value is None or value.run is None else value.run(frame)

    given: dict[str, Any] = {"on": frozenset(name.text for name in retry.on)}
    if (attempts := known(retry.max_attempts)) is not None:
        given["max_attempts"] = int(attempts)
    if (delay := known(retry.delay)) is not None:
        given["delay"] = parse_duration(delay)
    if (kind := known(retry.backoff)) is not None:
        given["backoff"] = kind if kind in ("fixed", "linear", "exponential") else float(kind)
    if (multiplier := known(retry.backoff_multiplier)) is not None:
        given["multiplier"] = float(multiplier)
    if (longest := known(retry.max_delay)) is not None:
        given["max_delay"] = parse_duration(longest)
    if (jitter := known(retry.jitter)) is not None:
        given["jitter"] = 0.1 if jitter is True else float(jitter)
    return Backoff(**given)
