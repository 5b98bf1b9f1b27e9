"""Expressions on what a run has recorded, for the inspector's prompt: evaluated by the engine's own evaluator."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flowlang.language.expressions import evaluate
from flowlang.language.model import Flow
from flowlang.language.names import Names
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.snapshots import snapshot
from flowlang_tui.session.step_records import StepCall, StepRecord

_PENDING = SimpleNamespace(result=None, status="pending", error=None, attempts=0, duration_ms=0.0)


def evaluate_in(record: RunRecord, flow: Flow, text: str, call: StepCall | None = None) -> Any:
    """The value of an expression as the run's values were, secrets masked as they came in its events.

    Of steps in a loop the values are those of the iteration that `call` belongs to, else those of the latest. The
    environment is not recorded. Raises ExpressionError.
    """
    names = Names(flow)
    names.steps.update({step.id: step for step in flow.walk()})
    prefix = "" if call is None else call.path.rpartition("/")[0]
    states = dict.fromkeys(names.steps, _PENDING)
    for step in snapshot(record.steps.values()):
        if step.flow == record.flow:
            found = _call(step, prefix)
            if found is not None:
                states[step.step_id] = _state(found)
    context = {"run_id": record.run_id, "flow": record.flow, "last_error": record.error, "attempt": 1}
    inputs = {one.name: one.default for one in flow.inputs or () if one.has_default} | dict(record.inputs or {})
    frame = SimpleNamespace(v=states, up=None, item=None, loop=None, inputs=inputs, env={}, context=context)
    return evaluate(text, names, frame)


def _call(step: StepRecord, prefix: str) -> StepCall | None:
    """The step's call in the iteration with this path; outside of it, the latest."""
    return next((call for call in snapshot(step.calls) if call.path.rpartition("/")[0] == prefix), step.last)


def _state(call: StepCall) -> SimpleNamespace:
    return SimpleNamespace(
        result=call.outputs,
        status=call.status,
        error=call.error,
        attempts=call.attempts,
        duration_ms=call.duration_ms,
    )
