"""What resuming a run and running a part of it again have in common: the recorded run, and the flow that will run."""

from __future__ import annotations

import gc
import re
from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang.journal.definitions import task_hashes
from flowlang.journal.places import Place, Places, holders_of
from flowlang.journal.problems import ReplayError, ReplayProblem
from flowlang.journal.reading import BLOCKS
from flowlang.journal.replay import Replay, Script, Turn
from flowlang.journal.standing import Standing, holds_steps, rounds, standing
from flowlang.language.model import Flow, ForEachStep, Step, SubflowStep, TaskStep, Value

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.recording import RunRecorder
    from flowlang.journal.records import RecordedStep
    from flowlang.runtime.control import CancellationToken
    from flowlang.runtime.events import EventCallback
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.interception import Interceptor
    from flowlang.runtime.result import FlowResult


_SEPARATOR: Final = re.compile("/")


class Continuation(ABC):
    """A recorded run of which some is taken from the journal, and the rest is about to run."""

    #: What writes down the run that goes on; None before it is executed, and for one that is not recorded.
    recorder: RunRecorder | None = None

    def __init__(self, journal: Journal, run_id: str, inputs: Mapping[str, Any] | None, as_it_was: bool) -> None:
        self.journal = journal
        with uncollected():
            self.run = journal.run(run_id)
        self.inputs: Mapping[str, Any] = inputs or {}
        self.as_it_was = as_it_was
        self._found: list[ReplayProblem] = []

    @property
    def problems(self) -> list[ReplayProblem]:
        """What has to be dealt with first, the blocking ones, and what is worth knowing."""
        _ = self._script
        return sorted([*self._about_files(), *self._about_inputs(), *self._found], key=lambda one: not one.blocking)

    @property
    def summary(self) -> str:
        """What is about to happen: `41 steps from the journal, 12 will run`."""
        turns = self._script.turns
        answered = sum(1 for path, turn in turns.items() if turn.action == "answer" and self._works(path, turn))
        done = {turn.record.step_id for turn in turns.values() if turn.action in ("answer", "skip")}
        left = self._left(self.places.flow, done)
        running = f"{left} will run" if left else "none will run"
        return f"{answered} {'step' if answered == 1 else 'steps'} from the journal, {running}"

    async def execute(
        self,
        executor: FlowExecutor,
        event_callback: EventCallback | None = None,
        cancellation_token: CancellationToken | None = None,
        *,
        interceptors: Sequence[Interceptor] = (),
        timeout: float | None = None,
    ) -> FlowResult:
        """Run what is left, in `timeout` seconds. Raises ReplayError if a problem stands in the way."""
        blocking = [problem for problem in self.problems if problem.blocking]
        if blocking:
            raise ReplayError(blocking)
        self.recorder = self._new_recorder()
        return await self.prepared(executor).execute_flow(
            self._source,
            self._given(),
            event_callback,
            cancellation_token,
            run_id=self._run_id,
            timeout=timeout,
            recorder=self.recorder,
            interceptors=[Replay(self._script), *interceptors],
        )

    def prepared(self, executor: FlowExecutor) -> FlowExecutor:
        """The executor with the texts of the flow that will run."""
        return executor.with_texts(self._texts) if self.as_it_was else executor

    @property
    @abstractmethod
    def _run_id(self) -> str | None:
        """The id of the run that goes on; None for a new one."""

    @abstractmethod
    def _new_recorder(self) -> RunRecorder | None:
        """What writes it down, if anything does."""

    @abstractmethod
    def _written(self) -> Script:
        """What the replay goes by; problems on the way are noted."""

    @cached_property
    def _script(self) -> Script:
        with uncollected():
            return self._written()

    @cached_property
    def places(self) -> Places:
        """The steps of the flow that will run."""
        return Places(self._source, self.journal.root, self._texts if self.as_it_was else None)

    @cached_property
    def standing(self) -> dict[str, Standing]:
        """The recorded executions that count, by path."""
        return standing(self.steps, self.run.sessions(), self.places)

    @cached_property
    def steps(self) -> list[RecordedStep]:
        """All that ran."""
        return self.run.steps()

    @property
    def _source(self) -> Path | str:
        path = self.run.summary.path
        if path is not None:
            return (self.journal.root / path).absolute()
        return next(iter(self.run.definition.values()), "")

    @cached_property
    def _texts(self) -> dict[Path, str]:
        return {(self.journal.root / name).absolute(): text for name, text in self.run.definition.items()}

    def _given(self) -> dict[str, Any]:
        recorded = {name: value for name, value in self.run.inputs.items() if name not in self.run.masked_inputs}
        return {**recorded, **self.inputs}

    def _note(self, problem: ReplayProblem) -> None:
        self._found.append(problem)

    def _about_files(self) -> list[ReplayProblem]:
        found: list[ReplayProblem] = []
        if self.run.summary.path is None or self.as_it_was:
            return found
        for path, text in self._texts.items():
            name = str(path.relative_to(self.journal.root.absolute()))
            try:
                same = path.read_text(encoding="utf-8") == text
            except (OSError, UnicodeDecodeError):
                missing = path == self._source
                hint = "go on with the flow as it was" if missing else None
                found.append(ReplayProblem("missing", f"{name} is gone", hint, name, blocking=missing))
                continue
            if not same:
                message = f"{name} has changed since; its steps are found again by their ids"
                found.append(ReplayProblem("changed", message, None, name, blocking=False))
        return [*found, *self._about_tasks()]

    def _about_tasks(self) -> list[ReplayProblem]:
        now = task_hashes(self.journal.root, self.run.tasks)
        return [
            ReplayProblem("changed", f"{name} has changed since; its tasks run as they are now", None, name, False)
            for name, known in self.run.tasks.items()
            if now[name] != known
        ]

    def _about_inputs(self) -> list[ReplayProblem]:
        return [
            ReplayProblem("input", f"input `{name}` is secret, so the journal doesn't have it", "give it again", name)
            for name in self.run.masked_inputs
            if name not in self.inputs
        ]

    def _script_of(self, turns: dict[str, Turn], begun: Iterable[str], **rest: Any) -> Script:
        """The script of these turns; `begun` are paths that lead into the iterations that were begun."""
        whole = whole_calls(turns)
        inside = inside_of(turns, self.standing)
        if whole:
            turns = {path: turn for path, turn in turns.items() if not is_below(path, whole)}
        return Script(turns=turns, rounds=rounds(begun), inside=inside, **rest)

    def _turn(self, known: Standing) -> Turn | None:
        """What becomes of an execution, as far as that is the same for all: None where its step simply runs."""
        record, step = known.record, known.place.step
        if record.kind != step.kind:
            return None
        if record.status == "skipped":
            return Turn("answer", record)
        if record.terminated:
            return Turn("enter", record) if holds_steps(step) else None
        handled = record.status == "failed" and record.handled and not known.open
        if isinstance(step, TaskStep):
            return Turn("answer", record) if handled else None
        if isinstance(step, SubflowStep):
            whole = record.status == "succeeded" and record.restorable and not known.open
            return Turn("answer", record) if whole or handled else Turn("enter", record, known.attempt)
        if not holds_steps(step):
            return None
        if handled:
            return Turn("answer", record)
        return Turn("enter", record, known.attempt, closed=record.status == "succeeded" and not known.open)

    def _is_needed(self, path: str, place: Place, answered: Container[str]) -> bool:
        """Whether anything that will be evaluated may read the result of a step. `answered` are paths."""
        name = place.step.id
        around = ["", *(path[: at.end()] for at in _SEPARATOR.finditer(path))]
        return any(
            read.root == name
            for step in place.flow.walk()
            if not (isinstance(step, TaskStep) and any(prefix + step.id in answered for prefix in around))
            for value in _values_of(step)
            for read in value.reads
        ) or any(read.root == name for output in place.flow.outputs for read in output.value.reads)

    def _works(self, path: str, turn: Turn) -> bool:
        place = self.places.find(path)
        return turn.record.status != "skipped" and place is not None and _is_work(place.step)

    def _left(self, flow: Flow, answered: set[str]) -> int:
        """How many steps of a flow, and of those that it would call, will run as far as anybody can tell now."""
        left = 0
        for name, steps in flow.blocks():
            for step in _inside(steps) if name in ("steps", "finally") else ():
                if step.id in answered:
                    continue
                if isinstance(step, TaskStep):
                    left += 1
                elif isinstance(step, SubflowStep):
                    called = self.places.called(flow, step)
                    left += 1 if called is None else self._left(called, answered)
        return left


