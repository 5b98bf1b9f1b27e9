"""Names of tasks, flows and steps that nothing has, or two things have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flowlang.language.assist.analysis import Analysis
from flowlang.language.assist.edits import TextEdit
from flowlang.language.assist.fixes.fix import Fix
from flowlang.language.assist.fixes.keys import needless_key
from flowlang.language.assist.snippets import free_id
from flowlang.language.diagnostics import Diagnostic, Span
from flowlang.language.model import Step, TaskStep
from flowlang.language.nodes import Mapping, Node, Scalar, Sequence


def unknown_task(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Write the task."""
    name = analysis.offsets.slice(problem.span).strip("\"'")
    if name:
        yield Fix(f"Create the task `{name}`", [], ("create-task", name))


def stub_task(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Go to the task that is still to be written."""
    name = analysis.offsets.slice(problem.span).strip("\"'")
    yield Fix(f"Open the task `{name}`", [], ("open-task", name))


def unknown_subflow(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Create the flow."""
    name = analysis.offsets.slice(problem.span).strip("\"'")
    if name and not re.search(r"[/\\\0]|^\.", name):
        yield Fix(f"Create the flow `{name}`", [], ("create-flow", name))


def unknown_step(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Take the id out of `depends_on`."""
    for step in analysis.steps:
        node = step.node
        entry = _inside(step).get("depends_on") if isinstance(node, Mapping) else None
        if entry is None or all(name.span != problem.span for name in step.depends_on):
            continue
        name = analysis.offsets.slice(problem.span)
        if isinstance(entry[1], Sequence) and len(entry[1].items) > 1:
            yield Fix(f"Remove `{name}`", [_item_removed(analysis, entry[1], problem.span)])
        else:
            yield from needless_key(analysis, problem._replace(span=entry[0].span))
        return


def _inside(step: Step) -> dict[str, tuple[Scalar, Node]]:
    """The entries of a step; of the built-in form also those among its arguments."""
    assert isinstance(step.node, Mapping)
    entries = dict(step.node.entries)
    inner = step.node.get(step.key.value) if isinstance(step, TaskStep) and step.builtin_form else None
    return {**(inner.entries if isinstance(inner, Mapping) else {}), **entries}


def _item_removed(analysis: Analysis, items: Sequence, span: Span) -> TextEdit:
    offsets = analysis.offsets
    index = next(at for at, item in enumerate(items.items) if item.span == span)
    if not offsets.slice(items.span).startswith("["):
        return TextEdit(Span(span.line, 1, span.line + 1, 1), "")
    if index:
        before = items.items[index - 1].span
        return TextEdit(Span(before.end_line, before.end_column, span.end_line, span.end_column), "")
    after = items.items[1].span
    return TextEdit(Span(span.line, span.column, after.line, after.column), "")


def duplicate_id(analysis: Analysis, problem: Diagnostic) -> Iterator[Fix]:
    """Give the second step an id of its own."""
    id = analysis.offsets.slice(problem.span).strip("\"'")
    free = free_id(id, analysis.by_id)
    yield Fix(f"Rename to `{free}`", [TextEdit(problem.span, free)])
