"""What a list shows of a run, counted while it happens or when its lines are read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: How many failures are remembered, to tell in which step it began.
_FAILURES: Final = 1000


class Tally:
    """Counts of one session, and how it ended; `status` is None until it has.

    Steps are lists `[flow, step id, kind, calls, failed, microseconds]`, which are counted in place.
    """

    def __init__(self) -> None:
        self.header: Mapping[str, Any] = {}
        self.definition = ""
        self.steps: list[list[Any]] = []
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
        self._known: dict[tuple[str, str, str], list[Any]] = {}
        self._failures: list[tuple[str, str]] = []

    def step(self, flow: str, step_id: str, kind: str) -> list[Any]:
        """The counts of a step."""
        key = (flow, step_id, kind)
        counts = self._known.get(key)
        if counts is None:
            counts = self._known[key] = [flow, step_id, kind, 0, 0, 0]
            self.steps.append(counts)
        return counts

    def failed(self, counts: list[Any], event: Mapping[str, Any]) -> None:
        """Count a call that ended with `step_failed`."""
        counts[3] += 1
        counts[5] += int(event["duration_ms"] * 1e3)
        if event["status"] == "failed":
            counts[4] += 1
            if not event["handled"] and len(self._failures) < _FAILURES:
                self._failures.append((event["path"], event["step_id"]))

    def flow_event(self, event: Mapping[str, Any]) -> None:
        """Take note of what happened to the run itself."""
        kind = event["type"]
        if kind == "flow_started":
            self.inputs = event["inputs"]
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
            "steps": [counts for counts in self.steps if counts[3]],
        }

    def take(self, data: Mapping[str, Any]) -> None:
        """Become what `as_data` said."""
        for name in ("status", "ended", "duration_ms", "error", "error_type", "failed_step", "inputs", "has_large"):
            setattr(self, name, data[name])
        self.steps = data["steps"]

    @property
    def calls(self) -> int:
        """How many calls of steps ended that were not answered."""
        return sum(counts[3] for counts in self.steps)

    def _end(self, status: str, event: Mapping[str, Any]) -> None:
        self.status, self.ended, self.duration_ms = status, event["timestamp"], event["duration_ms"]

    def _origin_of(self, step: str | None) -> str | None:
        """The path where a failure of the step `step` began: that of the step itself, or of one inside it."""
        outer = next((path for path, step_id in reversed(self._failures) if step_id == step), step)
        if outer is None:
            return None
        inside = (path for path, _ in self._failures if path.startswith((f"{outer}/", f"{outer}[")))
        return next(inside, outer)
