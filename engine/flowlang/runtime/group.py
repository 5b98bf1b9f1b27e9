"""Structured concurrency: work that runs at once, fails as one, and never outlives its group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from flowlang.runtime.failure import StepFailed

Start = Callable[[], Coroutine[Any, Any, None]]


class Group:
    """Runs coroutines as tasks. The first failure cancels the others, which are waited for.

    `on_done` is called with the index of each coroutine that ended well; it may start more. At most `limit`
    run at the same time; the rest wait their turn in the order they were started.
    """

    __slots__ = ("_failure", "_finished", "_limit", "_loop", "_on_done", "_running", "_waiting")

    def __init__(self, limit: int | None = None, on_done: Callable[[int], None] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._running: dict[asyncio.Task[None], int] = {}
        self._waiting: deque[tuple[int, Start]] = deque()
        self._limit = limit
        self._on_done = on_done
        self._failure: BaseException | None = None

    def start(self, index: int, start: Start) -> None:
        """Run what `start` makes, now or when there is room for it."""
        if self._failure is not None:
            return
        if self._limit is not None and len(self._running) >= self._limit:
            self._waiting.append((index, start))
            return
        task = self._loop.create_task(start())
        self._running[task] = index
        task.add_done_callback(self._done)

    async def join(self) -> None:
        """Wait for everything. Raises the first failure, after all the others have ended."""
        if not self._running:
            return
        try:
            await self._finished
        except asyncio.CancelledError:
            self._waiting.clear()
            self._cancel()
            while self._running:
                try:
                    await asyncio.wait(list(self._running))
                except asyncio.CancelledError:
                    self._cancel()
            raise
        if self._failure is not None:
            try:
                raise self._failure
            finally:
                self._failure = None

    def _done(self, task: asyncio.Task[None]) -> None:
        index = self._running.pop(task)
        failure = asyncio.CancelledError() if task.cancelled() else task.exception()
        if failure is None:
            if self._failure is None:
                if self._waiting:
                    self.start(*self._waiting.popleft())
                if self._on_done is not None:
                    self._on_done(index)
        elif self._failure is None:
            self._failure = failure
            self._waiting.clear()
            self._cancel()
        elif isinstance(failure, StepFailed) and isinstance(self._failure, StepFailed):
            self._failure.info.add(failure.info)
        elif isinstance(self._failure, asyncio.CancelledError):
            self._failure = failure
        if not self._running and not self._finished.done():
            self._finished.set_result(None)

    def _cancel(self) -> None:
        for task in self._running:
            task.cancel()
