"""What is told of an error: the step and the place where it happened, the statement, the line of the task itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flowlang.errors import FlowExecutionError
from flowlang.runtime.failure import ErrorInfo
from flowlang.runtime.frame import Frame
from flowlang.runtime.plan import StepPlan
from flowlang.runtime.stopping import is_fatal
from flowlang.tasks.registry import Task


class CancelledInside(FlowExecutionError):
    """Something that a task waited for was cancelled, though nobody cancelled the step itself."""


def describe(
    frame: Frame, plan: StepPlan, error: BaseException, inputs: Mapping[str, Any] | None, attempts: int
) -> ErrorInfo:
    """An error with the step and the place in the file where it happened."""
    if isinstance(error, asyncio.CancelledError):
        error = (
            FlowExecutionError("the step was cancelled")
            if is_fatal(error)
            else CancelledInside("something that the task waited for was cancelled, though nobody cancelled the step")
        )
    span = getattr(error, "span", None) or plan.step.span
    fields: dict[str, Any] = {}
    if (statement := sent_statement(error)) is not None:
        fields["statement"] = statement
    if (place := raised_at(error)) is not None:
        fields["raised_at"] = place
    task = getattr(plan.body, "task", None)
    if isinstance(error, NotImplementedError) and isinstance(task, Task):
        fields["hint"] = task.hint_to_write
    return ErrorInfo(
        error,
        step=plan.id,
        file=frame.call.plan.path,
        line=span.line,
        column=span.column,
        inputs=inputs,
        attempts=attempts,
        **fields,
    )


def remember_statement(error: BaseException, statement: str) -> None:
    """Let an exception know the last statement that was sent before it was raised."""
    with suppress(AttributeError):
        error.__flowlang_statement__ = statement  # type: ignore[attr-defined]


def sent_statement(error: BaseException) -> str | None:
    """The statement that `remember_statement` noted on the exception."""
    return getattr(error, "__flowlang_statement__", None)


def raised_at(error: BaseException) -> str | None:
    """The line of the task's own code where an exception came from, as `flow.py:42 in charge`."""
    place = None
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__", "")
        if not module.startswith(("flowlang", "asyncio")) or module.startswith("flowlang_project"):
            if place is not None and not _same_folder(place[0], code.co_filename):
                break
            place = (code.co_filename, trace.tb_lineno, code.co_name)
        trace = trace.tb_next
    return None if place is None else f"{place[0]}:{place[1]} in {place[2]}"


def _same_folder(first: str, second: str) -> bool:
    return first.rpartition("/")[0] == second.rpartition("/")[0]
