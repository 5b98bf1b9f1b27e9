"""Stepping in: what a replayed journal, a pin or a debugger does to the steps of a run.

An `Interceptor` names the steps that it concerns; the run asks it before such a step, before each attempt and
after it. Steps that nobody names run as if there were no interceptors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from flowlang.connections.shielded import shielded
from flowlang.language.model import Value
from flowlang.runtime.frame import SKIPPED, Ended, Frame
from flowlang.runtime.steps import Execution, handle, run_step
from flowlang.runtime.stopping import is_fatal
from flowlang.values import ErrorValue

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan, StepPlan
    from flowlang.runtime.run import Run
    from flowlang.runtime.stood import Stood

#: Where an answer comes from that no work was done for.
Source = Literal["journal", "pin", "mock", "debugger"]


class Answer(NamedTuple):
    """How a step ended, told by an interceptor instead of found out by running it.

    `status` is `succeeded`, `skipped`, or `failed` for a failure that the flow handles; `error` belongs to that.
    `inputs`, and all that is known of the error (`told`), are shown to whoever watches. `why_not` tells of a result
    that it is only what was shown of the one that there was.
    """

    source: Source
    result: Any = None
    status: Literal["succeeded", "skipped", "failed"] = "succeeded"
    error: ErrorValue | None = None
    inputs: Mapping[str, Any] | None = None
    attempts: int = 1
    told: Mapping[str, Any] | None = None
    why_not: str | None = None


class Instead(NamedTuple):
    """Other steps that run in the place of one that doesn't, one after the other, as if they stood there."""

    plans: Sequence[StepPlan]


class Again(Enum):
    """What an interceptor says to have an attempt repeated; it doesn't count as a retry."""

    AGAIN = "again"


AGAIN: Final = Again.AGAIN


class Answered(Exception):
    """Raised by `Interceptor.bound` to answer for the attempt, which is not made: it succeeds with `result`."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class Interceptor:
    """Steps in where steps of a run begin and end. Every method has a default that changes nothing."""

    #: Whether what the run does is undone at its end.
    undoes = False
    #: How long parts of the run stood because of it, if it lets them stand.
    stood: Stood | None = None

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        """Called before the run begins, with its plan. Says here, or later, which steps it concerns."""

    def stands_for(self, plan: StepPlan) -> bool:
        """Whether the step never really runs: a connection that only such steps use is not opened."""
        return False

    async def settle(self) -> None:
        """Called when nothing of the run runs any more, before its end is told. Done to the end, even if cancelled."""

    def told(self) -> Mapping[str, Any]:
        """What the run's result is to say besides, by names of its own."""
        return {}

    def detach(self) -> None:
        """Called when the run is over, however it ended."""

    def lets_by(self, frame: Frame, plan: StepPlan) -> bool:
        """Whether a step that it concerns may run this time as if it didn't. Only asked of the simplest steps."""
        return False

    async def before(self, execution: Intercepted) -> Answer | Instead | None:
        """Before the step's condition is looked at. An answer stands for the step, which doesn't run."""
        return None

    def first_attempt(self, execution: Intercepted) -> int:
        """The number of the first attempt, when those before it have been made already."""
        return 1

    def branch(self, frame: Frame, plan: StepPlan) -> str | None:
        """The branch that an `if` or `switch` is to take; None lets its conditions decide."""
        return None

    def items(self, frame: Frame, plan: StepPlan, count: int) -> None:
        """A `for_each` is about to run over so many items. What is raised here fails the step."""

    def goes_on(self, frame: Frame, plan: StepPlan, index: int) -> bool | None:
        """Whether a `while` has this iteration, from 0; None lets its condition decide."""
        return None

    def iteration(self, frame: Frame, plan: StepPlan) -> bool:
        """Whether the iteration of a loop that `frame` is for need not run: its steps' states are there by now."""
        return False

    async def bound(self, execution: Intercepted) -> None:
        """Before an attempt, its `execution.inputs` known; they may be replaced. What is raised here fails it."""

    async def succeeded(self, execution: Intercepted, result: Any) -> Any | Again:
        """After an attempt that succeeded: its result, another one, or AGAIN."""
        return result

    async def failed(self, execution: Intercepted, error: BaseException) -> Answer | Again | None:
        """After an attempt that failed. None lets the failure take its course."""
        return None

    def over(self, execution: Intercepted) -> None:
        """After the step, its handlers too, where the flow would go on. A FlowExit that is raised here ends it."""


#: What is asked at each step, attempt or iteration.
_QUESTIONS: Final = ("before", "first_attempt", "iteration", "bound", "succeeded", "failed", "over")


def _says(member: Interceptor, name: str) -> bool:
    return getattr(type(member), name) is not getattr(Interceptor, name)


