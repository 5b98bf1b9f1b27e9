"""Completion where a key is written, or an item of a list begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.completion import Offer
from flowlang.language.assist.configuration import configuration
from flowlang.language.assist.places import ITEMS, Place, places, shape_of
from flowlang.language.assist.snippets import (
    Snippet,
    free_id,
    key_snippet,
    kind_snippet,
    signature,
    task_snippet,
)
from flowlang.language.assist.spot import Spot
from flowlang.language.catalog import TaskInfo
from flowlang.language.vocabulary import CASE_KEYS, ELIF_KEYS, INPUT_KEYS, KIND, KINDS, OUTPUT_KEYS, STEP_KEYS, Key
from flowlang.language.words import snake_case

_KEYS_OF_ITEMS = {"input": INPUT_KEYS, "output": OUTPUT_KEYS, "elif": ELIF_KEYS, "case": CASE_KEYS}


def key_offers(analysis: Analysis, lines: Sequence[str], spot: Spot) -> Iterator[Offer]:
    """The keys that could stand at the spot, or the items."""
    around = places(spot)
    place = around[-1]
    if spot.role == "item":
        shape = shape_of(place, spot.way)
        item = ITEMS.get(shape.removeprefix("item of "), "") if shape.startswith("item of ") else ""
        if item == "step":
            return _steps(analysis, spot, spot.start, "")
        from flowlang.language.assist.complete_values import value_offers  # it is not needed for keys

        if item in _KEYS_OF_ITEMS and not place.level.in_braces and not spot.word and spot.dashed:
            names = value_offers(analysis, lines, spot) if item == "output" else ()
            return chain(_items(item, spot.start, ""), names)
        if item in _KEYS_OF_ITEMS and item != "output":
            return _items(item, spot.start, "")
        return value_offers(analysis, lines, spot)
    if place.kind in ITEMS and not spot.has_colon:
        return _without_dash(analysis, spot, place)
    return _keys(analysis, spot, place, around)


def _without_dash(analysis: Analysis, spot: Spot, place: Place) -> Iterator[Offer]:
    """Items of a list, in a line that has no dash yet; it may become a map as well."""
    item = ITEMS[place.kind]
    if place.kind == "handler":
        yield from _language_keys(place, spot, place.keys)
    if item == "step":
        yield from _steps(analysis, spot, spot.start + 2, "- ")
    else:
        yield from _items(item, spot.start + 2, "- ")


def _items(item: str, column: int, dash: str) -> Iterator[Offer]:
    keys = _KEYS_OF_ITEMS[item]
    first = [key for key in keys if key.required] or [key for key in keys if key.name != "do"]
    for key in first:
        snippet = key_snippet(key, column, False)
        yield Offer(key.name, Snippet(dash + snippet.text), "key", key.shape, key.doc)


def _steps(analysis: Analysis, spot: Spot, column: int, dash: str) -> Iterator[Offer]:
    """A step: the tasks first, then the other kinds."""
    for info in analysis.tasks:
        yield _task(analysis, info, column, dash)
    for kind in KINDS:
        yield Offer(kind.name, _after(dash, kind_snippet(kind.name, column)), "kind", "step", kind.doc)


def _task(analysis: Analysis, info: TaskInfo, column: int, dash: str) -> Offer:
    prefix = info.name.split("_", 1)
    base = prefix[1] if info.provider is not None and len(prefix) == 2 else snake_case(info.name) or "step"
    snippet = task_snippet(info, column, free_id(base, analysis.by_id), _connection(analysis, info))
    return Offer(info.name, _after(dash, snippet), "task", signature(info), info.description)


def _connection(analysis: Analysis, info: TaskInfo) -> str | None:
    """The connection to write down, where the task needs one and it isn't clear which."""
    if info.provider is None and not info.wants_connection:
        return None
    names = list(analysis.flow.connections)
    fitting = [name for name in names if info.provider in (None, analysis.type_of(name))]
    if not fitting:
        stored = analysis.catalog.project_connection_names()
        return next((name for name in stored if info.provider in (None, analysis.type_of(name))), None)
    return fitting[0] if len(fitting) > 1 else None


def _after(dash: str, snippet: Snippet) -> Snippet:
    return Snippet(dash + snippet.text, None if snippet.cursor is None else len(dash) + snippet.cursor)


