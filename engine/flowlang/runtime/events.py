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
        event = (plan.started or self._template(plan, frame)).copy()
        self._seq = event["seq"] = self._seq + 1
        event["run_id"] = self._run_id
        event["timestamp"] = at + self._epoch
        event["path"] = frame.path + plan.id
        event["inputs"] = self._redact.quick(inputs)
        try:
            outcome = self._callback(event)
        # as in _deliver, which would cost these frequent events another call
        except Exception:
            self._complain()
        else:
            if outcome is not None:
                self._later(outcome)

    def step_completed(
        self,
        plan: StepPlan,
        frame: Frame,
        outputs: Any,
        started: float,
        ended: float,
        attempts: int = 1,
        status: str = "succeeded",
    ) -> None:
        """Deliver `step_completed`. The times are readings of `time.perf_counter`."""
        event = (plan.completed or self._template(plan, frame, "completed")).copy()
        self._seq = event["seq"] = self._seq + 1
        event["run_id"] = self._run_id
        event["timestamp"] = ended + self._epoch
        event["path"] = frame.path + plan.id
        event["outputs"] = self._redact.quick(outputs)
        event["duration_ms"] = (ended - started) * 1000
        if attempts != 1 or status != "succeeded":
            event["attempts"] = attempts
            event["status"] = status
        try:
            outcome = self._callback(event)
        # as in _deliver, which would cost these frequent events another call
        except Exception:
            self._complain()
        else:
            if outcome is not None:
                self._later(outcome)

    @staticmethod
    def _template(plan: StepPlan, frame: Frame, which: str = "started") -> dict[str, Any]:
        """What is the same in every such event of a step: copying it is quicker than making it anew."""
        shared = {
            "run_id": "",
            "seq": 0,
            "timestamp": 0.0,
            "flow": frame.call.plan.name,
            "step_id": plan.id,
            "task": plan.task,
            "kind": plan.kind,
            "path": "",
            "line": plan.line,
        }
        plan.started = {"type": "step_started", **shared, "inputs": None}
        ending = {"outputs": None, "status": "succeeded", "attempts": 1, "duration_ms": 0.0}
        plan.completed = {"type": "step_completed", **shared, **ending}
        return plan.started if which == "started" else plan.completed

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

    def iteration(self, template: dict[str, Any], index: int, at: float) -> None:
        """Deliver an event of an iteration, made from the `iteration_template` of the loop; `at` as above."""
        event = template.copy()
        self._seq = event["seq"] = self._seq + 1
        event["timestamp"] = at + self._epoch
        event["index"] = index
        try:
            outcome = self._callback(event)
        # as in _deliver, which would cost these frequent events another call
        except Exception:
            self._complain()
        else:
            if outcome is not None:
                self._later(outcome)

    def iteration_template(self, type: str, plan: StepPlan, frame: Frame, length: int | None) -> dict[str, Any]:
        """What is the same in such an event of all iterations of a loop."""
        return {
            "type": type,
            "run_id": self._run_id,
            "seq": 0,
            "timestamp": 0.0,
            "flow": frame.call.plan.name,
            "step_id": plan.id,
            "task": None,
            "kind": plan.kind,
            "path": frame.path + plan.id,
            "line": plan.line,
            "index": 0,
            "length": length,
        }

    def _deliver(self, event: Any) -> None:
        try:
            outcome = self._callback(event)
        # the listener is the caller's code: whatever it raises, the run goes on and the failure is told
        except Exception:
            self._complain()
            return
        if outcome is not None:
            self._later(outcome)

    def _later(self, outcome: object) -> None:
        if isawaitable(outcome):
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
