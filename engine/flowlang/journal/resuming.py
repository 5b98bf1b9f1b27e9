"""Going on with a run that was interrupted, cancelled or failed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import ResultNotKeptError
from flowlang.journal.continuing import Continuation, is_below, whole_calls
from flowlang.journal.opening import file_stem
from flowlang.journal.problems import Choice, Choices, ReplayError, ReplayProblem
from flowlang.journal.records import Extent, RecordedStep, RunQuery
from flowlang.journal.replay import Script, Turn
from flowlang.journal.standing import Standing, effects
from flowlang.language.model import Flow, Step, TaskStep
from flowlang.language.nodes import Scalar
from flowlang.runtime.paths import address_of

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.recording import RunRecorder
    from flowlang.runtime.control import CancellationToken
    from flowlang.runtime.events import EventCallback
    from flowlang.runtime.executor import FlowExecutor
    from flowlang.runtime.interception import Interceptor
    from flowlang.runtime.result import FlowResult

#: What has to fit onto the disk for a resume to begin, in bytes.
_ROOM: Final = 256_000

_ENDED_WELL = ("succeeded", "terminated")


class Resumption(Continuation):
    """A recorded run about to be gone on with: what it completed is taken from the journal, the rest runs.

    The run keeps its id. `inputs` are the secret ones again. `on_unknown` says what becomes of steps that were under
    way when the process died: one choice for all, one for each by path or address, or a function that is asked.
    Those that say `idempotent` run again, and those that are `exactly_once` find out by themselves. With `as_it_was`
    the flow's text is the one that ran, else the one that its file has now.
    """

    def __init__(
        self,
        journal: Journal,
        run_id: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        on_unknown: Choices | None = None,
        as_it_was: bool = False,
    ) -> None:
        super().__init__(journal, run_id, inputs, as_it_was)
        self.on_unknown = on_unknown
        self._unknown: list[RecordedStep] = []
        self._is_trial = False

    @property
    def unknown(self) -> list[RecordedStep]:
        """The steps that were under way when the process died and need a choice, whether or not there is one yet."""
        _ = self._script
        return list(self._unknown)

    async def execute(
        self,
        executor: FlowExecutor,
        event_callback: EventCallback | None = None,
        cancellation_token: CancellationToken | None = None,
        *,
        interceptors: Sequence[Interceptor] = (),
        timeout: float | None = None,
    ) -> FlowResult:
        """Go on with the run, in `timeout` seconds. Raises ReplayError if a problem stands in the way.

        If that is undone at the end, it was for trial: it isn't recorded, and the run can still be gone on with.
        """
        self._is_trial = any(interceptor.undoes for interceptor in interceptors)
        with self._alone():
            return await super().execute(
                executor, event_callback, cancellation_token, interceptors=interceptors, timeout=timeout
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else goes on with the run meanwhile. Raises ReplayError if somebody does, or did since it was read."""
        path = self.journal.home / f"{file_stem(self.run.run_id)}.resuming"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # told among the problems
            yield
            return
        locked = _locked(descriptor) and _is_named(descriptor, path)
        try:
            if not locked or self._has_gone_on():
                message = f"somebody else has gone on with run {self.run.run_id} meanwhile"
                raise ReplayError([ReplayProblem("running", message, "look at it again")])
            yield
        finally:
            if locked:
                path.unlink(missing_ok=True)
            os.close(descriptor)

    def _has_gone_on(self) -> bool:
        known = self.run.summary
        now = self.journal.runs(RunQuery(text=known.run_id))
        return any(one.run_id == known.run_id and one.sessions != known.sessions for one in now)

    @property
    def _run_id(self) -> str | None:
        return self.run.run_id

    def _new_recorder(self) -> RunRecorder | None:
        return None if self._is_trial else self.journal.recorder(resuming=self.run.run_id)

    def _written(self) -> Script:
        self._look_at_the_run()
        turns: dict[str, Turn] = {}
        undecided: list[tuple[str, Standing]] = []
        for path, known in self.standing.items():
            turn = self._turn(known)
            if turn is not None:
                turns[path] = turn
            elif isinstance(known.place.step, TaskStep) and known.record.kind == known.place.step.kind:
                if known.record.status == "succeeded" and known.record.restorable:
                    turns[path] = Turn("answer", known.record)
                elif known.record.status in ("succeeded", "unknown") or _has_taken_effect(known.record):
                    undecided.append((path, known))
        whole = whole_calls(turns)
        for path, known in undecided:
            decided = None if is_below(path, whole) else self._decided(path, known, turns)
            if decided is not None:
                turns[path] = decided
        taken = effects(self.steps, self.places)
        extent = self.run.sessions()[0].extent or Extent()
        for path in extent.lost:
            message = f"the result that was given for `{path}` is secret or too large, so the journal doesn't have it"
            self._note(ReplayProblem("unrestorable", message, "run it again instead, with that result", path))
        script = self._script_of(
            turns,
            self.standing,
            given=extent.outputs,
            effects=taken,
            until=extent.until,
            only=extent.only,
            started_at=self._started_at,
            same_run=True,
        )
        self._note_lost(script)
        return script

    @property
    def _started_at(self) -> str:
        return datetime.fromtimestamp(self.run.summary.started, UTC).isoformat(timespec="milliseconds")

    def _look_at_the_run(self) -> None:
        summary = self.run.summary
        unwritable = _unwritable(self.journal.home)
        if unwritable is not None:
            message = f"the journal cannot be written ({unwritable}), so nobody could tell later what was done"
            self._note(ReplayProblem("unwritable", message, "make room, or let it be written"))
        if summary.status == "running":
            message = f"run {summary.run_id} is still running"
            self._note(ReplayProblem("running", message, "cancel it first, or wait for its end"))
        elif summary.origin is not None and summary.origin.how == "imported":
            message = f"run {summary.run_id} ran elsewhere, and was only imported here"
            self._note(ReplayProblem("finished", message, "run it again instead"))
        elif summary.status in _ENDED_WELL:
            message = f"run {summary.run_id} came to its end: nothing is left of it"
            self._note(ReplayProblem("finished", message, "run it again instead"))
        elif self.run.in_sandbox:
            message = f"run {summary.run_id} was in a sandbox: what its steps did to databases is undone"
            self._note(ReplayProblem("undone", message, "run the flow again from its start"))
        elif summary.gap is not None:
            message = f"the recording stopped before the run did ({summary.gap}): what ran after that would run again"
            agreed = self.on_unknown == "retry"
            hint = None if agreed else "retry all that is unknown, if that is all right"
            self._note(ReplayProblem("gap", message, hint, blocking=not agreed))

    def _decided(self, path: str, known: Standing, answered: Mapping[str, Turn]) -> Turn | None:
        record, step = known.record, known.place.step
        if record.status == "succeeded" and not self._is_needed(path, known.place, answered):
            return Turn("answer", record)
        if step.idempotent or (record.status == "unknown" and step.exactly_once):
            return Turn("run", record, known.attempt)
        if record.status == "unknown":
            self._unknown.append(record)
        choice = self._choice(path, record)
        if choice in ("retry", "skip"):
            return Turn("run" if choice == "retry" else "skip", record, known.attempt)
        self._note(_unknown(path, step, record) if record.status == "unknown" else _unrestorable(path, record))
        return None

    def _choice(self, path: str, record: RecordedStep) -> Choice | None:
        choices = self.on_unknown
        if choices is None or isinstance(choices, str):
            return choices
        if isinstance(choices, Mapping):
            return choices.get(path) or choices.get(address_of(path)) or choices.get("*")
        return choices(record)

    def _note_lost(self, script: Script) -> None:
        """Say that what answered steps left in a database in memory is gone."""
        for name in _in_memory(self.places.flow):
            for path, turn in script.turns.items():
                place = self.places.find(path)
                connection = None if place is None else place.step.connection
                if turn.action == "answer" and connection is not None and connection.text == name:
                    message = f"`{name}` is a database in memory: what the run left there is gone"
                    self._note(ReplayProblem("lost", message, None, path, blocking=False))
                    break


