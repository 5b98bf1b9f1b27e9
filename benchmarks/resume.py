"""W18: how soon a run of 10,000 steps that is resumed, or run again from its last step, comes to its first new step."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figures import Figure, show
from flowlang import FlowExecutor, TaskRegistry
from flowlang.journal import Journal, Rerun, Resumption

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
  - Last: {{id: last}}
"""


async def measure() -> list[Figure]:
    reached = 0.0
    registry = TaskRegistry()

    @registry.register("Add")
    async def add(x: int) -> dict[str, int]:
        return {"value": x + 1}

    @registry.register("Last")
    async def last() -> None:
        nonlocal reached
        reached = perf_counter()
        raise ValueError("not yet")

    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "flowlang.yaml").touch()
        flow = root / "long.yaml"
        flow.write_text(FLOW, encoding="utf-8")
        journal = Journal(root)
        executor = FlowExecutor(registry)
        first = await executor.execute_flow(flow, recorder=journal.recorder())
        resumed, rerun = [], []
        for _ in range(ROUNDS):
            started = perf_counter()
            await Resumption(journal, first.run_id).execute(executor)
            resumed.append((reached - started) * 1e3)
            started = perf_counter()
            await Rerun(journal, first.run_id, from_step="last").execute(executor)
            rerun.append((reached - started) * 1e3)
        journal.close()
    return [
        Figure("W18", f"a run of {STEPS:,} steps resumed, to its first new step", "ms", None, min(resumed), 500, "ms"),
        Figure("W18", "the same run again from its last step, recorded anew", "ms", None, min(rerun)),
    ]


if __name__ == "__main__":
    show(asyncio.run(measure()))
