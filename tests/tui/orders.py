"""A project whose tasks write down that they ran, and its runs: for the tests of recorded runs."""

from __future__ import annotations

from pathlib import Path

from flowlang_tui.widgets.run_list import RunList
from tests.tui.opening import Opened

FLOW = """\
flow: Orders
inputs:
  - {name: who, type: string, default: Ada}
steps:
  - {task: Fetch, id: fetch, inputs: {name: "${inputs.who}"}}
  - for_each: ${fetch.rows}
    id: orders
    do:
      - {task: Ship, id: ship, inputs: {number: "${item}"}}
  - {task: Total, id: total, inputs: {numbers: "${fetch.rows}"}}
outputs: {total: "${total}"}
"""

TASKS = """\
import os
from pathlib import Path

from flowlang import TaskRegistry

LOG = Path(__file__).parent / "effects.txt"


def note(text):
    with open(LOG, "a") as file:
        file.write(text + chr(10))


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Fetch")
    def fetch(name):
        note("fetch")
        if name == "Nobody":
            raise ValueError("nobody ordered anything")
        return {"rows": [1, 2, 3]}

    @registry.register("Ship")
    def ship(number):
        note(f"ship {number}")
        if (Path(__file__).parent / "die").exists() and number == 2:
            os.kill(os.getpid(), 9)
        return number * 10

    @registry.register("Total")
    def total(numbers):
        note("total")
        return sum(numbers)

    return registry
"""


def write_orders(folder: Path) -> Path:
    """Make the project in a folder of its own below this one."""
    made = folder / "orders"
    made.mkdir()
    for name, text in (("flow.yaml", FLOW), ("flow.py", TASKS), ("flowlang.yaml", "project: orders\n")):
        (made / name).write_text(text)
    return made


def effects(one: Opened) -> list[str]:
    """What the tasks did since the last time this was asked."""
    log = one.app.session.folder / "effects.txt"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


async def run(one: Opened, runs: int = 1, **inputs: object) -> str:
    """Run the flow to its end; gives back the run's id."""
    one.app.session.run(one.app.session.folder / "flow.yaml", inputs or None)
    await one.over(runs)
    return one.app.session.runs.records[-1].run_id


async def listed(one: Opened, count: int) -> RunList:
    """The list of runs, once it has so many."""
    one.screen.show_pane("runs")
    await one.until(lambda: one.screen.runs.list.rows.total == count)
    await one.pilot.pause()
    return one.screen.runs.list


def lines(one: Opened) -> list[str]:
    """The rows of the list as they are painted."""
    view = one.screen.runs.list
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


async def choose_step(one: Opened, path: str) -> None:
    """Choose a step in the graph, and go there."""
    one.screen.choose_path(path)
    one.screen.show_pane("graph")
    await one.pilot.pause()
    assert one.screen.inspector.path == path
