"""One run of a flow under test: with its mocks, on a clock that jumps, and with everything that it told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from flowlang.errors import FlowLangError
from flowlang.language.diagnostics import did_you_mean
from flowlang.runtime.events import Event
from flowlang.runtime.executor import FlowExecutor
from flowlang.runtime.interception import Interceptor
from flowlang.runtime.plan import Plan, StepPlan
from flowlang.runtime.result import FlowResult
from flowlang.testing.clock import VirtualLoop, run_virtually
from flowlang.testing.mocks import Call, Mock, Mocks, names_of


class MockError(FlowLangError):
    """A mock stands for nothing that the flow calls."""


class TestRun:
    """What a run did: its `result`, every event, and the calls, steps and statements in them.

    `seconds` is how long the run took on its own clock, the waits included that cost nothing.
    """

    __test__ = False  # its name is no reason for pytest to collect it

    def __init__(self, result: FlowResult, events: list[Event], seconds: float, plan: Plan) -> None:
        self.result = result
        self.events = events
        self.seconds = seconds
        self.plan = plan

    @property
    def outputs(self) -> dict[str, Any]:
        """What the flow gave."""
        return self.result.outputs

    @property
    def calls(self) -> list[Call]:
        """The calls of tasks and subflows in the order in which they began; a retried one counts once."""
        return [
            Call(
                event["task"] or _subflow_of(event, self.plan) or event["step_id"], event["path"], event["inputs"] or {}
            )
            for event in self.events
            if event["type"] == "step_started" and (event["task"] or event["kind"] == "subflow")
        ]

    def calls_of(self, name: str) -> list[Call]:
        """The calls of a task or subflow, by its name or by the id of the step."""
        return [call for call in self.calls if name in (call.name, call.path.rpartition("/")[2])]

    @property
    def order(self) -> list[str]:
        """The paths of the steps in the order in which they began."""
        return [event["path"] for event in self.events if event["type"] == "step_started"]

    @property
    def steps(self) -> dict[str, str]:
        """How each step ended, by its path: `succeeded`, `failed`, `cancelled`, `skipped` or `terminated`."""
        endings: dict[str, str] = {}
        for event in self.events:
            if event["type"] in ("step_completed", "step_failed"):
                endings[event["path"]] = event["status"]
            elif event["type"] == "step_skipped":
                endings[event["path"]] = "skipped"
        return endings

    @property
    def statements(self) -> list[str]:
        """The statements that were sent to databases."""
        return [event["text"] for event in self.events if event["type"] == "statement"]

    @property
    def logs(self) -> list[str]:
        """What tasks logged."""
        return [event["message"] for event in self.events if event["type"] == "log"]


def run_flow(
    executor: FlowExecutor,
    flow: Path,
    inputs: Mapping[str, Any],
    mocks: Iterable[Mock] = (),
    others: Sequence[Interceptor] = (),
) -> TestRun:
    """Run a flow to its end on a loop of its own, with mocks and, behind them, `others` that step in.

    Raises FlowValidationError for a flow that cannot run, and MockError for a mock that stands for nothing in it.
    """
    mocks = list(mocks)
    plan = executor.prepare(flow)
    check_mocks(plan, mocks)

    async def work() -> TestRun:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop), "tests run on a clock that jumps"
        events: list[Event] = []
        interceptors = [*([Mocks(mocks)] if mocks else []), *others]
        threads = _Threads(loop, plan, interceptors)

        def listen(event: Event) -> None:
            events.append(event)
            threads.hear(event)

        began = loop.time()
        with loop.real() if _connects(plan, interceptors) else nullcontext():
            try:
                result = await executor.execute_flow(flow, inputs, listen, interceptors=interceptors)
            finally:
                await executor.close()
        return TestRun(result, events, loop.time() - began, plan)

    return run_virtually(work())


def check_mocks(plan: Plan, mocks: Iterable[Mock]) -> None:
    """Raise MockError for the first mock that stands for nothing."""
    known = {name for one in plan.with_subplans() for step in one.every_step for name in names_of(step)}
    for mock in mocks:
        if mock.name not in known:
            raise MockError(
                f"flow `{plan.name}` has no step, task or subflow called `{mock.name}`{did_you_mean(mock.name, known)}"
            )


class _Threads:
    """Keeps the clock from jumping while a plain function works in its thread."""

    def __init__(self, loop: VirtualLoop, plan: Plan, interceptors: Sequence[Interceptor]) -> None:
        self._loop = loop
        self._lines = {
            (one.name, step.line)
            for one, step in _real_tasks(plan, interceptors)
            if not getattr(getattr(step.body, "task", None), "is_async", True)
        }
        self._under_way: dict[str, AbstractContextManager[None]] = {}

    def hear(self, event: Event) -> None:
        """Take note of a step that begins or ends."""
        if event["type"] == "step_started" and (event["flow"], event["line"]) in self._lines:
            entered = self._under_way[event["path"]] = self._loop.real()
            entered.__enter__()
        elif event["type"] in ("step_completed", "step_failed") and event["path"] in self._under_way:
            self._under_way.pop(event["path"]).__exit__(None, None, None)


def _connects(plan: Plan, interceptors: Sequence[Interceptor]) -> bool:
    """Whether any step works on a real connection: how long that takes, no clock of ours can tell."""
    return any(getattr(step.body, "connection", None) is not None for _, step in _real_tasks(plan, interceptors))


def _real_tasks(plan: Plan, interceptors: Sequence[Interceptor]) -> Iterator[tuple[Plan, StepPlan]]:
    for one in plan.with_subplans():
        for step in one.every_step:
            if step.task is not None and not any(one.stands_for(step) for one in interceptors):
                yield one, step


def _subflow_of(event: Event, plan: Plan) -> str | None:
    for one in plan.with_subplans():
        for step in one.every_step:
            if one.name == event["flow"] and step.id == event["step_id"] and step.kind == "subflow":
                return str(names_of(step)[-1])
    return None
