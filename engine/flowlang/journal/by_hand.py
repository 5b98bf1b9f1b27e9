"""What people did in a run while it was stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flowlang.values import to_json

if TYPE_CHECKING:
    from flowlang.journal.records import RecordedRun

#: What gave something a value, which is then worth telling.
_GIVES: Final = frozenset({"input", "value", "output"})


@dataclass(frozen=True, slots=True)
class ByHand:
    """One thing that was done at a stop: `change` is its kind, `what` the argument, value or statement."""

    path: str
    change: str
    what: str
    before: Any = None
    after: Any = None

    @property
    def words(self) -> str:
        """The change as a line of text."""
        kind = self.change.replace("_", " ")
        said = f"{kind} {' '.join(self.what.split())}".rstrip()
        return f"{said} = {to_json(self.after)}" if self.change in _GIVES else said


def by_hand(run: RecordedRun) -> Iterator[ByHand]:
    """Everything that was done by hand in a run, in order."""
    for event in run.events():
        if event["type"] == "intervention":
            yield ByHand(event["path"], event["change"], str(event["what"] or ""), event["before"], event["after"])
