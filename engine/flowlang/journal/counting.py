"""What a list shows of a session, counted from its lines where nobody could count while it happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flowlang.journal.reading import BLOCKS, Head, add_head
from flowlang.journal.tally import Tally

if TYPE_CHECKING:
    from flowlang.journal.reading import Line, SessionReading


def counted(reading: SessionReading, lines: Iterable[Line]) -> Tally:
    """The counts of a session. Lines of iterations are not needed for them."""
    return _Count(reading).read(lines)


class _Count:
    """Counts the lines of one session."""

    def __init__(self, reading: SessionReading) -> None:
        self._reading = reading
        self._epoch: float = reading.header["started"]
        self._heads = reading.heads()
        self._tally = tally = Tally()
        tally.header = reading.header
        tally.steps = list(reading.definition["steps"])
        tally.calls = [0] * len(tally.steps)
        #: The steps that have begun and not ended, by path.
        self._under_way: dict[str, Head] = {}

    def read(self, lines: Iterable[Line]) -> Tally:
        tally, path, last = self._tally, "", None
        for line in lines:
            if line[0] == "b":
                line = self._reading.whole(line)
            letter = line[0]
            if letter in "scCg":
                head, place, last = self._heads[line[1]], line[3], line[2]
                here = head.step_id if place is None else path if place == 0 else place
                if letter == "s":
                    path = here
                    self._under_way[here] = head
                else:
                    self._told(line, here, head)
            elif letter == "e":
                tally.flow_event({**line[2], "timestamp": self._epoch + line[1] / 1e6})
            elif letter == "d":
                add_head(self._heads, line)
                tally.steps.append(line[2])
                tally.calls.append(0)
            elif letter == "x":
                tally.gap = line[2]
            elif letter == "z":
                tally.take(line[1])
                return tally
        if last is not None:
            tally.ended = max(tally.ended or 0.0, self._epoch + last / 1e6)
        if self._reading.ending == "dead":
            tally.unknown = [path for path, head in self._under_way.items() if head.kind not in BLOCKS]
        return tally

    def _told(self, line: Line, path: str, head: Head) -> None:
        """Count the end of a step; other events of steps don't count."""
        if line[0] == "g":
            event = line[4]
            if event["type"] not in ("step_failed", "step_skipped"):
                return
            ran = event["type"] == "step_failed" and not event.get("answered_by")
            if ran and not head.silent:
                self._tally.failed({**event, "path": path, "step_id": head.step_id})
        else:
            ran = len(line) < 7 or not line[6].get("answered_by")
        self._under_way.pop(path, None)
        if ran:
            number = line[1]
            self._tally.calls[-1 - number if number < 0 else number] += 1
