"""Connections that nobody declares, or that do not fit."""

from __future__ import annotations

from collections.abc import Iterator

from flowlang.errors import FlowLangError
from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.configuration import configuration
from flowlang.language.assist.edits import TextEdit
from flowlang.language.assist.entries import add_entry
from flowlang.language.assist.fixes.arguments import argument_added, step_named_at
from flowlang.language.assist.fixes.fix import Fix
from flowlang.language.diagnostics import Diagnostic
from flowlang.language.edit import add_connection
from flowlang.language.model import Step, TaskStep
from flowlang.language.nodes import Mapping
from flowlang.language.parse_fields import mended


def unknown_connection(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Declare the connection that a step names."""
    name = analysis.offsets.slice(problem.span).strip("\"'")
    step = next((one for one in analysis.steps if one.connection and one.connection.span == problem.span), None)
    yield from _connections_declared(analysis, name, _provider(analysis, step))


def missing_connection(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Name one of the connections that fit, or declare one."""
    step = step_named_at(analysis, problem.span)
    provider = _provider(analysis, step)
    if not isinstance(step, TaskStep) or not isinstance(step.node, Mapping):
        return
    fitting = [name for name in analysis.flow.connections if provider in (None, analysis.type_of(name))]
    stored = [
        name
        for name in analysis.catalog.project_connection_names()
        if name not in fitting and provider in (None, analysis.type_of(name))
    ]
    for name in (*fitting, *stored):
        entry = f"connection: {name}"
        edit = argument_added(analysis, step, entry) if step.builtin_form else None
        yield Fix(f"Use `{name}`", [edit or add_entry(analysis.offsets, step.node, entry, entry)])
    if not fitting:
        yield from _connections_declared(analysis, "db", provider)


def _connections_declared(analysis: Analysis, name: str, provider: str | None) -> Iterator[Fix]:
    for type in analysis.types:
        if provider not in (None, type.name) or not mended(name):
            continue
        try:
            changed = add_connection(analysis.text, name, configuration(name, type))
        except FlowLangError:
            return  # the text has other problems, or is written in a way that nothing can be added to
        yield Fix(f"Declare a {type.name} connection `{name}`", [_difference(analysis, changed)])


def _difference(analysis: Analysis, changed: str) -> TextEdit:
    """The one edit between two texts of which the second has lines more."""
    old = analysis.text
    size = min(len(old), len(changed))
    start = next((at for at in range(size) if old[at] != changed[at]), size)
    end = 0
    while end < size - start and old[-1 - end] == changed[-1 - end]:
        end += 1
    return TextEdit(analysis.offsets.span(start, len(old) - end), changed[start : len(changed) - end])


def _provider(analysis: Analysis, step: Step | None) -> str | None:
    info = analysis.catalog.task(step.task.text) if isinstance(step, TaskStep) else None
    return None if info is None else info.provider


def wrong_connection(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Name one that fits instead."""
    step = next((one for one in analysis.steps if one.connection and one.connection.span == problem.span), None)
    provider = _provider(analysis, step)
    for name in analysis.flow.connections:
        if provider is not None and analysis.type_of(name) == provider:
            yield Fix(f"Replace by `{name}`", [TextEdit(problem.span, name)])
