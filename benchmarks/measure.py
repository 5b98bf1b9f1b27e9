"""Timing several ways of doing the same work, in turns, so that what disturbs one disturbs all."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from time import perf_counter

Work = Callable[[], Awaitable[object]]


async def in_turns(*works: Work, rounds: int, warm_up: int = 3) -> list[list[float]]:
    """The seconds of each round of each work. The garbage collector runs as it does for users, from a clean start."""
    taken: list[list[float]] = [[] for _ in works]
    for number in range(warm_up + rounds):
        for work, times in zip(works, taken, strict=True):
            gc.collect()
            started = perf_counter()
            await work()
            took = perf_counter() - started
            if number >= warm_up:
                times.append(took)
    return taken


def best(times: Sequence[float]) -> float:
    """The round that was disturbed least: for work that only computes."""
    return min(times)


def typical(times: Sequence[float]) -> float:
    """The median: for work that waits, or that starts processes."""
    return median(times)
