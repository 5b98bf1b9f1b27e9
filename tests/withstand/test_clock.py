"""A clock that jumps while runs are recorded, resumed and pruned: no run is lost, none is taken for another state."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

#: Each look at the clock gives a time that is hours or years off, to either side.
PROGRAM = """
import itertools, json, sys, time

real = time.time
HOUR, YEAR = 3600, 365 * 86_400
ways = {"forth": [0, HOUR, YEAR], "back": [0, -HOUR, -YEAR], "both": [0, 50 * YEAR, -HOUR]}
jumps = itertools.cycle(ways[sys.argv[2]])
time.time = lambda: real() + next(jumps)

import asyncio
from pathlib import Path
from flowlang import FlowExecutor, TaskRegistry
from flowlang.journal import Journal, Resumption

root = Path(sys.argv[1])
registry = TaskRegistry()
done, broken = [], True
journal = Journal(root)
statuses = []

@registry.register("Do")
async def do(what: int) -> int:
    done.append(what)
    statuses.extend({run.status for run in journal.runs() if run.status != "failed"})
    return what

@registry.register("Try")
async def attempt() -> str:
    if broken:
        raise ValueError("not yet")
    return "done"

(root / "flowlang.yaml").touch()
flow = root / "flow.yaml"
flow.write_text('''
flow: Jumps
steps:
  - for_each: [1, 2, 3]
    id: each
    as: n
    do: [{Do: {id: one, what: '${n}'}}]
  - Try: {id: last}
outputs: {last: '${last}'}
''')

async def main():
    global broken
    executor = FlowExecutor(registry)
    runs = [await executor.execute_flow(flow, recorder=journal.recorder()) for _ in range(3)]
    assert {run.status for run in runs} == {"failed"}
    done.clear()
    broken = False
    resumed = await Resumption(journal, runs[0].run_id).execute(executor)
    journal.prune()
    known = [journal.run(run.run_id) for run in runs]
    print(json.dumps({
        "alive": statuses, "again": done, "resumed": resumed.status,
        "states": [run.summary.status for run in known],
        "durations": [run.summary.duration_ms for run in known] + [step.duration_ms for step in known[1].steps()],
        "paths": [step.path for step in known[1].steps()],
        "listed": len(journal.runs()),
    }))

asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["forth", "back", "both"])
def test_runs_are_what_they_are_whatever_the_clock_says(tmp_path: Path, way: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), way], cwd=ROOT, check=True, capture_output=True
    )
    told: dict[str, Any] = json.loads(process.stdout)
    assert set(told["alive"]) == {"running"}
    assert (told["again"], told["resumed"]) == ([], "succeeded")
    assert told["states"] == ["succeeded", "failed", "failed"]
    assert told["paths"] == ["each", "each[0]/one", "each[1]/one", "each[2]/one", "last"]
    assert told["listed"] == 3
    assert all(0 <= duration < 60_000 for duration in told["durations"]), told["durations"]
