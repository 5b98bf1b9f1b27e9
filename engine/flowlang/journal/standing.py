"""What of a run's records still stands when the run is gone on with: of each path the execution that counts.

Of several executions of one path the last one counts. What ran inside a block before that was tried again counts no
more, and neither do the handlers of a flow that came to its end, because they belong to that end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flowlang.journal.places import Place, Places, above
from flowlang.journal.records import RecordedStep, Session
from flowlang.language.model import ForEachStep, Step, SubflowStep, WhileStep
from flowlang.language.order import within

#: A moment of a run: the session, and seconds since 1970.
Moment = tuple[int, float]

_NEVER: Final[Moment] = (0, 0.0)


@dataclass(slots=True)
class Standing:
    """An execution that counts. `attempt` is the one that comes next, if the step was under way.

    `open` tells of a block or call that is gone into, however it ended.
    """

    record: RecordedStep
    place: Place
    attempt: int = 1
    open: bool = False


def standing(steps: Iterable[RecordedStep], sessions: Sequence[Session], places: Places) -> dict[str, Standing]:
    """The executions that count, by their path. Steps that the flow no longer has are left out."""
    placed = [(record, place) for record in steps if (place := places.of(record)) is not None]
    passed = _Passed(placed, {session.number for session in sessions if session.complete})
    found: dict[str, Standing] = {}
    for record, place in placed:
        known = found.get(record.path)
        # what was answered from the journal is in there already
        if known is not None and known.record.status != "unknown" and record.answered_by == "journal":
            continue
        if not passed.by(record, place):
            simple = known is None and not record.retries
            found[record.path] = Standing(record, place) if simple else _after(known, record, place)
    return found


def effects(steps: Iterable[RecordedStep], places: Places) -> dict[str, int]:
    """How often each step that is exactly once took effect in the run, by path."""
    counts: dict[str, int] = {}
    if not any(step.exactly_once for flow in places.flows() for step in flow.walk()):
        return counts
    for record in steps:
        if record.status == "succeeded" and record.answered_by is None:
            place = places.of(record)
            if place is not None and place.step.exactly_once:
                counts[record.path] = counts.get(record.path, 0) + 1
    return counts


def rounds(paths: Iterable[str]) -> dict[str, int]:
    """How many iterations were begun of each loop that these paths go into, by the loop's path."""
    found: dict[str, int] = {}
    seen: set[str] = set()
    for path in paths:
        end = path.rfind("]")
        while end >= 0 and (iteration := path[:end]) not in seen:
            seen.add(iteration)
            path, _, index = iteration.rpartition("[")
            found[path] = max(found.get(path, 0), int(index) + 1)
            end = path.rfind("]")
    return found


def _after(known: Standing | None, record: RecordedStep, place: Place) -> Standing:
    """What counts when `record` came after what was known of the same path."""
    attempt = 1
    if record.retries:
        attempt += max(int(retry.get("attempt", 0)) for retry in record.retries)
    if known is not None:
        before = known.record
        if before.status == "unknown" and before.session < record.session:
            attempt = max(attempt, known.attempt)
        if isinstance(place.step, (ForEachStep, WhileStep)) and record.length is None:
            record = replace(record, length=before.length)
        if record.branch is None and before.branch is not None:
            record = replace(record, branch=before.branch)
    return Standing(record, place, attempt if record.status == "unknown" else 1)


class _Passed:
    """Knows of records that they no longer count."""

    def __init__(self, placed: Iterable[tuple[RecordedStep, Place]], complete: set[int]) -> None:
        self._complete = complete
        #: Until when steps inside a block count no more, by what stands before their id in a path, and by the id.
        self._inside: dict[str, dict[str, Moment]] = {}
        #: Until when steps below a loop or call count no more, by its path without the last iteration.
        self._below: dict[str, Moment] = {}
        #: Until when the handlers of a called flow count no more, by the path of the call.
        self._ended: dict[str, Moment] = {}
        for record, place in placed:
            if record.retries or isinstance(place.step, SubflowStep):
                self._note(record, place.step)

    def _note(self, record: RecordedStep, step: Step) -> None:
        if isinstance(step, SubflowStep) and record.ended is not None and record.status != "unknown":
            _push(self._ended, record.path, (record.session, record.ended))
        if record.retries and holds_steps(step):
            last = (record.session, float(record.retries[-1].get("timestamp", 0.0)))
            _push(self._below, record.path, last)
            ids = self._inside.setdefault(record.path[: len(record.path) - len(step.id)], {})
            for inner in within(step):
                if inner is not step:
                    _push(ids, inner.id, last)

    def by(self, record: RecordedStep, place: Place) -> bool:
        """Whether a record counts no more."""
        if place.is_handler and self._is_of_an_ending(record, place):
            return True
        if not self._below:
            return False
        moment = _moment(record)
        for before, id in above(record.path):
            path = before + id
            if moment < self._inside.get(before, {}).get(id, _NEVER):
                return True
            if path != record.path and moment < self._below.get(path, _NEVER):
                return True
        return False

    def _is_of_an_ending(self, record: RecordedStep, place: Place) -> bool:
        if place.called == 0:
            return record.session in self._complete
        call = "/".join(record.path.split("/")[: place.called])
        return _moment(record) < self._ended.get(call, _NEVER)


def _push(moments: dict[str, Moment], key: str, moment: Moment) -> None:
    moments[key] = max(moments.get(key, _NEVER), moment)


def holds_steps(step: Step) -> bool:
    """Whether a step has others inside it, or calls a flow that has."""
    return isinstance(step, SubflowStep) or any(True for _ in step.blocks())


def _moment(record: RecordedStep) -> Moment:
    return (record.session, record.started or record.ended or 0.0)
