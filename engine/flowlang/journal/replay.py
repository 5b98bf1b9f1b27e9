"""Replaying a recorded run: its steps are answered from the journal, and those that are left run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from flowlang.errors import FlowExecutionError
from flowlang.journal.records import RecordedStep
from flowlang.journal.taken import Passed, Teller
from flowlang.language.model import Step
from flowlang.language.order import within
from flowlang.runtime.failure import FlowExit
from flowlang.runtime.frame import SKIPPED, Ended, Frame, StepState, succeeded
from flowlang.runtime.interception import Answer, Intercepted, Interception, Interceptor
from flowlang.runtime.paths import address_of
from flowlang.values import ErrorValue

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan, StepPlan
    from flowlang.runtime.run import Run

#: What becomes of a step: its record answers for it, it is left out, it runs, or it is gone into, so that each step
#: inside is asked about.
Action = Literal["answer", "skip", "run", "enter"]

_LOOPS = ("for_each", "while")
_BLOCKS = frozenset({*_LOOPS, "if", "switch", "parallel"})


class Turn(NamedTuple):
    """What becomes of one execution, and what is known of it. `attempt` is its first one; `closed` tells of a loop
    that came to its end.
    """

    action: Action
    record: RecordedStep
    attempt: int = 1
    closed: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done inside, and nothing was to be handled."""
        if self.action == "enter":
            return self.record.status == "succeeded" and not self.record.terminated
        return self.action == "skip" or (self.action == "answer" and self.record.status != "failed")


@dataclass(slots=True, kw_only=True)
class Script:
    """What a replay goes by, by path. `given` are results that stand for recorded ones, by path or address.

    `rounds` are the iterations that loops have begun, `effects` how often steps that are exactly once took effect.
    The run ends after the step `until`; with `only` nothing else than that step runs. `started_at` is when the run
    that is gone on with began. In the `same_run` iterations that were complete need not be told again one by one.
    `inside` is what ran inside of steps that are answered as a whole, by their paths.
    """

    turns: dict[str, Turn] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    rounds: Mapping[str, int] = field(default_factory=dict)
    effects: Mapping[str, int] = field(default_factory=dict)
    until: str | None = None
    only: bool = False
    inside: Mapping[str, Sequence[RecordedStep]] = field(default_factory=dict)
    started_at: str | None = None
    same_run: bool = False


