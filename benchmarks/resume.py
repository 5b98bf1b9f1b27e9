"""W18: how soon a run of 10,000 steps that is resumed, or run again from its last step, comes to its first new step.

It is resumed twice over: from the database, and from the file that a killed process left, which is taken in first.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figures import Figure, show
from flowlang import FlowExecutor, TaskRegistry
from flowlang.journal import Journal, Rerun, Resumption
from flowlang.journal.continuing import Continuation

STEPS = 10_000
ROUNDS = 5

FLOW = f"""\
flow: long
steps:
  - for_each: ${{range({STEPS})}}
    id: each
    as: number
    do:
      - Add: {{id: added, x: '${{number}}'}}
  - Last: {{id: last, idempotent: true}}
"""


def project(root: Path) -> Journal:
    """A project with the flow, and its journal."""
    (root / ".flowlang" / "running").mkdir(parents=True)
    (root / "long.yaml").write_text(FLOW, encoding="utf-8")
    return Journal(root)


async def measure() -> list[Figure]:
    registry = TaskRegistry()
    executor = FlowExecutor(registry)
    reached = 0.0
    left: list[tuple[str, bytes]] = []

    @registry.register("Add")
    async def add(x: int) -> dict[str, int]:
        return {"value": x + 1}

    @registry.register("Last")
    async def last() -> None:
        nonlocal reached
        reached = perf_counter()
        if not left:  # what there would be if the process died now
            (file,) = (journal.home / "running").iterdir()
            left.append((file.name, file.read_bytes()))
        raise ValueError("not yet")

    async def time_to_last(make: Callable[[Journal, str], Continuation], journal: Journal) -> float:
        gc.collect()
        started = perf_counter()
        await make(journal, first.run_id).execute(executor)
        return (reached - started) * 1e3

    killed, resumed, rerun = [], [], []
    with TemporaryDirectory() as folder:
        journal = project(Path(folder))
        first = await executor.execute_flow(Path(folder, "long.yaml"), recorder=journal.recorder())
        for _ in range(ROUNDS):
            resumed.append(await time_to_last(Resumption, journal))
            rerun.append(await time_to_last(partial(Rerun, from_step="last"), journal))
        journal.close()
    for _ in range(ROUNDS):
        with TemporaryDirectory() as folder:
            dead = project(Path(folder))
            [(name, content)] = left
            (dead.home / "running" / name).write_bytes(content)
            killed.append(await time_to_last(Resumption, dead))
            dead.close()
    return [
        Figure("W18", f"a run of {STEPS:,} steps resumed, to its first new step", "ms", None, min(resumed), 500, "ms"),
        Figure("W18", "the same from what a killed process left", "ms", None, min(killed), 500, "ms"),
        Figure("W18", "the same run again from its last step, recorded anew", "ms", None, min(rerun)),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
