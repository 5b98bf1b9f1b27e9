"""Arguments that a task or a subflow needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.edits import TextEdit
from flowlang.language.assist.entries import add_below, add_entry, end_of
from flowlang.language.assist.fixes.fix import Fix
from flowlang.language.assist.snippets import EMPTY_VALUES
from flowlang.language.catalog import Parameter
from flowlang.language.diagnostics import Diagnostic, Span
from flowlang.language.model import SubflowStep, TaskStep
from flowlang.language.nodes import Mapping, Node, Scalar

_NEEDS_NAMED: Final = re.compile(r"needs the (?:argument|input) `(\w+)`")


def missing_argument(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Add an argument, or an input of a subflow, with an empty value of its type."""
    named = _NEEDS_NAMED.search(problem.message)
    step = step_named_at(analysis, problem.span)
    if named is None or step is None:
        return
    name = named[1]
    entry = f"{name}: {EMPTY_VALUES[_type_of(analysis, step, name)]}"
    edit = argument_added(analysis, step, entry)
    if edit is not None:
        yield Fix(f"Add `{name}`", [edit])


def argument_added(analysis: Analysis, step: TaskStep | SubflowStep, entry: str) -> TextEdit | None:
    """The edit that gives a step one more argument."""
    node = step.node
    if not isinstance(node, Mapping):
        return None
    builtin = isinstance(step, TaskStep) and step.builtin_form
    key = step.key.value if builtin else "inputs"
    given = node.entries.get(key)
    if given is None:
        return add_entry(analysis.offsets, node, f"inputs:\n  {entry}", f"inputs: {{{entry}}}")
    if isinstance(given[1], Mapping) and given[1].start is not None and is_written(analysis, given[1]):
        return add_entry(analysis.offsets, given[1], entry, entry)
    return _first_below(analysis, given[0], given[1], entry)


def _first_below(analysis: Analysis, key: Scalar, value: Node, entry: str) -> TextEdit | None:
    """The first entry of a map of which only the key is there."""
    offsets = analysis.offsets
    end = end_of(offsets.text, key, value)
    return add_below(offsets, end, key.span.column + 1, entry)


def is_written(analysis: Analysis, mapping: Mapping) -> bool:
    """Whether a map has entries, or at least braces, in the text."""
    return bool(mapping.entries) or analysis.offsets.slice(mapping.span).startswith("{")


def _type_of(analysis: Analysis, step: TaskStep | SubflowStep, name: str) -> str:
    if isinstance(step, SubflowStep):
        called = analysis.subflows.flow(step.flow.text)
        declared = next((one for one in (called and called.inputs) or () if one.name == name), None)
        return (declared.type if declared else None) or "string"
    info = analysis.catalog.task(step.task.text)
    parameter: Parameter | None = info.parameter(name) if info else None
    types = (parameter.type or "string").split("|") if parameter else ["string"]
    return types[0] if types[0] in EMPTY_VALUES else "string"


def step_named_at(analysis: Analysis, span: Span) -> TaskStep | SubflowStep | None:
    """The step whose task's or flow's name stands at a span."""
    for step in analysis.steps:
        if isinstance(step, TaskStep) and step.task.span == span:
            return step
        if isinstance(step, SubflowStep) and step.flow.span == span:
            return step
    return None
