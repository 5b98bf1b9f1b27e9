"""W7: what loops keep: the memory of 100,000 iterations beside that of 1,000."""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.figures import Figure, show
from benchmarks.sequence import add, listen
from flowlang import FlowExecutor, TaskRegistry

FEW = 1000
MANY = 100_000

FOR_EACH = """\
flow: each
inputs: [{name: end, type: integer}]
steps:
  - id: each
    for_each: ${range(inputs.end)}
    as: number
    do:
      - task: add
        id: added
        inputs: {x: '${number}'}
outputs:
  - {name: last, value: '${added.value}'}
"""

WHILE = """\
flow: counting
inputs: [{name: end, type: integer}]
steps:
  - id: count
    while: ${(added.value | default(0)) < inputs.end}
    max_iterations: 100000
    do:
      - task: add
        id: added
        inputs: {x: '${added.value | default(0)}'}
outputs:
  - {name: last, value: '${added.value}'}
"""

Loop = Callable[[int], Awaitable[object]]


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    registry.register(add)
    executor = FlowExecutor(registry)

    async def for_each(length: int) -> None:
        assert (await executor.execute_flow(FOR_EACH, {"end": length}))["last"] == length

    async def for_each_heard(length: int) -> None:
        assert (await executor.execute_flow(FOR_EACH, {"end": length}, listen))["last"] == length

    async def while_(length: int) -> None:
        assert (await executor.execute_flow(WHILE, {"end": length}))["last"] == length

    loops = [("`for_each`", for_each), ("`for_each` with a subscriber", for_each_heard), ("`while`", while_)]
    figures = []
    for name, loop in loops:
        few, many = await resident(loop, FEW), await resident(loop, MANY)
        figures.append(
            Figure("W7", f"peak memory of the process in {MANY:,} iterations of {name}", "MB", few, many, 1.1)
        )
    tracemalloc.start()
    for name, loop in loops:
        await loop(FEW)
        few, many = await allocated(loop, FEW), await allocated(loop, MANY)
        figures.append(Figure("W7", f"peak of what {MANY:,} iterations of {name} allocate", "kB", few, many, 1.1))
    return figures


async def resident(loop: Loop, length: int) -> float:
    """The most memory that the process ever had, in MB."""
    await loop(length)
    return high_water()


def high_water() -> float:
    """The most memory that this process ever had, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says would include the process that started this one
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)


async def allocated(loop: Loop, length: int) -> float:
    """The most memory that one run holds beyond what was there before it, in kB."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    await loop(length)
    _, peak = tracemalloc.get_traced_memory()
    return (peak - before) / 1024


if __name__ == "__main__":
    show(asyncio.run(measure()))
