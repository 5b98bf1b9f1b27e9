"""What code leaves behind: tasks, threads, sockets."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_DESCRIPTORS: Final = "/proc/self/fd"


class Traces:
    """What was there at one moment, to be compared with a later one."""

    def __init__(self) -> None:
        self._tasks = _tasks()
        self._threads = set(threading.enumerate())
        self._pools = {_pool(thread) for thread in self._threads}
        self._sockets = set(_sockets())

    def grown(self) -> str:
        """What is there now and was not then, in words; empty if nothing is."""
        tasks = _tasks() - self._tasks
        new = [thread for thread in threading.enumerate() if thread not in self._threads]
        # a pool of threads that was there may grow to its size
        threads = [thread.name for thread in new if _pool(thread) is None or _pool(thread) not in self._pools]
        sockets = set(_sockets()) - self._sockets
        found = [f"the task {task.get_name()} ({task.get_coro()})" for task in tasks]
        found += [f"the thread {name}" for name in threads]
        found += [f"{len(sockets)} open sockets"] if sockets else []
        return ", ".join(found)

    async def left(self, seconds: float = 2.0) -> str:
        """The same, after up to `seconds` for what is still ending."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        # nothing tells when a thread or a socket is gone
        while (grown := self.grown()) and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return grown


@contextmanager
def complaints() -> Iterator[list[str]]:
    """What the event loop has to say by the end of the block, such as that nobody looked at an error."""
    loop = asyncio.get_running_loop()
    heard: list[str] = []

    def hear(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        heard.append(context["message"] if error is None else f"{context['message']}: {error}")

    handler = loop.get_exception_handler()
    loop.set_exception_handler(hear)
    try:
        yield heard
        # what nobody looked at is told when it is thrown away
        gc.collect()
    finally:
        loop.set_exception_handler(handler)


def _pool(thread: threading.Thread) -> str | None:
    """What the threads of one pool have in common: `ThreadPoolExecutor-0_3` is one of `ThreadPoolExecutor-0`."""
    pool, _, number = thread.name.rpartition("_")
    return pool if pool and number.isdecimal() else None


def _tasks() -> set[asyncio.Task[object]]:
    try:
        return asyncio.all_tasks()
    except RuntimeError:
        return set()


def _sockets() -> Iterator[str]:
    """The sockets of this process, where the system tells."""
    if not os.path.isdir(_DESCRIPTORS):
        return
    for name in os.listdir(_DESCRIPTORS):
        try:
            target = os.readlink(f"{_DESCRIPTORS}/{name}")
        except OSError:
            continue
        if target.startswith("socket:"):
            yield target