def _locked(descriptor: int) -> bool:
    """Whether an open file is locked for this process now; a file system without locks is trusted."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _is_named(descriptor: int, path: Path) -> bool:
    """Whether an open file still has its name: whoever had it locked before takes that away."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _unwritable(folder: Path) -> str | None:
    """Why nothing can be written into a folder; None if it can."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM))
            file.flush()
    except OSError as error:
        return error.strerror
    return None


def _unknown(path: str, step: Step, record: RecordedStep) -> ReplayProblem:
    sent = [str(statement.get("text", "")) for statement in record.statements]
    what = f"; it had sent `{' '.join(sent[-1].split())}`" if sent else ""
    message = f"`{path}` was under way when the process died, and nobody knows whether it took effect{what}"
    hint = "choose: retry it, or skip it, and its result is null"
    if step.connection is not None:
        hint += " (a step that says `exactly_once: true` finds out by itself)"
    return ReplayProblem("unknown", message, hint, path, step=record)


def _has_taken_effect(record: RecordedStep) -> bool:
    """Whether a step failed only because nobody has the result of what it did."""
    return record.status == "failed" and (record.error or {}).get("type") == ResultNotKeptError.__name__


def _unrestorable(path: str, record: RecordedStep) -> ReplayProblem:
    if record.error is not None:
        return ReplayProblem("unrestorable", str(record.error.get("message")), "choose: skip it", path, step=record)
    message = f"the result of `{path}` is needed, and the journal doesn't have it: {record.why_not}"
    hint = "choose: retry it, or skip it, and its result is null"
    return ReplayProblem("unrestorable", message, hint, path, step=record)


def _in_memory(flow: Flow) -> list[str]:
    found = []
    for name, connection in flow.connections.items():
        database = connection.config.get("database")
        if database is not None and isinstance(database.node, Scalar) and database.node.value == ":memory:":
            found.append(name)
    return found
