"""How long the server may work on a statement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from math import inf


class Deadline:
    """Calls `expire` when what was begun isn't ended within `seconds`.

    One timer does for many statements, and looks when it goes off whether it is time: a timer for each of them would
    cost as much as much of a short statement.
    """

    __slots__ = ("_at", "_expire", "_loop", "_timer", "passed", "seconds")

    def __init__(self, seconds: float, expire: Callable[[], None]) -> None:
        self.seconds = seconds
        #: Whether what was begun last took too long.
        self.passed = False
        self._expire = expire
        self._loop = asyncio.get_running_loop()
        self._at = inf
        self._timer: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether something was begun and not ended."""
        return self._at != inf

    def begin(self) -> None:
        """From now on time runs."""
        self.passed = False
        self._at = self._loop.time() + self.seconds
        if self._timer is None:
            self._arm()

    def end(self) -> None:
        """It was done in time, or is given up."""
        self._at = inf

    def cancel(self) -> None:
        """Never expire any more."""
        self._at = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        # an empty context: the timer outlives the run that began first
        self._timer = self._loop.call_at(self._at, self._look, context=Context())

    def _look(self) -> None:
        self._timer = None
        if self._at == inf:
            return
        if self._loop.time() < self._at:
            self._arm()
            return
        self.passed = True
        self._expire()
