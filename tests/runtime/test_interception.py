"""Stepping in: answers, inputs, attempts and branches decided by an interceptor; limits that stand still."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from flowlang import FlowExecutor, FlowResult, TaskRegistry
from flowlang.runtime.frame import Frame
from flowlang.runtime.interception import AGAIN, Again, Answer, Intercepted, Interception, Interceptor
from flowlang.runtime.plan import Plan, StepPlan
from flowlang.runtime.run import Run
from flowlang.runtime.stopping import no_time_passes
from flowlang.values import ErrorValue

FLOW = """
flow: Orders
steps:
  - Count: {id: first, n: 1}
  - if: ${first.n > 5}
    id: large
    then: [{Count: {id: much, n: 10}}]
    else: [{Count: {id: few, n: 20}}]
  - for_each: [1, 2, 3]
    id: each
    as: number
    do: [{Count: {id: inner, n: '${number}'}}]
    collect: ${inner.n}
  - Count: {id: last, n: '${first.n + 1}'}
outputs: {last: '${last.n}', each: '${each.results}'}
"""


class Everywhere(Interceptor):
    """Asked about every step; what tests need of it they override."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        self.interception = interception
        interception.concern(self, plan.every_step)

    async def before(self, execution: Intercepted) -> Answer | None:
        self.asked.append(execution.frame.path + execution.plan.id)
        return None


class Counting:
    """A registry with a task that counts how often it ran."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.registry = TaskRegistry()

        @self.registry.register("Count")
        async def count(n: int) -> dict[str, int]:
            self.calls.append(n)
            return {"n": n}

        @self.registry.register("Slow")
        async def slow() -> None:
            await asyncio.sleep(0.01)

    async def run(
        self, flow: str, *interceptors: Interceptor, events: list[Mapping[str, Any]] | None = None
    ) -> FlowResult:
        listen = None if events is None else lambda event: events.append(dict(event))
        return await FlowExecutor(self.registry).execute_flow(flow, event_callback=listen, interceptors=interceptors)


@pytest.mark.parametrize("heard", [False, True])
async def test_every_step_is_asked_about_in_order_and_the_run_is_as_ever(heard: bool) -> None:
    watcher, counting = Everywhere(), Counting()
    result = await counting.run(FLOW, watcher, events=[] if heard else None)
    assert result.to_dict()["outputs"] == {"last": 2, "each": [1, 2, 3]}
    inner = [f"each[{index}]/inner" for index in range(3)]
    assert watcher.asked == ["first", "large", "few", "each", *inner, "last"]


async def test_an_answer_stands_for_the_step() -> None:
    class Answering(Everywhere):
        async def before(self, execution: Intercepted) -> Answer | None:
            if execution.plan.id == "first":
                return Answer("pin", {"n": 7}, inputs={"n": "?"})
            return None

    counting = Counting()
    events: list[Mapping[str, Any]] = []
    result = await counting.run(FLOW, Answering(), events=events)
    assert result["last"] == 8
    assert counting.calls == [10, 1, 2, 3, 8]
    told = [event for event in events if event.get("step_id") == "first"]
    assert [(event["type"], event["answered_by"], event["outputs"]) for event in told] == [
        ("step_completed", "pin", {"n": 7})
    ]


async def test_a_failure_that_is_answered_with_is_handled_as_a_real_one() -> None:
    class Failing(Everywhere):
        async def before(self, execution: Intercepted) -> Answer | None:
            if execution.plan.id != "risky":
                return None
            error = ErrorValue(type="OSError", message="no way", attempts=2)
            return Answer("journal", status="failed", error=error, attempts=2)

    flow = """
    flow: Risky
    steps:
      - Count: {id: risky, n: 1, on_error: [{Count: {id: mend, n: 5}}]}
    outputs: {why: '${risky.error.message}', attempts: '${risky.attempts}', mended: '${mend.n}'}
    """
    counting = Counting()
    result = await counting.run(flow, Failing())
    assert result.outputs == {"why": "no way", "attempts": 2, "mended": 5}
    assert counting.calls == [5]


async def test_inputs_may_be_replaced_and_an_attempt_repeated() -> None:
    class Changing(Everywhere):
        repeats = 2

        async def bound(self, execution: Intercepted) -> None:
            if execution.plan.id == "first":
                execution.inputs = {"n": 3 + self.repeats}

        async def succeeded(self, execution: Intercepted, result: Any) -> Any | Again:
            if execution.plan.id == "first" and self.repeats:
                self.repeats -= 1
                return AGAIN
            return result

    counting = Counting()
    result = await counting.run(FLOW, Changing())
    assert counting.calls[:3] == [5, 4, 3]
    assert result["last"] == 4


async def test_a_failure_may_be_answered_repeated_or_left_alone() -> None:
    flow = "flow: F\nsteps: [{Count: {id: a, n: '${1 / 0}'}}]\noutputs: {a: '${a.n}'}"

    class Mending(Everywhere):
        def __init__(self, verdicts: list[Answer | Again | None]) -> None:
            super().__init__()
            self.verdicts = verdicts

        async def failed(self, execution: Intercepted, error: BaseException) -> Answer | Again | None:
            return self.verdicts.pop(0)

    answered = await Counting().run(flow, Mending([AGAIN, Answer("debugger", {"n": 1})]))
    assert answered.outputs == {"a": 1}
    left = await Counting().run(flow, Mending([AGAIN, None]))
    assert left.error_type == "ExpressionError"


async def test_a_branch_may_be_decided() -> None:
    class Deciding(Everywhere):
        def branch(self, frame: Frame, plan: StepPlan) -> str | None:
            return "then"

    counting = Counting()
    await counting.run(FLOW, Deciding())
    assert counting.calls[1] == 10


async def test_a_loop_under_way_sees_whom_it_concerns_from_now_on() -> None:
    class Late(Everywhere):
        def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
            self.interception, self.plan = interception, plan

        def hear(self, event: Any) -> None:
            if event["type"] == "iteration_started" and event["index"] == 1:
                self.interception.concern(self, self.plan.every_step)
            if event["type"] == "iteration_started" and event["index"] == 2:
                self.interception.concern(self, ())

    late, counting = Late(), Counting()
    await FlowExecutor(counting.registry).execute_flow(FLOW, event_callback=late.hear, interceptors=[late])
    assert late.asked == ["each[1]/inner"]


async def test_limits_stand_still_while_somebody_thinks() -> None:
    class Thinking(Everywhere):
        async def before(self, execution: Intercepted) -> Answer | None:
            if execution.plan.id == "slow":
                with no_time_passes():
                    await asyncio.sleep(0.3)
            return None

    flow = """
    flow: Slow
    timeout: 0.2
    steps:
      - parallel: [{task: Slow, id: slow}]
        timeout: 0.15
    """
    assert (await Counting().run(flow, Thinking())).success


async def test_silent_steps_are_asked_about_too() -> None:
    watcher = Everywhere()
    flow = "flow: F\nsilent: true\nsteps: [{Count: {id: a, n: 1}}, {Count: {id: b, n: 2}}]"
    await Counting().run(flow, watcher, events=[])
    assert watcher.asked == ["a", "b"]
