"""What the journal gives back: the runs that were, and the steps in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, Protocol

RunStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "terminated", "interrupted"]
StepStatus = Literal["running", "succeeded", "failed", "cancelled", "skipped", "unknown"]
#: What was made of another run, or who asked a server for one.
How = Literal["rerun", "forked", "imported", "api", "webhook", "schedule"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run comes from: the other run and what was made of it, or who asked a server for it (`run_id` is None).

    `from_step` is the path from which a rerun runs anew.
    """

    run_id: str | None
    how: How
    from_step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs are wanted, the newest first; what is None doesn't matter.

    `flow` is a flow's name or its file, `step` a step's id or address (`orders/ship`), `text` is searched in
    inputs, errors, names and ids, `inputs` are values of single inputs as text. `since` and `until` are seconds
    since 1970, of the start. `origin` is how the run came about.
    """

    flow: str | None = None
    status: RunStatus | None = None
    step: str | None = None
    text: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    since: float | None = None
    until: float | None = None
    longer_than_ms: float | None = None
    pinned: bool | None = None
    origin: How | None = None
    limit: int | None = 100
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run, as a list shows it. Times are seconds since 1970, secrets are masked.

    `interrupted` is a run that no living process owns and that came to no end. `path` is the flow's file,
    relative to the project; None for a flow that was no file. `steps` is how many calls of steps ended, answered
    ones not counted; `failed_step` the path of the one that failed the run. `sessions` counts the processes, or
    the times, in which it ran. `has_unknown` tells that a step was under way when a process died. `gap` says why
    the recording stopped before the run did, if it did.
    """

    run_id: str
    flow: str
    path: str | None
    status: RunStatus
    started: float
    ended: float | None = None
    duration_ms: float = 0.0
    steps: int = 0
    failed_step: str | None = None
    error: str | None = None
    error_type: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    pinned: bool = False
    origin: Origin | None = None
    sessions: int = 1
    has_unknown: bool = False
    gap: str | None = None


@dataclass(slots=True, kw_only=True)
class RecordedStep:
    """One execution of a step, in a loop that of one iteration. Times are seconds since 1970.

    `path` is that of its events, `orders[3]/ship`; `occurrence` counts executions of the same path in one
    session, from 1 (a block that is tried again has its steps run again). `status` is `unknown` when the step was
    under way as the session's process died, and `running` while that lives. `terminated` tells that the
    flow was ended in there.

    `inputs` are masked and plain. `outputs` have their types back (`Decimal`, dates, bytes …) where the journal
    could write them down: `restorable` is false where it could not, and `why_not` says why; `outputs` are then
    what was shown. `handled` tells of a failure that the flow went on from. `retries` are its `step_retrying`
    events, `statements` its `statement` events. `length` is the number of items of a loop.
    """

    path: str
    step_id: str
    flow: str
    kind: str
    task: str | None
    line: int
    status: StepStatus
    session: int = 1
    occurrence: int = 1
    handled: bool = False
    terminated: bool = False
    started: float | None = None
    ended: float | None = None
    duration_ms: float = 0.0
    attempts: int = 1
    inputs: Any = None
    outputs: Any = None
    restorable: bool = True
    why_not: str | None = None
    error: Mapping[str, Any] | None = None
    retries: list[Mapping[str, Any]] = field(default_factory=list)
    statements: list[Mapping[str, Any]] = field(default_factory=list)
    branch: str | None = None
    length: int | None = None
    answered_by: str | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of its flow a rerun is to run, for whoever goes on with it.

    It ends after the step `until`, and runs nothing else than that step with `only`. `outputs` are results that stand
    for those of steps, by path or address; of those that are `lost` nobody keeps the value: it is secret or too large.
    """

    until: str | None = None
    only: bool = False
    outputs: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One time that a run ran: the first, or after a resume. `complete` tells that it came to an end.

    `extent` is there for a rerun that is not simply to run all that is left.
    """

    number: int
    started: float
    complete: bool
    origin: Origin | None = None
    extent: Extent | None = None


class Records(Protocol):
    """What a recorded run is read from."""

    def sessions(self) -> list[Session]:
        """The run's sessions, in order."""

    def events(self, session: int | None = None) -> Iterator[dict[str, Any]]:
        """The events of one session, or of all, as they were told."""

    def steps(self, session: int | None = None) -> list[RecordedStep]:
        """The executions of steps of one session, or of all."""


class RecordedRun:
    """A run of the journal. Its events and steps are read when they are asked for.

    `definition` has the texts that ran: of the flow and of each subflow, by their file's path in the project, the
    run's own flow first. `tasks` has hashes (SHA-256, hexadecimal) of the Python files of its tasks. `inputs` are
    those that were given, with their types; `masked_inputs` are the names of those whose values nobody keeps:
    secret ones, and those that are too large or of a class of the caller's.
    """

    def __init__(
        self,
        summary: RunSummary,
        records: Records,
        *,
        definition: Mapping[str, str],
        tasks: Mapping[str, str],
        inputs: Mapping[str, Any],
        masked_inputs: tuple[str, ...] = (),
        outputs: Any = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        self.summary = summary
        self.definition = definition
        self.tasks = tasks
        self.inputs = inputs
        self.masked_inputs = masked_inputs
        self.outputs = outputs
        self.error = error
        self._records = records

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.summary.run_id

    def sessions(self) -> list[Session]:
        """The times that it ran, in order: once, and once more for each resume."""
        return self._records.sessions()

    def events(self, session: int | None = None) -> Iterator[dict[str, Any]]:
        """What was told: dicts like the events of a live run, numbered through all sessions; silent steps aside."""
        return self._records.events(session)

    @property
    def in_sandbox(self) -> bool:
        """Whether what the run did to databases was undone at its end."""
        return any(event["type"] == "sandbox_started" for event in islice(self.events(), 20))

    def steps(self, session: int | None = None) -> list[RecordedStep]:
        """What ran, silent steps too, in the order in which it began; of all sessions or of one, from 1."""
        return self._records.steps(session)

    def __repr__(self) -> str:
        return f"<RecordedRun {self.summary.run_id} {self.summary.flow} {self.summary.status}>"
