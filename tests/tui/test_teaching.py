"""What the workbench says where there is nothing yet, and where there is little room."""

from __future__ import annotations

from pathlib import Path

from flowlang.language.diagnostics import NOWHERE
from flowlang.language.model import Input
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.screens.jump import LETTERS, Jump
from flowlang_tui.screens.run_form import RunForm
from flowlang_tui.widgets.input_form import InputField
from tests.tui.opening import opened
from tests.tui.unseen import painted


async def test_an_empty_project_names_the_keys_that_fill_it(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    async with opened(project) as one:
        explorer = one.screen.explorer
        await one.until(lambda: explorer.query("#explorer-empty"))
        assert explorer.tree_of_files.has_focus
        screen = "\n".join(line.text for line in painted(one.app.screen))
        assert "n   makes a file" in screen
        assert "^n  makes a flow from a template" in screen
        (project / "flow.yaml").write_text("flow: F\nsteps:\n  - {exit: {}, id: done}\n")
        one.screen.session.refresh_files()
        await one.pilot.pause()
        assert not explorer.query("#explorer-empty")


async def test_jump_mode_shows_every_letter_on_a_narrow_screen(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as one:
        await one.press("ctrl+g")
        assert isinstance(one.app.screen, Jump)
        lines = [line.text for line in painted(one.app.screen)]
        missing = [name for name in one.screen.panes if name in LETTERS and not _stands(lines, LETTERS[name])]
        assert missing == []


def _stands(lines: list[str], letter: str) -> bool:
    return any(f" {letter}  " in line for line in lines)


async def test_a_required_text_that_is_empty_is_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        one.app.push_screen(RunForm("flow.yaml", [Input(name="who", span=NOWHERE, type="string")], {}))
        await one.pilot.pause()
        await one.press("ctrl+r")
        form = one.app.screen
        assert isinstance(form, RunForm)
        assert "this one is needed" in str(form.query_one(InputField).query_one(".wrong").render())
        await one.press(*"Ada", "ctrl+r")
        assert not isinstance(one.app.screen, RunForm)


async def test_a_question_is_told_in_full_on_a_narrow_screen(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as one:
        one.app.push_screen(Confirm("word " * 30 + "last", {"leave": "Leave", "stay": "Stay"}))
        await one.pilot.pause()
        words = " ".join(line.text for line in painted(one.app.screen)).split()
        assert words.count("word") == 30
