"""Walking back: what a run that was recorded could see at each of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from flowlang.debugger.errors import DebuggerError
from flowlang.debugger.places import Places
from flowlang.debugger.scope import Scope, StackFrame, scope_of, stack_of
from flowlang.debugger.setting import place_of, set_at, with_result
from flowlang.debugger.watching import evaluated, extras_of, items_around, watch_frame
from flowlang.errors import FlowValidationError
from flowlang.language.inputs import bind_inputs
from flowlang.redaction import Redactor
from flowlang.runtime.bodies.flows import SubflowBody
from flowlang.runtime.bodies.loops import ForEachBody, items_of
from flowlang.runtime.frame import PENDING, SKIPPED, Ended, Frame, StepState
from flowlang.runtime.steps import evaluate
from flowlang.values import ErrorValue

if TYPE_CHECKING:
    from flowlang.journal.records import RecordedRun, RecordedStep
    from flowlang.runtime.call import FlowCall
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.plan import Plan, StepPlan


class PastCall(NamedTuple):
    """A call of a flow, as far as frames need one to be looked at."""

    plan: Plan
    prefix: str = ""
    caller: tuple[Frame, StepPlan] | None = None


class Past:
    """A step of a recorded run, with what it saw: like a stop, but nothing can be changed. `fork` goes on from here."""

    def __init__(self, history: History, position: int) -> None:
        record = history.steps[position]
        self.position = position
        self.record = record
        self.path = record.path
        self.step_id = record.step_id
        self.line = record.line
        self.flow = record.flow
        self.inputs = record.inputs
        self.result = record.outputs
        self.error = record.error
        self._history = history
        self.frame, self._plan = history.frame_at(position)
        self.file = self.frame.call.plan.path
        self._text = history.places.home[self._plan].flow

    @property
    def stack(self) -> tuple[StackFrame, ...]:
        """The step and the blocks and calls around it, from the inside out."""
        return stack_of(self._history.places, self.frame, self._plan)

    def scope(self) -> Scope:
        """What could be read before the step ran, and what became of it."""
        record = self.record
        own: dict[str, Any] = {"status": record.status, "attempts": record.attempts}
        own |= {"result": record.outputs} if record.error is None else {"error": record.error}
        arguments = record.inputs if isinstance(record.inputs, Mapping) else {}
        items = items_around(self._text, self._plan.step)
        return scope_of(self.frame, items, self._history.mask, own, arguments)

    def evaluate(self, text: str) -> Any:
        """The value of an expression as it would have been before the step, plain. Raises ExpressionError."""
        record = self.record
        extras = extras_of(
            result=record.outputs, duration_ms=record.duration_ms, attempts=record.attempts, error=record.error
        )
        frame = watch_frame(self.frame, extras)
        return self._history.mask(evaluated(text, self._text, self._plan, frame))


class History:
    """The steps of one session of a recorded run, in the order in which they began.

    `executor` reads the texts that ran, in the project's folder `root`; `inputs` are the secret ones, which nobody
    recorded. Secrets that were masked in the record stay so. Raises FlowValidationError where the texts can't be read
    any more, because a plugin or a task is gone.
    """

    def __init__(
        self,
        run: RecordedRun,
        executor: FlowExecutor,
        root: Path,
        *,
        session: int | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        sessions = run.sessions()
        number = session or (sessions[-1].number if sessions else None)
        self.run = run
        self.steps: list[RecordedStep] = run.steps(number)
        self.plan = _plan_of(run, executor, root)
        self.places = Places(self.plan.with_subplans())
        self.mask = Redactor()
        self._environment = executor.environment(self.plan)
        for secret in self._environment.secrets():
            self.mask.add(secret)
        self._inputs = {**run.inputs, **dict.fromkeys(run.masked_inputs), **(inputs or {})}
        self._frames: dict[int, tuple[Frame, StepPlan]] = {}
        self._by_frame: dict[str, list[int]] = {}
        kinds = {step.path: step.kind for step in self.steps}
        for position, step in enumerate(self.steps):
            self._by_frame.setdefault(_frame_of(step.path, kinds), []).append(position)
        self._by_hand: dict[str, list[_ByHand]] = {}
        self._last_iterations: dict[str, list[float]] = {}
        self._edited: list[tuple[float, str, Plan]] = []
        for event in run.events(number):
            if event["type"] == "intervention" and event["change"] == "value":
                owner, change = _by_hand(event, self.places, kinds)
                self._by_hand.setdefault(owner, []).append(change)
            elif event["type"] == "intervention" and event["change"] == "edit":
                self._take_edit(event, executor)
            elif event["type"] == "iteration_completed" and event["index"] + 1 == event["length"]:
                self._last_iterations.setdefault(event["path"], []).append(event["timestamp"])

    def __len__(self) -> int:
        return len(self.steps)

    def at(self, position: int) -> Past:
        """The step at a position, from 0. Raises DebuggerError outside of the run."""
        if not 0 <= position < len(self.steps):
            raise DebuggerError("the run has no step there")
        return Past(self, position)

    def position(self, path: str, occurrence: int = 1) -> int:
        """The position of a step by its path. Raises DebuggerError if it did not run."""
        for position, step in enumerate(self.steps):
            if step.path == path and step.occurrence == occurrence:
                return position
        raise DebuggerError(f"`{path}` did not run in {self.run.run_id}")

    def fork(self, position: int, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What makes a rerun from the step at a position: the arguments of `flowlang.journal.Rerun` after the journal.

        `changes` are results of earlier steps, by path, that stand for the recorded ones.
        """
        outputs = dict(changes or {})
        earlier = {step.path for step in self.steps[:position]}
        if unknown := [path for path in outputs if path not in earlier]:
            raise DebuggerError(f"`{unknown[0]}` did not run before `{self.steps[position].path}`")
        return {
            "run_id": self.run.run_id,
            "from_step": self.steps[position].path,
            "outputs": outputs,
            "how": "forked",
        }

    def frame_at(self, position: int) -> tuple[Frame, StepPlan]:
        """The frame in which the step at a position ran, as it was before it, and the step's plan."""
        known = self._frames.get(position)
        if known is None:
            while len(self._frames) >= 64:
                del self._frames[next(iter(self._frames))]
            known = self._frames[position] = self._made(position)
        return known

    def _made(self, position: int) -> tuple[Frame, StepPlan]:
        parts = self.steps[position].path.split("/")
        call = PastCall(self.plan)
        frame = self._first_frame(call, bind_known(self.plan, self._inputs), position)
        for part in parts[:-1]:
            id, _, index = part.rstrip("]").partition("[")
            step = self._step_of(call.plan, id, position, looped=bool(index))
            around = self._latest(f"{frame.path}{id}", position)
            path = f"{frame.path}{part}/"
            if isinstance(step.body, ForEachBody):
                frame = self._iteration(frame, step, around, int(index), path, position)
            elif isinstance(step.body, SubflowBody):
                outer = self.frame_at(around)[0]
                given = step.body.inputs(outer)
                call = PastCall(step.body.subplan, path, (frame, step))
                frame = self._first_frame(call, bind_known(call.plan, given), position)
            else:
                frame = frame.view(path=path)
        return frame, self._step_of(call.plan, parts[-1], position, looped=None)

    def _take_edit(self, event: Mapping[str, Any], executor: FlowExecutor) -> None:
        """A text that was taken over during the run: later steps may be of it."""
        home = next((plan for plan in self.places.plans if plan.name == event["flow"]), self.plan)
        text = str(event["after"]["text"])
        source = text if home.path is None else Path(home.path)
        twin = executor if home.path is None else executor.with_texts({Path(home.path): text})
        with suppress(FlowValidationError):
            plan = twin.prepare(source)
            self._edited.append((event["timestamp"], home.name, plan))
            self.places.add(plan)

    def _step_of(self, plan: Plan, id: str, position: int, *, looped: bool | None) -> StepPlan:
        """A step by its id, in the text of that time; `looped` tells what kind of block it is, if it is one."""
        moment = _began(self.steps[position])
        texts = [edited for at, name, edited in self._edited if name == plan.name and _by(at, moment)]
        for one in (*reversed(texts), plan):
            found = [step for step in one.every_step if step.id == id]
            if looped is not None and len(found) > 1:
                kinds = ("for_each", "while") if looped else ("subflow",)
                found = [step for step in found if step.kind in kinds] or found
            if found:
                return found[0]
        raise DebuggerError(f"the recorded text has no step `{id}`")

    def _first_frame(self, call: PastCall, inputs: Mapping[str, Any], position: int) -> Frame:
        states = self._states(call.prefix, call.plan.template, -1, position, call.plan)
        inputs = dict(inputs)
        for change in self._changes(call.prefix, position, "inputs"):
            inputs = change.made_to(inputs)
        context = {
            "run_id": self.run.run_id,
            "flow": call.plan.name,
            "last_error": None,
            "attempt": 1,
            "started_at": self.run.summary.started,
        }
        return Frame(cast("FlowCall", call), states, inputs, self._environment, context, call.prefix)

    def _iteration(self, frame: Frame, step: StepPlan, loop: int, index: int, path: str, position: int) -> Frame:
        body = step.body
        assert isinstance(body, ForEachBody), "called for these"
        items = items_of(evaluate(body.items, self.frame_at(loop)[0]))
        states = self._states(path, body.template, loop, position, frame.call.plan)
        below = frame.below(states, len(items))
        below.index, below.path = index, path
        below.item = items[index] if index < len(items) else None
        for change in self._changes(path, position, "item"):
            below.item = change.made_to(below.item)
        return below

    def _changes(self, prefix: str, position: int, kind: str) -> list[_ByHand]:
        """What was changed by hand in a frame before the step at a position."""
        moment = _began(self.steps[position])
        return [
            one for one in self._by_hand.get(prefix, ()) if one.kind == kind and (moment is None or one.at <= moment)
        ]

    def _states(
        self, prefix: str, template: Mapping[str, StepState], since: int, position: int, plan: Plan
    ) -> dict[str, StepState]:
        """The states of a frame before the step at a position; `since` is the position of what began it."""
        states = dict(template)
        for write in sorted(self._writes(prefix, since, position), key=lambda write: write.at):
            if isinstance(write.what, _ByHand):
                _change(states, write.what)
            elif write.iteration is not None:
                states.update(self._left_by(write.what, write.position, write.iteration, position, plan))
            else:
                states[write.what.step_id] = _state(write.what)
        return states

    def _writes(self, prefix: str, since: int, position: int) -> Iterator[_Write]:
        """What changed a frame after the step at `since` and before that at `position` began."""
        moment = _began(self.steps[position])
        for change in self._changes(prefix, position, "step"):
            yield _Write(change.at, change)
        for one in self._by_frame.get(prefix, ()):
            if not since < one < position:
                continue
            record = self.steps[one]
            if record.kind == "for_each":
                left = self._end_of_loop(one)
                if left is not None and _by(left[0], moment):
                    yield _Write(left[0], record, one, left[1])
            if record.ended is not None and _by(record.ended, moment):
                yield _Write(record.ended, record)

    def _end_of_loop(self, at: int) -> tuple[float, int] | None:
        """When a loop left an iteration in the frame around it, and which: its last, or the one that failed."""
        loop = self.steps[at]
        if loop.status == "failed" or loop.terminated:
            prefix = f"{loop.path}["
            for step in reversed(self.steps[at + 1 :]):
                failed = step.terminated or (step.status == "failed" and not step.handled)
                if failed and step.path.startswith(prefix) and step.ended and _by(step.ended, loop.ended):
                    return step.ended, int(step.path[len(prefix) :].partition("]")[0])
            return None
        last = (loop.length or 0) - 1
        if last < 0:
            return None
        for moment in self._last_iterations.get(loop.path, ()):
            if _by(loop.started or 0.0, moment) and _by(moment, loop.ended):
                return moment, last
        return None if loop.status != "succeeded" or loop.ended is None else (loop.ended, last)

    def _left_by(self, loop: RecordedStep, at: int, iteration: int, position: int, plan: Plan) -> dict[str, StepState]:
        body = self._step_of(plan, loop.step_id, at, looped=True).body
        assert isinstance(body, ForEachBody), "a loop by its kind"
        return self._states(f"{loop.path}[{iteration}]/", body.template, at, position, plan)

    def _latest(self, path: str, position: int) -> int:
        for one in range(position - 1, -1, -1):
            if self.steps[one].path == path:
                return one
        raise DebuggerError(f"the record lacks `{path}`, in which `{self.steps[position].path}` ran")


