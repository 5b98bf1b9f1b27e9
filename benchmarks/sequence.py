"""W1: 1,000 steps in sequence, each reading the one before; the floor awaits the same coroutines in a loop."""

from __future__ import annotations

import asyncio

from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from flowlang import Event, FlowExecutor, TaskRegistry

STEPS = 1000
ROUNDS = 150


async def add(x: int) -> dict[str, int]:
    return {"value": x + 1}


def listen(event: Event) -> None:
    """A subscriber that receives every event."""


def flow() -> str:
    lines = ["flow: sequence", "inputs: [{name: start, type: integer}]", "steps:"]
    read = "inputs.start"
    for number in range(STEPS):
        lines += ["  - task: add", f"    id: step_{number}", f"    inputs: {{x: '${{{read}}}'}}"]
        read = f"step_{number}.value"
    lines += ["outputs:", f"  - {{name: sum, value: '${{{read}}}'}}"]
    return "\n".join(lines) + "\n"


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    registry.register(add)
    executor = FlowExecutor(registry)
    secretive = FlowExecutor(registry, env={"API_TOKEN": "never-to-be-seen"})
    text = flow()

    async def floor() -> None:
        result = {"value": 0}
        for _ in range(STEPS):
            result = await add(x=result["value"])
        assert result["value"] == STEPS

    async def run(listener: bool, masking: bool = False) -> None:
        run_flow = (secretive if masking else executor).execute_flow
        result = await run_flow(text, {"start": 0}, listen if listener else None)
        assert result["sum"] == STEPS

    times = await in_turns(floor, lambda: run(False), lambda: run(True), rounds=ROUNDS)
    bare, alone, heard = (best(each) / STEPS * 1e6 for each in times)
    times = await in_turns(floor, lambda: run(True, True), rounds=ROUNDS)
    bare_again, masked = (best(each) / STEPS * 1e6 for each in times)
    return [
        Figure("W1", "a step in sequence", "us", bare, alone, 7),
        Figure("W1", "a step in sequence, with a subscriber", "us", bare, heard, 14),
        Figure("W1", "the same with a secret to mask", "us", bare_again, masked),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
