"""What the word at a place of a text names: a key, a task, a step that is read, and so on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.members import parts_of
from flowlang.language.assist.places import Place, places, shape_of
from flowlang.language.assist.scope import Variable, loop_variables
from flowlang.language.assist.spot import Spot, locate
from flowlang.language.diagnostics import Span
from flowlang.language.expressions import FUNCTIONS
from flowlang.language.vocabulary import KIND, ROOTS

SubjectKind = Literal[
    "key",
    "task",
    "argument",
    "connection",
    "type",
    "config",
    "subflow",
    "step",
    "input",
    "variable",
    "field",
    "function",
    "root",
    "environment",
]

_PATH: Final = re.compile(r"[A-Za-z_]\w*(?:\s*\.\s*(?:\w+|\*)|\[[^\[\]]*\])*$")
_WORD: Final = re.compile(r"\w+")
_NAMES: Final[dict[str, SubjectKind]] = {
    "task": "task",
    "connection": "connection",
    "subflow": "subflow",
    "id": "step",
    "depends_on": "step",
    "as": "variable",
}


class Subject(NamedTuple):
    """What is named. `place` is the map that the name stands in.

    `path` are the parts of a read up to the name, `variables` the loop variables that can be read there.
    """

    kind: SubjectKind
    name: str
    span: Span
    place: Place
    path: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()


def subject_at(analysis: Analysis, text: str, line: int, column: int) -> Subject | None:
    """What the word at a place names, or None."""
    lines = analysis.lines if text == analysis.text else text.split("\n")
    if not 0 < line <= len(lines):
        return None
    word = _word_at(lines[line - 1], column - 1)
    if word is None:
        return None
    spot = locate(lines, line, word[1] + 1)
    if spot.role == "comment":
        return None
    around = places(spot)
    if spot.expression is not None:
        return _in_expression(analysis, lines[spot.line], spot, around, word, spot.expression)
    if spot.role == "key":
        return _key(lines[spot.line], spot, around[-1])
    if spot.role == "text":
        return None
    return _value(analysis, lines[spot.line], spot, around, word)


def _word_at(line: str, cursor: int) -> tuple[int, int] | None:
    """Start and end of the word that a cursor is in, or at the end of."""
    for found in _WORD.finditer(line):
        if found.start() <= cursor <= found.end():
            return found.start(), found.end()
    return None


def _span(spot: Spot, start: int, end: int) -> Span:
    return Span(spot.line + 1, start + 1, spot.line + 1, end + 1)


def _key(line: str, spot: Spot, place: Place) -> Subject | None:
    name = line[spot.start : spot.end].strip("\"'")
    span = _span(spot, spot.start, spot.end)
    if not spot.has_colon:
        return None
    if place.kind == "step" and place.form not in KIND and name == place.name:
        return Subject("task", name, span, place)
    if place.kind in ("connections", "inputs"):
        return Subject("connection" if place.kind == "connections" else "input", name, span, place)
    if place.key(name) is not None:
        return Subject("key", name, span, place)
    if place.kind == "arguments":
        return Subject("argument", name, span, place)
    return Subject("config", name, span, place) if place.kind == "connection" else None


def _value(analysis: Analysis, line: str, spot: Spot, around: Sequence[Place], word: tuple[int, int]) -> Subject | None:
    place = around[-1]
    key = spot.way[0] or ""
    name = line[spot.start : spot.end].strip()
    span = _span(spot, spot.start, spot.start + len(name))
    shape = shape_of(place, spot.way)
    if place.kind == "connection" and key in ("type", "use"):
        return Subject("type" if key == "type" else "connection", name, span, place)
    if place.kind == "input" and key == "name":
        return Subject("input", name, span, place)
    if place.key(key) is None:
        return None
    if key in _NAMES and place.kind in ("step", "arguments"):
        here = (Variable(name, place.level.value("for_each"), place.level.line),) if key == "as" else ()
        return Subject(_NAMES[key], name, span, place, variables=here)
    if shape == "item of steps" and name in KIND:
        return Subject("key", name, span, place)
    if shape in ("condition", "expression", "item of outputs"):
        before = line[spot.start : word[1]]
        return _in_expression(analysis, line, spot, around, word, before)
    if place.kind == "step" and key == "outputs":
        id = place.level.value("id")
        return Subject("field", name, span, place, (id, name)) if id else None
    return Subject("key", key, span, place)


def _in_expression(
    analysis: Analysis, line: str, spot: Spot, around: Sequence[Place], word: tuple[int, int], before: str
) -> Subject | None:
    found = _PATH.search(before)
    if found is None:
        return None
    place, span = around[-1], _span(spot, *word)
    path = tuple(parts_of(found[0]))
    variables = tuple(loop_variables(spot, around))
    name = path[-1]
    if len(path) == 1:
        is_called = line[word[1] :].lstrip().startswith("(") or before[: found.start()].rstrip().endswith("|")
        if name in FUNCTIONS and is_called:
            return Subject("function", name, span, place)
        if any(variable.name == name for variable in variables):
            return Subject("variable", name, span, place, path, variables)
        if name in analysis.by_id:
            return Subject("step", name, span, place, path, variables)
        if name in ROOTS:
            return Subject("root", name, span, place)
        return Subject("environment", name, span, place) if name.isupper() else None
    if path[0] == "inputs" and len(path) == 2:
        kind: SubjectKind = "variable" if any(variable.name == name for variable in variables) else "input"
        return Subject(kind, name, span, place, path, variables)
    if path[0] == "env":
        return Subject("environment", name, span, place)
    return Subject("field", name, span, place, path, variables)
