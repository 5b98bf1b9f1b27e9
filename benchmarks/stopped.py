"""W20: a run that stops, in the open workbench: from the stop to the painted screen."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, show
from benchmarks.watched import TASKS, until, workbench
from flowlang_tui.app import WorkbenchApp
from flowlang_tui.screens.workbench import Workbench

#: Stops after the first one, which makes the debugger's panes; and runs with a first one.
STEPS = 25
FIRST = 5

FLOW = """\
flow: stopped
inputs:
  - {name: count, type: integer, default: 40}
steps:
  - parallel:
      - for_each: ${range(inputs.count)}
        id: each
        as: row
        do:
          - {task: Work, id: first, inputs: {number: "${row}"}}
          - {task: Work, id: second, inputs: {number: "${first.number}"}}
      - {task: Work, id: other, inputs: {number: 7}}
    id: both
  - {task: Work, id: after, inputs: {number: 1}}
"""


async def painted(app: WorkbenchApp, before: int) -> tuple[int, float]:
    """Wait until a stop after the one with this number is on the screen; its number, and the milliseconds from it."""
    debugging = app.session.debugging
    await until(lambda: debugging.chosen is not None and debugging.chosen.stop.id != before)
    assert debugging.chosen is not None
    stop = debugging.chosen.stop
    done = asyncio.Event()
    app.screen.call_after_refresh(done.set)
    await done.wait()
    return stop.id, (time.time() - stop.at) * 1000


async def stops(folder: Path) -> list[Figure]:
    """The first stop of runs, which changes the layout of the screen, and the stops after it while somebody steps."""
    flow = folder / "flow.yaml"
    flow.write_text(FLOW)
    first: list[float] = []
    later: list[float] = []
    async with workbench(folder) as app:
        debugging = app.session.debugging
        for _ in range(FIRST):
            # what the run before left to paint is not what this one waits for
            await asyncio.sleep(1)
            app.session.run(flow, {}, stop_first=True)
            stop, took = await painted(app, 0)
            first.append(took)
            for _ in range(STEPS // FIRST):
                await asyncio.sleep(0.05)
                debugging.step("into")
                stop, took = await painted(app, stop)
                later.append(took)
            app.session.runs.cancel()
            await until(lambda: not app.session.runs.is_busy)
            assert isinstance(app.screen, Workbench)
    return [
        Figure("W20", "the first stop of a run, with its change of layout", "ms", None, median(first)),
        Figure("W20", "from a stop to the painted screen", "ms", None, median(later), 50, "ms"),
    ]


def main() -> None:
    """Measure and show."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = home
        folder = Path(home, "project")
        folder.mkdir()
        (folder / "flow.py").write_text(TASKS)
        show(asyncio.run(stops(folder)))


if __name__ == "__main__":
    main()
