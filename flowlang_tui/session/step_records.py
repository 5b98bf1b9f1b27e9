"""What a run has done with one step so far: each time that it ran, with its attempts and statements."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from time import time
from typing import Any, Final, Literal, NamedTuple

StepStatus = Literal["pending", "running", "retrying", "succeeded", "failed", "skipped", "cancelled", "unknown"]

#: How many calls of a step are kept, the latest; how many that failed, the first; statements of one call, the latest.
CALLS: Final = 200
FAILURES: Final = 50
STATEMENTS: Final = 200

_INDEX = re.compile(r"\[\d+\]")


def never() -> float:
    """The seconds at stops of what nobody can stop."""
    return 0.0


class Statement(NamedTuple):
    """A statement that a step sent, with its masked parameters. `ms` is how long it took."""

    connection: str
    text: str
    params: Any
    rows: int | None
    ms: float
    error: Any = None


class Attempt(NamedTuple):
    """An attempt that failed and was followed by another after `delay` seconds."""

    number: int
    of: int
    error: Any
    error_type: str
    delay: float


class StepCall:
    """One execution of a step, in a loop that of one iteration. Times are seconds since 1970."""

    __slots__ = (
        "answered_by",
        "attempts",
        "ended",
        "error",
        "inputs",
        "outputs",
        "path",
        "retries",
        "started",
        "statement_count",
        "statements",
        "status",
        "stood",
        "took",
    )

    def __init__(self, path: str, started: float, inputs: Any) -> None:
        self.path = path
        #: How long it took in milliseconds; None while it is under way, and if nobody told its end.
        self.took: float | None = None
        #: How many seconds it has stood at stops so far, where somebody can stop it.
        self.stood: Callable[[], float] = never
        self.status: StepStatus = "running"
        self.started = started
        self.ended: float | None = None
        self.inputs = inputs
        self.outputs: Any = None
        self.error: Any = None
        self.attempts = 1
        #: Who answered for the step, which did not run then: `journal`, `pin` or `debugger`.
        self.answered_by: str | None = None
        self.retries: list[Attempt] = []
        self.statements: deque[Statement] | None = None
        self.statement_count = 0

    @property
    def duration_ms(self) -> float:
        """How long it took in milliseconds, or has taken so far, without the time at stops."""
        if self.took is not None:
            return self.took
        return ((self.ended or time()) - self.started - self.stood()) * 1000

    @property
    def index(self) -> int | None:
        """Number of the innermost iteration, from 0; None outside of loops."""
        found = _INDEX.findall(self.path)
        return int(found[-1][1:-1]) if found else None


class StepRecord:
    """A step of the definition in one run, with all its calls. `version` grows with every change."""

    __slots__ = (
        "address",
        "branch",
        "calls",
        "ended",
        "failed",
        "failures",
        "flow",
        "iterations_done",
        "iterations_total",
        "kind",
        "last",
        "line",
        "running",
        "runs",
        "skipped",
        "started",
        "step_id",
        "stood",
        "stood_before",
        "task",
        "total_ms",
        "version",
        "waiting",
    )

    def __init__(self, address: str, event: Mapping[str, Any]) -> None:
        self.address = address
        self.step_id: str = event["step_id"]
        self.line: int = event["line"]
        self.flow: str = event["flow"]
        self.kind: str = event["kind"]
        self.task: str | None = event["task"]
        self.running = self.waiting = self.runs = self.failed = self.skipped = 0
        self.iterations_done = 0
        self.iterations_total: int | None = None
        self.branch: str | None = None
        self.total_ms = 0.0
        self.started: float | None = None
        self.ended: float | None = None
        #: How many seconds the run had stood at stops by the first start, and has since then up to the last end.
        self.stood_before = self.stood = 0.0
        self.calls: deque[StepCall] = deque(maxlen=CALLS)
        self.failures: list[StepCall] = []
        self.last: StepCall | None = None
        self.version = 0

    @property
    def status(self) -> StepStatus:
        """What the step's sign shows: what is under way now, else whether any call failed, else how the last ended."""
        if self.running:
            return "retrying" if self.waiting else "running"
        if self.failed:
            return "failed"
        if self.last is not None and self.runs:
            return self.last.status
        return "skipped" if self.skipped else "pending"

    def elapsed_ms(self, now: float, stood: float) -> float:
        """How long it has been at it since its first start, without the time at stops; `stood` is the run's by now."""
        if self.started is None or (not self.running and (self.runs <= 1 or self.ended is None)):
            return self.total_ms
        if self.running:
            return max(0.0, now - self.started - stood + self.stood_before) * 1000
        assert self.ended is not None, "it is over"
        return (self.ended - self.started - self.stood) * 1000

    @property
    def key(self) -> tuple[str, int]:
        """Address and line: branches of one `if` may share ids."""
        return self.address, self.line
