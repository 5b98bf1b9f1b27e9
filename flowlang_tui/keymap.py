"""A person's own keys: a YAML file that gives actions other keys, by name."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from flowlang.language.diagnostics import Diagnostic, Problems, Span, nearest
from flowlang.language.nodes import Mapping as MappingNode
from flowlang.language.nodes import Node, Scalar, Sequence
from flowlang.language.source import read_file
from flowlang_tui.actions import ACTIONS, BY_NAME, OVERRIDES, Action, key_name
from flowlang_tui.preferences import config_folder

_SHORTER: Final = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def _name_of(character: str) -> str:
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return _SHORTER.get(name, name)


#: Keys that stand for a character other than a letter or digit, by that character.
SIGNS: Final = {character: _name_of(character) for character in string.punctuation}

_NAMED: Final = frozenset(
    {"up", "down", "left", "right", "home", "end", "pageup", "pagedown", "enter", "escape", "space", "tab"}
    | {"delete", "backspace", "insert", "@"}
    | {f"f{number}" for number in range(1, 25)}
)
_MODIFIERS: Final = ("ctrl", "alt", "shift")

#: Keys that arrive in one of two ways, by the terminal.
_TWINS: Final = {key: keys for keys in (("ctrl+@", "ctrl+space"), ("ctrl+underscore", "ctrl+slash")) for key in keys}

#: Keys with Ctrl that are another key to every terminal.
_SAME: Final = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+j": "enter"}

#: Keys with which text is edited: in a field or in the editor they do that and nothing else.
_EDITING: Final = frozenset(f"ctrl+{letter}" for letter in "acdekuvwxyz")

# Ctrl with letters, Alt with letters but b and f, which are Ctrl with an arrow, and o, p and x with Shift, which begin
# control sequences. Alt with digits and signs comes as the letters that a Mac keyboard would type.
_PLAIN: Final = re.compile(
    r"ctrl\+([a-gk-ln-z@]|underscore|backslash|right_square_bracket)"
    r"|alt\+[ac-eg-z]|alt\+shift\+[a-nq-wyz]"
    r"|(alt\+|alt\+shift\+|shift\+|ctrl\+)?(up|down|left|right|home|end|pageup|pagedown)"
    r"|enter|escape|space|tab|shift\+tab|delete|backspace|insert"
    r"|(shift\+)?f([1-9]|1[0-2])|[a-zA-Z0-9]|" + "|".join(SIGNS.values())
)


class Keymap(NamedTuple):
    """The keys of a file, by the action's name and as Textual wants them, and what is wrong with the file."""

    keys: dict[str, str]
    problems: list[Diagnostic]


def keymap_path() -> Path:
    """Where a person's own keys are."""
    return config_folder() / "keymap.yaml"


def is_plain(key: str) -> bool:
    """Whether every terminal sends this key as one of its own."""
    return _PLAIN.fullmatch(key) is not None


def is_typed(key: str) -> bool:
    """Whether this key is a character in a text."""
    return len(key) == 1 or key in SIGNS.values() or key == "space"


def keys_of(action: Action, keymap: Mapping[str, str]) -> list[str]:
    """The keys of an action under a keymap."""
    if action.name not in keymap:
        return action.key_list
    return [key for key in keymap[action.name].split(",") if not key.startswith("unbound_")]


def read_keymap(path: Path) -> Keymap:
    """Read a person's keys, none if there is no file. What is wrong is left out; all of it, if it is no YAML."""
    if not path.exists():
        return Keymap({}, [])
    problems = Problems(str(path))
    source = read_file(path, problems)
    root = source.root if source.complete else None
    wanted: dict[str, tuple[list[str], Span]] = {}
    if isinstance(root, MappingNode):
        for name, name_node, value in root.items():
            if name not in BY_NAME:
                message = f"there is no action `{name}`"
                problems.error("unknown-action", message, name_node.span, suggestion=nearest(name, BY_NAME))
            elif (keys := _keys(BY_NAME[name], value, problems)) is not None:
                wanted[name] = keys, value.span
    elif root is not None and not (isinstance(root, Scalar) and root.value is None):
        problems.error("invalid-keymap", "the file must be a mapping from actions to keys", root.span)
    kept = _without_clashes(wanted, problems)
    return Keymap({name: ",".join(keys) or _no_key(name) for name, keys in kept.items()}, problems.in_order())