class _ByHand(NamedTuple):
    """A value that was changed by hand: `path` leads from the name to the place, `kind` is what the name is."""

    at: float
    kind: str
    name: str
    path: str
    value: Any

    def made_to(self, value: Any) -> Any:
        """The value with the change made."""
        try:
            return set_at(value, self.path, self.value)[1]
        except DebuggerError:
            return value


class _Write(NamedTuple):
    """Something that changed a frame: a step that ended, a loop that left its `iteration` behind, or somebody."""

    at: float
    what: Any
    position: int = -1
    iteration: int | None = None


def _by_hand(event: Mapping[str, Any], places: Places, kinds: Mapping[str, str]) -> tuple[str, _ByHand]:
    """A change as an event tells it, and the path of the frame in which its name lives."""
    what = str(event["what"])
    step = next(one for one in places if one.id == event["step_id"] and places.home[one].name == event["flow"])
    flow = places.home[step].flow
    place, name, rest = place_of(flow, step.step, what)
    frame = _frame_of(str(event["path"]), kinds)
    depth = len(items_around(flow, step.step)) if place.kind == "inputs" else place.depth
    for _ in range(depth):
        frame = _frame_of(frame.rstrip("/"), kinds)
    return frame, _ByHand(event["timestamp"], place.kind, name, rest, event["after"])


