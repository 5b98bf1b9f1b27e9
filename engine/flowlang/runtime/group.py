"""Structured concurrency: work that runs at once, fails as one, and never outlives its group."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from flowlang.runtime.failure import StepFailed
from flowlang.runtime.stopping import stop

Work = Coroutine[Any, Any, None]


class Group:
    """Runs coroutines as tasks. The first failure cancels the others, which are waited for.

    `on_done` is called with the index of each coroutine that ended well; it may start more. At most `limit`
    run at the same time; the rest wait their turn in the order they were started.
    """

    __slots__ = ("_failure", "_finished", "_limit", "_loop", "_on_done", "_running", "_waiting")

    def __init__(self, limit: int | None = None, on_done: Callable[[int], None] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._running: dict[int, tuple[asyncio.Task[None], Work]] = {}
        self._waiting: deque[tuple[int, Work]] = deque()
        self._limit = limit
        self._on_done = on_done
        self._failure: BaseException | None = None

    def start(self, index: int, work: Work) -> None:
        """Run `work` now, or when there is room for it."""
        if self._failure is not None:
            work.close()
        elif self._limit is not None and len(self._running) >= self._limit:
            self._waiting.append((index, work))
        else:
            self._running[index] = (self._loop.create_task(self._member(index, work)), work)

    async def join(self) -> None:
        """Wait for everything. Raises the first failure, after all the others have ended."""
        cancelled: asyncio.CancelledError | None = None
        if self._running:
            try:
                await self._finished
            except asyncio.CancelledError as error:
                cancelled = error
                self._stop()
            while self._running:
                try:
                    await self._wait_for_the_rest()
                except asyncio.CancelledError as error:
                    cancelled = error
                    self._stop()
        failure, self._failure = self._failure, None
        if cancelled is not None:
            raise cancelled
        if failure is not None:
            raise failure

    async def _member(self, index: int, work: Work) -> None:
        """Keeping the books in the task itself costs less than a callback when it is done."""
        try:
            await work
        # the first failure is raised by whoever waits for the group
        except BaseException as error:
            del self._running[index]
            self._failed(error)
        else:
            del self._running[index]
            if self._failure is None:
                if self._waiting:
                    self.start(*self._waiting.popleft())
                if self._on_done is not None:
                    self._on_done(index)
            if not self._running and not self._finished.done():
                self._finished.set_result(None)

    def _failed(self, failure: BaseException) -> None:
        first = self._failure
        if first is None:
            self._failure = failure
            self._stop()
        elif isinstance(failure, StepFailed) and isinstance(first, StepFailed):
            first.info.add(failure.info)
        elif isinstance(first, asyncio.CancelledError):
            self._failure = failure
        if not self._finished.done():
            self._finished.set_result(None)

    def _stop(self) -> None:
        for _, work in self._waiting:
            work.close()
        self._waiting.clear()
        for task, _ in self._running.values():
            stop(task)

    async def _wait_for_the_rest(self) -> None:
        await asyncio.wait([task for task, _ in self._running.values()])
        for index, (task, work) in list(self._running.items()):
            if task.done():  # it was cancelled before it began
                work.close()
                del self._running[index]
