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
from flowlang.values import NotKept

if TYPE_CHECKING:
    from flowlang.runtime.failure import ErrorInfo
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.interception import Answer
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
    answered_by: str
    branch: str
    index: int
    length: int | None
    count: int
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
    "iterations_answered",
    "subflow_started",
    "subflow_completed",
    "subflow_failed",
    "statement",
    "log",
    "intervention",
    "sandbox_started",
    "sandbox_ended",
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

    __slots__ = ("_backlog", "_complained", "_pump", "_redact", "callback", "epoch", "raw", "run_id", "seq")

    def __init__(self, callback: EventCallback, run_id: str, redact: Redactor) -> None:
        self.run_id = run_id
        self.seq = 0
        #: What turns a reading of `time.perf_counter` into seconds since 1970.
        self.epoch = time() - perf_counter()
        #: The value itself that the `inputs` or `outputs` of the event being told show, in events that end something.
        self.raw: Any = None
        self._redact = redact
        self._complained = False
        self._backlog: deque[Awaitable[None]] = deque()
        self._pump: asyncio.Task[None] | None = None
        #: The listener. Whoever calls it himself, to save the call of `tell`, has to do what that does.
        self.callback: Callable[[Any], object] = callback

    def tell(self, event: Any) -> None:
        """Hand an event to the listener."""
        try:
            outcome = self.callback(event)
        # the listener is the caller's code: whatever it raises, the run goes on and the failure is told
        except Exception:
            self.complain()
        else:
            if outcome is not None:
                self.later(outcome)

    def later(self, outcome: object) -> None:
        """Await what an async listener gave back, after what it gave back before."""
        if isawaitable(outcome):
            self._backlog.append(outcome)
            if self._pump is None:
                self._pump = asyncio.get_running_loop().create_task(self._drain())

    def emit(self, type: str, flow: str, data: Mapping[str, Any] | None = None, **facts: Any) -> None:
        """Deliver an event. `data` holds values of the run, which are masked; `facts` are words of the flow's text."""
        self.seq += 1
        event: dict[str, Any] = {
            "type": type,
            "run_id": self.run_id,
            "seq": self.seq,
            "timestamp": perf_counter() + self.epoch,
            "flow": flow,
            **facts,
        }
        if data is not None:
            for name, value in data.items():
                event[name] = self._redact(value)
        self.tell(event)

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
        event = self._of_plan(self.templates(plan, frame)[0], plan, frame, at)
        event["inputs"] = self._redact.quick(inputs)
        self.tell(event)

    def step_completed(
        self,
        plan: StepPlan,
        frame: Frame,
        outputs: Any,
        started: float,
        ended: float,
        attempts: int,
        status: str,
        answered_by: str | None = None,
    ) -> None:
        """Deliver `step_completed`. The times are readings of `time.perf_counter`."""
        event = self._of_plan(self.templates(plan, frame)[1], plan, frame, ended)
        self.raw = outputs
        event["outputs"] = self._redact.quick(outputs)
        event["duration_ms"] = (ended - started) * 1000
        event["attempts"] = attempts
        event["status"] = status
        if answered_by is not None:
            event["answered_by"] = answered_by
        self.tell(event)

    def step_answered(self, plan: StepPlan, frame: Frame, answer: Answer, at: float) -> None:
        """Deliver how a step ended that an interceptor answered for: it did not run. `at` as above."""
        self.raw = answer.result if answer.why_not is None else NotKept(answer.result, answer.why_not)
        if answer.status == "succeeded":
            event = self._of_plan(self.templates(plan, frame)[1], plan, frame, at)
            event["inputs"] = self._redact.quick(answer.inputs)
            event["outputs"] = self._redact.quick(answer.result)
            event["attempts"] = answer.attempts
            event["answered_by"] = answer.source
            self.tell(event)
            return
        error = self._redact(answer.told or answer.error)
        kind = "" if error is None else error.get("type", "")
        self.of_step(
            "step_failed",
            plan,
            frame,
            {"inputs": answer.inputs},
            error=error,
            error_type=kind,
            handled=True,
            answered_by=answer.source,
            duration_ms=0.0,
            attempts=answer.attempts,
            status=answer.status,
        )

    def _of_plan(self, template: dict[str, Any], plan: StepPlan, frame: Frame, at: float) -> dict[str, Any]:
        event = template.copy()
        event["run_id"] = self.run_id
        event["seq"] = self.seq = self.seq + 1
        event["timestamp"] = at + self.epoch
        event["path"] = frame.path + plan.id
        return event

    @staticmethod
    def templates(plan: StepPlan, frame: Frame) -> tuple[dict[str, Any], dict[str, Any]]:
        """`step_started` and `step_completed` as far as they are the same in every run: a copy is made quicker."""
        if plan.started is None or plan.completed is None:
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
        return plan.started, plan.completed

    def step_failed(
        self,
        plan: StepPlan,
        frame: Frame,
        error: ErrorInfo,
        started: float,
        *,
        status: str = "failed",
        handled: bool = False,
        answered_by: str | None = None,
    ) -> None:
        """Deliver `step_failed`; `status` is `failed` or `cancelled`, `handled` when the flow goes on all the same."""
        self.of_step(
            "step_failed",
            plan,
            frame,
            {"inputs": error["inputs"]},
            error=error.masked(self._redact),
            error_type=error["type"],
            attempts=error["attempts"],
            duration_ms=round((perf_counter() - started) * 1000, 3),
            status=status,
            handled=handled,
            **({} if answered_by is None else {"answered_by": answered_by}),
        )

    def iteration(self, template: dict[str, Any], index: int, at: float) -> None:
        """Deliver an event of an iteration, made from the `iteration_template` of the loop; `at` as above."""
        event = template.copy()
        event["seq"] = self.seq = self.seq + 1
        event["timestamp"] = at + self.epoch
        event["index"] = index
        try:
            outcome = self.callback(event)
        # as in tell
        except Exception:
            self.complain()
        else:
            if outcome is not None:
                self.later(outcome)

    def iteration_template(self, type: str, plan: StepPlan, frame: Frame, length: int | None) -> dict[str, Any]:
        """What is the same in such an event of all iterations of a loop."""
        return {
            "type": type,
            "run_id": self.run_id,
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
                # as in tell
                except Exception:
                    self.complain()
        finally:
            self._pump = None

    def complain(self) -> None:
        """Tell, once, that the listener raised the exception that is being handled."""
        if not self._complained:
            self._complained = True
            logging.getLogger("flowlang").exception("an event callback failed; the run goes on without an answer")
