"""W2: 1,000 steps in one parallel group; the floor gathers the same coroutines."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from benchmarks.sequence import add, listen
from flowlang import FlowExecutor, TaskRegistry

STEPS = 1000
ROUNDS = 100


def flow() -> str:
    lines = ["flow: parallel", "inputs: [{name: start, type: integer}]", "steps:", "  - id: all", "    parallel:"]
    for number in range(STEPS):
        lines += ["      - task: add", f"        id: step_{number}", "        inputs: {x: '${inputs.start}'}"]
    lines += ["outputs:", f"  - {{name: last, value: '${{step_{STEPS - 1}.value}}'}}"]
    return "\n".join(lines) + "\n"


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    registry.register(add)
    executor = FlowExecutor(registry)
    text = flow()

    async def floor() -> None:
        results = await asyncio.gather(*[add(x=1) for _ in range(STEPS)])
        assert results[-1]["value"] == 2

    async def run(listener: bool) -> None:
        result = await executor.execute_flow(text, {"start": 1}, listen if listener else None)
        assert result["last"] == 2

    times = await in_turns(floor, lambda: run(False), lambda: run(True), rounds=ROUNDS)
    bare, alone, heard = (best(each) / STEPS * 1e6 for each in times)
    return [
        Figure("W2", "a step in a parallel group", "us", bare, alone, 1.3),
        Figure("W2", "a step in a parallel group, with a subscriber", "us", bare, heard),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
