"""W3: one step in a `for_each` over 10,000 items; the floor awaits the same coroutines in a loop."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from benchmarks.sequence import add, listen
from flowlang import FlowExecutor, TaskRegistry

ITEMS = 10_000
ROUNDS = 40

FLOW = """\
flow: loop
inputs: [{name: numbers, type: array}]
steps:
  - id: each
    for_each: ${inputs.numbers}
    as: number
    do:
      - task: add
        id: added
        inputs: {x: '${number}'}
outputs:
  - {name: last, value: '${added.value}'}
"""


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    registry.register(add)
    executor = FlowExecutor(registry)
    numbers = list(range(ITEMS))

    async def floor() -> None:
        for number in numbers:
            result = await add(x=number)
        assert result["value"] == ITEMS

    async def run(listener: bool) -> None:
        result = await executor.execute_flow(FLOW, {"numbers": numbers}, listen if listener else None)
        assert result["last"] == ITEMS

    times = await in_turns(floor, lambda: run(False), lambda: run(True), rounds=ROUNDS)
    bare, alone, heard = (best(each) / ITEMS * 1e6 for each in times)
    return [
        Figure("W3", "an iteration of a one-step loop", "us", bare, alone, 7),
        Figure("W3", "an iteration of a one-step loop, with a subscriber", "us", bare, heard, 14),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
