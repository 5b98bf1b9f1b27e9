"""W17: what a debugger adds to a step that has no breakpoint, and what a condition costs that doesn't hold."""

from __future__ import annotations

import asyncio
import gc
from time import process_time

from benchmarks.figures import Figure, show
from benchmarks.measure import Work, best
from benchmarks.sequence import STEPS, add, listen
from benchmarks.sequence import flow as sequence
from flowlang import FlowExecutor, TaskRegistry
from flowlang.debugger import Breakpoint, Debugger

ITERATIONS = 10_000
ROUNDS = 100

ELSEWHERE = "  - if: ${inputs.start < 0}\n    id: elsewhere\n    then: [{task: add, id: never, inputs: {x: 1}}]\n"


def loop() -> str:
    return (
        "flow: loop\ninputs: [{name: n, type: integer}]\nsteps:\n"
        "  - for_each: ${range(inputs.n)}\n    id: each\n    as: n\n"
        "    do: [{task: add, id: one, inputs: {x: '${n}'}}]\n"
    )


async def computing(*works: Work, rounds: int) -> list[float]:
    """The seconds of the processor that each work needs: the difference is too small for a clock on the wall."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, times in zip(works, taken, strict=True):
            gc.collect()
            started = process_time()
            await work()
            times.append(process_time() - started)
    return [best(times) for times in taken]


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    registry.register(add)
    executor = FlowExecutor(registry)
    text = sequence().replace("outputs:", f"{ELSEWHERE}outputs:")

    async def run(flow: str, inputs: dict[str, int], *breakpoints: Breakpoint) -> None:
        debuggers = [Debugger(breakpoints)] if breakpoints else []
        result = await executor.execute_flow(flow, inputs, listen, interceptors=debuggers)
        assert result.success

    start, many = {"start": 0}, {"n": ITERATIONS}
    one = Breakpoint("never")
    alone, attached = await computing(lambda: run(text, start), lambda: run(text, start, one), rounds=ROUNDS)
    condition = Breakpoint("one", condition="n == -1")
    bare, conditional = await computing(
        lambda: run(loop(), many), lambda: run(loop(), many, condition), rounds=ROUNDS // 20
    )
    added = (attached - alone) / STEPS * 1e6
    checked = (conditional - bare) / ITERATIONS * 1e6
    return [
        Figure("W17", "a debugger with one breakpoint elsewhere adds to a step", "us", None, added, 0.2, "us"),
        Figure("W17", "a condition that does not hold adds to a step", "us", None, checked),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