def template() -> str:
    """A file to begin with: every action with the keys it has, as comments."""
    lines = [_HEAD]
    for action in ACTIONS:
        keys = ", ".join(action.key_list)
        lines.append(f"# {action.name}: [{keys}]  # {action.title}")
    return "\n".join(lines) + "\n"


_HEAD: Final = """\
# Other keys for the workbench. Take away the `#` before a line and change its keys.
# An action may have several keys, or none: []. What is wrong here is told when you save."""


def _no_key(name: str) -> str:
    return f"unbound_{BY_NAME[name].method}"


def _keys(action: Action, node: Node, problems: Problems) -> list[str] | None:
    """The keys that a value names, as Textual calls them; None if one of them is wrong."""
    items = node.items if isinstance(node, Sequence) else [node]
    found: list[str] = []
    for item in items:
        value = item.data if isinstance(item, Scalar) else item
        if value is None:
            continue
        written = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        key = _normal(written)
        wrong = _wrong(action, written, key)
        if wrong:
            problems.error("invalid-key", wrong, item.span)
            return None
        if key in _EDITING and action.where == "app":
            problems.warning("editing-key", f"where there is text, `{written}` edits it instead", item.span)
        both = _TWINS.get(key, (key,))
        if not any(map(is_plain, both)):
            problems.warning("rare-key", f"many terminals don't send `{written}`", item.span)
        found += both
    return list(dict.fromkeys(found))


def _wrong(action: Action, written: str, key: str) -> str:
    last = key.rpartition("+")[2]
    if not (last in _NAMED or last in SIGNS.values() or re.fullmatch(r"[a-zA-Z0-9]", last)):
        return f"there is no key `{written}`; write one as `ctrl+t`, `alt+shift+k`, `f9`, `?` or `slash`"
    if key in _SAME:
        return f"to a terminal `{written}` is the same as `{_SAME[key]}`"
    if is_typed(key) and action.where == "editor":
        return f"`{written}` would be typed into the text: {action.name} needs a key with ctrl or alt"
    return ""


def _normal(written: str) -> str:
    """A key as Textual calls it: `?` becomes `question_mark`, `Shift+Ctrl+A` becomes `ctrl+shift+a`."""
    head, plus, last = written.strip().rpartition("+")
    if plus and not last:
        head, last = head.removesuffix("+"), "+"
    modifiers = [modifier.lower() for modifier in head.split("+") if modifier]
    last = SIGNS.get(last, last if len(last) == 1 else last.lower())
    if set(modifiers) - set(_MODIFIERS):
        return "+".join([*modifiers, "unknown"])
    if modifiers == ["shift"] and len(last) == 1:
        return last.upper()
    if modifiers and len(last) == 1:
        last = last.lower()
    if modifiers == ["ctrl"] and last == "at":
        last = "@"
    return "+".join([*sorted(set(modifiers), key=_MODIFIERS.index), last])


def _without_clashes(wanted: Mapping[str, tuple[list[str], Span]], problems: Problems) -> dict[str, list[str]]:
    """The wanted keys without those that another action has in the same place."""
    kept = {name: keys for name, (keys, _) in wanted.items()}
    while True:
        clash = next((found for name in kept for found in _clashes(BY_NAME[name], kept)), None)
        if clash is None:
            return kept
        action, key, other = clash
        message = f"`{key_name(key)}` is the key of {other.name} ({other.title}); give that another one, or none: []"
        problems.error("key-clash", message, wanted[action.name][1])
        del kept[action.name]


def _clashes(action: Action, kept: Mapping[str, list[str]]) -> Iterator[tuple[Action, str, Action]]:
    for other in ACTIONS:
        if other is not action and (other.where == action.where or "app" in (other.where, action.where)):
            for key in kept.get(other.name, other.key_list):
                if key in kept[action.name] and not {(action.where, key), (other.where, key)} & OVERRIDES:
                    yield action, key, other
