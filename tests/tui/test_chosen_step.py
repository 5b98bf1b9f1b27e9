"""The step that somebody looks at stays the chosen one when the flow runs again."""

from __future__ import annotations

from pathlib import Path

from tests.tui.opening import Opened, opened

FLOW = """\
flow: Chosen
steps:
  - {task: Double, id: first, inputs: {number: 1}}
  - {task: Double, id: second, inputs: {number: "${first.result}"}}
"""

TASKS = """\
from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    registry = TaskRegistry()

    @registry.register("Double")
    def double(number: int) -> int:
        if number == 13:
            raise ValueError("not this one")
        return number * 2

    return registry
"""


def write(folder: Path, flow: str = FLOW) -> Path:
    (folder / "flow.py").write_text(TASKS)
    path = folder / "flow.yaml"
    path.write_text(flow)
    return path


async def again(one: Opened) -> None:
    runs = len(one.app.session.runs.records)
    one.screen.action_run_start()
    await one.over(runs + 1)


def shown(one: Opened) -> tuple[str, str | None]:
    return one.screen.inspector.path, one.screen.graph.drawing.selected


async def test_a_new_run_shows_the_chosen_step_again(tmp_path: Path) -> None:
    path = write(tmp_path)
    async with opened(path) as one:
        await again(one)
        one.screen.choose_step("second", 4)
        first = one.screen.inspector.call
        await again(one)
        assert shown(one) == ("second", "second")
        assert one.screen.inspector.call is not first
        one.screen.editor.code.replace_text(f"# a line more\n{FLOW}")
        await one.checked()
        await again(one)
        assert shown(one) == ("second", "second")
        assert one.screen.inspector.key == ("second", 5)


async def test_a_step_that_the_flow_has_no_more_is_not_chosen(tmp_path: Path) -> None:
    path = write(tmp_path)
    async with opened(path) as one:
        await again(one)
        one.screen.choose_step("second", 4)
        one.screen.editor.code.replace_text(FLOW.replace("id: second", "id: other"))
        await one.checked()
        await again(one)
        assert one.screen.inspector.key is None


async def test_a_step_that_has_not_run_shows_its_arguments_as_written_and_what_its_last_run_had(tmp_path: Path) -> None:
    path = write(tmp_path)
    async with opened(path) as one:
        inspector = one.screen.inspector
        one.screen.choose_step("second", 4)
        await one.until(lambda: any("${first.result}" in row for row in inspector.values.rows))
        assert not any("Last run" in row for row in inspector.values.rows)
        await again(one)
        one.screen.editor.code.replace_text(FLOW.replace("number: 1}", "number: 13}"))
        await one.checked()
        await again(one)
        one.screen.choose_step("second", 4)
        rows = inspector.values.rows
        assert any("${first.result}" in row for row in rows)
        assert any("Last run" in row and "succeeded" in row for row in rows)
