"""What differs between the inputs of two runs: as the flows had them, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from flowlang.journal.compare_values import Change, changes
from flowlang.plainly import is_plain

if TYPE_CHECKING:
    from flowlang.journal.records import RecordedRun


@dataclass(frozen=True, slots=True)
class Defaults:
    """The inputs that nobody gave, in each of two runs: they had their defaults."""

    before: Sequence[str] = ()
    after: Sequence[str] = ()


def compare_inputs(before: RecordedRun, after: RecordedRun) -> tuple[list[Change], Defaults]:
    """The leaves that differ, and which inputs had defaults."""
    ours, theirs = _bound(before), _bound(after)
    for name in ours.keys() & theirs.keys():
        a, b = before.inputs.get(name), after.inputs.get(name)
        # what JSON has no type for is told from what it would be shown as
        if name in before.inputs and name in after.inputs and not (is_plain(a) and is_plain(b)):
            ours[name], theirs[name] = a, b
    return changes(ours, theirs), Defaults(_defaults(before, ours), _defaults(after, theirs))


def is_of_the_caller(change: Change) -> bool:
    """Whether it is an input that whoever started the run adds: `_webhook`, `_schedule`, with the time."""
    return change.at.startswith("_")


def _bound(run: RecordedRun) -> dict[str, Any]:
    """The inputs as the flow had them, shown and plain; those that were given, if the flow never began."""
    for event in islice(run.events(), 1):
        if isinstance(event.get("inputs"), Mapping):
            return dict(event["inputs"])
    return dict(run.inputs)


def _defaults(run: RecordedRun, bound: Mapping[str, Any]) -> list[str]:
    given = {*run.inputs, *run.masked_inputs}
    return [name for name in bound if name not in given]