class Interception:
    """The interceptors of one run, and the steps that any of them concerns."""

    __slots__ = ("_concerns", "at", "members", "steps")

    def __init__(self, members: Sequence[Interceptor]) -> None:
        self.members = members
        #: Those that have something to say, by the name of the method: most have to few.
        self.at = {name: tuple(one for one in members if _says(one, name)) for name in _QUESTIONS}
        #: Steps of which the run asks. Always the same set, so that a loop under way sees what is added.
        self.steps: set[StepPlan] = set()
        self._concerns: dict[Interceptor, frozenset[StepPlan]] = {}

    def concern(self, member: Interceptor, steps: Iterable[StepPlan]) -> None:
        """Let the run ask `member`, and by that everybody, about these steps from now on, and about no others."""
        self._concerns[member] = frozenset(steps)
        wanted = frozenset().union(*self._concerns.values())
        self.steps |= wanted
        self.steps &= wanted

    def attach(self, run: Run, plan: Plan) -> None:
        """Begin a run of `plan`."""
        for member in self.members:
            member.attach(self, run, plan)

    def execution(self, frame: Frame, plan: StepPlan) -> Intercepted:
        """A step about which somebody is asked, about to run."""
        return Intercepted(frame, plan, self)

    def stands_for(self, plan: StepPlan) -> bool:
        """Whether somebody answers for the step whenever it comes."""
        return plan in self.steps and any(member.stands_for(plan) for member in self.members)

    async def settle(self) -> None:
        """Let everybody end what goes on beside the steps."""
        for member in self.members:
            if _says(member, "settle"):
                await shielded(member.settle())

    def told(self) -> dict[str, Any]:
        """What everybody has to say of the run."""
        return {name: value for member in self.members for name, value in member.told().items()}

    def detach(self) -> None:
        """The run is over."""
        for member in self.members:
            member.detach()

    def lets_by(self, frame: Frame, plan: StepPlan) -> bool:
        """Whether nobody has anything to say of a step this time."""
        for member, steps in self._concerns.items():  # noqa: SIM110  # `all` takes longer, and this is for each step
            if plan in steps and not member.lets_by(frame, plan):
                return False
        return True

    def branch(self, frame: Frame, plan: StepPlan) -> str | None:
        """The branch that somebody wants taken."""
        return next((name for one in self.members if (name := one.branch(frame, plan)) is not None), None)

    def items(self, frame: Frame, plan: StepPlan, count: int) -> None:
        """Tell everybody how many items a loop has."""
        for member in self.members:
            member.items(frame, plan, count)

    def goes_on(self, frame: Frame, plan: StepPlan, index: int) -> bool | None:
        """Whether a `while` goes on, if somebody knows it."""
        said = (member.goes_on(frame, plan, index) for member in self.members)
        return next((one for one in said if one is not None), None)

    def iteration(self, frame: Frame, plan: StepPlan) -> bool:
        """Whether somebody knows all that an iteration would do."""
        return any(member.iteration(frame, plan) for member in self.at["iteration"])


class Intercepted(Execution):
    """A step about which interceptors are asked. `inputs`, once bound, may be replaced by them.

    `entered` is set by one that knows that the step's condition held.
    """

    __slots__ = ("answered_by", "entered", "interception")

    asks = True

    def __init__(self, frame: Frame, plan: StepPlan, interception: Interception) -> None:
        super().__init__(frame, plan, perf_counter())
        self.interception = interception
        self.answered_by: str | None = None
        self.entered = False

    async def answered(self) -> bool:
        """Whether somebody answered for the step; the answer has been taken over then."""
        for member in self.interception.at["before"]:
            answer = await member.before(self)
            if isinstance(answer, Instead):
                for plan in answer.plans:
                    await run_step(self.frame, plan)
                return True
            if answer is not None:
                await self._take(answer)
                return True
        self.begin()
        for member in self.interception.at["first_attempt"]:
            self.attempt = max(self.attempt, member.first_attempt(self))
        return False

    def begin(self) -> None:
        """Count the step's time from now on: what came before it is not its own."""
        self.started = perf_counter()
        clock = self.frame.call.run.stood
        if clock is not None:
            self.stood = clock.of(self.frame.path + self.plan.id)

    async def _take(self, answer: Answer) -> None:
        plan, frame = self.plan, self.frame
        now = perf_counter()
        self.inputs, self.attempt = answer.inputs, answer.attempts
        if answer.status == "skipped":
            frame.v[plan.id] = SKIPPED
            if self.events is not None:
                self.events.of_step("step_skipped", plan, frame, answered_by=answer.source)
            return
        error = answer.error
        frame.v[plan.id] = Ended(answer.status, answer.result, answer.inputs, now, now, error, answer.attempts)
        if self.events is not None:
            self.events.step_answered(plan, frame, answer, now)
        if answer.status == "failed" and plan.on_error is not None:
            await handle(frame, plan, ErrorValue({**(error or {}), "step": plan.id}))

    def wanted(self, condition: Value) -> bool:
        """Whether the step's condition holds, or is known to have held."""
        return self.entered or super().wanted(condition)

    def over(self) -> None:
        """Ask whether that is all."""
        for member in self.interception.at["over"]:
            member.over(self)

    async def bound(self) -> None:
        """Ask about the inputs of the attempt."""
        for member in self.interception.at["bound"]:
            await member.bound(self)

    async def one_attempt(self) -> Any:
        while True:
            result: Any | Again
            try:
                try:
                    result = await super().one_attempt()
                except Answered as answered:
                    result = answered.result
            except BaseException as error:
                if is_fatal(error):
                    raise
                verdict = await self._failed(error)
                if verdict is None:
                    raise
                result = verdict if isinstance(verdict, Again) else verdict.result
            else:
                for member in self.interception.at["succeeded"]:
                    result = await member.succeeded(self, result)
                    if result is AGAIN:
                        break
            if result is not AGAIN:
                return result

    async def _failed(self, error: BaseException) -> Answer | Again | None:
        for member in self.interception.at["failed"]:
            verdict = await member.failed(self, error)
            if verdict is not None:
                return verdict
        return None
