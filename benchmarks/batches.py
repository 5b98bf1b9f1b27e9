"""W9: 100,000 rows inserted by one step; the floor is the fastest that the driver offers."""

from __future__ import annotations

import asyncio

from benchmarks.databases import Loadable, databases, flow, records
from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from flowlang import FlowExecutor

ROWS = 100_000
ROUNDS = 3


async def measure(database: Loadable) -> list[Figure]:
    [(task, arguments)] = database.insertion.items()
    executor = FlowExecutor()
    step = {task: {"id": "load", "connection": "db", **arguments}}
    text = flow(database, step, {"step": "${load}"})
    rows = records(ROWS)

    async def floor() -> None:
        await database.insert(rows)

    async def run() -> None:
        result = await executor.execute_flow(text, {"records": rows})
        assert result.success, result.error

    await database.open()
    await database.fill()
    times = await in_turns(floor, run, rounds=ROUNDS, warm_up=1, before=database.empty)
    await database.close()
    bare, ours = (best(each) * 1000 for each in times)
    return [Figure("W9", f"{ROWS:,} rows by `{task}`", "ms", bare, ours, 1.3)]


def main() -> None:
    with databases() as found:
        for database in found:
            if isinstance(database, Loadable):
                show(asyncio.run(measure(database)))


if __name__ == "__main__":
    main()
