"""Tests made from recorded runs: the same inputs, mocks that give what connections gave, and the same outputs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowlang.debugger.pin_values import ValueRefused, written
from flowlang.errors import FlowLangError

if TYPE_CHECKING:
    from flowlang.journal import RecordedRun, RecordedStep
    from flowlang.runtime.plan import Plan


class NotATest(FlowLangError):
    """A run cannot be made into a test."""


def written_test(run: RecordedRun, plan: Plan, folder: Path, *, mock_all: bool = False) -> str:
    """The text of a test file in `folder` that does what a run did.

    Steps on connections are mocked, with `mock_all` every task. Raises NotATest when a value that is needed is a
    secret, was too large to be kept, or has no form in a file.
    """
    asking = {
        (one.name, step.id)
        for one in plan.with_subplans()
        for step in one.every_step
        if step.task is not None and (mock_all or getattr(step.body, "connection", None) is not None)
    }
    mocks = _mocks([step for step in run.steps() if (step.flow, step.step_id) in asking])
    if run.masked_inputs:
        raise NotATest(f"the input {', '.join(run.masked_inputs)} was a secret, which the journal doesn't keep")
    summary = run.summary
    expect: dict[str, Any] = {"status": summary.status}
    if summary.status in ("succeeded", "terminated"):
        expect["outputs"] = run.outputs
    elif run.error is not None:
        expect["error"] = {"type": run.error["type"], "message": run.error["message"], "step": run.error["step"]}
    case = {"name": f"as in run {summary.run_id}", "inputs": dict(run.inputs), "mocks": mocks, "expect": expect}
    try:
        text = written({key: value for key, value in case.items() if value})
    except ValueRefused as error:
        raise NotATest(f"the run cannot be made into a test: a value in it {error}", hint=error.hint) from error
    assert plan.path is not None, "a recorded run that is found again is one of a file"
    flow = os.path.relpath(plan.path, folder)
    indented = "".join(f"    {line}" if line.strip() else line for line in text.splitlines(keepends=True))
    return f"flow: {flow}\ntests:\n  - {indented.lstrip()}"


def _mocks(steps: Iterable[RecordedStep]) -> Mapping[str, Any]:
    replies: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        if step.status not in ("succeeded", "failed"):
            continue
        for retry in step.retries:
            replies.setdefault(step.step_id, []).append({"raises": _raised(retry)})
        if step.status == "failed" and step.error is not None:
            error = {"type": step.error["type"], "message": step.error["message"]}
            replies.setdefault(step.step_id, []).append({"raises": error})
        elif step.restorable:
            replies.setdefault(step.step_id, []).append({"returns": step.outputs})
        else:
            raise NotATest(f"what step `{step.path}` gave was not kept: {step.why_not}")
    return {name: several[0] if len(several) == 1 else {"sequence": several} for name, several in replies.items()}


def _raised(retry: Mapping[str, Any]) -> dict[str, Any]:
    error = retry["error"]
    return {"type": error["type"], "message": error["message"]}
