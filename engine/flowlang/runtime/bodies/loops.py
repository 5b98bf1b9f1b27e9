"""Steps that run others again and again: `for_each` and `while`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any

from flowlang.errors import FlowExecutionError, LoopLimitError
from flowlang.language.expressions import truth
from flowlang.language.model import Value
from flowlang.runtime.bodies.blocks import count
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
        run = frame.call.run
        if run.interception is not None and plan in run.intercepted:
            run.interception.items(frame, plan, len(items))
        limit = 1 if self.concurrency is None else count(self.concurrency, frame, "concurrency")
        results: list[Any] | None = None if self.collect is None else [None] * len(items)
        numbered = enumerate(items)
        workers = min(limit, len(items))
        if workers < 2:
            await self.iterate(frame, plan, numbered, len(items), results)
        else:
            group = Group()
            for worker in range(workers):
                group.start(worker, self.iterate(frame, plan, numbered, len(items), results))
            await group.join()
        return {"count": len(items)} if results is None else {"count": len(items), "results": results}

    async def iterate(
        self,
        frame: Frame,
        plan: StepPlan,
        numbered: Iterator[tuple[int, Any]],
        length: int,
        results: list[Any] | None,
    ) -> None:
        """Run one iteration after the other until `numbered`, which others may share, is used up."""
        iteration = frame.below(self.template, length)
        try:
            await run_steps(frame.call, self.frames(iteration, plan, numbered, results), self.steps)
        # handlers read the steps of the iteration that failed, whatever ended it
        except Exception:
            frame.v.update(iteration.v)
            raise

    def frames(
        self, iteration: Frame, plan: StepPlan, numbered: Iterator[tuple[int, Any]], results: list[Any] | None
    ) -> Iterator[Frame]:
        """The same frame for each iteration, with its item and the body's steps not run yet."""
        template, length, path = self.template, iteration.length, f"{iteration.path}{plan.id}["
        events = iteration.events_of(plan)
        known = known_iterations(iteration, plan)
        if events is not None:
            started = events.iteration_template("iteration_started", plan, iteration, length)
            completed = events.iteration_template("iteration_completed", plan, iteration, length)
            now = perf_counter()
        for index, item in numbered:
            iteration.v = template.copy()
            iteration.item = item
            iteration.index = index
            if events is not None:
                iteration.path = f"{path}{index}]/"
            skipped = known is not None and known(iteration, plan)
            if not skipped:
                if events is not None:
                    events.iteration(started, index, now)
                yield iteration
            if results is not None:
                results[index] = evaluate(self.collect, iteration)  # type: ignore[arg-type]  # results go with it
            if events is not None and not skipped:
                now = perf_counter()
                events.iteration(completed, index, now)
            if index == length - 1:
                iteration.up.v.update(iteration.v)  # type: ignore[union-attr]  # the frame of the loop


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
        rounds = Rounds(self, frame, plan, limit)
        if self.steps:
            await run_steps(frame.call, rounds.frames(), self.steps)
        else:
            for _ in rounds.frames():
                await frame.call.run.breathe()
        return {"iterations": rounds.index}


class Rounds:
    """The iterations of one `while` step."""

    __slots__ = ("_body", "_frame", "_limit", "_plan", "index")

    def __init__(self, body: WhileBody, frame: Frame, plan: StepPlan, limit: int) -> None:
        self._body = body
        self._frame = frame
        self._plan = plan
        self._limit = limit
        self.index = 0

    def frames(self) -> Iterator[Frame]:
        """The loop's own scope, once for each iteration."""
        plan, path = self._plan, f"{self._frame.path}{self._plan.id}["
        events = self._frame.events_of(plan)
        iteration = self._frame.view()
        known = known_iterations(iteration, plan)
        if events is not None:
            started = events.iteration_template("iteration_started", plan, iteration, None)
            completed = events.iteration_template("iteration_completed", plan, iteration, None)
        while self._goes_on(iteration):
            index = self.index
            if index == self._limit:
                raise LoopLimitError(
                    f"`{plan.id}` still had work to do after {index} iterations, which is its `max_iterations`",
                    hint="check the condition, or raise `max_iterations`",
                )
            if events is not None:
                iteration.path = f"{path}{index}]/"
            if known is None or not known(iteration, plan):
                if events is not None:
                    events.iteration(started, index, perf_counter())
                yield iteration
                if events is not None:
                    events.iteration(completed, index, perf_counter())
            self.index += 1

    def _goes_on(self, iteration: Frame) -> bool:
        """Whether there is another iteration: somebody may know it, else the condition tells."""
        run = iteration.call.run
        interception = run.interception if self._plan in run.intercepted else None
        known = None if interception is None else interception.goes_on(self._frame, self._plan, self.index)
        return truth(evaluate(self._body.test, iteration)) if known is None else known


def known_iterations(frame: Frame, plan: StepPlan) -> Callable[[Frame, StepPlan], bool] | None:
    """Who tells of an iteration whether it need not run; None where nobody is asked."""
    run = frame.call.run
    if run.interception is None or plan not in run.intercepted or not run.interception.at["iteration"]:
        return None
    return run.interception.iteration


def items_of(value: Any) -> Sequence[Any]:
    """The items that a loop runs over. Raises FlowExecutionError for what has none."""
    if value is None:
        return ()
    if isinstance(value, (list, tuple, range)):
        return value
    if isinstance(value, Mapping):
        return [{"key": key, "value": item} for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        # the order of a set is another one in each process, and a run may be resumed in another
        return sorted(value, key=lambda item: (type(item).__name__, repr(item)))
    kind = "text" if isinstance(value, str) else f"a {type(value).__name__}"
    raise FlowExecutionError(
        f"`for_each` takes a list, a map or null, and this is {kind}",
        hint="split the text first: ${split(text, ',')}" if isinstance(value, str) else None,
    )
