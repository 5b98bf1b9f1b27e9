"""What two recorded runs did differently: the first difference, values, branches, timings, rows, definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from flowlang.journal.by_hand import ByHand, by_hand
from flowlang.journal.compare_figures import Steps, row_counts, totals
from flowlang.journal.compare_inputs import Defaults, compare_inputs, is_of_the_caller
from flowlang.journal.compare_values import Change, Kind, changes

if TYPE_CHECKING:
    from flowlang.journal.records import RecordedRun, RecordedStep, RunSummary

#: A difference of time is told from so many milliseconds on, and from this share of the longer time on.
MIN_MS: Final = 20.0
MIN_SHARE: Final = 0.2

What = Literal["inputs", "missing", "added", "branch", "status", "result", "error", "outputs", "ending"]

#: The kinds of steps that have inputs.
_TAKES: Final = frozenset({"task", "subflow"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that was not the same, at a step or, where `path` is empty, of the run itself.

    `what` is `missing` for a step that only the first run came to, and `added` for one that only the second did.
    `at` is the place inside the value; `kind` tells whether something stands there in both.
    """

    path: str
    what: What
    at: str = ""
    before: Any = None
    after: Any = None
    kind: Kind = "changed"


@dataclass(frozen=True, slots=True)
class StepDifference:
    """A step that took or gave something else, or ended in another way."""

    path: str
    occurrence: int
    step_id: str
    flow: str
    line: int
    status: tuple[str, str]
    inputs: list[Change]
    outputs: list[Change]
    error: list[Change]


@dataclass(frozen=True, slots=True)
class Branches:
    """A choice that went another way; None where no branch was taken, or the step was not come to."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A figure of a step, over all its executions: milliseconds or rows. None where there is none to tell."""

    address: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class FileDifference:
    """A file of the definition that differs, as the lines of a unified diff."""

    name: str
    diff: list[str]


@dataclass(frozen=True, slots=True)
class Hands:
    """What people did by hand in each of the runs."""

    before: list[ByHand]
    after: list[ByHand]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the second of two runs differed from the first.

    `inputs` are compared as the flows had them, `defaults` are those that nobody gave. `missing` and `added` are the
    paths of steps that only one of them came to, `by_hand` is what people did in each while it was stopped. All of it
    is empty, and `same` is true, for two runs that did the same; how long they took doesn't count for that.
    """

    before: RunSummary
    after: RunSummary
    first: Difference | None
    inputs: list[Change]
    values: list[StepDifference]
    outputs: list[Change]
    error: list[Change]
    missing: list[str]
    added: list[str]
    branches: list[Branches]
    timings: list[Figures]
    rows: list[Figures]
    definition: list[FileDifference]
    defaults: Defaults = field(default_factory=Defaults)
    by_hand: Hands = field(default_factory=lambda: Hands([], []))

    @property
    def same(self) -> bool:
        """Whether the runs did the same, whatever time they took."""
        return self.first is None and not self.definition

    def to_dict(self) -> dict[str, Any]:
        """The comparison as data, the runs by their ids."""
        told = {name: _data(getattr(self, name)) for name in self.__dataclass_fields__}
        return {"same": self.same, **told, "before": self.before.run_id, "after": self.after.run_id}


class _Moment(NamedTuple):
    """Where a step began or ended: that is when what it took, or gave, is known."""

    key: tuple[str, int]
    ends: bool


def compare(
    before: RecordedRun, after: RecordedRun, *, min_ms: float = MIN_MS, min_share: float = MIN_SHARE
) -> Comparison:
    """Compare two runs, step by step by path and occurrence. `min_ms` and `min_share` bound which times are told."""
    ours, theirs = latest(before.steps()), latest(after.steps())
    inputs, defaults = compare_inputs(before, after)
    outputs = changes(before.outputs or {}, after.outputs or {})
    error = changes(_told(before.error), _told(after.error))
    return Comparison(
        before=before.summary,
        after=after.summary,
        first=_first(before, after, ours, theirs, inputs, outputs, error),
        inputs=inputs,
        values=[found for key in ours if key in theirs and (found := _step(ours[key], theirs[key])) is not None],
        outputs=outputs,
        error=error,
        missing=_named(key for key in ours if key not in theirs),
        added=_named(key for key in theirs if key not in ours),
        branches=list(_branches(ours, theirs)),
        timings=list(_timings(totals(ours, theirs), totals(theirs, ours), min_ms, min_share)),
        rows=[one for one in _figures(row_counts(ours, theirs), row_counts(theirs, ours)) if one.before != one.after],
        definition=list(_definitions(before, after)),
        defaults=defaults,
        by_hand=Hands([*by_hand(before)], [*by_hand(after)]),
    )


def latest(steps: Iterable[RecordedStep]) -> dict[tuple[str, int], RecordedStep]:
    """The executions by path and occurrence. Of those in several sessions of a run the last that did any work."""
    found: dict[tuple[str, int], RecordedStep] = {}
    for step in steps:
        key = (step.path, step.occurrence)
        earlier = found.get(key)
        if earlier is None or step.answered_by != "journal" or step.status != earlier.status:
            found[key] = step
    return found


def _first(
    before: RecordedRun,
    after: RecordedRun,
    ours: Steps,
    theirs: Steps,
    inputs: list[Change],
    outputs: list[Change],
    error: list[Change],
) -> Difference | None:
    for change in inputs:
        if not is_of_the_caller(change):
            return _at("", "inputs", change)
    for moment in _merged(_moments(ours), _moments(theirs)):
        found = _at_moment(moment, ours.get(moment.key), theirs.get(moment.key))
        if found is not None:
            return found
    if before.summary.status != after.summary.status:
        return Difference("", "ending", "", before.summary.status, after.summary.status)
    if error:
        return _at("", "error", error[0])
    return _at("", "outputs", outputs[0]) if outputs else None


def _at_moment(moment: _Moment, a: RecordedStep | None, b: RecordedStep | None) -> Difference | None:
    path = moment.key[0]
    if a is None or b is None:
        if b is not None:
            return Difference(path, "added", "", None, b.status)
        return Difference(path, "missing", "", None if a is None else a.status, None)
    if not moment.ends:
        if found := changes(_inputs(a), _inputs(b)):
            return _at(path, "inputs", found[0])
        return Difference(path, "branch", "", a.branch, b.branch) if a.branch != b.branch else None
    if a.status != b.status:
        return Difference(path, "status", "", _ending(a), _ending(b))
    if found := changes(_own_error(a), _own_error(b)):
        return _at(path, "error", found[0])
    if found := changes(a.outputs, b.outputs):
        return _at(path, "result", found[0])
    return None


def _at(path: str, what: What, change: Change) -> Difference:
    return Difference(path, what, change.at, change.before, change.after, change.kind)


def _ending(step: RecordedStep) -> str:
    message = _own_error(step).get("message")
    return f"{step.status}: {message}" if message else step.status


def _told(error: Any) -> dict[str, Any]:
    """What of an error tells one from another: not where the file lies, nor how often it was tried."""
    if not isinstance(error, Mapping):
        return {} if error is None else {"message": str(error)}
    return {name: error[name] for name in ("type", "message", "step") if error.get(name) is not None}


def _inputs(step: RecordedStep) -> Any:
    """What went into the step. A block takes nothing: what its failure shows is the step inside that failed."""
    return step.inputs if step.kind in _TAKES else None


def _own_error(step: RecordedStep) -> dict[str, Any]:
    """The step's failure, unless it is that of a step inside, which tells it."""
    told = _told(step.error)
    return told if told.get("step", step.step_id) == step.step_id else {}


