"""Stopping a run from outside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from flowlang.runtime.stopping import cancellations, stop, take_back

CleanupHandler = Callable[[], Awaitable[None] | None]


class CancellationToken:
    """Cancels the runs it was given to. One token may serve several runs; it is used once.

    `cancel` may be called from the event loop of the runs; their steps are cancelled, `on_cancel` and
    `finally` run, and each returns a result with status `cancelled`.
    """

    def __init__(self) -> None:
        self.is_cancelled = False
        self.reason: str | None = None
        self._handlers: list[CleanupHandler] = []
        self._runs: dict[asyncio.Task[object], Callable[[], None]] = {}
        self._counted: dict[asyncio.Task[object], int] = {}

    async def cancel(self, reason: str | None = None) -> None:
        """Cancel the runs, then call the cleanup handlers, the last added first. A second call does nothing."""
        if self.is_cancelled:
            return
        self.is_cancelled = True
        self.reason = reason
        for task, told in list(self._runs.items()):
            told()
            self._counted[task] = cancellations(task)
            stop(task)
        for handler in reversed(self._handlers):
            try:
                outcome = handler()
                if outcome is not None:
                    await outcome
            # a handler of the caller's may fail in any way, and the others still have to run
            except Exception:
                logging.getLogger("flowlang").exception("a cleanup handler of a cancelled run failed")

    def add_cleanup_handler(self, handler: CleanupHandler) -> None:
        """Call `handler`, a plain or async function without arguments, when the token is cancelled."""
        self._handlers.append(handler)

    def attach(self, task: asyncio.Task[object], told: Callable[[], None]) -> None:
        """Let the token cancel `task`, and call `told` when it does."""
        self._runs[task] = told

    def detach(self, task: asyncio.Task[object]) -> bool:
        """The task is done with what the token may cancel. Whether it was cancelled by the token, and only by that."""
        self._runs.pop(task, None)
        counted = self._counted.pop(task, None)
        return counted is not None and take_back(task) <= counted
