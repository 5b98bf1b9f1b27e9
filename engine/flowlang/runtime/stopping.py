"""Telling a step that is being stopped from one that failed.

A task that is cancelled may swallow its CancelledError, or raise something else in its place. The run stops all the
same: asyncio counts the cancellations of each of its tasks, and that count is what is asked here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_taken_in: dict[asyncio.Task[Any], int] = {}


def is_stopping() -> bool:
    """Whether the running work was cancelled, whatever became of the CancelledError."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > _taken_in.get(task, 0)


@contextmanager
def after_cancellation() -> Iterator[None]:
    """For handlers that run because of a cancellation: only a further one stops them."""
    task = asyncio.current_task()
    assert task is not None, "a run happens in a task"
    before = _taken_in.get(task)
    _taken_in[task] = task.cancelling()
    try:
        yield
    finally:
        if before is None:
            del _taken_in[task]
        else:
            _taken_in[task] = before


def is_fatal(error: BaseException) -> bool:
    """Whether an exception means that the step is being stopped, rather than that it failed."""
    if isinstance(error, asyncio.CancelledError):
        return is_stopping()
    return not isinstance(error, (Exception, SystemExit))
