"""Completion of values: names of tasks, connections, flows and steps, choices, and expressions to put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.complete_expressions import expression_offers, name_offers, step_choices, step_detail
from flowlang.language.assist.completion import Offer
from flowlang.language.assist.members import described_input, result_fields
from flowlang.language.assist.places import Place, places, shape_of
from flowlang.language.assist.scope import loop_variables, visible_steps
from flowlang.language.assist.snippets import Snippet, arguments_snippet, signature
from flowlang.language.assist.spot import Spot
from flowlang.language.catalog import TaskInfo
from flowlang.language.model import Input, Step
from flowlang.language.vocabulary import Key

_CONDITIONS: Final = frozenset({"condition", "expression"})
#: Shapes in which `${…}` may stand.
_COMPUTED: Final = frozenset({"value", "item of value", "duration", "count", "number", *_CONDITIONS})


def value_offers(analysis: Analysis, lines: Sequence[str], spot: Spot) -> Iterator[Offer]:
    """The values that could stand at the spot."""
    around = places(spot)
    place = around[-1]
    name = spot.way[0] or ""
    key = place.key(name)
    shape = shape_of(place, spot.way)
    if place.kind in ("arguments", "exit", "data") and key is None:
        shape = "value"
        yield from _argument_values(analysis, place, name)
    elif place.kind == "connection":
        yield from _connection_values(analysis, place, name)
        return
    elif place.kind == "outputs":
        shape = "value"
    elif place.kind == "inputs" and len(spot.way) == 1:
        return
    named = _NAMED.get((place.kind, name)) or _NAMED.get(
        ("", name) if place.kind in ("step", "arguments") else ("", "")
    )
    if key is not None and named is not None:
        yield from named(analysis, lines, spot, place)
    elif key is not None:
        yield from _of_shape(key)
    if shape in _CONDITIONS and not spot.quote:
        spot.expression = spot.word
        yield from expression_offers(analysis, lines, spot)
    elif shape in _COMPUTED or shape == "item of outputs":
        yield from _expressions(analysis, lines, spot, around, bare=shape == "item of outputs")


def _of_shape(key: Key) -> Iterator[Offer]:
    for choice in key.choices:
        yield Offer(choice, choice, "value", "default" if choice == key.default else "", key.doc)
    if key.shape == "flag":
        for choice in ("true", "false"):
            is_default = key.default is not None and str(key.default).lower() == choice
            yield Offer(choice, choice, "value", "default" if is_default else "", key.doc)


def _expressions(
    analysis: Analysis, lines: Sequence[str], spot: Spot, around: Sequence[Place], *, bare: bool
) -> Iterator[Offer]:
    """Whole expressions, for values that hold none yet."""
    if spot.word.strip("$") and not spot.word.strip("$").isidentifier():
        return
    for offer in name_offers(analysis, lines, spot, loop_variables(spot, around)):
        if bare:
            if offer.kind == "step":
                yield offer
        elif offer.label in ("inputs", "env", "context", "loop"):
            yield Offer(f"${{{offer.label}.…}}", Snippet(f"${{{offer.label}.}}", len(offer.label) + 3), *offer[2:])
        else:
            yield Offer(f"${{{offer.label}}}", Snippet(f"${{{offer.label}}}", len(offer.label) + 2), *offer[2:])


def _argument_values(analysis: Analysis, place: Place, name: str) -> Iterator[Offer]:
    if place.form == "subflow":
        called = analysis.subflows.flow(place.name) if place.name else None
        declared = next((one for one in (called and called.inputs) or () if one.name == name), None)
        yield from _input_values(declared)
        return
    info = analysis.catalog.task(place.name) if place.name and place.kind == "arguments" else None
    parameter = info.parameter(name) if info else None
    if parameter is not None and "boolean" in (parameter.type or "").split("|"):
        for choice in ("true", "false"):
            yield Offer(choice, choice, "value", _is_default(parameter.default, choice), parameter.description)


def _input_values(declared: Input | None) -> Iterator[Offer]:
    if declared is None:
        return
    for choice in declared.enum or (("true", "false") if declared.type == "boolean" else ()):
        shown = str(choice).lower() if isinstance(choice, bool) else str(choice)
        yield Offer(shown, shown, "value", "", described_input(declared))


def _is_default(default: Any, choice: str) -> str:
    return "default" if isinstance(default, bool) and str(default).lower() == choice else ""


def _connection_values(analysis: Analysis, place: Place, name: str) -> Iterator[Offer]:
    if name == "type":
        for type in analysis.types:
            for shown in (type.name, *type.aliases):
                detail = "" if shown == type.name else f"the same as {type.name}"
                yield Offer(shown, shown, "type", detail, type.description)
        return
    if name == "use":
        for stored in analysis.catalog.project_connection_names():
            yield Offer(stored, stored, "connection", analysis.catalog.project_connection(stored) or "")
        return
    found = analysis.catalog.connection_type(place.level.value("type"))
    about = found.schema.get("properties", {}).get(name, {}) if found else {}
    doc = str(about.get("description", ""))
    choices = about.get("enum") or (["true", "false"] if about.get("type") == "boolean" else ())
    for choice in choices:
        yield Offer(str(choice), str(choice), "value", _is_default(about.get("default"), str(choice)), doc)
    for variable in analysis.variables:
        yield Offer(f"${{{variable}}}", f"${{{variable}}}", "variable", "environment")


def _tasks(analysis: Analysis, lines: Sequence[str], spot: Spot, place: Place) -> Iterator[Offer]:
    for info in analysis.tasks:
        insert: str | Snippet = info.name
        if "inputs" not in place.level.entries and not place.level.in_braces and not spot.quote:
            insert = arguments_snippet(info, place.level.column)
        yield Offer(info.name, insert, "task", signature(info), info.description)


def _connections(analysis: Analysis, lines: Sequence[str], spot: Spot, place: Place) -> Iterator[Offer]:
    info = _task_of(analysis, place)
    names = dict.fromkeys([*analysis.flow.connections, *analysis.catalog.project_connection_names()])
    for name in names:
        type = analysis.type_of(name)
        if info is None or info.provider in (None, type):
            kept = "" if name in analysis.flow.connections else ", of the project"
            yield Offer(name, name, "connection", f"{type or ''}{kept}")


def _task_of(analysis: Analysis, place: Place) -> TaskInfo | None:
    name = place.name if place.form in ("task", "builtin", "") else ""
    return analysis.catalog.task(name) if name else None


def _subflows(analysis: Analysis, lines: Sequence[str], spot: Spot, place: Place) -> Iterator[Offer]:
    for name in analysis.subflows.names():
        path = analysis.subflows.path(name)
        if analysis.flow.path is None or str(path) != analysis.flow.path:
            called = analysis.subflows.flow(name)
            yield Offer(name, name, "subflow", "flow", (called and called.description) or "")


def _ids(analysis: Analysis, lines: Sequence[str], spot: Spot, place: Place) -> Iterator[Offer]:
    for step in step_choices(visible_steps(analysis, lines, spot, places(spot)), spot.word):
        yield Offer(step.id, step.id, "step", step_detail(step), step.description or "")


def _result_keys(analysis: Analysis, lines: Sequence[str], spot: Spot, place: Place) -> Iterator[Offer]:
    line = place.level.line
    step: Step | None = analysis.by_line.get(analysis.line_of(lines, line))
    info = _task_of(analysis, place)
    known = dict((info.results if info else None) or {})
    if step is not None:
        known = result_fields(analysis, step) | known
    for name, doc in known.items():
        yield Offer(name, name, "field", "", doc)


_Named = Callable[[Analysis, Sequence[str], Spot, Place], Iterator[Offer]]
#: Keys whose values are names, by the map that they stand in.
_NAMED: Final[dict[tuple[str, str], _Named]] = {
    ("", "task"): _tasks,
    ("", "connection"): _connections,
    ("", "subflow"): _subflows,
    ("", "depends_on"): _ids,
    ("", "outputs"): _result_keys,
}
