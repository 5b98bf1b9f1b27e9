"""The debugger of one run: it decides where the run stops, and takes the orders of those who look at it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from flowlang.debugger.aims import RunTo, Way
from flowlang.debugger.attempt import Attempt
from flowlang.debugger.breakpoints import Breakpoint
from flowlang.debugger.changes import Change
from flowlang.debugger.errors import DebuggerError
from flowlang.debugger.gate import Gate
from flowlang.debugger.places import Places
from flowlang.debugger.points import Points
from flowlang.debugger.reasons import Reasons
from flowlang.debugger.sight import described
from flowlang.debugger.standing import OnStop, Others, Standing
from flowlang.debugger.stop import Stop
from flowlang.debugger.verdicts import Redo
from flowlang.debugger.watching import extras_of
from flowlang.runtime.failure import FlowExit
from flowlang.runtime.frame import PENDING
from flowlang.runtime.interception import AGAIN, Again, Answer, Instead, Interceptor
from flowlang.runtime.stopping import is_stopping
from flowlang.runtime.stopping import stop as stop_task

if TYPE_CHECKING:
    from flowlang.debugger.replacing import Redone
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.interception import Intercepted, Interception
    from flowlang.runtime.plan import Plan, StepPlan
    from flowlang.runtime.run import Run

#: How many seconds a transaction may be held open by a stop.
GUARD_SECONDS: Final = 60.0
#: How many seconds a query at a stop may take.
QUERY_SECONDS: Final = 30.0


class Debugger(Interceptor):
    """Stops one run at breakpoints, and wherever its control methods say; an interceptor of that run.

    `others` says what the other branches do while one stands: `wait` at their next step, or `go on`. `on_stop` is
    called with each stop, in the run's thread, and `on_resume` when it is over. A transaction in which the run stands
    is rolled back after `guard_seconds`, and a query at a stop is ended after `query_seconds`. Control methods may be
    called from any thread, before the run too: `pause` then stops it before its first step.
    """

    def __init__(
        self,
        breakpoints: Iterable[Breakpoint] = (),
        *,
        others: Others = "wait",
        on_stop: OnStop | None = None,
        on_resume: OnStop | None = None,
        guard_seconds: float = GUARD_SECONDS,
        query_seconds: float = QUERY_SECONDS,
    ) -> None:
        self.guard_seconds = guard_seconds
        self.query_seconds = query_seconds
        #: Everything that was done by hand in the run.
        self.changes: list[Change] = []
        self.places = Places()
        self.standing = Standing(others, on_stop, on_resume)
        self.stood = self.standing.stood
        self.standing.changed = self._reconcile
        #: The inputs that the next attempt of a step is to have, by the step's path.
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self._breakpoints = tuple(breakpoints)
        self._points = Points()
        self.reasons = Reasons(self._points, self.standing, self.places)
        self._under_way: dict[str, Attempt] = {}
        self._instead: dict[StepPlan, tuple[StepPlan, ...]] = {}
        self._passing: set[str] = set()
        self._interception: Interception | None = None
        self._run: Run | None = None
        self._main: Plan | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._task: asyncio.Task[Any] | None = None

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Where the run stands at the moment, the oldest first."""
        return tuple(self.standing.stops.values())

    @property
    def is_pausing(self) -> bool:
        """Whether the run is to stop at its next step."""
        return self.standing.pausing

    @property
    def others(self) -> Others:
        """What the other branches do while one stands."""
        return self.standing.others

    @others.setter
    def others(self, others: Others) -> None:
        self.standing.others = others
        self._soon(self._changed_others)

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """The breakpoints of this run."""
        return self._breakpoints

    def set_breakpoints(self, breakpoints: Iterable[Breakpoint]) -> None:
        """Let these be the breakpoints from now on."""
        self._breakpoints = tuple(breakpoints)
        self._soon(self._set_points)

    def pause(self) -> None:
        """Stop at the next step, or statement of a transaction, wherever that is."""
        self.standing.pausing = True
        self._soon(self._reconcile)

    def resume(self, stop: Stop | None = None) -> None:
        """Let one stop go on, or all."""
        self._soon(self._go_on, stop)

    def step_over(self, stop: Stop) -> None:
        """Go on to the next step after this one; inside a transaction, to the next statement."""
        self._soon(self._step, stop, "over")

    def step_into(self, stop: Stop) -> None:
        """Go on to the first step inside this one, or its first statement; where there is none, to the next step."""
        self._soon(self._step, stop, "into")

    def step_out(self, stop: Stop) -> None:
        """Go on to the next step after the block, loop or subflow in which this one stands."""
        self._soon(self._step, stop, "out")

    def run_to(self, place: str | int, stop: Stop | None = None) -> None:
        """Go on until a step is about to run, given by its id, its address, or a line of the stop's flow.

        Raises DebuggerError where there is no such step.
        """
        plans = self._plans_at(place, stop)
        if not plans:
            where = f"line {place}" if isinstance(place, int) else f"`{place}`"
            raise DebuggerError(f"there is no step at {where}")
        self._soon(self._run_to, plans, stop)

    def cancel(self, reason: str | None = None) -> None:
        """Cancel the run; its handlers run."""
        self._soon(self._cancel, reason)

    def let_go(self) -> None:
        """Let the run go on and never stop again."""
        self._breakpoints = ()
        self.standing.pausing = False
        self._soon(self._let_go)

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        """Take charge of a run."""
        if self._run is not None:
            raise DebuggerError("a debugger serves one run", hint="make another one for the next run")
        self._interception, self._run, self._main = interception, run, plan
        self._thread = threading.get_ident()
        self._task = asyncio.current_task()
        run.gatekeeper = self._gate
        for one in plan.with_subplans():
            self.places.add(one)
        self._loop = asyncio.get_running_loop()
        self._set_points()

    def detach(self) -> None:
        """The run is over."""
        if self._run is not None:
            self._run.gatekeeper = None
        self._loop = None
        self.standing.let_go()
        for kept in (self._under_way, self.inputs, self._instead):
            kept.clear()

    def lets_by(self, frame: Frame, plan: StepPlan) -> bool:
        """Whether there is nothing to stop for at a step this time."""
        return self._points.lets_by(plan, frame) and not self.standing.is_everywhere and plan not in self._instead

    async def before(self, execution: Intercepted) -> Answer | Instead | None:
        """Stop before a step, where that is wanted."""
        if is_stopping():
            return None
        frame, plan = execution.frame, execution.plan
        if plan in self._instead:
            return self._in_place_of(plan, frame)
        path = frame.path + plan.id
        self.inputs.pop(path, None)
        if self.standing.stops:
            await self.standing.let_pass(self.places.lineage(frame, plan))
        if path in self._passing:
            self._passing.discard(path)
            return None
        found = self.reasons.before(execution)
        if found is None:
            return None
        verdict = await self.standing.stand(Stop(self, execution, found[0], "before", point=found[1]))
        if isinstance(verdict, Redo):
            self._passing.add(frame.path + verdict.plan.id)
            return self._in_place_of(plan, frame)
        return verdict if isinstance(verdict, Answer) else None

    async def bound(self, execution: Intercepted) -> None:
        """Give an attempt the inputs that were changed."""
        path = execution.frame.path + execution.plan.id
        self._under_way[path] = Attempt(execution)
        inputs = self.inputs.pop(path, None)
        if inputs is not None:
            execution.inputs = inputs

    async def succeeded(self, execution: Intercepted, result: Any) -> Any | Again:
        """Stop after an attempt that succeeded, where that is wanted."""
        taken, statement, answer = self._ended(execution)
        if answer is not None:
            return answer.result
        if is_stopping() or (statement is None and not self._points.at(execution.plan, "after")):
            return result
        if self.standing.stops:
            await self.standing.let_pass(self.places.lineage(execution.frame, execution.plan))
        extras = extras_of(result=result, duration_ms=taken, attempts=execution.attempt)
        found = self.reasons.after(execution, "after", extras, statement)
        if found is None:
            return result
        stop = Stop(
            self,
            execution,
            found[0],
            "after",
            point=found[1],
            result=result,
            statement=statement,
            taken=taken,
        )
        verdict = await self.standing.stand(stop)
        if isinstance(verdict, Answer):
            return verdict.result
        if isinstance(verdict, Redo):
            execution.plan = verdict.plan
            return AGAIN
        return AGAIN if isinstance(verdict, Again) else stop.raw_result

    async def failed(self, execution: Intercepted, error: BaseException) -> Answer | Again | None:
        """Stop at an attempt that failed, where that is wanted."""
        taken, statement, answer = self._ended(execution)
        if isinstance(error, FlowExit) or is_stopping():
            return None
        if answer is not None:
            return answer
        if statement is None and not self._points.at(execution.plan, "error"):
            return None
        if self.standing.stops:
            await self.standing.let_pass(self.places.lineage(execution.frame, execution.plan))
        known = described(execution, error).as_value(execution.frame.call.run.redactor)
        extras = extras_of(duration_ms=taken, attempts=execution.attempt, error=known)
        found = self.reasons.after(execution, "error", extras, statement, error)
        if found is None:
            return None
        stop = Stop(self, execution, found[0], "error", point=found[1], error=error, statement=statement, taken=taken)
        verdict = await self.standing.stand(stop)
        if isinstance(verdict, Redo):
            execution.plan = verdict.plan
            return AGAIN
        return verdict if isinstance(verdict, (Answer, Again)) else None

    def replace(self, stop: Stop, text: str) -> Redone:
        """Take over a new text of the flow in which a stop stands, for what has not begun."""
        from flowlang.debugger.replacing import replaced

        assert self._run is not None, "there is a stop"
        redone, instead = replaced(self.places, stop, text, self._run)
        if not redone.problems:
            self._instead.update(instead)
            self._set_points()
        return redone

    def execution_at(self, frame: Frame, plan: StepPlan) -> Intercepted | None:
        """The execution of a step that is under way; for one that began unasked, one that knows what it knows."""
        attempt = self._under_way.get(frame.path + plan.id)
        if attempt is not None:
            return attempt.execution
        if self._interception is None:
            return None
        execution = self._interception.execution(frame, plan)
        execution.attempt = frame.context["attempt"]
        return execution

    def may_answer(self, execution: Intercepted) -> bool:
        """Whether a result that is given for an execution while it is under way reaches it."""
        attempt = self._under_way.get(execution.frame.path + execution.plan.id)
        return attempt is not None and attempt.execution is execution

    def _in_place_of(self, plan: StepPlan, frame: Frame) -> Instead:
        """The steps that run instead of one. Their ids are known from now on where expressions may read them."""
        from flowlang.debugger.replacing import ids_in

        plans = self._instead[plan]
        level: Frame | None = frame
        while level is not None:
            for id in ids_in(plans):
                level.v.setdefault(id, PENDING)
            level = level.up
        return Instead(plans)

    def _ended(self, execution: Intercepted) -> tuple[float, str | None, Answer | None]:
        """How long an attempt took, in milliseconds, the statement in it to stop at, and what was given for it."""
        path = execution.frame.path + execution.plan.id
        attempt = self._under_way.pop(path, None)
        if attempt is None:
            return 0.0, None, None
        taken, gate = attempt.taken, attempt.gate
        return (taken, None, None) if gate is None else (taken, gate.matched, gate.answer)

    def _gate(self, frame: Frame, plan: StepPlan) -> Gate:
        """What is asked before the statements of a step, also of one that began before anybody wanted to stop in it."""
        gate = Gate(self, frame, plan)
        attempt = self._under_way.get(frame.path + plan.id)
        if attempt is not None:
            attempt.gate = gate
        return gate

    def _plans_at(self, place: str | int, stop: Stop | None) -> list[StepPlan]:
        if isinstance(place, str):
            return [one for one in self.places if one.id == place or self.places.address(one) == place]
        home = self._main if stop is None else stop.plan
        return [] if home is None else self.places.steps_at_line(home, place)

    def _go_on(self, stop: Stop | None) -> None:
        for one in self.stops if stop is None else (stop,):
            one.decide_to_go_on()

    def _step(self, stop: Stop, way: Way) -> None:
        if not stop.is_over:
            self.standing.aim(stop.aim(way))
            stop.decide_to_go_on()

    def _run_to(self, plans: list[StepPlan], stop: Stop | None) -> None:
        self.standing.aim(RunTo(plans))
        if stop is not None:
            stop.decide_to_go_on()

    def _cancel(self, reason: str | None) -> None:
        if self._run is None or self._loop is None:
            return
        token = self._run.token
        if token is not None:
            self._cancelling = self._loop.create_task(token.cancel(reason))
        elif self._task is not None:
            stop_task(self._task)

    def _let_go(self) -> None:
        self.standing.let_go()
        self._set_points()
        self._go_on(None)

    def _changed_others(self) -> None:
        self._reconcile()
        self.standing.wake()

    def _set_points(self) -> None:
        if self._main is not None:
            self._points.set(self._breakpoints, self.places, self._main)
        self._reconcile()

    def _reconcile(self) -> None:
        """Let the run ask about the steps with breakpoints, or about all of them while that is needed."""
        if self._interception is not None and self._loop is not None:
            if self.standing.stops and self._run is not None:
                self._run.stood = self.standing.stood
            everywhere = self.standing.is_everywhere
            steps = self.places if everywhere else {*self._points.steps, *self._instead}
            self._interception.concern(self, steps)

    def _soon(self, act: Callable[..., None], *arguments: Any) -> None:
        """Do something in the run's thread: now, if this is it, and not at all when there is no run."""
        loop = self._loop
        if loop is None:
            return
        if threading.get_ident() == self._thread:
            act(*arguments)
            return
        try:
            loop.call_soon_threadsafe(act, *arguments)
        except RuntimeError:
            # the loop was closed a moment ago, and the run with it
            return
