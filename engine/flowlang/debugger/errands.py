"""What is done for a stop from outside of the run's thread, or beside its work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from flowlang.debugger.errors import DebuggerError

T = TypeVar("T")


class Errands:
    """Does things in the run's event loop, as long as the stop is not over. Made in that loop."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._going_on: set[asyncio.Task[Any]] = set()

    def now(self, act: Callable[..., None], *arguments: Any) -> None:
        """Call something in the run's thread, and wait until it is done if this is another one."""
        if threading.get_ident() == self._thread:
            act(*arguments)
            return

        async def done() -> None:
            self._require()
            act(*arguments)

        self._sent(done()).result()

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives, done in the run's event loop, whichever this one is."""
        if asyncio.get_running_loop() is self._loop:
            return await self._kept(work)
        return await asyncio.wrap_future(self._sent(self._kept(work)))

    async def ended(self) -> None:
        """Wait until nothing goes on any more."""
        while self._going_on:
            await asyncio.wait(self._going_on)

    def cancel(self) -> None:
        """End what goes on."""
        for task in self._going_on:
            task.cancel()

    def _sent(self, work: Coroutine[Any, Any, T]) -> Any:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            # the loop was closed a moment ago, and the run with it
            work.close()
            raise DebuggerError("the run is over") from None

    async def _kept(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            self._require()
        except DebuggerError:
            work.close()
            raise
        task = self._loop.create_task(work)
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise DebuggerError("the run was ended meanwhile") from None
            task.cancel()
            raise

    def _require(self) -> None:
        if self._is_over():
            raise DebuggerError("the run has gone on from here")
