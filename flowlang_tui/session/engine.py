"""The thread in which flows run, so that what a flow does never keeps a key stroke waiting."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: How long, in seconds, a thread keeps the interpreter from one that wants it: a key stroke needs it several times.
TURN: Final = 0.001

#: How long, in seconds, what still runs gets to end when the workbench is closed.
GRACE: Final = 5.0


class EngineThread:
    """An event loop in a thread of its own. It starts with the first thing to do and lives until `close`.

    The thread is a daemon: a task of a project that hangs for good does not keep the program from ending.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def ident(self) -> int | None:
        """The thread's identifier, None before it started."""
        return None if self._thread is None else self._thread.ident

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine there. The future may be waited for from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self._running())

    async def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and wait for it here. Cancelling the wait cancels the work."""
        return await asyncio.wrap_future(self.submit(work))

    def soon(self, function: Callable[[], object]) -> None:
        """Call a function there, without waiting."""
        self._running().call_soon_threadsafe(function)

    def close(self, last: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Cancel what still runs, await `last`, and end the thread; after `GRACE` seconds without waiting for it."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        with suppress(RuntimeError, TimeoutError):
            asyncio.run_coroutine_threadsafe(_finish(last), loop).result(GRACE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(0.5)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                sys.setswitchinterval(min(TURN, sys.getswitchinterval()))
                loop = self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(loop,), name="flowlang-engine", daemon=True)
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _finish(last: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    if last is not None:
        await last()