def _moments(steps: Steps) -> list[_Moment]:
    """Beginnings and endings of the steps in the order in which they happened."""
    timed: list[tuple[int, float, int, _Moment]] = []
    for position, (key, step) in enumerate(steps.items()):
        ended = step.ended if step.ended is not None else float("inf")
        started = step.started if step.started is not None else ended
        timed.append((step.session, started, position, _Moment(key, ends=False)))
        timed.append((step.session, ended, position, _Moment(key, ends=True)))
    return [entry[3] for entry in sorted(timed)]


def _merged(ours: list[_Moment], theirs: list[_Moment]) -> Iterator[_Moment]:
    """All moments in the order of the first run; what only the second has follows what it followed there."""
    known = set(ours)
    following: dict[_Moment | None, list[_Moment]] = {}
    last: _Moment | None = None
    for moment in theirs:
        if moment in known:
            last = moment
        else:
            following.setdefault(last, []).append(moment)
    yield from following.get(None, ())
    for moment in ours:
        yield moment
        yield from following.get(moment, ())


def _step(a: RecordedStep, b: RecordedStep) -> StepDifference | None:
    inputs, outputs = changes(_inputs(a), _inputs(b)), changes(a.outputs, b.outputs)
    error = changes(_own_error(a), _own_error(b))
    if a.status == b.status and not (inputs or outputs or error):
        return None
    return StepDifference(b.path, b.occurrence, b.step_id, b.flow, b.line, (a.status, b.status), inputs, outputs, error)


def _named(keys: Iterable[tuple[str, int]]) -> list[str]:
    return list(dict.fromkeys(path for path, _ in keys))


def _branches(ours: Steps, theirs: Steps) -> Iterator[Branches]:
    for key, a in ours.items():
        b = theirs.get(key)
        if b is not None and a.branch != b.branch:
            yield Branches(key[0], a.branch, b.branch)


def _timings(a: Mapping[str, float], b: Mapping[str, float], min_ms: float, min_share: float) -> Iterator[Figures]:
    for one in _figures(a, b):
        if one.before is None or one.after is None:
            continue
        apart = abs(one.after - one.before)
        if apart >= min_ms and apart >= min_share * max(one.before, one.after):
            yield one


def _figures(a: Mapping[str, float], b: Mapping[str, float]) -> Iterator[Figures]:
    for address in dict.fromkeys((*a, *b)):
        yield Figures(address, a.get(address), b.get(address))


def _definitions(before: RecordedRun, after: RecordedRun) -> Iterator[FileDifference]:
    ours, theirs = dict(before.definition), dict(after.definition)
    for name in dict.fromkeys((*ours, *theirs)):
        a, b = ours.get(name, ""), theirs.get(name, "")
        if a != b:
            lines = unified_diff(a.splitlines(), b.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
            yield FileDifference(name, list(lines))


def _data(value: Any) -> Any:
    if isinstance(value, list):
        return [_data(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    return {name: _data(getattr(value, name)) for name in value.__dataclass_fields__}
