"""The figures of a recorded run that can be compared with those of another: what both of them did themselves."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from flowlang.journal.reading import BLOCKS
from flowlang.runtime.paths import address_of

if TYPE_CHECKING:
    from flowlang.journal.records import RecordedStep

#: The executions that count of a run, by path and occurrence.
Steps = Mapping[tuple[str, int], "RecordedStep"]


def totals(steps: Steps, others: Steps) -> dict[str, float]:
    """Milliseconds by address.

    Nothing of executions for which something else answered, in either of the runs, nor of blocks around such ones.
    """
    found: dict[str, float] = {}
    partial = _partly_answered(steps) | _partly_answered(others)
    for key, step in _worked(steps, others):
        if key not in partial:
            address = address_of(step.path)
            found[address] = found.get(address, 0.0) + step.duration_ms
    return found


def row_counts(steps: Steps, others: Steps) -> dict[str, float]:
    """The rows that statements read or changed, by address, of the steps that sent any and were told a number.

    Nothing of executions for which something else answered, in either of the runs.
    """
    counts: Counter[str] = Counter()
    for _, step in _worked(steps, others):
        for statement in step.statements:
            rows = statement.get("rows")
            if rows is not None:
                counts[address_of(step.path)] += rows
    return dict(counts)


def _worked(steps: Steps, others: Steps) -> Iterator[tuple[tuple[str, int], RecordedStep]]:
    for key, step in steps.items():
        other = others.get(key)
        if step.answered_by is None and (other is None or other.answered_by is None):
            yield key, step


def _partly_answered(steps: Steps) -> set[tuple[str, int]]:
    """The blocks and calls during which a step was answered for."""
    answered = sorted(step.ended for step in steps.values() if step.answered_by is not None and step.ended is not None)
    found = set()
    for key, step in steps.items() if answered else ():
        if step.kind in BLOCKS and step.started is not None and step.ended is not None:
            place = bisect_left(answered, step.started)
            if place < len(answered) and answered[place] <= step.ended:
                found.add(key)
    return found
