"""An attempt of a step that is under way."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowlang.debugger.gate import Gate
    from flowlang.runtime.interception import Intercepted


class Attempt:
    """An attempt from when its inputs are known, with what stands before its statements."""

    __slots__ = ("_started", "_stood", "execution", "gate")

    def __init__(self, execution: Intercepted) -> None:
        self.execution = execution
        self.gate: Gate | None = None
        self._started = perf_counter()
        self._stood = _stood(execution)

    @property
    def taken(self) -> float:
        """How many milliseconds it has taken, without those at stops."""
        stood = _stood(self.execution) - self._stood
        return round((perf_counter() - self._started - stood) * 1000, 3)


def _stood(execution: Intercepted) -> float:
    """How many seconds a step has stood at stops; the clock is there once anything did."""
    frame = execution.frame
    clock = frame.call.run.stood
    return 0.0 if clock is None else clock.of(frame.path + execution.plan.id)
