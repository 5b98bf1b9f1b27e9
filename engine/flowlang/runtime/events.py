"""The stream of events: the one thing that everybody who watches a run reads.

An event is a plain dict that JSON can express, with every secret masked. It is made and delivered while the run
stands still, in order, so a listener never sees a value that changed after.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, TypedDict

from flowlang.redaction import Redactor

if TYPE_CHECKING:
    from flowlang.runtime.failure import ErrorInfo
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.plan import StepPlan


class Event(TypedDict, total=False):
    """What happened in a run.

    Always there: `type`, `run_id`, `seq` (from 1, without gaps), `timestamp` (seconds since 1970) and `flow`.
    Events of a step have `step_id`, `task` (None unless the step calls one), `kind`, `path` (the step's id behind
    the loops and subflows around it, as in `orders[3]/ship`) and `line`. The rest depends on the type.
    """

    type: str
    run_id: str
    seq: int
    timestamp: float
    flow: str
    step_id: str
    task: str | None
    kind: str
    path: str
    line: int
    inputs: Any
    outputs: Any
    error: Any
    error_type: str
    attempts: int
    attempt: int
    delay: float
    duration_ms: float
    status: str
    handled: bool
    branch: str
    index: int
    length: int | None
    connection: str
    connection_type: str
    text: str
    params: Any
    rows: int | None
    ms: float
    level: str
    message: str
    fields: Any
    reason: str | None
    terminated: bool


EVENT_TYPES: tuple[str, ...] = (
    "flow_started",
    "connection_opened",
    "step_started",
    "step_retrying",
    "step_completed",
    "step_failed",
    "step_skipped",
    "branch_taken",
    "iteration_started",
    "iteration_completed",
    "subflow_started",
    "subflow_completed",
    "subflow_failed",
    "statement",
    "log",
    "flow_terminated",
    "flow_cancelled",
    "flow_failed",
    "flow_completed",
)

EventCallback = Callable[[Event], Awaitable[None] | None]

#: How many events an async callback may be behind before the run waits for it.
BACKLOG = 1000


class EventStream:
    """Makes the events of one run and hands them to its listener."""

    __slots__ = ("_backlog", "_callback", "_complained", "_epoch", "_pump", "_redact", "_run_id", "_seq")

    def __init__(self, callback: EventCallback, run_id: str, redact: Redactor) -> None:
        self._callback = callback
        self._run_id = run_id
        self._redact = redact
        self._seq = 0
        self._epoch = time() - perf_counter()
        self._complained = False
        self._backlog: deque[Awaitable[None]] = deque()
        self._pump: asyncio.Task[None] | None = None

    def emit(self, type: str, flow: str, data: Mapping[str, Any] | None = None, **facts: Any) -> None:
        """Deliver an event. `data` holds values of the run, which are masked; `facts` are words of the flow's text."""
        self._seq += 1
        event: dict[str, Any] = {
            "type": type,
            "run_id": self._run_id,
            "seq": self._seq,
            "timestamp": perf_counter() + self._epoch,
            "flow": flow,
            **facts,
        }
        if data is not None:
            for name, value in data.items():
                event[name] = self._redact(value)
        self._deliver(event)

    def of_step(
        self, type: str, plan: StepPlan, frame: Frame, data: Mapping[str, Any] | None = None, **facts: Any
    ) -> None:
        """Deliver an event of a step; `data` and `facts` as for `emit`."""
        self.emit(
            type,
            frame.call.plan.name,
            data,
            step_id=plan.id,
            task=plan.task,
            kind=plan.kind,
            path=frame.path + plan.id,
            line=plan.line,
            **facts,
        )

    def step_started(self, plan: StepPlan, frame: Frame, inputs: Mapping[str, Any] | None, at: float) -> None:
        """Deliver `step_started`. `at` is a reading of `time.perf_counter`."""
        self._seq += 1
        self._deliver(
            {
                "type": "step_started",
                "run_id": self._run_id,
                "seq": self._seq,
                "timestamp": at + self._epoch,
                "flow": frame.call.plan.name,
                "step_id": plan.id,
                "task": plan.task,
                "kind": plan.kind,
                "path": frame.path + plan.id,
                "line": plan.line,
                "inputs": self._redact(inputs),
            }
        )

    def step_completed(
        self, plan: StepPlan, frame: Frame, outputs: Any, started: float, ended: float, attempts: int, status: str
    ) -> None:
        """Deliver `step_completed`. The times are readings of `time.perf_counter`."""
        self._seq += 1
        self._deliver(
            {
                "type": "step_completed",
                "run_id": self._run_id,
                "seq": self._seq,
                "timestamp": ended + self._epoch,
                "flow": frame.call.plan.name,
                "step_id": plan.id,
                "task": plan.task,
                "kind": plan.kind,
                "path": frame.path + plan.id,
                "line": plan.line,
                "outputs": self._redact(outputs),
                "status": status,
                "attempts": attempts,
                "duration_ms": round((ended - started) * 1000, 3),
            }
        )

    def step_failed(
        self, plan: StepPlan, frame: Frame, error: ErrorInfo, started: float, *, handled: bool = False
    ) -> None:
        """Deliver `step_failed`; `handled` when the flow goes on all the same."""
        self.of_step(
            "step_failed",
            plan,
            frame,
            {"inputs": error["inputs"]},
            error=error.masked(self._redact),
            error_type=error["type"],
            attempts=error["attempts"],
            duration_ms=round((perf_counter() - started) * 1000, 3),
            handled=handled,
        )

    def iteration(self, type: str, plan: StepPlan, frame: Frame, index: int, length: int | None) -> None:
        """Deliver `iteration_started` or `iteration_completed` of a loop."""
        self._seq += 1
        self._deliver(
            {
                "type": type,
                "run_id": self._run_id,
                "seq": self._seq,
                "timestamp": perf_counter() + self._epoch,
                "flow": frame.call.plan.name,
                "step_id": plan.id,
                "task": None,
                "kind": plan.kind,
                "path": f"{frame.path}{plan.id}[{index}]",
                "line": plan.line,
                "index": index,
                "length": length,
            }
        )

    def _deliver(self, event: Any) -> None:
        try:
            outcome = self._callback(event)
        # the listener is the caller's code: whatever it raises, the run goes on and the failure is told
        except Exception:
            self._complain()
            return
        if outcome is not None and isawaitable(outcome):
            self._backlog.append(outcome)
            if self._pump is None:
                self._pump = asyncio.get_running_loop().create_task(self._drain())

    @property
    def behind(self) -> bool:
        """Whether an async listener has fallen so far behind that the run should wait."""
        return len(self._backlog) > BACKLOG

    async def settle(self) -> None:
        """Wait until the listener has had every event."""
        while self._pump is not None:
            await asyncio.shield(self._pump)

    async def _drain(self) -> None:
        try:
            while self._backlog:
                try:
                    await self._backlog.popleft()
                # as in _deliver
                except Exception:
                    self._complain()
        finally:
            self._pump = None

    def _complain(self) -> None:
        if not self._complained:
            self._complained = True
            logging.getLogger("flowlang").exception("an event callback failed; the run goes on without an answer")
