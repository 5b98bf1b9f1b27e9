"""Steps that hold other steps: `if`, `switch` and `parallel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowlang.language.expressions import equal, truth
from flowlang.language.model import Value
from flowlang.runtime.frame import Frame
from flowlang.runtime.group import Group
from flowlang.runtime.plan import StepPlan
from flowlang.runtime.steps import evaluate, run_steps


class Choice:
    """Runs one of several lists of steps, and tells which; the result is `{branch}`.

    An interceptor may say which, before any condition is looked at.
    """

    __slots__ = ()

    def decided(self, frame: Frame, plan: StepPlan) -> str | None:
        """The branch that somebody wants taken."""
        run = frame.call.run
        return None if run.interception is None or plan not in run.intercepted else run.interception.branch(frame, plan)

    def inputs(self, frame: Frame) -> None:
        return None

    async def take(self, frame: Frame, plan: StepPlan, branch: str | None, steps: Sequence[StepPlan]) -> dict[str, Any]:
        events = frame.events_of(plan)
        if events is not None:
            events.of_step("branch_taken", plan, frame, branch=branch)
        await run_steps(frame.call, (frame,), steps)
        return {"branch": branch}


class IfBody(Choice):
    """`if`, `elif`, `else`."""

    __slots__ = ("branches", "otherwise")

    def __init__(
        self, branches: Sequence[tuple[str, Value, Sequence[StepPlan]]], otherwise: Sequence[StepPlan]
    ) -> None:
        self.branches = branches
        self.otherwise = otherwise

    @property
    def branch_names(self) -> list[str]:
        """The branches that can be taken; `none` where it may be that nothing is done."""
        return [*(name for name, _, _ in self.branches), "else" if self.otherwise else "none"]

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        decided = self.decided(frame, plan)
        for name, condition, steps in self.branches:
            if decided == name or (decided is None and truth(evaluate(condition, frame))):
                return await self.take(frame, plan, name, steps)
        return await self.take(frame, plan, "else" if self.otherwise else None, self.otherwise)


class SwitchBody(Choice):
    """`switch`: the first case that is equal to the value, else the default."""

    __slots__ = ("cases", "default", "subject")

    def __init__(
        self,
        subject: Value,
        cases: Sequence[tuple[str, Value, Sequence[StepPlan]]],
        default: Sequence[StepPlan] | None,
    ) -> None:
        self.subject = subject
        self.cases = cases
        self.default = default

    @property
    def branch_names(self) -> list[str]:
        """As above."""
        return [*(name for name, _, _ in self.cases), "none" if self.default is None else "default"]

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        decided = self.decided(frame, plan)
        subject = evaluate(self.subject, frame) if decided is None else None
        for name, when, steps in self.cases:
            if decided == name or (decided is None and _fits(subject, evaluate(when, frame))):
                return await self.take(frame, plan, name, steps)
        if self.default is not None:
            return await self.take(frame, plan, "default", self.default)
        return await self.take(frame, plan, None, ())


def _fits(subject: Any, expected: Any) -> bool:
    return any(equal(subject, one) for one in (expected if isinstance(expected, list) else [expected]))


class ParallelBody:
    """`parallel`: the branches at once, each as soon as what it reads is done. The result maps ids to results."""

    __slots__ = ("branches", "limit", "waits_for")

    def __init__(self, branches: Sequence[StepPlan], limit: Value | None, waits_for: list[set[int]] | None) -> None:
        self.branches = branches
        self.limit = limit
        self.waits_for = waits_for

    def inputs(self, frame: Frame) -> None:
        return None

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        limit = None if self.limit is None else count(self.limit, frame, "max_concurrency")
        await run_at_once(frame, self.branches, self.waits_for, limit)
        return {branch.id: frame.v[branch.id].result for branch in self.branches}


async def run_at_once(
    frame: Frame, plans: Sequence[StepPlan], waits_for: list[set[int]] | None, limit: int | None = None
) -> None:
    """Run steps at once, each when those that it `waits_for` (by position) are done; None: nobody waits."""
    if waits_for is None:
        group = Group(limit)
        for index, plan in enumerate(plans):
            group.start(index, run_steps(frame.call, (frame,), (plan,)))
        await group.join()
        return

    missing = [len(others) for others in waits_for]
    waiting: list[list[int]] = [[] for _ in plans]
    for index, others in enumerate(waits_for):
        for other in others:
            waiting[other].append(index)

    def start_what_waited_for(done: int) -> None:
        for index in waiting[done]:
            missing[index] -= 1
            if not missing[index]:
                group.start(index, run_steps(frame.call, (frame,), (plans[index],)))

    group = Group(limit, start_what_waited_for)
    for index, others in enumerate(waits_for):
        if not others:
            group.start(index, run_steps(frame.call, (frame,), (plans[index],)))
    await group.join()


def count(value: Value, frame: Frame, name: str) -> int:
    """A number of things of this moment. Raises ValueError unless it is a whole number from 1."""
    number = evaluate(value, frame)
    if isinstance(number, str) and number.strip().isdigit():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError(f"`{name}` must be a whole number from 1, not {number!r}")
    return number
