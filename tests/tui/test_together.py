"""What is done in one pane is seen in the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.language.assist import complete
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.screens.workbench import Workbench
from flowlang_tui.widgets.file_tabs import FileTabs
from tests.tui.acting import current_file, cursor, told, write_project
from tests.tui.opening import Opened, opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    write_project(folder)
    return folder


def tab_signs(one: Opened) -> dict[str, str]:
    return {tab.path.name: tab.sign for tab in one.screen.query_one(FileTabs)._tabs}


async def test_a_step_is_the_same_in_text_graph_and_inspector(project: Path) -> None:
    async with opened(project) as one:
        screen = one.screen
        screen.editor.go(14)
        await one.until(lambda: screen.graph.drawing.selected == "check")
        assert screen.inspector._step is not None
        assert screen.inspector._step.status == "pending"
        screen.show_pane("graph")
        await one.press("up")
        await one.until(lambda: cursor(one) == ("flow.yaml", 11))
        assert screen.inspector._step.step_id == "each"


async def test_steps_of_a_subflow_in_the_graph_lead_into_its_file(project: Path) -> None:
    async with opened(project) as one:
        drawing = one.screen.graph.drawing
        one.screen.show_pane("graph")
        drawing.select("inner")
        await one.press("space")
        inside = [node for node in drawing.drawing.boxes if node.startswith("inner/")]
        drawing.select(inside[0])
        await one.press("enter")
        await one.until(lambda: cursor(one) == ("inner/flow.yaml", 3))


async def test_a_text_that_cannot_be_read_leaves_the_graph_as_it_was(project: Path) -> None:
    async with opened(project, watch=True) as one:
        await one.over()
        boxes = list(one.screen.graph.drawing.drawing.boxes)
        one.screen.editor.code.replace_text(one.screen.editor.code.text.replace("steps:", "steps: ["))
        await one.press("ctrl+s")
        await one.until(lambda: "not run" in one.status)
        assert list(one.screen.graph.drawing.drawing.boxes) == boxes
        assert "as before" in one.screen.graph.badge
        assert len(one.app.session.runs.records) == 1
        await one.press("ctrl+z", "ctrl+s")
        await one.over(2)
        assert one.screen.graph.badge == ""


async def test_completion_knows_the_keys_of_the_last_run(project: Path) -> None:
    async with opened(project) as one:
        await one.press("ctrl+r")
        await one.over()
        checked = one.screen.editor.checked
        assert checked is not None
        assert checked.analysis is not None
        text = checked.text.replace("${item.n}", "${fetch.}")
        line = next(number for number, row in enumerate(text.split("\n"), 1) if "${fetch.}" in row)
        column = text.split("\n")[line - 1].index("${fetch.") + len("${fetch.") + 1
        offered = [one.label for one in complete(checked.analysis, text, line, column)]
        assert {"rows", "text"} <= set(offered)


async def test_a_mistake_in_a_task_file_is_shown_where_it_is(project: Path) -> None:
    async with opened(project) as one:
        one.screen.open_file(project / "flow.py")
        one.screen.editor.code.replace_text(one.screen.editor.code.text + "\n\nthis is no Python\n")
        await one.press("ctrl+s")
        await one.until(lambda: any(problem.code == "task-file" for problem in one.app.session.problems))
        await one.until(lambda: one.screen.editor.code.buffer.underlines)
        one.screen.open_file(project / "flow.yaml")
        one.screen.show_pane("problems")
        one.screen.problems.list.highlighted = 0
        await one.press("enter")
        await one.until(lambda: current_file(one) == "flow.py" and cursor(one)[1] > 20)


async def test_a_file_with_inputs_is_no_flow_to_run(project: Path) -> None:
    (project / "other.inputs.yaml").write_text("who: Eve\n")
    async with opened(project) as one:
        one.screen.open_file(project / "other.inputs.yaml")
        await one.press("ctrl+r")
        await one.over()
        assert one.app.session.runs.records[0].path == project / "flow.yaml"


async def test_a_file_that_gets_another_name_stays_open_with_its_changes(project: Path) -> None:
    async with opened(project) as one:
        one.screen.open_file(project / "slow.yaml")
        one.screen.editor.code.replace_text("flow: Slower\nsteps: []\n")
        await one.pilot.pause()
        one.screen.show_pane("explorer")
        one.screen._rename(project / "slow.yaml")
        await one.pilot.pause()
        await one.pilot.press("ctrl+u", *"fast", "full_stop", *"yaml", "enter")
        await one.until(lambda: current_file(one) == "fast.yaml")
        assert one.screen.editor.code.text == "flow: Slower\nsteps: []\n"
        assert not (project / "slow.yaml").exists()


async def test_a_file_deleted_by_somebody_else_says_so_and_can_be_saved(project: Path) -> None:
    async with opened(project) as one:
        one.screen.open_file(project / "slow.yaml")
        (project / "slow.yaml").unlink()
        one.app.session.changed([project / "slow.yaml"])
        await one.until(lambda: tab_signs(one)["slow.yaml"] == "deleted")
        await one.press("ctrl+s")
        await one.until(lambda: (project / "slow.yaml").exists())
        assert "Saved slow.yaml" in told(one)


async def test_a_file_that_is_deleted_takes_its_problems_along(project: Path) -> None:
    (project / "bad.yaml").write_text("flow: Bad\nsteps: [{task: Nope}]\n")
    async with opened(project) as one:
        await one.until(lambda: any("Nope" in problem.message for problem in one.app.session.problems))
        one.screen._delete(project / "bad.yaml")
        await one.pilot.pause()
        one.app.screen.dismiss("delete")
        await one.until(lambda: "✗" not in one.screen.problems.badge)
        assert not (project / "bad.yaml").exists()


async def test_edges_are_dragged_and_titles_clicked(project: Path) -> None:
    async with opened(project) as one:
        width = one.screen.explorer.outer_size.width
        edge = one.screen.explorer.region.right - 1
        await one.pilot.mouse_down(offset=(edge, 10))
        await one.pilot.hover(offset=(edge + 12, 10))
        await one.pilot.mouse_up(offset=(edge + 12, 10))
        await one.until(lambda: one.screen.explorer.outer_size.width > width + 8)
        top = one.screen.logs.region
        title = one.screen.logs.border_title
        assert title is not None
        at = title.plain.index("Problems") if hasattr(title, "plain") else str(title).index("Problems")
        await one.pilot.click(offset=(top.x + 2 + (at if at < 40 else 12), top.y))
        await one.until(lambda: one.screen.problems.display)


async def test_a_file_with_inputs_is_made_from_what_the_flow_asks_for(project: Path) -> None:
    async with opened(project) as one:
        one.screen.show_pane("explorer")
        await one.press("n", *"inputs", "enter")
        await one.until(lambda: current_file(one) == "inputs.json")
        assert one.screen.editor.code.text == '{\n  "who": "Ada"\n}\n'


async def test_another_project_is_opened_when_nothing_is_lost(project: Path, quickstart: Path) -> None:
    async with opened(project) as one:
        one.screen.editor.code.replace_text("flow: changed\n")
        await one.pilot.pause()
        one.screen.action_project_open()
        await one.pilot.pause()
        one.app.screen.dismiss(str(quickstart))
        await one.until(lambda: isinstance(one.app.screen, Confirm))
        assert one.app.session.folder == project
        one.app.screen.dismiss("quit")
        await one.until(lambda: one.app.session.folder == quickstart and isinstance(one.app.screen, Workbench))
        await one.checked()
        assert (project / "flow.yaml").read_text() != "flow: changed\n"
