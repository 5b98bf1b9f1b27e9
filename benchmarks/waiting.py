"""W4: 1,000 parallel steps that wait 50 ms each; the floor gathers the same coroutines."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Figure, show
from benchmarks.measure import in_turns, typical
from flowlang import FlowExecutor, TaskRegistry

STEPS = 1000
ROUNDS = 15


async def wait() -> None:
    await asyncio.sleep(0.05)


def flow() -> str:
    lines = ["flow: waiting", "steps:", "  - id: all", "    parallel:"]
    for number in range(STEPS):
        lines += ["      - task: wait", f"        id: step_{number}"]
    return "\n".join(lines) + "\n"


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    registry.register(wait)
    executor = FlowExecutor(registry)
    text = flow()

    async def floor() -> None:
        await asyncio.gather(*[wait() for _ in range(STEPS)])

    async def run() -> None:
        result = await executor.execute_flow(text)
        assert result.success

    times = await in_turns(floor, run, rounds=ROUNDS)
    bare, ours = (typical(each) * 1000 for each in times)
    return [Figure("W4", f"{STEPS:,} parallel steps of 50 ms", "ms", bare, ours, 1.1)]


if __name__ == "__main__":
    show(asyncio.run(measure()))
