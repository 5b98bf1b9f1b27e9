"""W5: the text of a flow of 1,000 steps made ready to run; the floor is PyYAML's C loader on the same text."""

from __future__ import annotations

import asyncio

import yaml

from benchmarks.figures import Figure, show
from benchmarks.measure import best, in_turns
from flowlang import FlowExecutor, TaskRegistry

STEPS = 1000
ROUNDS = 25


async def price(customer: str, amount: float) -> dict[str, object]:
    """Price an order."""
    return {"total": amount, "customer": customer}


def flow() -> str:
    lines = [
        "flow: pricing",
        "description: Prices the orders of a day, each with the total of the one before.",
        "inputs:",
        "  - name: amount",
        "    type: number",
        "steps:",
    ]
    read = "inputs.amount"
    for number in range(1, STEPS + 1):
        lines += [
            "  - task: price",
            f"    id: order_{number}",
            "    inputs:",
            f"      customer: customer {number}",
            f"      amount: ${{{read} + 1}}",
            "    outputs:",
            "      - total",
        ]
        read = f"order_{number}.total"
    lines += ["outputs:", "  - name: total", f"    value: ${{{read}}}"]
    return "\n".join(lines) + "\n"


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    registry.register(price)
    text = flow()
    lines = text.splitlines(keepends=True)
    kept = FlowExecutor(registry)
    kept.prepare(text)

    async def floor() -> None:
        assert len(yaml.load(text, yaml.CSafeLoader)["steps"]) == STEPS

    async def first() -> None:
        assert len(FlowExecutor(registry).prepare(text).steps) == STEPS

    async def unchanged() -> None:
        kept.prepare("".join(lines))

    times = await in_turns(floor, first, unchanged, rounds=ROUNDS)
    loaded, planned, again = (best(each) * 1000 for each in times)
    return [
        Figure("W5", f"text of {STEPS:,} steps to a plan, all checks", "ms", loaded, planned, 2.5),
        Figure("W5", "the same text again", "ms", loaded, again, 1, "ms"),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