@contextmanager
def uncollected() -> Iterator[None]:
    """All that is made inside is kept: the collector would search it again and again for nothing."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def whole_calls(turns: Mapping[str, Turn]) -> set[str]:
    """The paths of subflows that are answered as a whole."""
    return {path for path, turn in turns.items() if turn.action == "answer" and turn.record.kind == "subflow"}


def inside_of(turns: Mapping[str, Turn], standing: Mapping[str, Standing]) -> dict[str, list[RecordedStep]]:
    """What ran inside of blocks, loops and subflows that are answered as a whole, by their paths."""
    holders = {
        path
        for path, turn in turns.items()
        if turn.action == "answer" and turn.record.kind in BLOCKS and turn.record.status != "skipped"
    }
    found: dict[str, list[RecordedStep]] = {}
    for path, known in standing.items() if holders else ():
        holder = next((one for one in holders_of(path, known.place) if one in holders), None)
        if holder is not None:
            record, line = known.record, known.place.step.line
            found.setdefault(holder, []).append(record if record.line == line else replace(record, line=line))
    return found


def _values_of(step: Step) -> Iterator[Value]:
    yield from step.values()
    if isinstance(step, ForEachStep) and step.collect is not None:
        yield step.collect


def _is_work(step: Step) -> bool:
    return isinstance(step, (TaskStep, SubflowStep))


def _inside(steps: Iterable[Step]) -> Iterable[Step]:
    for step in steps:
        yield step
        for name, inner in step.blocks():
            if name != "on_error":
                yield from _inside(inner)


def is_below(path: str, calls: set[str]) -> bool:
    """Whether a path leads into one of these calls."""
    at = path.find("/")
    while at >= 0:
        if path[:at] in calls:
            return True
        at = path.find("/", at + 1)
    return False
