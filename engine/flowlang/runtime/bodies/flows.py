"""Steps about flows themselves: calling another one, and ending this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowlang.errors import SubflowError
from flowlang.language.model import Value
from flowlang.runtime.failure import FlowExit
from flowlang.runtime.frame import Frame
from flowlang.runtime.plan import Plan, StepPlan
from flowlang.runtime.steps import evaluate


class SubflowBody:
    """`subflow`: another flow with a scope of its own. The result is that flow's outputs."""

    __slots__ = ("arguments", "secrets", "subplan")

    def __init__(self, arguments: Value, subplan: Plan) -> None:
        self.arguments = arguments
        self.subplan = subplan
        self.secrets = [declared.name for declared in subplan.flow.inputs or () if declared.secret]

    def inputs(self, frame: Frame) -> Mapping[str, Any]:
        arguments: dict[str, Any] = evaluate(self.arguments, frame)
        for name in self.secrets:
            frame.call.run.redactor.add(arguments.get(name))
        return arguments

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        events = frame.events_of(plan)
        called = frame.call.sub(self.subplan, frame, plan)
        if events is not None:
            events.of_step("subflow_started", plan, frame, {"inputs": inputs}, subflow=self.subplan.name)
        ending = await called.run_to_end(inputs or {})
        if ending.beyond is not None:
            raise ending.beyond
        if ending.error is not None:
            if events is not None:
                error = ending.error.masked(frame.call.run.redactor)
                events.of_step("subflow_failed", plan, frame, subflow=self.subplan.name, error=error)
            inner = ending.error
            place = f"{inner['step']}: " if inner["step"] else ""
            raise SubflowError(
                f"flow `{self.subplan.name}` failed: {place}{inner['message']}", hint=inner["hint"]
            ) from inner.exception
        if events is not None:
            events.of_step(
                "subflow_completed",
                plan,
                frame,
                {"outputs": ending.outputs},
                subflow=self.subplan.name,
                terminated=ending.terminated,
            )
        return ending.outputs


class ExitBody:
    """`exit`: the end of the flow, with what it gives back."""

    __slots__ = ("failure", "outputs", "reason")

    def __init__(self, reason: Value | None, outputs: Value | None, failure: bool) -> None:
        self.reason = reason
        self.outputs = outputs
        self.failure = failure

    def inputs(self, frame: Frame) -> None:
        return None

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> None:
        reason = None if self.reason is None else evaluate(self.reason, frame)
        outputs = {} if self.outputs is None else evaluate(self.outputs, frame)
        raise FlowExit(reason, outputs, self.failure)
