"""What is wrong with a breakpoint, told as with everything else that somebody writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flowlang.debugger.breakpoints import ANY_STEP, Breakpoint, valid_hits
from flowlang.debugger.watching import names_at, translated
from flowlang.language.diagnostics import Diagnostic, Problems, Span, nearest

if TYPE_CHECKING:
    from flowlang.language.model import Flow, Step


def problems_of(point: Breakpoint, flow: Flow) -> list[Diagnostic]:
    """Every problem of a breakpoint; the places are those in the text of the condition, the log and so on."""
    problems = Problems()
    steps = {step.id: step for step in flow.walk()}
    step = steps.get(point.step_id)
    if step is None and point.step != ANY_STEP:
        problems.error(
            "unknown-step",
            f"the flow has no step `{point.step_id}`",
            _whole(point.step),
            suggestion=nearest(point.step_id, steps),
        )
    if not valid_hits(point.hits):
        text = str(point.hits)
        problems.error("invalid-value", f"`{text}` is no number of hits: write `3`, `every 3` or `>= 3`", _whole(text))
    if point.statement is not None:
        _check_statement(point.statement, problems)
    if step is None and steps:
        step = next(iter(steps.values()))
    if step is not None:
        _check_texts(point, flow, step, problems)
    return problems.in_order()


def _check_texts(point: Breakpoint, flow: Flow, step: Step, problems: Problems) -> None:
    names = names_at(flow, step)
    if point.condition:
        translated(point.condition, "condition", names, problems)
    if point.log:
        translated(point.log, "value", names, problems)


def _check_statement(text: str, problems: Problems) -> None:
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        try:
            re.compile(text[1:-1])
        except re.error as error:
            problems.error("invalid-value", f"the regular expression is not one: {error}", _whole(text))


def _whole(text: str) -> Span:
    return Span(1, 1, 1, len(text) + 1)
