"""A project whose run is made to stand still, and what one sees of that."""

from __future__ import annotations

from pathlib import Path

from flowlang.debugger import Breakpoint
from flowlang_tui.widgets.code_editor.looks import Shown, look_of
from tests.tui.opening import Opened

FLOW = """\
flow: Orders
inputs:
  - {name: limit, type: integer, default: 3}
  - {name: code, type: string, secret: true, default: very-secret-code}
steps:
  - parallel:
      - for_each: ${range(inputs.limit)}
        id: each
        as: number
        do:
          - {task: Double, id: double, inputs: {number: "${number}"}}
          - subflow: inner
            id: inner
            inputs: {value: "${double}"}
      - {task: Double, id: other, inputs: {number: 50}}
    id: both
  - {task: Double, id: last, inputs: {number: 7}}
outputs:
  last: ${last}
"""
DOUBLE, INNER, OTHER, LAST = 11, 12, 15, 17

INNER_FLOW = """\
flow: Inner
inputs: [{name: value, type: integer}]
steps:
  - {task: Double, id: twice, inputs: {number: "${inputs.value}"}}
"""

TASKS = """\
from flowlang import TaskRegistry

registry = TaskRegistry()


@registry.register("Double")
async def double(number: int) -> int:
    return number * 2


def create_task_registry():
    return registry
"""


def write_project(folder: Path) -> Path:
    """Make the project there."""
    (folder / "inner").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    (folder / "flow.yaml").write_text(FLOW)
    (folder / "inner" / "flow.yaml").write_text(INNER_FLOW)
    for name in ("flow.py", "inner/flow.py"):
        (folder / name).write_text(TASKS)
    return folder


def points(one: Opened) -> list[str]:
    """The steps that have breakpoints."""
    return [point.step for point in one.app.session.debugging.points.all]


def set_points(one: Opened, *steps: str | Breakpoint) -> None:
    """Set these breakpoints and no others."""
    debugging = one.app.session.debugging
    debugging.points.clear()
    for step in steps:
        debugging.points.put(None, step if isinstance(step, Breakpoint) else Breakpoint(step, flow="flow.yaml"))
    debugging.breakpoints_changed()


async def stand(one: Opened, than: str = "") -> str:
    """Wait until the run stands, elsewhere than there; where it does, once that is shown."""
    debugging = one.app.session.debugging
    await one.until(lambda: debugging.chosen is not None and debugging.chosen.stop.path != than)
    await one.pilot.pause()
    await one.pilot.pause()
    assert debugging.chosen is not None
    return debugging.chosen.stop.path


async def run_to(one: Opened, *steps: str | Breakpoint) -> str:
    """Start a run with these breakpoints; where it stands."""
    set_points(one, *steps)
    await one.press("ctrl+r")
    return await stand(one)


def gutter(one: Opened, line: int) -> str:
    """The signs beside a line."""
    code = one.screen.editor.code
    look = look_of(code.buffer, line - 1, Shown(code.selection, None, False, False, 3, 0, 80))
    return "".join(sign.character for sign in look.signs[:2])


def shown(one: Opened) -> set[str]:
    """The panes that are on the screen."""
    return {name for name, pane in one.screen.panes.items() if pane.display}


def rows(one: Opened) -> str:
    """What the scope shows."""
    return "\n".join(one.screen.scope.values.rows)


def stack(one: Opened) -> list[str]:
    """What the stack shows."""
    return [line.text.strip() for line in one.screen.stack.list.lines]
