"""What a flow consists of, as a list to jump with; and the step that a line belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flowlang.language.assist.analysis import Analysis
from flowlang.language.model import ExitStep, ForEachStep, IfStep, Step, SubflowStep, SwitchStep, TaskStep, WhileStep
from flowlang.language.nodes import Scalar


class OutlineItem(NamedTuple):
    """One entry. `kind` is `flow`, `input`, `connection`, `output`, `block`, or the kind of a step."""

    label: str
    detail: str
    kind: str
    line: int
    depth: int


def outline(analysis: Analysis) -> list[OutlineItem]:
    """Everything in the flow that has a name, in the order of the text."""
    return sorted(_items(analysis), key=lambda item: item.line)


def step_at(analysis: Analysis, line: int) -> Step | None:
    """The innermost step that a line (from 1) of the analysed text belongs to, or None."""
    around = ((first, step) for first, last, step in analysis.extents if first <= line <= last)
    found = max(around, key=lambda one: one[0], default=None)
    return None if found is None else found[1]


def _items(analysis: Analysis) -> Iterator[OutlineItem]:
    flow = analysis.flow
    if flow.name_span.line:
        yield OutlineItem(flow.name, flow.description or "", "flow", flow.name_span.line, 0)
    for declared in flow.inputs or ():
        yield OutlineItem(declared.name, declared.type or "", "input", declared.span.line, 1)
    for connection in flow.connections.values():
        yield OutlineItem(
            connection.name, analysis.type_of(connection.name) or "", "connection", connection.span.line, 1
        )
    for _, steps in flow.blocks():
        yield from _steps(steps, 1)
    for output in flow.outputs:
        yield OutlineItem(output.name, "", "output", output.span.line, 1)


def _steps(steps: list[Step], depth: int) -> Iterator[OutlineItem]:
    for step in steps:
        yield OutlineItem(step.id, _detail(step), step.kind, step.line, depth)
        for _, block in step.blocks():
            yield from _steps(block, depth + 1)


def _detail(step: Step) -> str:
    """What the step is about, as it is written."""
    if isinstance(step, TaskStep):
        return step.task.text
    if isinstance(step, SubflowStep):
        return step.flow.text
    if isinstance(step, ExitStep):
        return step.status
    value = None
    if isinstance(step, (IfStep, WhileStep)):
        value = step.test
    elif isinstance(step, SwitchStep):
        value = step.subject
    elif isinstance(step, ForEachStep):
        value = step.items
    text = value.node.value if value is not None and isinstance(value.node, Scalar) else ""
    return " ".join(str(text).split())[:80]
