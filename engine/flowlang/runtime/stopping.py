"""Stopping work, and telling a step that was stopped from one that failed.

A task may swallow its CancelledError, or raise something else in its place; the run stops all the same, because
what was asked to stop is noted here. The count that asyncio keeps would not do: before Python 3.13 a `TaskGroup`
in the code of a task raises it by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

#: How often each task was asked to stop, and how much of that, and of the cancellations, its handlers have taken in.
_asked: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()
_taken_in: dict[asyncio.Task[Any], tuple[int, int]] = {}
#: Cancellations that asyncio counts no more: while it does, from Python 3.13 on, a `TaskGroup` that fails in the code
#: of a task cancels that anew.
_hidden: WeakKeyDictionary[asyncio.Task[Any], int] = WeakKeyDictionary()


def cancellations(task: asyncio.Task[Any]) -> int:
    """How many cancellations of a task were not taken back."""
    return task.cancelling() + _hidden.get(task, 0)


def stop(task: asyncio.Task[Any]) -> None:
    """Cancel a task of a run."""
    _asked[task] = _asked.get(task, 0) + 1
    task.cancel()


def take_back(task: asyncio.Task[Any]) -> int:
    """The task is to go on after a `stop`; how many cancellations still count."""
    left = _asked.pop(task, 0) - 1
    if left > 0:
        _asked[task] = left
    if hidden := _hidden.pop(task, 0):
        if hidden > 1:
            _hidden[task] = hidden - 1
    else:
        task.uncancel()
    return cancellations(task)


def is_stopping() -> bool:
    """Whether the running work was asked to stop, whatever became of the CancelledError."""
    if not _asked:
        return False
    task = asyncio.current_task()
    return task is not None and _asked.get(task, 0) > _taken_in.get(task, (0, 0))[0]


def is_fatal(error: BaseException) -> bool:
    """Whether an exception means that the step is being stopped, rather than that it failed."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and cancellations(task) > _taken_in.get(task, (0, 0))[1]
    return not isinstance(error, (Exception, SystemExit))


@contextmanager
def after_cancellation() -> Iterator[None]:
    """For handlers that run because of a cancellation: only a further one stops them."""
    task = asyncio.current_task()
    assert task is not None, "a run happens in a task"
    before = _taken_in.get(task)
    if counted := cancellations(task):
        _hidden[task] = counted
    _forget(task)
    _taken_in[task] = (_asked.get(task, 0), counted)
    try:
        yield
        _forget(task)  # one that was meant would not have let the handlers end
    finally:
        if before is None:
            del _taken_in[task]
        else:
            _taken_in[task] = before


def _forget(task: asyncio.Task[Any]) -> None:
    while task.cancelling():
        task.uncancel()


#: The limits around the running work, the outermost first. Tasks that are started inside inherit them.
_limits: ContextVar[tuple[TimeLimit, ...]] = ContextVar("limits", default=())


class TimeLimit:
    """`async with TimeLimit(seconds)` stops the block after that time and raises TimeoutError.

    `expired` tells whether the time was over, also when the block ended in another way. None is no limit.
    """

    __slots__ = ("_counted", "_left", "_outer", "_paused", "_seconds", "_task", "_timer", "expired")

    def __init__(self, seconds: float | None) -> None:
        self.expired = False
        self._seconds = seconds
        self._timer: asyncio.TimerHandle | None = None
        self._paused = 0

    async def __aenter__(self) -> TimeLimit:
        if self._seconds is not None:
            task = asyncio.current_task()
            assert task is not None, "a run happens in a task"
            self._task: asyncio.Task[Any] = task
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)
            self._outer: Token[tuple[TimeLimit, ...]] = _limits.set((*_limits.get(), self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            _limits.reset(self._outer)
        if self.expired and take_back(self._task) <= self._counted and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def pause(self) -> None:
        """Let no time pass, until as many calls of `go_on` have come."""
        self._paused += 1
        if self._paused == 1 and self._timer is not None:
            self._left = self._timer.when() - asyncio.get_running_loop().time()
            self._timer.cancel()

    def go_on(self) -> None:
        """Let time pass again."""
        self._paused -= 1
        if not self._paused and self._timer is not None and not self.expired:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, self._left), self._expire)

    def _expire(self) -> None:
        self.expired = True
        self._counted = cancellations(self._task)
        stop(self._task)


@contextmanager
def no_time_passes() -> Iterator[None]:
    """Inside the block all limits around the running work stand still."""
    limits = _limits.get()
    for limit in limits:
        limit.pause()
    try:
        yield
    finally:
        for limit in limits:
            limit.go_on()
