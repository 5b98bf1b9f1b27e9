"""Time limits that hold: also for work that doesn't end when it is cancelled, and for threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from threading import Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")

#: How many seconds work that was cancelled may take to clean up after itself.
GRACE: Final = 1.0


async def limited(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What `work` gives. Raises TimeoutError after `seconds`, whatever `work` does about its cancellation."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,), timeout=seconds)
    finally:
        late = not task.done()
        if late:
            task.cancel()
            await asyncio.wait((task,), timeout=GRACE)
    if late:
        if task.done() and not task.cancelled():
            # looked at, so that it isn't reported as forgotten: it came too late to count
            task.exception()
        raise TimeoutError
    return task.result()


async def in_thread(call: Callable[[], T]) -> T:
    """What a blocking `call` gives. Cancelled, it is left to itself, and can't keep the process alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]  # without an error there is a result
        else:
            done.set_exception(error)

    def work() -> None:
        result, failure = None, None
        try:
            result = call()
        # whatever it is, it belongs to whoever waits for the call
        except BaseException as error:
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, result, failure)

    Thread(target=work, name="flowlang look-up", daemon=True).start()
    return await done
