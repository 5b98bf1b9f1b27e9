"""The names that an expression can read at a place of a text, in the order in which somebody would look for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flowlang.language.assist.analysis import Analysis, in_order
from flowlang.language.assist.places import Place
from flowlang.language.assist.spot import Spot
from flowlang.language.model import Flow, ForEachStep, IfStep, ParallelStep, Step, SwitchStep, WhileStep
from flowlang.language.order import within


class Variable(NamedTuple):
    """A loop variable, with what the loop goes through as it is written, and the line of the loop, from 0."""

    name: str
    items: str
    line: int


def loop_variables(spot: Spot, found: Sequence[Place]) -> list[Variable]:
    """The variables of the `for_each` loops around a place, the innermost first."""
    ways = [*(place.level.way for place in found[1:]), spot.way]
    variables = []
    for place, way in zip(found, ways, strict=True):
        if place.kind == "step" and "for_each" in place.level.entries and way and way[0] in ("do", "collect"):
            level = place.level
            variables.append(Variable(level.value("as") or "item", level.value("for_each"), level.line))
    return variables[::-1]


def visible_steps(analysis: Analysis, lines: Sequence[str], spot: Spot, found: Sequence[Place]) -> list[Step]:
    """The steps whose results can be there when the place is evaluated, the nearest first."""
    section = _section(spot, found)
    sections = analysis.sections
    main = [step for _, step in sections.get("steps", ())]
    if section == "outputs":
        return main[::-1]
    if section not in sections:
        return main[::-1] if section in ("on_error", "on_cancel", "finally") else []
    around = _around(analysis, lines, spot, found)
    here = analysis.line_of(lines, around[-1][1] if around else spot.line)
    ancestors = [step for step, _ in around if step is not None]
    inside = set(map(id, ancestors))
    passed_by = inside | {id(step) for step in _in_other_branches(ancestors, here)}
    before = [step for line, step in sections[section] if line < here and id(step) not in passed_by]
    wider = [step for step in _at_any_time(analysis.flow, section, ancestors, spot) if id(step) not in inside]
    if section != "steps":
        wider += main[::-1]
    handled = [step for step, key in _handled(around, found, spot) if key == "on_error" and step is not None]
    if not wider:
        return [*reversed(handled), *reversed(before)]
    ordered = {id(step): step for step in (*reversed(handled), *reversed(before), *wider)}
    return list(ordered.values())


def _section(spot: Spot, found: Sequence[Place]) -> str:
    way = found[1].level.way if len(found) > 1 else spot.way
    return (way[0] or "") if way else ""


def _around(
    analysis: Analysis, lines: Sequence[str], spot: Spot, found: Sequence[Place]
) -> list[tuple[Step | None, int]]:
    """The steps that the place is in, the outermost first, with their lines; None for one that could not be read."""
    where = [place.level.line for place in found if place.kind == "step"]
    if spot.role == "item" and spot.dashed and (not where or where[-1] != spot.line):
        return [*((analysis.by_line.get(analysis.line_of(lines, line)), line) for line in where), (None, spot.line)]
    return [(analysis.by_line.get(analysis.line_of(lines, line)), line) for line in where]


def _handled(
    around: list[tuple[Step | None, int]], found: Sequence[Place], spot: Spot
) -> Iterator[tuple[Step | None, str]]:
    """The steps around with the key through which each is left on the way to the place."""
    ways = [*(place.level.way for place in found[1:]), spot.way]
    left = [way for place, way in zip(found, ways, strict=True) if place.kind == "step"]
    for (step, _), way in zip(around, left, strict=False):
        yield step, (way[0] or "") if way else ""


def _in_other_branches(ancestors: list[Step], here: int) -> Iterator[Step]:
    """The steps in branches that don't run when the place is reached."""
    for step in ancestors:
        if not isinstance(step, (IfStep, SwitchStep)):
            continue
        blocks = [(key, steps) for key, steps in step.blocks() if steps]
        own = [block for block in blocks if block[1][0].line - 1 <= here]
        if not own or max(own, key=lambda block: block[1][0].line)[0] == "on_error":
            continue
        mine = max(own, key=lambda block: block[1][0].line)[1]
        for _, steps in blocks:
            if steps is not mine:
                yield from in_order(steps)


def _at_any_time(flow: Flow, section: str, ancestors: list[Step], spot: Spot) -> Iterator[Step]:
    """Steps that can be done before the place although they stand below it."""
    inside = set(map(id, ancestors))
    if section == "steps" and flow.mode == "dag":
        yield from _beside(flow.steps, inside)
    for step in ancestors:
        if isinstance(step, ParallelStep):
            yield from _beside(step.branches, inside)
        elif isinstance(step, WhileStep):
            yield from in_order(step.body)
    last = ancestors[-1] if ancestors else None
    if isinstance(last, ForEachStep) and spot.way[:1] == ("collect",):
        yield from in_order(last.body)


def _beside(branches: Sequence[Step], inside: set[int]) -> Iterator[Step]:
    for branch in branches:
        if id(branch) not in inside and not any(id(step) in inside for step in within(branch)):
            yield from in_order([branch])
