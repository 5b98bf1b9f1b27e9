"""The table of actions is sound: names, keys that terminals send, no key twice in one place."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from flowlang_tui import actions
from flowlang_tui.actions import ACTIONS, CONDITIONS, OVERRIDES, PLACES, Action, bindings, key_name

DOCS = Path(__file__).parents[2] / "docs" / "keys.md"

# what a terminal without extended keyboard reports sends as one key of its own, and Textual 8.2 reads as such:
# Ctrl with letters but h, i, j, m (which are Backspace, Tab, Enter), Alt with letters but b and f (word left, right)
# and o, p, x with Shift (they begin control sequences); Alt with digits comes as letters of a Mac keyboard
PLAIN = re.compile(
    r"ctrl\+([a-gk-ln-z@]|underscore|backslash|right_square_bracket)"
    r"|alt\+[ac-eg-z]|alt\+shift\+[a-nq-wyz]"
    r"|(alt\+|alt\+shift\+|shift\+)?(up|down|left|right|home|end|pageup|pagedown)"
    r"|enter|escape|space|tab|shift\+tab|delete|backspace|insert"
    r"|(shift\+)?f([1-9]|1[0-2])"
    r"|[a-zA-Z0-9]|question_mark|slash|colon|plus|minus|equals_sign|full_stop|comma|asterisk"
    r"|(left|right)_(square|curly)_bracket|number_sign|exclamation_mark|less_than_sign|greater_than_sign|underscore"
)
#: Sent by terminals with extended reports for what plain ones send as ctrl+@ and ctrl+underscore.
EXTENDED = {"ctrl+space", "ctrl+slash"}

WITH_KEYS = [action for action in ACTIONS if action.keys]


def name_of(action: Action) -> str:
    return action.name


def test_names_methods_and_titles_are_unique() -> None:
    for words in ("name", "method", "title"):
        counted = Counter(getattr(action, words) for action in ACTIONS)
        assert [word for word, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("action", ACTIONS, ids=name_of)
def test_an_action_is_told_in_full(action: Action) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", action.name)
    assert re.fullmatch(r"[A-Z][a-z]+: [A-Z$].*", action.title)
    assert action.help[0].isupper()
    assert not action.help.endswith(".")
    assert action.when in {"", *CONDITIONS}
    assert action.method.isidentifier()


@pytest.mark.parametrize("action", WITH_KEYS, ids=name_of)
def test_every_key_is_one_that_a_plain_terminal_sends(action: Action) -> None:
    unsent = [key for key in action.key_list if not PLAIN.fullmatch(key) and key not in EXTENDED]
    assert unsent == []
    assert set(action.key_list) - EXTENDED


@pytest.mark.parametrize("action", WITH_KEYS, ids=name_of)
def test_no_action_needs_a_function_key(action: Action) -> None:
    assert [key for key in action.key_list if not re.fullmatch(r"(shift\+)?f\d+", key)]
    assert action.key_list != ["ctrl+enter"]


@pytest.mark.parametrize("where", PLACES)
def test_no_key_means_two_things_in_one_place(where: actions.Where) -> None:
    here = Counter(key for action in actions.actions(where) for key in action.key_list)
    assert [key for key, times in here.items() if times > 1] == []
    if where != "app":
        everywhere = {key for action in actions.actions("app") for key in action.key_list}
        assert {(where, key) for key in everywhere & here.keys()} == {pair for pair in OVERRIDES if pair[0] == where}


@pytest.mark.parametrize("action", actions.actions("app") + actions.actions("editor"), ids=name_of)
def test_where_text_is_typed_no_letter_alone_is_a_key(action: Action) -> None:
    typed = {key for key in action.key_list if len(key) == 1 or key in ("space", "slash", "colon", "plus", "minus")}
    assert typed == set()


@pytest.mark.parametrize("action", actions.actions("app"), ids=name_of)
def test_what_works_everywhere_takes_no_key_of_the_text_fields(action: Action) -> None:
    from textual.binding import Binding
    from textual.widgets import Input, TextArea

    taken = {binding.key for widget in (Input, TextArea) for binding in Binding.make_bindings(widget.BINDINGS)}
    assert set(action.key_list) & taken - {"f6"} == set()


def test_bindings_carry_the_name_so_that_a_keymap_can_change_them() -> None:
    made = {binding.id: binding for binding in bindings("app")}
    assert made["run.start"].key == "ctrl+r,f5"
    assert made["run.start"].action == "run_start"
    assert made["run.start"].show
    assert made["flow.check"].key == "unbound_flow_check"
    assert len({binding.key for binding in made.values()}) == len(made)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ctrl+s", "^s"),
        ("ctrl+@", "^space"),
        ("ctrl+underscore", "^/"),
        ("alt+shift+n", "alt+N"),
        ("question_mark", "?"),
        ("enter", "⏎"),
        ("alt+shift+left", "alt+shift+←"),
        ("G", "G"),
        ("left_square_bracket", "["),
    ],
)
def test_keys_are_written_as_people_know_them(key: str, name: str) -> None:
    assert key_name(key) == name


def test_the_page_of_keys_is_up_to_date() -> None:
    assert DOCS.read_text(encoding="utf-8") == actions.page(), "run: python -m flowlang_tui.actions docs/keys.md"


def test_writing_the_page_wants_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert actions.main([]) == 2
    assert "usage" in capsys.readouterr().err
    assert actions.main([str(tmp_path / "keys.md")]) == 0
    assert (tmp_path / "keys.md").read_text(encoding="utf-8") == actions.page()
