"""Plain functions in worker threads: results, errors, context, cancellation, exit."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest

from flowlang.errors import FlowExecutionError
from flowlang.tasks.threads import WorkerThreads

#: Seconds after which a test that waits has failed.
PATIENCE = 20


@pytest.fixture
def workers() -> Iterator[WorkerThreads]:
    workers = WorkerThreads(4)
    yield workers
    workers.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  # it comes about in another thread, which knows no event of the loop
            await asyncio.sleep(0)


async def test_a_call_gives_its_result_from_another_thread(workers: WorkerThreads) -> None:
    def where(a: int, *, b: int) -> tuple[int, int]:
        return a + b, threading.get_ident()

    total, thread = await workers.run(where, 1, b=2)
    assert total == 3
    assert thread != threading.get_ident()


async def test_a_thousand_calls_share_a_few_threads(workers: WorkerThreads) -> None:
    threads = set()

    def square(number: int) -> int:
        threads.add(threading.get_ident())
        return number * number

    assert await asyncio.gather(*(workers.run(square, n) for n in range(1000))) == [n * n for n in range(1000)]
    assert len(threads) <= 4
    assert workers.threads <= 4


async def test_a_thread_that_is_free_is_used_again(workers: WorkerThreads) -> None:
    await asyncio.gather(*(workers.run(threading.get_ident) for _ in range(20)))
    before = workers.threads
    for _ in range(100):
        await workers.run(threading.get_ident)
    assert workers.threads <= max(before, 2)


async def test_no_more_run_at_once_than_the_limit(workers: WorkerThreads) -> None:
    gate = threading.Event()
    running = 0
    most = 0
    lock = threading.Lock()

    def hold() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(PATIENCE)
        with lock:
            running -= 1

    calls = [asyncio.create_task(workers.run(hold)) for _ in range(12)]
    await until(lambda: running == 4)
    gate.set()
    await asyncio.gather(*calls)
    assert most == 4


async def test_the_callers_context_variables_are_seen_and_stay_the_callers(workers: WorkerThreads) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    name.set("outside")

    def look() -> str:
        seen = name.get()
        name.set("inside")
        return seen

    assert await workers.run(look) == "outside"
    assert name.get() == "outside"


async def test_an_exception_comes_through_with_its_traceback(workers: WorkerThreads) -> None:
    def fail() -> NoReturn:
        raise ValueError("no user")

    with pytest.raises(ValueError, match="no user") as caught:
        await workers.run(fail)
    assert "fail" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


@pytest.mark.parametrize("error", [StopIteration(3), SystemExit(1), asyncio.CancelledError()])
async def test_what_would_confuse_the_loop_comes_as_an_ordinary_error(
    workers: WorkerThreads, error: BaseException
) -> None:
    def fail() -> NoReturn:
        raise error

    with pytest.raises(FlowExecutionError, match=type(error).__name__) as caught:
        await workers.run(fail)
    assert caught.value.__cause__ is error


async def test_a_coroutine_that_a_function_returns_is_awaited_on_the_loop(workers: WorkerThreads) -> None:
    async def inside() -> int:
        return threading.get_ident()

    thread: Any = await workers.run(lambda: inside())
    assert thread == threading.get_ident()


async def test_cancelling_returns_at_once_and_the_outcome_is_dropped(workers: WorkerThreads) -> None:
    started, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def hang() -> NoReturn:
        started.set()
        gate.wait(PATIENCE)
        ended.set()
        raise ValueError("nobody hears this")

    call = asyncio.create_task(workers.run(hang))
    await workers.run(started.wait, PATIENCE)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not ended.is_set()
    gate.set()
    assert await workers.run(ended.wait, PATIENCE)


async def test_a_waiting_call_that_is_cancelled_never_runs() -> None:
    workers = WorkerThreads(1)
    gate = threading.Event()
    ran: list[str] = []
    first = asyncio.create_task(workers.run(gate.wait, PATIENCE))
    second = asyncio.create_task(workers.run(ran.append, "second"))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.set()
    assert await first
    await workers.run(ran.append, "third")
    assert ran == ["third"]
    workers.close()


async def test_a_worker_without_work_ends() -> None:
    workers = WorkerThreads(4, idle_seconds=0.001)
    await workers.run(threading.get_ident)
    await until(lambda: workers.threads == 0)
    assert await workers.run(lambda: 1) == 1


async def test_closing_ends_idle_workers_and_refuses_more() -> None:
    workers = WorkerThreads(4, idle_seconds=PATIENCE)
    await workers.run(threading.get_ident)
    workers.close()
    await until(lambda: workers.threads == 0)
    with pytest.raises(RuntimeError, match="closed"):
        await workers.run(threading.get_ident)


async def test_an_idle_worker_keeps_nothing_of_its_last_call(workers: WorkerThreads) -> None:
    class Big:
        pass

    big: Any = Big()
    gone = weakref.ref(big)
    await workers.run(lambda value: value, big)
    del big
    gc.collect()
    await until(lambda: gone() is None)


async def test_a_loop_that_is_gone_is_no_trouble_for_the_worker(workers: WorkerThreads) -> None:
    gate = threading.Event()

    async def leave() -> None:
        task = asyncio.create_task(workers.run(gate.wait, PATIENCE))
        await asyncio.sleep(0)
        task.cancel()

    await asyncio.to_thread(lambda: asyncio.run(leave()))
    gate.set()
    assert await asyncio.gather(*(workers.run(lambda: 1) for _ in range(8))) == [1] * 8


def test_the_interpreter_exits_while_a_worker_hangs() -> None:
    program = """
import asyncio, time
from flowlang.tasks.threads import WorkerThreads

async def main():
    workers = WorkerThreads()
    try:
        await asyncio.wait_for(workers.run(time.sleep, 60), 0.05)
    except TimeoutError:
        print("left")

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")
