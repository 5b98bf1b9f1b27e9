"""Palette, help, jump mode, footer and question, in a small app of two panes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.containers import Horizontal, Vertical
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static, TextArea

from flowlang_tui.actions import ACTIONS, BY_NAME, actions, bindings
from flowlang_tui.arrangement import DEBUG_PANES
from flowlang_tui.keyed_app import KeyedApp
from flowlang_tui.preferences import Preferences
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.screens.help import ABOUT, Help
from flowlang_tui.screens.jump import LETTERS, Jump, Sign
from flowlang_tui.screens.palette import PROVIDERS, doers, perform, possible, target
from flowlang_tui.widgets.footer import ActionFooter


class ProblemList(Static, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = bindings("problems")

    def action_problems_copy(self) -> None:
        self.app.done.append("copy")  # type: ignore[attr-defined]

    def action_problems_fix(self) -> None:
        self.app.done.append("fix")  # type: ignore[attr-defined]


class Workbench(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = bindings("app")

    def __init__(self, files: list[Path]) -> None:
        super().__init__()
        self.session = SimpleNamespace(folder=Path("/p"), files=[SimpleNamespace(path=path) for path in files])
        self.opened: list[Path] = []
        self.running = False

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="editor"):
                yield TextArea()
            with Vertical(id="problems"):
                yield ProblemList()
            with Vertical(id="timeline") as hidden:
                hidden.display = False
        yield ActionFooter()

    def open_file(self, path: Path) -> None:
        self.opened.append(path)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "run_cancel" or self.running

    def action_run_start(self) -> None:
        self.app.done.append("start")  # type: ignore[attr-defined]

    def action_run_cancel(self) -> None:
        self.app.done.append("cancel")  # type: ignore[attr-defined]

    def action_app_palette(self) -> None:
        self.app.action_command_palette()

    def action_view_problems(self) -> None:
        self.query_one(ProblemList).focus()

    def action_view_jump(self) -> None:
        panes = {str(pane.id): pane for pane in self.query(Vertical)}

        def chosen(name: str | None) -> None:
            self.app.done.append(str(name))  # type: ignore[attr-defined]

        self.app.push_screen(Jump(panes), chosen)

    def action_help_show(self) -> None:
        def chosen(name: str | None) -> None:
            self.app.done.append(str(name))  # type: ignore[attr-defined]

        where = "problems" if self.query_one(ProblemList).has_focus else "app"
        self.app.push_screen(Help(where, self.app.keymap), chosen)  # type: ignore[attr-defined,arg-type]


class SmallApp(KeyedApp[None]):
    COMMANDS = PROVIDERS

    def __init__(self, files: list[Path] | None = None, keymap: dict[str, str] | None = None) -> None:
        super().__init__()
        self.done: list[str] = []
        self.keymap = keymap or {}
        self.set_keymap(self.keymap)
        self._files = files or []

    def on_mount(self) -> None:
        self.push_screen(Workbench(self._files))

    @property
    def workbench(self) -> Workbench:
        return next(screen for screen in self.screen_stack if isinstance(screen, Workbench))


async def typed_into_palette(pilot: Pilot[None], text: str) -> list[str]:
    """What the palette offers for a text."""
    await pilot.press("ctrl+p")
    palette = pilot.app.screen
    assert isinstance(palette, CommandPalette)
    palette.query_one(Input).value = text
    await pilot.pause()
    await pilot.app.workers.wait_for_complete(list(palette.workers))
    await pilot.pause()
    return [str(option.prompt) for option in palette.query_one(OptionList).options]


async def test_the_palette_offers_actions_by_their_words_and_does_them() -> None:
    app = SmallApp()
    async with app.run_test(size=(100, 30)) as pilot:
        offered = await typed_into_palette(pilot, "run start")
        assert offered[0].startswith("Run: Start  ^r f5")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        assert app.done == ["start"]


async def test_the_palette_offers_only_what_makes_sense_now() -> None:
    app = SmallApp()
    async with app.run_test(size=(100, 30)) as pilot:
        assert [line for line in await typed_into_palette(pilot, "cancel") if line.startswith("Run: Cancel")] == []
        await pilot.press("escape")
        app.workbench.running = True
        assert (await typed_into_palette(pilot, "cancel"))[0].startswith("Run: Cancel  ^t")


async def test_the_palette_does_what_a_pane_does_after_going_there() -> None:
    app = SmallApp()
    async with app.run_test(size=(100, 30)) as pilot:
        app.workbench.query_one(TextArea).focus()
        assert (await typed_into_palette(pilot, "problems copy"))[0].startswith("Problems: Copy")
        await pilot.press("enter")
        await pilot.pause()
        await pilot.app.workers.wait_for_complete()
        assert app.done == ["copy"]
        assert app.workbench.query_one(ProblemList).has_focus


async def test_the_palette_opens_files_whose_names_are_no_markup() -> None:
    path = Path("/p/[red]flow\x1b.yaml")
    app = SmallApp([Path("/p/other.yaml"), path])
    async with app.run_test(size=(100, 30)) as pilot:
        offered = await typed_into_palette(pilot, "open red")
        assert offered[0].startswith("Open: [red]flow␛.yaml")
        await pilot.press("enter")
        await pilot.pause()
        assert app.workbench.opened == [path]


async def test_the_palette_changes_the_theme_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    app = SmallApp()
    async with app.run_test(size=(100, 30)) as pilot:
        assert (await typed_into_palette(pilot, "theme moss"))[0].startswith("Theme: moss")
        await pilot.press("enter")
        await pilot.pause()
        assert app.theme == "moss"
        assert Preferences.of_person().get("theme") == "moss"


async def test_the_palette_finds_by_what_is_told_of_an_action() -> None:
    async with SmallApp().run_test(size=(100, 30)) as pilot:
        assert [line[:11] for line in await typed_into_palette(pilot, "if one is missing")] == ["Run: Start "]


async def test_the_palette_shows_a_persons_own_keys() -> None:
    app = SmallApp(keymap={"run.start": "f9"})
    async with app.run_test(size=(100, 30)) as pilot:
        assert (await typed_into_palette(pilot, "run start"))[0].startswith("Run: Start  f9")


async def test_every_action_of_the_app_can_be_done_without_its_key() -> None:
    app = SmallApp()
    async with app.run_test():
        assert {action.name for action in possible(app.workbench)} == {
            "run.start",
            "app.palette",
            "view.problems",
            "view.jump",
            "help.show",
            "problems.fix",
            "problems.copy",
        }
        assert target(BY_NAME["logs.filter"], doers(app.workbench)) is None
        await perform(app.workbench, BY_NAME["logs.filter"])
        assert app.done == []


async def open_help(pilot: Pilot[None]) -> OptionList:
    assert isinstance(pilot.app, SmallApp)
    pilot.app.workbench.query_one(ProblemList).focus()
    await pilot.press("question_mark")
    await pilot.pause()
    return pilot.app.screen.query_one(OptionList)


async def test_help_tells_first_of_the_focused_pane_then_of_everything() -> None:
    app = SmallApp()
    async with app.run_test(size=(120, 40)) as pilot:
        lines = [str(option.prompt) for option in (await open_help(pilot)).options]
        assert str(app.screen.query_one("#about", Static).content) == ABOUT["problems"]
        assert str(app.screen.query_one("#detail", Static).content) == "problems.open: Go to the place in the text"
        assert lines[0] == "Problems"
        assert lines[1].split() == ["⏎", "Problems:", "Go", "to", "Go", "to", "the", "place", "in", "the", "text"]
        assert lines[len(actions("problems")) + 1] == "Everywhere"
        assert len(lines) == len(ACTIONS) + len({action.where for action in ACTIONS})


async def test_help_finds_by_name_by_key_and_by_what_it_does_and_enter_does_it() -> None:
    app = SmallApp(keymap={"run.start": "f9"})
    async with app.run_test(size=(80, 24)) as pilot:
        found = await open_help(pilot)
        for words, name in (("f9", "run.start"), ("^s", "flow.save"), ("whole screen", "view.zoom")):
            app.screen.query_one(Input).value = words
            await pilot.pause()
            assert name in [option.id for option in found.options]
        app.screen.query_one(Input).value = "[nothing"
        await pilot.pause()
        assert [str(option.prompt) for option in found.options] == ["No action is called '[nothing'"]
        await pilot.press("enter")
        app.screen.query_one(Input).value = "f9"
        await pilot.pause()
        await pilot.press("down", "up", "enter")
        await pilot.pause()
        assert app.done == ["run.start"]


async def test_escape_closes_help() -> None:
    app = SmallApp()
    async with app.run_test() as pilot:
        await open_help(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, Workbench)
        assert app.done == ["None"]


def test_every_pane_is_explained_and_has_a_letter_that_is_its_key_too() -> None:
    assert ABOUT.keys() == {action.where for action in ACTIONS} | {"app", "graph"}
    for name, letter in LETTERS.items():
        key = f"alt+shift+{letter.lower()}" if letter.isupper() else f"alt+{letter}"
        assert name in DEBUG_PANES or key in BY_NAME[f"view.{name}"].key_list


async def test_jump_mode_gives_the_pane_of_the_letter() -> None:
    app = SmallApp()
    async with app.run_test(size=(80, 24)) as pilot:
        for key, name in (("p", "problems"), ("e", "editor"), ("2", "editor"), ("escape", "None")):
            await pilot.press("ctrl+g", "q", key)
            await pilot.pause()
            assert app.done.pop() == name


async def test_jump_mode_puts_the_letter_on_the_pane_and_names_the_hidden_ones() -> None:
    app = SmallApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+g")
        for width in (80, 100):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            await pilot.pause()
            signs = {str(sign.name): sign for sign in app.screen.query(Sign)}
            panes = {str(pane.id): pane for pane in app.workbench.query(Vertical)}
            for name in ("editor", "problems"):
                assert panes[name].region.contains_region(signs[name].region)
            assert signs["timeline"].region.y == 23
        await pilot.click(signs["timeline"])
        await pilot.pause()
        assert app.done == ["timeline"]


def words(app: SmallApp) -> str:
    return str(app.workbench.query_one(ActionFooter).render())


async def test_the_footer_shows_the_keys_of_the_focused_pane_then_those_of_everywhere() -> None:
    app = SmallApp()
    async with app.run_test(size=(120, 24)) as pilot:
        app.workbench.query_one(ProblemList).focus()
        await pilot.pause()
        assert words(app).startswith(" ⏎ Go to  f Fix  ^o Open  ^s Save  ^r Run  ^l Watch")
        assert "Cancel" not in words(app)
        app.workbench.running = True
        app.workbench.refresh_bindings()
        await pilot.pause()
        assert "^t Cancel" in words(app)
        assert words(app).endswith(" ? Help  ^p Palette  ^q Quit ")
        app.workbench.query_one(TextArea).focus()
        await pilot.pause()
        assert words(app).startswith(" ^o Open ")
        assert " f1 Help " in words(app)


async def test_a_narrow_footer_keeps_what_leads_to_everything_else() -> None:
    app = SmallApp(keymap={"app.palette": "f2"})
    async with app.run_test(size=(40, 24)) as pilot:
        app.workbench.query_one(ProblemList).focus()
        await pilot.pause()
        assert words(app) == " ⏎ Go to  f Fix  ? Help  f2 Palette "


async def test_a_click_in_the_footer_is_the_key() -> None:
    app = SmallApp()
    async with app.run_test(size=(120, 24)) as pilot:
        app.workbench.query_one(ProblemList).focus()
        await pilot.pause()
        await pilot.click(ActionFooter, offset=(words(app).index("Run"), 0))
        await pilot.pause()
        assert app.done == ["start"]


ANSWERS = {
    "enter": "stay",
    "escape": None,
    "s": "save",
    "d": "discard",
    "left enter": "discard",
    "h enter": "discard",
}


async def test_a_question_is_answered_by_letter_arrows_or_escape() -> None:
    app = SmallApp()
    given: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        for keys, answer in ANSWERS.items():
            question = Confirm("[b]flow.yaml[/b] has changes", {"save": "Save", "discard": "Discard", "stay": "Stay"})
            app.push_screen(question, given.append)
            await pilot.pause()
            assert {button.region.height for button in question.query("Button")} == {1}
            assert str(question.query_one(Static).render()) == "[b]flow.yaml[/b] has changes"
            await pilot.press(*keys.split())
            await pilot.pause()
            assert given.pop() == answer


async def test_a_question_begins_at_the_answer_that_is_named_and_takes_clicks() -> None:
    app = SmallApp()
    given: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        for press in (False, True):
            app.push_screen(Confirm("Really?", {"yes": "Yes", "no": "No"}, default="yes"), given.append)
            await pilot.pause()
            await (pilot.press("enter") if press else pilot.click("Button:last-of-type"))
            await pilot.pause()
        assert given == ["no", "yes"]
