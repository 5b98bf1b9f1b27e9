"""The steps of a recorded run as a tree: each step once, with how often it ran and how long that took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flowlang.cli.columns import Cell, columns
from flowlang.cli.readable import duration
from flowlang.cli.runs.common import paint_of
from flowlang.cli.terminal import Palette, cut, one_line
from flowlang.journal import RecordedStep
from flowlang.journal.compare import latest
from flowlang.runtime.paths import address_of

SIGNS: Final = {
    "succeeded": "✓",
    "failed": "✗",
    "cancelled": "■",
    "skipped": "⊘",
    "unknown": "?",
}
_TIMES: Final = 3
#: What makes a step's sign, if any of its executions ended so.
_WORST: Final = ("failed", "unknown", "cancelled")


class Calls:
    """All executions of one step of the definition."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.calls: list[RecordedStep] = []

    @property
    def last(self) -> RecordedStep:
        """The execution that began last."""
        return self.calls[-1]

    @property
    def status(self) -> str:
        """How the step ended: the worst of its executions in a loop, else the last."""
        own = {call.path: call.status for call in self.calls}
        return next((status for status in _WORST if status in own.values()), self.last.status)

    @property
    def ran(self) -> bool:
        """Whether the step did anything itself."""
        return any(call.status != "skipped" and call.answered_by is None for call in self.calls)

    @property
    def milliseconds(self) -> float:
        """How long all of its executions took; answers from a journal or a pin took no time."""
        return sum(call.duration_ms for call in self.calls)

    def notes(self) -> Iterable[str]:
        """What is worth knowing beside the status."""
        last = self.last
        if last.branch is not None and len(self.calls) == 1:
            yield f"took `{last.branch}`"
        yield from self._counts()
        sources = {call.answered_by for call in self.calls if call.answered_by}
        if sources:
            everything = all(call.answered_by for call in self.calls)
            yield f"{'answered' if everything else 'answered in part'} by {' and '.join(sorted(sources))}"

    def _counts(self) -> Iterable[str]:
        ran = len(self.calls)
        if ran == 1 and self.last.attempts > 1:
            yield f"{self.last.attempts} attempts"
        statuses = [call.status for call in self.calls]
        for status in ("failed", "unknown", "cancelled", "skipped"):
            count = statuses.count(status)
            if count and ran > 1:
                yield f"{count} {status}"
        if any(call.handled for call in self.calls):
            yield "handled"
        if rows := sum(statement.get("rows") or 0 for call in self.calls for statement in call.statements):
            yield "1 row" if rows == 1 else f"{rows} rows"


def by_address(steps: Iterable[RecordedStep]) -> list[Calls]:
    """The executions of each step of the definition in the order in which they began, what is inside one behind it."""
    found: dict[str, Calls] = {}
    for step in latest(steps).values():
        address = address_of(step.path)
        calls = found.get(address)
        if calls is None:
            calls = found[address] = Calls(address)
        calls.calls.append(step)
    position = {address: at for at, address in enumerate(found)}

    def place(address: str) -> list[int]:
        parts = address.split("/")
        prefixes = ("/".join(parts[: depth + 1]) for depth in range(len(parts)))
        return [position.get(prefix, -1) for prefix in prefixes]

    return sorted(found.values(), key=lambda calls: place(calls.address))


def tree(steps: Iterable[RecordedStep], palette: Palette) -> list[str]:
    """The lines of the tree."""
    rows = []
    for calls in by_address(steps):
        depth = calls.address.count("/")
        last = calls.last
        name = cut("  " * depth + one_line(calls.address.rpartition("/")[2]), 60)
        times = f"×{len(calls.calls)}" if len(calls.calls) > 1 else ""
        rows.append(
            [
                Cell(SIGNS.get(calls.status, "·"), paint_of(calls.status, palette)),
                Cell(name, palette.strong),
                Cell(cut(one_line(last.task or last.kind), 40)),
                Cell(duration(calls.milliseconds) if calls.ran else ""),
                Cell(times),
                Cell(", ".join(one_line(note) for note in calls.notes()), palette.faint),
            ]
        )
    return columns(rows, (_TIMES,))
