"""What the maps around a place mean in the language: which keys they may have, whose arguments they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from flowlang.language.assist.spot import Level, Spot, Way
from flowlang.language.vocabulary import (
    CASE_KEYS,
    CONNECTION_KEYS,
    ELIF_KEYS,
    EXIT_KEYS,
    FLOW_KEYS,
    INPUT_KEYS,
    KIND,
    KINDS,
    OUTPUT_KEYS,
    RETRY_KEYS,
    STEP_KEYS,
    Key,
)

#: What a value of a shape is: the map itself, and the items of a list.
_INSIDE: Final[Mapping[str, tuple[str, str]]] = {
    "steps": ("steps", "step"),
    "handler": ("handler", "step"),
    "retry": ("retry", ""),
    "elifs": ("elifs", "elif"),
    "cases": ("cases", "case"),
    "exit": ("exit", ""),
    "arguments": ("arguments", ""),
    "inputs": ("inputs", "input"),
    "outputs": ("outputs", "output"),
    "connections": ("connections", ""),
}
_STEPS: Final = Key("steps", "steps", "The steps.", required=True)
_KEYS: Final[Mapping[str, tuple[Key, ...]]] = {
    "flow": FLOW_KEYS,
    "input": INPUT_KEYS,
    "output": OUTPUT_KEYS,
    "connection": CONNECTION_KEYS,
    "retry": RETRY_KEYS,
    "elif": ELIF_KEYS,
    "case": CASE_KEYS,
    "exit": EXIT_KEYS,
    "handler": (_STEPS,),
}
_KEYS_OF_KINDS: Final = frozenset(key.name for kind in KINDS for key in kind.keys)
_COMMON: Final = frozenset(key.name for key in STEP_KEYS)

#: Lists, and what their items are.
ITEMS: Final[Mapping[str, str]] = {whole: item for whole, item in _INSIDE.values() if item}


class Place(NamedTuple):
    """A map around a place. `kind` says what it is, `name` whose: the task, subflow or connection.

    `form` of arguments is `task`, `subflow`, or `builtin` for `- <task name>: {…}`; of a step it is its kind.
    """

    kind: str
    level: Level
    name: str = ""
    form: str = ""

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of the language that the map may have."""
        if self.kind == "step":
            return (*KIND[self.form].keys, *_common(self.form)) if self.form in KIND else STEP_KEYS
        if self.kind == "arguments":
            return STEP_KEYS if self.form == "builtin" else ()
        return _KEYS.get(self.kind, ())

    def key(self, name: str | None) -> Key | None:
        """The key called `name`, or None."""
        return next((key for key in self.keys if key.name == name), None)


def places(spot: Spot) -> list[Place]:
    """What each of the maps around a place is, the flow first."""
    found = [Place("flow", spot.levels[0])]
    for level in spot.levels[1:]:
        found.append(_inside(found[-1], level))
    return found


def shape_of(place: Place, way: Way) -> str:
    """The shape of the value to which a way leads; that of an item is `item of <shape>`. Empty if unknown."""
    key = place.key(way[0]) if way else None
    if key is None:
        return ""
    return key.shape if len(way) == 1 else f"item of {key.shape}" if len(way) == 2 else ""


def _inside(around: Place, level: Level) -> Place:
    name, deep = level.way[0] or "", len(level.way) - 1
    if around.kind in ("inputs", "connections"):
        return Place(around.kind[:-1], level, name) if not deep else Place("data", level)
    key = around.key(name)
    if around.kind == "step" and around.form not in KIND and name == around.name and not deep:
        return Place("arguments", level, name, "builtin")
    if key is None or deep > 1:
        return Place("data", level)
    kind = _INSIDE.get(key.shape, ("data", "data"))[deep]
    if kind == "step":
        return _step(level)
    if kind == "arguments" and around.kind == "step":
        return Place(kind, level, around.level.value(around.form), around.form)
    return Place(kind or "data", level)


def _step(level: Level) -> Place:
    kinds = [name for name in level.entries if name in KIND and name != "if"]
    if kinds:
        kind = kinds[0]
        return Place("step", level, level.value(kind) if kind in ("task", "subflow") else "", kind)
    task = next((name for name in level.entries if name not in _COMMON and name not in _KEYS_OF_KINDS), None)
    if task is not None:
        return Place("step", level, task)
    return Place("step", level, "", "if" if "if" in level.entries else "")


def _common(kind: str) -> tuple[Key, ...]:
    """The keys of every step that its kind doesn't give another meaning."""
    own = {key.name for key in KIND[kind].keys}
    return tuple(key for key in STEP_KEYS if key.name not in own)
