"""What a list shows of a run, counted while it happens or when its lines are read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowlang.plainly import to_text

#: So many characters of a run's inputs are searched and shown in lists, and of each where they are more.
INPUTS: Final = 20_000
INPUT: Final = 500
#: How many failures are remembered, to tell in which step it began.
_FAILURES: Final = 1000


class Tally:
    """Counts of one session, and how it ended; `status` is None until it has.

    `steps` are the steps of the definition as `definitions` lists them, and those that were met besides; `calls` has
    a count for each.
    """

    def __init__(self) -> None:
        self.header: Mapping[str, Any] = {}
        self.steps: list[Sequence[Any]] = []
        self.calls: list[int] = []
        self.status: str | None = None
        self.ended: float | None = None
        self.duration_ms = 0.0
        self.inputs: Any = {}
        self.error: str | None = None
        self.error_type: str | None = None
        self.failed_step: str | None = None
        self.gap: str | None = None
        #: Paths of steps that were under way when the process died, blocks aside.
        self.unknown: list[str] = []
        self.has_large = False
        self._failures: list[tuple[str, str]] = []

    @property
    def ran(self) -> list[str]:
        """The ids of the steps that ran."""
        return [step[1] for step, calls in zip(self.steps, self.calls, strict=False) if calls]

    def failed(self, event: Mapping[str, Any]) -> None:
        """Take note of a `step_failed`."""
        if event["status"] == "failed" and not event["handled"] and len(self._failures) < _FAILURES:
            self._failures.append((event["path"], event["step_id"]))

    def flow_event(self, event: Mapping[str, Any]) -> None:
        """Take note of what happened to the run itself."""
        kind = event["type"]
        if kind == "flow_started":
            self.inputs = listed(event["inputs"])
        elif kind == "flow_completed":
            self._end("terminated" if event["terminated"] else "succeeded", event)
        elif kind == "flow_cancelled":
            self._end("cancelled", event)
        elif kind == "flow_failed":
            self._end("failed", event)
            error = event["error"]
            self.error, self.error_type = str(error.get("message", "")), event["error_type"]
            self.failed_step = self._origin_of(error.get("step"))

    def as_data(self) -> dict[str, Any]:
        """What the last line of a file says, so that nobody has to read the others."""
        return {
            "status": self.status,
            "ended": self.ended,
            "duration_ms": self.duration_ms,
            "error": self.error,
            "error_type": self.error_type,
            "failed_step": self.failed_step,
            "inputs": self.inputs,
            "has_large": self.has_large,
            "calls": self.calls,
        }

    def take(self, data: Mapping[str, Any]) -> None:
        """Become what `as_data` said."""
        for name in self.as_data():
            setattr(self, name, data[name])

    def _end(self, status: str, event: Mapping[str, Any]) -> None:
        self.status, self.ended, self.duration_ms = status, event["timestamp"], event["duration_ms"]

    def _origin_of(self, step: str | None) -> str | None:
        """The path where a failure of the step `step` began: that of the step itself, or of one inside it."""
        outer = next((path for path, step_id in reversed(self._failures) if step_id == step), step)
        if outer is None:
            return None
        inside = (path for path, _ in self._failures if path.startswith((f"{outer}/", f"{outer}[")))
        return next(inside, outer)


def listed(inputs: Any) -> Any:
    """A run's inputs, as they are searched and shown in lists: without very long ones."""
    if not isinstance(inputs, dict):
        return {}
    if _length(inputs) <= INPUTS:
        return inputs
    return {name: value if _length(value) <= INPUT else "…" for name, value in inputs.items()}


def _length(value: Any) -> int:
    try:
        return len(to_text(value))
    except ValueError:  # a number of so many digits that Python writes none of them
        return INPUTS + 1