class Replay(Interceptor):
    """Steps in for one run. When nothing is left to be answered it leaves, and the rest runs at full speed."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._turns = dict(script.turns)
        self._attempts: dict[str, int] = {}
        self._branches: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._rounds: dict[str, tuple[int, bool]] = {}
        self._bodies: dict[StepPlan, tuple[Step, ...]] = {}
        self._target: _Target | None = None
        #: Records of what has no turn of its own, by path: it ran inside of what is answered as a whole.
        self._inside = {record.path: record for records in script.inside.values() for record in records}
        self._passed: dict[str, Passed] = {}

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        script = self._script
        self._interception = interception
        self._teller = Teller(run, script.rounds)
        steps = [step for one in plan.with_subplans() for step in one.every_step]
        self._ends = [] if script.until is None else [step for step in steps if step.id == _id_of(script.until)]
        if script.until is not None and self._ends:
            self._target = _Target(script.until, self._ends[0].step)
        ids = {turn.record.step_id for turn in self._turns.values()}.union(map(_id_of, script.given))
        interception.concern(self, steps if script.only else [step for step in steps if step.id in ids] + self._ends)
        run.effects.update(script.effects)
        if script.started_at is not None:
            run.started_at = script.started_at

    async def before(self, execution: Intercepted) -> Answer | None:
        path = execution.frame.path + execution.plan.id
        turn = self._turns.pop(path, None)
        given = self._given(path)
        if given is not None:
            return given
        if turn is None:
            return None if self._may_run(path) else Answer("journal", status="skipped")
        answer = self._answer(execution, path, turn)
        self._leave()
        return answer

    def first_attempt(self, execution: Intercepted) -> int:
        attempt = self._attempts.pop(execution.frame.path + execution.plan.id, 1)
        self._leave()
        return attempt

    def branch(self, frame: Frame, plan: StepPlan) -> str | None:
        name = self._branches.pop(frame.path + plan.id, None)
        self._leave()
        return name

    def items(self, frame: Frame, plan: StepPlan, count: int) -> None:
        recorded = self._lengths.pop(frame.path + plan.id, count)
        self._leave()
        if recorded != count:
            raise FlowExecutionError(
                f"`{plan.id}` ran over {recorded} items before and would run over {count} now, so its iterations "
                "can't be told from each other",
                hint=f"run again from `{plan.id}`, or let what it runs over be as it was",
            )

    def goes_on(self, frame: Frame, plan: StepPlan, index: int) -> bool | None:
        path = frame.path + plan.id
        begun, closed = self._rounds.get(path, (0, False))
        if index < begun:
            return True
        self._rounds.pop(path, None)
        self._leave()
        return False if closed else None

    def iteration(self, frame: Frame, plan: StepPlan) -> bool:
        # a run that ends in an iteration has to come to it
        if not self._script.same_run or self._target is not None:
            return False
        loop = frame.path.rpartition("[")[0]
        if not self._is_complete(frame.path, plan):
            self._tell_passed(loop)
            return False
        passed = self._passed.get(loop)
        if passed is None:
            passed = self._passed[loop] = Passed(plan, frame, loop)
        passed.count += 1
        self._take_over(frame, self._bodies[plan], frame.path, passed)
        if not self._turns:
            self._leave()
        return True

    def _is_complete(self, path: str, plan: StepPlan) -> bool:
        """Whether nothing is left to be done in an iteration."""
        body = self._bodies.get(plan)
        if body is None:
            steps = (step for name, steps in plan.step.blocks() if name == "do" for step in steps)
            body = self._bodies[plan] = tuple(steps)
        for step in body:
            turn = self._turns.get(path + step.id)
            if turn is None or not turn.is_complete:
                return False
        return True

    def over(self, execution: Intercepted) -> None:
        path = execution.frame.path + execution.plan.id
        self._tell_passed(path)
        if self._target is not None and self._target.is_at(path):
            raise FlowExit(f"stopped after `{path}`, as asked", {}, False, whole_run=True)

    def _leave(self) -> None:
        """Ask about no more steps than have to be, once nothing is left to be said."""
        for loop in list(self._passed) if not self._turns else ():
            self._tell_passed(loop)
        left = self._turns or self._attempts or self._branches or self._lengths or self._rounds
        if not left and not self._script.only and not self._script.given:
            self._interception.concern(self, self._ends)

    def _answer(self, execution: Intercepted, path: str, turn: Turn) -> Answer | None:
        record = turn.record
        if turn.action == "skip" or (turn.action == "answer" and record.status == "skipped"):
            return Answer("journal", status="skipped")
        if turn.action == "answer":
            self._teller.begin_block(record, execution.plan.line)
            for inner in self._script.inside.get(path, ()):
                self._teller.tell(inner, inner.line)
            inputs, attempts, why_not = record.inputs, record.attempts, record.why_not
            if record.status == "succeeded":
                return Answer("journal", record.outputs, inputs=inputs, attempts=attempts, why_not=why_not)
            self._restore(execution.frame, execution.plan.step, execution.frame.path)
            return Answer("journal", None, "failed", _error_of(record), inputs, attempts, record.error)
        self._attempts[path] = turn.attempt
        if turn.action == "enter":
            self._enter(execution, path, turn)
        return None

    def _enter(self, execution: Intercepted, path: str, turn: Turn) -> None:
        record = turn.record
        # a step that failed may have failed by its condition
        execution.entered = record.status != "failed"
        begun = self._script.rounds.get(path, 0)
        if record.branch is not None:
            self._branches[path] = record.branch
        if record.kind == "for_each" and record.length is not None and begun:
            self._lengths[path] = record.length
        if record.kind == "while":
            self._rounds[path] = (begun, turn.closed)

    def _restore(
        self, frame: Frame, step: Step, prefix: str, passed: Passed | None = None, *, handled: bool = False
    ) -> None:
        """Let the steps inside a block that is answered as a whole read as they did after it had ended.

        Those in its `on_error` run again, or are answered, unless they were `handled` inside of it.
        """
        for name, steps in step.blocks():
            if name == "on_error" and not handled:
                continue
            if step.kind in _LOOPS and name == "do":
                for index in range(self._script.rounds.get(prefix + step.id, 0)):
                    self._take_over(frame, steps, f"{prefix}{step.id}[{index}]/", passed)
            else:
                self._take_over(frame, steps, prefix, passed)

    def _take_over(self, frame: Frame, steps: Iterable[Step], prefix: str, passed: Passed | None) -> None:
        """Give steps the states that they had, and take note of those that are `passed` over."""
        for step in steps:
            path = prefix + step.id
            turn = self._turns.pop(path, None)
            if turn is not None:
                frame.v[step.id] = _state_of(turn)
                if passed is not None:
                    passed.note(step, turn.record)
                    for inner in self._script.inside.get(path, ()) if step.kind == "subflow" else ():
                        passed.note_inside(inner)
            elif (record := self._inside.get(path)) is not None:
                frame.v[step.id] = _state_of(Turn("answer", record))
            if step.kind in _BLOCKS or step.on_error:
                self._restore(frame, step, prefix, passed, handled=True)

    def _tell_passed(self, loop: str) -> None:
        """Tell of the iterations of a loop that were passed over."""
        passed = self._passed.pop(loop, None)
        if passed is not None:
            passed.tell(self._teller)

    def _given(self, path: str) -> Answer | None:
        given = self._script.given
        if not given:
            return None
        key = path if path in given else address_of(path)
        return Answer("debugger", given[key]) if key in given else None

    def _may_run(self, path: str) -> bool:
        return not self._script.only or self._target is None or self._target.holds(path)


class _Target:
    """The step after which the run ends: one execution, or the first one of an address."""

    def __init__(self, path: str, step: Step) -> None:
        self._path = path
        self._exact = "[" in path
        self._prefix = path[: len(path) - len(step.id)]
        self._ids = {inner.id for inner in within(step)}

    def is_at(self, path: str) -> bool:
        """Whether a path is that of the step itself."""
        return (path if self._exact else address_of(path)) == self._path

    def holds(self, path: str) -> bool:
        """Whether a path is that of the step or of one inside it."""
        seen = path if self._exact else address_of(path)
        if not seen.startswith(self._prefix):
            return False
        inside = seen[len(self._prefix) :].split("/", 1)[0].partition("[")[0]
        return inside in self._ids


def _id_of(path: str) -> str:
    return path.rpartition("/")[2].partition("[")[0]


def _error_of(record: RecordedStep) -> ErrorValue:
    error = record.error or {}
    return ErrorValue(type=error.get("type", ""), message=error.get("message", ""), attempts=record.attempts)


def _state_of(turn: Turn) -> StepState:
    record = turn.record
    if record.status == "succeeded" and turn.action != "skip" and record.attempts == 1:
        return succeeded(record.outputs, record.inputs, 0.0, 0.0)
    if record.status == "skipped" or turn.action == "skip":
        return SKIPPED
    error = _error_of(record) if record.status in ("failed", "cancelled") else None
    result = record.outputs if record.status == "succeeded" else None
    return Ended(record.status, result, record.inputs, error=error, attempts=record.attempts)
