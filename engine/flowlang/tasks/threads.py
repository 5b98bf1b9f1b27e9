"""Worker threads for plain functions, so that they don't hold up the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from inspect import iscoroutine
from typing import Any, Final, ParamSpec, TypeVar

from flowlang.errors import FlowExecutionError

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds after which a worker without work ends.
IDLE_SECONDS: Final = 10.0


class WorkerThreads:
    """Runs plain functions in daemon threads, at most `limit` at once; further calls wait for their turn.

    The threads are daemons because an executor of the standard library waits for its workers when the
    interpreter exits, and a task that hangs must not keep the process alive.
    """

    __slots__ = ("_changed", "_closed", "_idle", "_idle_seconds", "_jobs", "_limit", "_threads")

    def __init__(self, limit: int = 64, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition(threading.Lock())
        self._jobs: deque[_Job] = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False

    @property
    def threads(self) -> int:
        """How many worker threads there are."""
        return self._threads

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` in a worker thread, with the caller's context variables, and return its result.

        When this is cancelled it returns at once: a call that waits is dropped, a call that runs ends on its
        own and its outcome is dropped. A coroutine that the function returns is awaited here, on the loop.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        context = copy_context()
        self._submit(_Job(loop, outcome, lambda: context.run(function, *args, **kwargs)))
        result = await outcome
        if iscoroutine(result):
            awaited: T = await result
            return awaited
        return result

    def close(self) -> None:
        """Take no more calls and let the workers end when they are done with those they have."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _submit(self, job: _Job) -> None:
        with self._changed:
            if self._closed:
                raise RuntimeError("these worker threads are closed")
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif self._threads < self._limit:
                self._start_worker()

    def _start_worker(self) -> None:
        try:
            threading.Thread(target=self._work, name="flowlang-worker", daemon=True).start()
        except RuntimeError:
            if self._threads == 0:
                self._jobs.pop()
                raise
        else:
            self._threads += 1

    def _work(self) -> None:
        while True:
            job = self._next_job()
            if job is None:
                return
            job.run()
            # a job that is kept while waiting for the next one would keep its arguments and result alive
            del job

    def _next_job(self) -> _Job | None:
        with self._changed:
            while not self._jobs:
                woken = False
                if not self._closed:
                    self._idle += 1
                    woken = self._changed.wait(self._idle_seconds)
                    self._idle -= 1
                if not woken and not self._jobs:
                    self._threads -= 1
                    return None
            return self._jobs.popleft()


class _Job:
    """One call, and the future of the loop that waits for it."""

    __slots__ = ("_call", "_loop", "_outcome")

    def __init__(self, loop: asyncio.AbstractEventLoop, outcome: asyncio.Future[Any], call: Callable[[], Any]) -> None:
        self._loop = loop
        self._outcome = outcome
        self._call = call

    def run(self) -> None:
        if self._outcome.cancelled():
            return
        result: Any = None
        failure: Exception | None = None
        try:
            result = self._call()
        except StopIteration as error:
            failure = _chained("the function raised StopIteration, which cannot leave a coroutine", error)
        # whatever the function raised is raised again where its result is awaited
        except Exception as error:
            failure = error
        # SystemExit and the like, raised on the loop, would end it and every other run with it
        except BaseException as error:
            failure = _chained(f"the function raised {type(error).__name__}: {error}", error)
        # the loop may have been closed meanwhile; then nobody waits for the outcome
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, result, failure)

    def _deliver(self, result: Any, failure: Exception | None) -> None:
        if self._outcome.done():
            return
        if failure is None:
            self._outcome.set_result(result)
        else:
            self._outcome.set_exception(failure)


def _chained(message: str, cause: BaseException) -> FlowExecutionError:
    error = FlowExecutionError(message)
    error.__cause__ = cause
    return error
