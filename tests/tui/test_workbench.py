from __future__ import annotations

from pathlib import Path

import pytest
from textual._compositor import Compositor
from textual.widget import Widget

from flowlang_tui.arrangement import DEBUG_PANES, PANES
from flowlang_tui.panes.pane import Pane
from flowlang_tui.screens.run_form import RunForm
from flowlang_tui.screens.workbench import Workbench
from flowlang_tui.widgets.file_tabs import FileTabs
from flowlang_tui.widgets.log_view import LogView
from tests.tui.connecting import painted
from tests.tui.opening import opened


async def test_a_project_shows_its_flow_its_graph_and_its_connections(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        screen = one.screen
        assert screen.editor.code.text == (quickstart / "flow.yaml").read_text()
        assert screen.graph.drawing.picture.node("read") is not None
        await one.until(lambda: screen.connections.overview.flow)
        assert {name for name, pane in screen.panes.items() if pane.display} == {
            "explorer",
            "connections",
            "editor",
            "logs",
            "graph",
            "inspector",
        }


async def test_one_key_runs_the_flow_and_the_top_line_says_how_it_went(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        await one.press("ctrl+r")
        await one.over()
        assert "✓ OrderReport succeeded" in one.status
        assert len(one.screen.logs.view.store) > 20


async def test_the_pane_with_the_focus_has_another_frame_and_nothing_in_it_is_styled_again(
    quickstart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    styled: set[Widget] = set()
    async with opened(quickstart) as one:
        panes = one.screen.panes
        in_use, other = panes["editor"].styles.border_top, panes["logs"].styles.border_top
        assert in_use != other
        monkeypatch.setattr(Pane, "notify_style_update", lambda widget: styled.add(widget))
        monkeypatch.setattr(FileTabs, "notify_style_update", lambda widget: styled.add(widget))
        one.screen.show_pane("logs")
        await one.until(lambda: panes["logs"].query_one(LogView).has_focus)
        assert (panes["logs"].styles.border_top, panes["editor"].styles.border_top) == (in_use, other)
        assert styled == {panes["logs"], panes["editor"]}
        one.screen.set_focus(None)
        assert panes["logs"].styles.border_top == other


async def test_a_focus_that_moves_paints_two_panes_and_not_the_screen(
    quickstart: Path, seen: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(quickstart) as one:
        one.screen.show_pane("graph")
        await one.pilot.pause()
        monkeypatch.setattr(Compositor, "render_full_update", lambda self, **options: pytest.fail("all of it"))
        one.screen.show_pane("logs")
        await one.until(lambda: one.screen.logs.view.has_focus)
        await one.pilot.pause()


async def test_breaking_a_flow_marks_the_problem_and_keeps_it_from_running(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        one.screen.editor.code.replace_text(
            (quickstart / "flow.yaml").read_text().replace("task: ReadOrders", "task: ReadOrder")
        )
        await one.checked()
        assert [problem.suggestion for problem in one.app.session.problems] == ["ReadOrders"]
        assert "✗1" in one.screen.problems.badge
        await one.press("ctrl+r")
        await one.until(lambda: "not run" in one.status)
        assert not one.app.session.runs.records
        assert one.screen.problems.display
        assert one.screen.arrangement.current == "editor", "the focus stays where somebody types"
        assert "✗ not run: flow.yaml:27: no task is called `ReadOrder`" in one.status
        one.screen.editor.code.replace_text(
            (quickstart / "flow.yaml").read_text().replace("ReadOrder\n", "ReadOrders\n")
        )
        await one.checked()
        await one.until(lambda: "not run" not in one.status)
        await one.press("ctrl+r")
        await one.over()
        assert one.screen.logs.display, "what is solved makes room for the log"


async def test_a_flow_without_problems_says_so(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        await one.press("alt+p")
        assert "✓ No problems." in painted(one.app)


async def test_a_quick_fix_mends_what_has_a_suggestion(quickstart: Path) -> None:
    text = (quickstart / "flow.yaml").read_text()
    async with opened(quickstart) as one:
        one.screen.editor.code.replace_text(text.replace("task: ReadOrders", "task: ReadOrder"))
        await one.checked()
        one.screen.editor.go(one.app.session.problems[0].line, 5)
        await one.press("alt+q")
        if not isinstance(one.app.screen, Workbench):
            await one.press("enter")
        await one.until(lambda: one.screen.editor.code.text == text)


async def test_a_failing_run_brings_the_step_that_failed_into_view(quickstart: Path) -> None:
    async with opened(quickstart, inputs={"orders_file": "nowhere.csv"}) as one:
        await one.press("ctrl+r")
        await one.over()
        assert "✗ OrderReport failed" in one.status
        record = one.screen.shown_run
        assert record is not None
        assert one.screen.inspector.call is not None
        assert one.screen.inspector.call.error["step"] == "read"


async def test_saving_in_watch_mode_runs_the_flow_again(quickstart: Path) -> None:
    async with opened(quickstart, watch=True) as one:
        await one.over(1)
        assert "watching" in one.status
        one.screen.editor.code.replace_text((quickstart / "flow.yaml").read_text() + "# changed\n")
        await one.press("ctrl+s")
        await one.over(2)
        assert (quickstart / "flow.yaml").read_text().endswith("# changed\n")


async def test_a_save_by_another_program_runs_the_flow_again(quickstart: Path) -> None:
    async with opened(quickstart, watch=True) as one:
        await one.over(1)
        await one.until(lambda: one.app.session.is_following)
        (quickstart / "flow.yaml").write_text((quickstart / "flow.yaml").read_text() + "# elsewhere\n")
        await one.over(2)
        assert one.screen.editor.code.text.endswith("# elsewhere\n")


async def test_the_form_asks_for_an_input_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(
        "flow: asks\ninputs:\n  - {name: who, type: string}\n  - {name: n, type: integer}\n"
        "steps:\n  - exit: {outputs: {told: '${inputs.who} ${inputs.n}'}}\n"
    )
    async with opened(tmp_path) as one:
        await one.press("ctrl+r")
        assert isinstance(one.app.screen, RunForm)
        await one.press("A", "d", "a", "tab", "x", "ctrl+r")
        assert isinstance(one.app.screen, RunForm), "x is no whole number"
        await one.press("backspace", "3", "ctrl+r")
        await one.over()
        assert one.app.session.runs.records[0].outputs == {"told": "Ada 3"}


async def test_every_pane_can_be_gone_to_zoomed_and_left(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        for pane in PANES:
            getattr(one.screen, f"action_view_{pane}")()
            await one.pilot.pause()
            focused = one.app.focused
            assert focused is not None
            assert one.screen.panes[pane] in focused.ancestors_with_self
            await one.press("alt+z")
            assert [name for name, shown in one.screen.panes.items() if shown.display] == [pane]
            await one.press("alt+z")
            assert sum(shown.display for shown in one.screen.panes.values()) == 6


async def test_a_narrow_screen_shows_one_pane_and_goes_on_with_another(quickstart: Path) -> None:
    async with opened(quickstart, size=(80, 24)) as one:
        shown = [name for name, pane in one.screen.panes.items() if pane.display]
        assert shown == ["editor"]
        await one.press("alt+l")
        assert [name for name, pane in one.screen.panes.items() if pane.display] == ["logs"]
        await one.pilot.resize_terminal(160, 45)
        await one.pilot.pause()
        assert sum(pane.display for pane in one.screen.panes.values()) == 6


async def test_the_arrangement_and_the_inputs_are_remembered_without_secrets(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "flow.yaml").write_text(
        "flow: asks\ninputs:\n  - {name: who, type: string}\n  - {name: key, type: string, secret: true}\n"
        "steps:\n  - exit: {}\n"
    )
    async with opened(project) as one:
        await one.press("ctrl+r", "A", "d", "a", "tab", "c", "a", "n", "a", "r", "y", "ctrl+r")
        await one.over()
        one.screen.show_pane("connections")
        await one.press("alt+v")
    async with opened(project) as one:
        assert one.screen.arrangement.hidden - {*DEBUG_PANES} == {"connections"}
        assert one.app.session.last_inputs == {project / "flow.yaml": {"who": "Ada"}}
    remembered = "".join(path.read_text() for path in (tmp_path / "XDG_STATE_HOME").rglob("*.json"))
    assert "canary" not in remembered


async def test_leaving_asks_when_something_would_be_lost(quickstart: Path) -> None:
    async with opened(quickstart) as one:
        one.screen.editor.code.replace_text("flow: changed\n")
        await one.pilot.pause()
        await one.press("ctrl+q")
        assert not isinstance(one.app.screen, Workbench)
        await one.press("escape")
        assert isinstance(one.app.screen, Workbench)


async def test_an_empty_folder_teaches_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "new folder"
    folder.mkdir()
    async with opened(folder) as one:
        assert one.screen.editor.has_class("-empty")
        await one.press("ctrl+r")
        assert not one.app.session.runs.records
