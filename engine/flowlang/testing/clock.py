"""A clock that jumps: where a flow only waits, the time is over at once."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: The loop's own descriptors, by which threads wake it. Anything beside them is a connection to somewhere.
_OWN: Final = 1


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that doesn't wait for its timers: when there is nothing else to do, its clock is set forward.

    That is only done while nothing outside of it is under way: no socket is open, and nobody is inside `real`.
    Delays, backoff and time limits keep their order and cost nothing; real work takes the time it takes.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self._real = 0
        self._waits = _Selector(self)
        super().__init__(self._waits)

    def time(self) -> float:
        """Seconds on the loop's clock."""
        return super().time() + self._ahead

    @contextmanager
    def real(self) -> Iterator[None]:
        """While inside, time passes as it does outside: something is under way that the loop cannot see."""
        self._real += 1
        try:
            yield
        finally:
            self._real -= 1

    def skip(self, seconds: float) -> bool:
        """Set the clock forward, unless something real is under way; whether that was done."""
        if self._real or len(self._waits.get_map()) > _OWN:
            return False
        self._ahead += seconds
        return True


class _Selector(selectors.DefaultSelector):
    """Looks what is ready, as any selector, but asks the loop before it waits for a timer."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready or super().select(timeout)
        return [] if self._loop.skip(timeout) else super().select(timeout)


def run_virtually(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own whose clock jumps."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
