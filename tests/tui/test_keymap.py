"""A person's own keys: what is right in the file is used, what is wrong is told with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.keys import format_key
from textual.widgets import Input, TextArea

from flowlang_tui.actions import ACTIONS, BY_NAME, bindings
from flowlang_tui.keyed_app import KeyedApp
from flowlang_tui.keymap import SIGNS, is_plain, keymap_path, keys_of, read_keymap, template


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keymap.yaml"


def told(path: Path, text: str) -> list[str]:
    path.write_text(text)
    return [f"{problem.line}: {problem.sentence}" for problem in read_keymap(path).problems]


def test_without_a_file_all_keys_are_as_they_were(path: Path) -> None:
    assert read_keymap(path) == ({}, [])


def test_an_action_gets_the_keys_that_are_written(path: Path) -> None:
    text = "run.start: f9\nproblems.fix: [f, '!', Shift+X, +]\nhelp.show: F4\nflow.open: null\neditor.find: alt++\n"
    assert [line.partition(": ")[2] for line in told(path, text)] == ["many terminals don't send `alt++`"]
    assert read_keymap(path).keys == {
        "run.start": "f9",
        "problems.fix": "f,exclamation_mark,X,plus",
        "help.show": "f4",
        "flow.open": "unbound_flow_open",
        "editor.find": "alt+plus",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("run.strat: f9", "1: there is no action `run.strat`; did you mean `run.start`?"),
        (
            "\nrun.start: ctrl+hop",
            "2: there is no key `ctrl+hop`; write one as `ctrl+t`, `alt+shift+k`, `f9`, `?` or `slash`",
        ),
        (
            "run.start: hyper+a",
            "1: there is no key `hyper+a`; write one as `ctrl+t`, `alt+shift+k`, `f9`, `?` or `slash`",
        ),
        ("run.start: {a: 1}", "1: there is no key ``; write one as `ctrl+t`, `alt+shift+k`, `f9`, `?` or `slash`"),
        ("run.start: ctrl+i", "1: to a terminal `ctrl+i` is the same as `tab`"),
        ("run.start: ctrl+shift+r", "1: many terminals don't send `ctrl+shift+r`"),
        ("run.start: ctrl+z", "1: where there is text, `ctrl+z` edits it instead"),
        ("run.start: alt+1", "1: many terminals don't send `alt+1`"),
        ("editor.find: f", "1: `f` would be typed into the text: editor.find needs a key with ctrl or alt"),
        ("run.start: ctrl+s", "1: `^s` is the key of flow.save (Flow: Save); give that another one, or none: []"),
        ("logs.follow: t", "1: `t` is the key of logs.times (Logs: Times); give that another one, or none: []"),
        (
            "logs.follow: ctrl+s",
            "1: `^s` is the key of flow.save (Flow: Save); give that another one, or none: []",
        ),
        ("- a", "1: the file must be a mapping from actions to keys"),
        ("run.start: [", None),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_left_out(path: Path, text: str, problem: str | None) -> None:
    problems = told(path, text)
    assert len(problems) == 1
    if problem is not None:
        assert problems == [problem]
    if not problem or ("many terminals" not in problem and "edits" not in problem):
        assert read_keymap(path).keys == {}


def test_what_is_right_is_used_beside_what_is_wrong(path: Path) -> None:
    assert len(told(path, "run.strat: f9\nrun.start: f9\n")) == 1
    assert read_keymap(path).keys == {"run.start": "f9"}


def test_two_actions_may_swap_their_keys(path: Path) -> None:
    assert told(path, "run.start: ctrl+s\nflow.save: ctrl+r\n") == []
    assert read_keymap(path).keys == {"run.start": "ctrl+s", "flow.save": "ctrl+r"}


def test_a_swap_of_which_one_half_is_wrong_is_left_out_in_whole(path: Path) -> None:
    problems = told(path, "run.start: ctrl+s\nflow.save: ctrl+q\n")
    assert [problem[:5] for problem in problems] == ["1: `^", "2: `^"]
    assert read_keymap(path).keys == {}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", template()])
def test_a_file_with_nothing_but_comments_changes_nothing(path: Path, text: str) -> None:
    assert told(path, text) == []
    assert read_keymap(path).keys == {}


def test_the_file_to_begin_with_holds_every_action_with_its_keys(path: Path) -> None:
    uncommented = re.sub(r"(?m)^# ([a-z]+\.)", r"\1", template())
    assert told(path, uncommented) == []
    keymap = read_keymap(path).keys
    assert {action.name: keys_of(action, keymap) for action in ACTIONS} == {a.name: a.key_list for a in ACTIONS}


def test_the_examples_of_the_page_of_keys_are_right(path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "keys.md").read_text(encoding="utf-8")
    assert told(path, page.partition("```yaml keymap\n")[2].partition("```")[0]) == []


def test_signs_have_the_names_that_textual_gives_them() -> None:
    assert {format_key(name) for name in SIGNS.values()} == set(SIGNS)
    assert is_plain(SIGNS["?"])


def test_the_file_is_in_the_persons_config_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert keymap_path() == tmp_path / "flowlang-tui" / "keymap.yaml"


class SmallApp(App[None]):
    BINDINGS = bindings("app")

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def action_run_start(self) -> None:
        self.done.append("start")

    def action_flow_check(self) -> None:
        self.done.append("check")


async def test_the_app_obeys_the_new_keys_and_not_the_old_ones(path: Path) -> None:
    assert told(path, "run.start: [f9, f7]\nflow.check: ctrl+r\n") == []
    app = SmallApp()
    app.set_keymap(read_keymap(path).keys)
    async with app.run_test() as pilot:
        await pilot.press("f9", "f7", "ctrl+r", "f5")
        assert app.done == ["start", "start", "check"]


def test_keys_of_an_action_follow_the_keymap() -> None:
    start = BY_NAME["run.start"]
    assert keys_of(start, {}) == ["ctrl+r", "f5"]
    assert keys_of(start, {"run.start": "f9"}) == ["f9"]
    assert keys_of(start, {"run.start": "unbound_run_start"}) == []


@pytest.mark.parametrize("widget", [TextArea, Input])
async def test_alt_with_a_letter_is_a_key_where_text_is_typed(widget: type[TextArea] | type[Input]) -> None:
    class TypingApp(KeyedApp[None]):
        BINDINGS: ClassVar[list[BindingType]] = bindings("app")
        went = False

        def compose(self) -> ComposeResult:
            yield widget()

        def action_view_problems(self) -> None:
            self.went = True

    app = TypingApp()
    async with app.run_test() as pilot:
        app.query_one(widget).focus()
        await pilot.pause()
        # what Textual makes of the bytes `a` and `ESC p` from a terminal
        for event in (events.Key("a", "a"), events.Key("alt+p", "p")):
            app.post_message(event)
        await pilot.pause()
        typed = app.query_one(widget)
        assert (typed.text if isinstance(typed, TextArea) else typed.value) == "a"
        assert app.went


async def test_leaving_is_up_to_the_table_and_ctrl_c_says_how() -> None:
    class LeavingApp(KeyedApp[None]):
        BINDINGS: ClassVar[list[BindingType]] = bindings("app")
        asked = 0

        def action_app_quit(self) -> None:
            self.asked += 1

    app = LeavingApp()
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("ctrl+q", "ctrl+c")
        await pilot.pause()
        assert app.asked == 1
        assert [str(toast.render()) for toast in app.screen.query("Toast")] == ["^q leaves."]
