"""W15: flows that run in the open workbench, beside the same runs without a screen."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, show
from benchmarks.opened import resident
from flowlang import FlowExecutor
from flowlang.tasks.loader import load_registry
from flowlang_tui.app import WorkbenchApp
from flowlang_tui.session.records import RunRecord

STEPS = 10_000
LINES = 1_000_000
ROUNDS = 5
SAVES = 11

TASKS = """
import asyncio
from flowlang import TaskRegistry

registry = TaskRegistry()

@registry.register("Work")
async def work(number):
    return {"number": number, "half": number / 2}

@registry.register("Talk")
async def talk(lines, context):
    for number in range(lines):
        context.log(f"line {number} of a run that has a lot to say", number=number)
        if not number % 100:
            await asyncio.sleep(0)

def create_task_registry():
    return registry
"""


def steps(count: int) -> str:
    """A flow of so many steps, one after the other."""
    lines = [f"  - task: Work\n    id: s{number}\n    inputs: {{number: {number}}}\n" for number in range(count)]
    return "flow: many\nsteps:\n" + "".join(lines)


@asynccontextmanager
async def workbench(folder: Path) -> AsyncIterator[WorkbenchApp]:
    """The application with the project open, on a screen that nobody sees."""
    app = WorkbenchApp(folder)
    async with app.run_test(size=(160, 45)) as pilot:
        await settled(app)
        await pilot.pause()
        yield app


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    while not holds():  # noqa: ASYNC110 - what is waited for is state of the application, which tells nobody
        await asyncio.sleep(0.005)


async def settled(app: WorkbenchApp) -> None:
    """Wait until the first flow was checked."""
    await until(lambda: app.session.first_flow in app.session.checks)


async def ended(app: WorkbenchApp, before: RunRecord | None) -> RunRecord:
    """Wait until a run after the one that is named has ended."""
    runs = app.session.runs
    await until(lambda: runs.latest is not None and runs.latest is not before and not runs.is_busy)
    assert runs.latest is not None
    return runs.latest


async def many_steps(folder: Path) -> list[Figure]:
    """A run of many steps: the command without a screen beside the same in the workbench, each with the file anew."""
    flow = folder / "flow.yaml"
    executor = FlowExecutor(load_registry(folder / "flow.py"))
    command: list[float] = []
    ours: list[float] = []
    alone: list[float] = []
    watched: list[float] = []
    flow.write_text(steps(STEPS))
    async with workbench(folder) as app:
        for number in range(ROUNDS):
            began = time.perf_counter()
            arguments = [sys.executable, "-m", "flowlang_tui", "--run", str(flow)]
            ran = await asyncio.create_subprocess_exec(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            assert await ran.wait() == 0
            command.append((time.perf_counter() - began) * 1000)
            flow.write_text(steps(STEPS) + f"# {number}\n")
            began = time.perf_counter()
            before = app.session.runs.latest
            app.session.run(flow, {})
            record = await ended(app, before)
            ours.append((time.perf_counter() - began) * 1000)
            watched.append(record.duration_ms)
            result = await asyncio.to_thread(lambda: asyncio.run(executor.execute_flow(flow, {})))
            alone.append(result.duration_ms)
    return [
        Figure("W15", f"{STEPS:,} steps in the workbench, beside `--run`", "ms", median(command), median(ours), 1.5),
        Figure("W15", "the steps alone, beside a run that nobody follows", "ms", median(alone), median(watched)),
    ]


async def save_to_run(folder: Path) -> list[Figure]:
    """From a save by another program until the run that it starts has begun, in watch mode."""
    flow = folder / "flow.yaml"
    flow.write_text(steps(20))
    times: list[float] = []
    async with workbench(folder) as app:
        app.session.run(flow, {})
        record = await ended(app, None)
        app.session.watch(True)
        for number in range(SAVES):
            await asyncio.sleep(0.3)
            draft = folder / "draft"
            draft.write_text(steps(20) + f"# {number}\n")
            saved = time.time()
            os.replace(draft, flow)
            record = await ended(app, record)
            times.append((record.started or 0) * 1000 - saved * 1000)
    return [Figure("W15", "from a save to the run that it starts", "ms", None, median(times), 100, "ms")]


async def many_lines(folder: Path) -> list[Figure]:
    """A run that logs a lot: how long the screen is ever kept from answering, and the memory in the end."""
    (folder / "flow.yaml").write_text(f"flow: talk\nsteps:\n  - task: Talk\n    inputs: {{lines: {LINES}}}\n")
    waits: list[float] = []
    async with workbench(folder) as app:
        app.session.run(folder / "flow.yaml", {})
        while not app.session.runs.records or app.session.runs.is_busy:
            asked = time.perf_counter()
            answered = asyncio.Event()
            app.call_later(answered.set)
            await answered.wait()
            waits.append((time.perf_counter() - asked) * 1000)
            await asyncio.sleep(0.02)
        lines = len(app.session.runs.records[-1].log)
        assert lines >= LINES, f"{lines} lines are in the log"
        memory = resident(os.getpid())
    waits.sort()
    return [
        Figure(
            "W15",
            f"the screen's answer while {LINES:,} lines are logged, 99 of 100",
            "ms",
            None,
            waits[int(len(waits) * 0.99)],
            50,
            "ms",
        ),
        Figure("W15", f"memory with {LINES:,} lines", "MB", None, memory, 250, "MB"),
    ]


MEASURES = {"steps": many_steps, "save": save_to_run, "lines": many_lines}


def main() -> None:
    """Measure what is named, each in a process of its own unless it is: none finds the memory of another."""
    if len(sys.argv) < 2:
        for name in MEASURES:
            subprocess.run([sys.executable, "-m", "benchmarks.watched", name], check=True)
        return
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_STATE_HOME"] = os.environ["XDG_CONFIG_HOME"] = home
        folder = Path(home, "project")
        folder.mkdir()
        (folder / "flow.py").write_text(TASKS)
        show(asyncio.run(MEASURES[sys.argv[1]](folder)))


if __name__ == "__main__":
    main()
