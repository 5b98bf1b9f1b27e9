"""From a name to where it is defined, and to everywhere that it is used."""

from __future__ import annotations

from pathlib import Path

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.edits import Location
from flowlang.language.assist.occurrences import Occurrence, occurrences
from flowlang.language.assist.subject import Subject, subject_at
from flowlang.language.diagnostics import Span

_START = Span(1, 1, 1, 1)


def definition(analysis: Analysis, text: str, line: int, column: int) -> Location | None:
    """Where the name at a place is defined; None if it has no definition, or nothing is named there."""
    subject = subject_at(analysis, text, line, column)
    if subject is None:
        return None
    if subject.kind == "task":
        return task_location(analysis, subject.name)
    if subject.kind == "subflow":
        return _flow(analysis, subject.name)
    if subject.kind == "argument":
        return _argument(analysis, subject)
    if subject.kind == "field" and subject.path[0] in analysis.by_id:
        return _step(analysis, subject.path[0])
    if subject.kind == "step":
        return _step(analysis, subject.name)
    found = [one for one in occurrences(analysis) if one.defines and _is_same(one, subject, analysis, text)]
    return Location(None, found[0].span) if found else None


def references(analysis: Analysis, text: str, line: int, column: int) -> list[Span]:
    """Everywhere that the name at a place stands, its definition included; places are those of the analysed text."""
    subject = subject_at(analysis, text, line, column)
    return [] if subject is None else [one.span for one in uses(analysis, text, subject)]


def uses(analysis: Analysis, text: str, subject: Subject) -> list[Occurrence]:
    """The occurrences of what is named."""
    return [one for one in occurrences(analysis) if _is_same(one, subject, analysis, text)]


def task_location(analysis: Analysis, name: str) -> Location | None:
    """Where the function of a task is written."""
    info = analysis.catalog.task(name)
    if info is None or info.source is None:
        return None
    path, _, line = info.source.rpartition(":")
    number = int(line)
    return Location(path, Span(number, 1, number, 1))


def _is_same(one: Occurrence, subject: Subject, analysis: Analysis, text: str) -> bool:
    if one.kind != subject.kind or one.name != subject.name:
        return False
    if one.kind != "variable":
        return True
    variable = next((each for each in subject.variables if each.name == subject.name), None)
    if variable is None:
        return False
    return one.loop == analysis.line_of(text.split("\n"), variable.line) + 1


def _step(analysis: Analysis, id: str) -> Location | None:
    step = analysis.by_id.get(id)
    return None if step is None else Location(None, step.id_span if step.id_given else step.key.span)


def _flow(analysis: Analysis, name: str) -> Location | None:
    path = analysis.subflows.path(name)
    called = analysis.subflows.flow(name)
    if path is None or called is None:
        return None
    return Location(str(Path(path)), called.name_span if called.name_span.line else _START)


def _argument(analysis: Analysis, subject: Subject) -> Location | None:
    place = subject.place
    if place.form != "subflow":
        return task_location(analysis, place.name)
    called = analysis.subflows.flow(place.name)
    declared = next((one for one in (called and called.inputs) or () if one.name == subject.name), None)
    return None if declared is None else Location(str(analysis.subflows.path(place.name)), declared.span)
