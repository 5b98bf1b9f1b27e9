"""W8: 5,000 steps that each look something up in a database; the floor is the bare driver with its own pool."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from benchmarks.databases import SESSIONS, THINGS, Database, databases, flow
from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from flowlang import FlowExecutor

STEPS = 5000
ROUNDS = 5
KEYS = [number % THINGS for number in range(STEPS)]
LAST = f"thing {KEYS[-1]}"


async def measure(database: Database) -> list[Figure]:
    await database.open()
    await database.fill()
    await database.close()
    [task] = database.lookup
    alone, together = await compared(database, 1), await compared(database, SESSIONS)
    return [
        Figure("W8", f"`{task}`, one after the other", "us", *alone, 1.15),
        Figure("W8", f"`{task}`, {SESSIONS} at once", "us", *together, 1.15),
    ]


async def compared(database: Database, at_once: int) -> tuple[float, float]:
    """Microseconds for each lookup: the driver's, ours. Both open their pool first, and close it."""
    executor = FlowExecutor()
    text = looking_up(database, at_once)

    async def floor() -> None:
        await database.open()
        keys = iter(KEYS)
        names = await asyncio.gather(*(worker(database, keys) for _ in range(at_once)))
        assert LAST in names
        await database.close()

    async def run() -> None:
        result = await executor.execute_flow(text, {"keys": KEYS})
        assert result["last"] == LAST, result.error

    times = await in_turns(floor, run, rounds=ROUNDS, warm_up=1)
    bare, ours = (best(each) / STEPS * 1e6 for each in times)
    return bare, ours


async def worker(database: Database, keys: Iterator[int]) -> object:
    name: object = None
    for key in keys:
        name = await database.look_up(key)
    return name


def looking_up(database: Database, at_once: int) -> str:
    [(task, arguments)] = database.lookup.items()
    step = {task: {"id": "found", "connection": "db", **arguments}}
    loop = {"id": "each", "for_each": "${inputs.keys}", "as": "key", "concurrency": at_once, "do": [step]}
    return flow(database, loop, {"last": f"${{{database.found}}}"})


def main() -> None:
    with databases() as found:
        for database in found:
            show(asyncio.run(measure(database)))


if __name__ == "__main__":
    main()
