"""What ran inside of steps that a rerun took from the journal as a whole: it is recorded in a run before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flowlang.errors import RunNotFoundError
from flowlang.journal.places import Place, Places
from flowlang.journal.standing import Standing, standing

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.records import RecordedRun


def with_those_inside(
    found: dict[str, Standing], run: RecordedRun, path: str, journal: Journal, places: Places
) -> dict[str, Standing]:
    """`found`, and what ran inside the blocks and calls around `path` that were answered as a whole, if any was.

    So is what ran inside blocks that failed, because it can still be read. That is looked for in the run from which
    this one was made, and in the one from which that was.
    """
    place = places.find(path)
    answered = set() if place is None else {one for one in _around(path, place) if _is_answered(found.get(one))}
    answered |= {name for name, known in found.items() if _has_failed_as_a_whole(known)}
    before = _run_before(run, journal) if answered else None
    if before is None:
        return found
    theirs = standing(before.steps(), before.sessions(), places)
    theirs = with_those_inside(theirs, before, path, journal, places)
    inside = {name: one for name, one in theirs.items() if not answered.isdisjoint(_around(name, one.place))}
    return {**found, **{name: theirs[name] for name in answered if name in theirs}, **inside}


def _is_answered(known: Standing | None) -> bool:
    return known is not None and known.record.answered_by == "journal" and known.record.status != "skipped"


def _has_failed_as_a_whole(known: Standing) -> bool:
    return known.record.status == "failed" and _is_answered(known) and any(True for _ in known.place.step.blocks())


def _run_before(run: RecordedRun, journal: Journal) -> RecordedRun | None:
    origin = run.summary.origin
    if origin is None or origin.run_id in (None, run.run_id):
        return None
    try:
        return journal.run(str(origin.run_id), exact=True)
    except RunNotFoundError:
        return None


def _around(path: str, place: Place) -> Iterator[str]:
    """The paths of the blocks, loops and calls that hold a step."""
    pieces = path.split("/")
    for level in place.levels[:-1]:
        yield "".join(f"{piece}/" for piece in pieces[: level.depth]) + level.siblings[level.position].id
