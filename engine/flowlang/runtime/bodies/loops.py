"""Steps that run others again and again: `for_each` and `while`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowlang.errors import FlowExecutionError, LoopLimitError
from flowlang.language.expressions import truth
from flowlang.language.model import Value
from flowlang.runtime.bodies.blocks import count
from flowlang.runtime.events import EventStream
from flowlang.runtime.frame import Frame, StepState
from flowlang.runtime.group import Group
from flowlang.runtime.plan import StepPlan
from flowlang.runtime.steps import evaluate, run_steps


class ForEachBody:
    """`for_each`: the body once for each item, in a scope of its own.

    The result is `{count, results}`, with `results` only where the step says what to `collect`. `template` is
    the state of the body's steps before an iteration.
    """

    __slots__ = ("collect", "concurrency", "items", "steps", "template")

    def __init__(
        self,
        items: Value,
        steps: Sequence[StepPlan],
        concurrency: Value | None,
        collect: Value | None,
        template: dict[str, StepState],
    ) -> None:
        self.items = items
        self.steps = steps
        self.concurrency = concurrency
        self.collect = collect
        self.template = template

    def inputs(self, frame: Frame) -> None:
        return None

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        items = items_of(evaluate(self.items, frame))
        limit = 1 if self.concurrency is None else count(self.concurrency, frame, "concurrency")
        results: list[Any] | None = None if self.collect is None else [None] * len(items)
        numbered = enumerate(items)
        if limit == 1 or len(items) < 2:
            await self.iterate(frame, plan, numbered, len(items), results)
        else:
            group = Group()
            for worker in range(min(limit, len(items))):
                group.start(worker, lambda: self.iterate(frame, plan, numbered, len(items), results))
            await group.join()
        return {"count": len(items)} if results is None else {"count": len(items), "results": results}

    async def iterate(
        self, frame: Frame, plan: StepPlan, numbered: Iterator[tuple[int, Any]], length: int, results: list[Any] | None
    ) -> None:
        """Run one iteration after the other until `numbered`, which others may share, is used up."""
        template, steps = self.template, self.steps
        events = None if plan.silent else frame.call.events
        iteration = frame.below(template, length)
        for index, item in numbered:
            iteration.v = template.copy()
            iteration.item = item
            iteration.index = index
            if events is not None:
                iteration.path = f"{frame.path}{plan.id}[{index}]/"
                events.iteration("iteration_started", plan, frame, index, length)
            try:
                await run_steps(iteration, steps)
                if results is not None:
                    results[index] = evaluate(self.collect, iteration)  # type: ignore[arg-type]  # results go with it
            except Exception:
                frame.v.update(iteration.v)
                raise
            if events is not None:
                events.iteration("iteration_completed", plan, frame, index, length)
            if index == length - 1:
                frame.v.update(iteration.v)


class WhileBody:
    """`while`: the body in the scope around it, as long as the condition holds. The result is `{iterations}`."""

    __slots__ = ("limit", "steps", "test")

    def __init__(self, test: Value, steps: Sequence[StepPlan], limit: Value | None) -> None:
        self.test = test
        self.steps = steps
        self.limit = limit

    def inputs(self, frame: Frame) -> None:
        return None

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        limit = 1000 if self.limit is None else count(self.limit, frame, "max_iterations")
        events: EventStream | None = None if plan.silent else frame.call.events
        iteration = frame.view()
        index = 0
        while truth(evaluate(self.test, frame)):
            if index == limit:
                raise LoopLimitError(
                    f"`{plan.id}` still had work to do after {limit} iterations, which is its `max_iterations`",
                    hint="check the condition, or raise `max_iterations`",
                )
            if events is not None:
                iteration.path = f"{frame.path}{plan.id}[{index}]/"
                events.iteration("iteration_started", plan, frame, index, None)
            await run_steps(iteration, self.steps)
            if events is not None:
                events.iteration("iteration_completed", plan, frame, index, None)
            index += 1
            if not self.steps:
                await frame.call.run.breathe()
        return {"iterations": index}


def items_of(value: Any) -> Sequence[Any]:
    """The items that a loop runs over. Raises FlowExecutionError for what has none."""
    if value is None:
        return ()
    if isinstance(value, (list, tuple, range)):
        return value
    if isinstance(value, Mapping):
        return [{"key": key, "value": item} for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return list(value)
    kind = "text" if isinstance(value, str) else f"a {type(value).__name__}"
    raise FlowExecutionError(
        f"`for_each` takes a list, a map or null, and this is {kind}",
        hint="split the text first: ${split(text, ',')}" if isinstance(value, str) else None,
    )