def _change(states: dict[str, StepState], change: _ByHand) -> None:
    before = states.get(change.name, PENDING)
    states[change.name] = with_result(before, change.made_to(before.result))


def bind_known(plan: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a flow that ran with them. Those that nobody recorded are null."""
    kept = {name: value for name, value in given.items() if value is not None}
    missing = {one.name: None for one in plan.flow.inputs or () if one.name not in kept and not one.has_default}
    try:
        return {**missing, **given, **bind_inputs(plan.flow, kept)}
    # what is known is shown, whatever the declarations say of the rest
    except Exception:
        return {**missing, **given}


def _plan_of(run: RecordedRun, executor: FlowExecutor, root: Path) -> Plan:
    texts = {(root / name).absolute(): text for name, text in run.definition.items()}
    path = run.summary.path
    source = next(iter(run.definition.values()), "") if path is None else (root / path).absolute()
    return executor.with_texts(texts).prepare(source)


def _frame_of(path: str, kinds: Mapping[str, str]) -> str:
    """The path of the frame in which a step runs: the iterations of a `while` have none of their own."""
    frame = path.rpartition("/")[0]
    while frame.endswith("]") and kinds.get(frame.rpartition("[")[0]) == "while":
        frame = frame.rpartition("[")[0].rpartition("/")[0]
    return f"{frame}/" if frame else ""


def _began(step: RecordedStep) -> float | None:
    return step.ended if step.started is None else step.started


def _by(time: float, moment: float | None) -> bool:
    return moment is None or time <= moment


def _state(record: RecordedStep) -> StepState:
    if record.status == "skipped":
        return SKIPPED
    if record.status in ("running", "unknown"):
        return PENDING
    error = None if record.error is None else ErrorValue({k: record.error.get(k) for k in ("type", "message")})
    if error is not None:
        error["attempts"] = record.attempts
    status = "terminated" if record.terminated else record.status
    result = record.outputs if record.status == "succeeded" else None
    return Ended(status, result, record.inputs, 0.0, record.duration_ms / 1000, error, record.attempts)
