"""Timing several ways of doing the same work, in turns, so that what disturbs one disturbs all."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from time import perf_counter

Work = Callable[[], Awaitable[object]]


async def in_turns(*works: Work, rounds: int, warm_up: int = 3, before: Work | None = None) -> list[list[float]]:
    """The seconds of each round of each work, after rounds that don't count. `before` goes before each, untimed.

    The garbage collector runs as it does for users, from a clean start; what stands after the warm-up is out of its
    way, since walking over it before each round would only push the work's own data out of the processor's caches.
    """
    for _ in range(warm_up):
        for work in works:
            if before is not None:
                await before()
            await work()
    gc.collect()
    gc.freeze()
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, taken, strict=True):
            if before is not None:
                await before()
            gc.collect()
            started = perf_counter()
            await work()
            times.append(perf_counter() - started)
    gc.unfreeze()
    return taken


def best(times: Sequence[float]) -> float:
    """The round that was disturbed least: for work that only computes."""
    return min(times)


def typical(times: Sequence[float]) -> float:
    """The median: for work that waits, or that starts processes."""
    return median(times)
