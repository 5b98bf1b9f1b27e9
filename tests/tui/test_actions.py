"""The table of actions is sound: names, keys that terminals send, no key twice in one place."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from textual.binding import Binding

from flowlang_tui import actions
from flowlang_tui.actions import ACTIONS, CONDITIONS, OVERRIDES, PLACES, Action, bindings, key_name
from flowlang_tui.keymap import is_plain, is_typed

DOCS = Path(__file__).parents[2] / "docs" / "keys.md"

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
    unsent = [key for key in action.key_list if not is_plain(key) and key not in EXTENDED]
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
    assert [key for key in action.key_list if is_typed(key)] in ([], ["question_mark"])


@pytest.mark.parametrize("action", actions.actions("app"), ids=name_of)
def test_what_works_everywhere_takes_no_key_of_the_text_fields(action: Action) -> None:
    from textual.widgets import Input, TextArea

    taken = {binding.key for widget in (Input, TextArea) for binding in Binding.make_bindings(widget.BINDINGS)}
    assert set(action.key_list) & taken - {"f6"} == set()


def test_bindings_carry_the_name_so_that_a_keymap_can_change_them() -> None:
    made = {binding.id: binding for binding in Binding.make_bindings(bindings("app"))}
    assert made["run.start"].key == "f5"
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


def test_the_table_the_keys_and_what_is_remembered_need_no_screen() -> None:
    code = (
        "import sys\n"
        "from flowlang_tui import actions, keymap, preferences\n"
        "keymap.read_keymap(keymap.keymap_path()), preferences.Preferences.of_person()\n"
        "print(sorted({'textual', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