def _keys(analysis: Analysis, spot: Spot, place: Place, around: Sequence[Place]) -> Iterator[Offer]:
    """The keys of a map that are not there yet."""
    if place.kind == "connections":
        yield from _connections(analysis, spot)
    elif place.kind == "arguments":
        yield from _arguments(analysis, spot, place)
    elif place.kind == "connection":
        yield from _config(analysis, spot, place)
        return
    elif place.kind == "step" and not place.form and not place.name:
        yield from _kinds(analysis, spot, place)
    named_outside = place.kind == "input" and place.name
    yield from _language_keys(place, spot, [key for key in place.keys if not (named_outside and key.name == "name")])
    if place.kind == "step" and place.form == "if":
        for kind in KINDS:
            if kind.name not in ("if", "exit") and not {"then", "else", "elif"} & place.level.entries.keys():
                yield _key(kind.keys[0], spot)


def _kinds(analysis: Analysis, spot: Spot, place: Place) -> Iterator[Offer]:
    """The keys that decide what a step is, in a step that has others already."""
    for kind in KINDS:
        if kind.name != "if":  # a key of every step as well
            yield _key(kind.keys[0], spot)
    for info in analysis.tasks:
        if info.provider is not None:
            insert = f"{info.name}:\n{' ' * (spot.start + 2)}" if not spot.has_colon else info.name
            yield Offer(info.name, insert, "task", signature(info), info.description)


def _language_keys(place: Place, spot: Spot, keys: Sequence[Key]) -> Iterator[Offer]:
    present = {key.attribute for key in keys if key.name in place.level.entries and not _is_here(place, key.name, spot)}
    if place.kind == "step" and place.form in KIND:
        common = {key.name for key in STEP_KEYS}
        keys = sorted(keys, key=lambda key: (not key.required, key.name in common))
    else:
        keys = sorted(keys, key=lambda key: not key.required)
    for key in keys:
        if key.attribute not in present:
            yield _key(key, spot)


def _key(key: Key, spot: Spot) -> Offer:
    detail = "required" if key.required else key.shape
    if spot.has_colon:
        return Offer(key.name, key.name, "key", detail, key.doc)
    return Offer(key.name, key_snippet(key, spot.start, spot.level.in_braces), "key", detail, key.doc)


def _is_here(place: Place, name: str, spot: Spot) -> bool:
    """Whether a key of the map is the very one that the cursor is in."""
    return spot.has_colon and place.level.entries[name].line == spot.line and name.startswith(spot.word)


def _arguments(analysis: Analysis, spot: Spot, place: Place) -> Iterator[Offer]:
    """The arguments of a task, or the inputs of a subflow."""
    present = {name for name in place.level.entries if not _is_here(place, name, spot)}
    colon = "" if spot.has_colon else ": "
    if place.form == "subflow":
        called = analysis.subflows.flow(place.name) if place.name else None
        for declared in sorted((called and called.inputs) or (), key=lambda one: not one.required):
            if declared.name not in present:
                detail = f"{declared.type or 'any'}{', required' if declared.required else ''}"
                yield Offer(declared.name, declared.name + colon, "argument", detail, declared.description or "")
        return
    info = analysis.catalog.task(place.name) if place.name else None
    for parameter in sorted(info.parameters if info else (), key=lambda one: not one.required):
        if parameter.name not in present:
            detail = f"{parameter.type or 'any'}{', required' if parameter.required else ''}"
            yield Offer(parameter.name, parameter.name + colon, "argument", detail, parameter.description)


def _connections(analysis: Analysis, spot: Spot) -> Iterator[Offer]:
    """New connections: those that the project keeps, and one of each type with what it needs."""
    if spot.has_colon or spot.level.in_braces:
        return
    for name in analysis.catalog.project_connection_names():
        if name not in analysis.flow.connections:
            detail = f"{analysis.type_of(name) or ''}, of the project"
            yield Offer(name, _indented(f"{name}:\n  use: {name}", spot.start), "connection", detail)
    for type in analysis.types:
        name = free_id(type.name, analysis.flow.connections)
        yield Offer(type.name, _indented(configuration(name, type), spot.start), "type", "connection", type.description)


def _indented(block: str, column: int) -> str:
    return block.replace("\n", "\n" + " " * column)


def _config(analysis: Analysis, spot: Spot, place: Place) -> Iterator[Offer]:
    """The configuration of a connection, as its plugin describes it."""
    entries = place.level.entries
    if "use" in entries and not _is_here(place, "use", spot):
        return
    found = analysis.catalog.connection_type(place.level.value("type")) if "type" in entries else None
    if found is None:
        yield from _language_keys(place, spot, place.keys)
        return
    colon = "" if spot.has_colon else ": "
    properties: Mapping[str, Any] = found.schema.get("properties", {})
    needed = found.schema.get("required", ())
    for name in sorted(properties, key=lambda one: one not in needed):
        if name not in entries or _is_here(place, name, spot):
            about = properties[name] if isinstance(properties[name], dict) else {}
            detail = "required" if name in needed else str(about.get("type", ""))
            yield Offer(name, name + colon, "key", detail, str(about.get("description", "")))
