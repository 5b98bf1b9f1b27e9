"""What a run has done so far, made from its events."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Final, Literal

from flowlang.runtime.paths import address_of
from flowlang_tui.session.log_store import LogStore
from flowlang_tui.session.snapshots import snapshot
from flowlang_tui.session.step_records import (
    FAILURES,
    STATEMENTS,
    Attempt,
    Statement,
    StepCall,
    StepRecord,
    StepStatus,
    never,
)

if TYPE_CHECKING:
    from flowlang import Event
    from flowlang.runtime.stood import Stood

RunStatus = Literal["queued", "running", "succeeded", "failed", "cancelled", "terminated", "interrupted"]


class RunRecord:
    """A run as its events tell it. `apply` is called by one thread at a time."""

    def __init__(self, path: Path | None, flow: str, inputs: Mapping[str, Any], run_id: str = "") -> None:
        self.run_id = run_id
        self.path = path
        self.flow = flow
        self.inputs: Any = inputs
        self.status: RunStatus = "queued"
        self.started: float | None = None
        self.ended: float | None = None
        self.outputs: Any = None
        self.error: Any = None
        self.reason: str | None = None
        self.connections: dict[str, str] = {}
        #: What a sandbox run did, which was undone; None before its end, and for every other run.
        self.sandbox: Mapping[str, Any] | None = None
        self.is_sandbox = False
        self.steps: dict[tuple[str, int], StepRecord] = {}
        self.events = 0
        #: How many calls of steps have ended, and the steps that are under way.
        self.finished = 0
        self.active: set[StepRecord] = set()
        self.log = LogStore()
        #: How long parts of it stood at stops, where somebody can stop it.
        self.stood: Stood | None = None
        self._took: float | None = None
        self._under_way: dict[tuple[str, int], StepCall] = {}
        self._changed: set[StepRecord] = set()

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self.status not in ("queued", "running")

    @property
    def duration_ms(self) -> float:
        """How long the run took in milliseconds, or has taken so far, without the time at stops; 0 before it began."""
        if self._took is not None:
            return self._took
        return 0.0 if self.started is None else ((self.ended or time()) - self.started - self.stood_seconds()) * 1000

    def stood_seconds(self, path: str = "") -> float:
        """How many seconds a step has stood at stops so far; the run, without a path."""
        return 0.0 if self.stood is None else self.stood.of(path)

    def step(self, address: str, line: int) -> StepRecord | None:
        """The record of a step; None if nothing happened to it. Its id alone will do for a step of the flow itself."""
        exact = self.steps.get((address, line))
        if exact is not None or "/" in address:
            return exact
        ours = (one for one in list(self.steps.values()) if one.line == line and one.flow == self.flow)
        return next((one for one in ours if one.step_id == address), None)

    def apply(self, events: Iterable[Event]) -> None:
        """Take note of events, in their order."""
        count = 0
        for event in events:
            count += 1
            handler = _HANDLERS.get(event["type"])
            if handler is not None:
                handler(self, event)
        self.events += count

    def note(self, level: int, text: str) -> None:
        """Put a line of one's own into the log."""
        self.log.append(time(), level, "", text)

    def take_changes(self) -> set[StepRecord]:
        """The steps that changed since the last time; all of them once the run is over, so that none is missed."""
        changed, self._changed = self._changed, set()
        return set(snapshot(self.steps.values() if self.is_over else changed))

    def _record(self, event: Mapping[str, Any]) -> StepRecord:
        address = address_of(event["path"])
        key = (address, event["line"])
        record = self.steps.get(key)
        if record is None:
            record = self.steps[key] = StepRecord(address, event)
        record.version += 1
        self._changed.add(record)
        return record

    def _call(self, event: Mapping[str, Any]) -> StepCall | None:
        return self._under_way.get((event["path"], event["line"]))

    def _flow_started(self, event: Any) -> None:
        self.run_id, self.flow = event["run_id"], event["flow"]
        self.status, self.started, self.inputs = "running", event["timestamp"], event["inputs"]

    def _connection_opened(self, event: Any) -> None:
        self.connections[event["connection"]] = event["connection_type"]

    def _step_started(self, event: Any) -> None:
        record = self._record(event)
        call = StepCall(event["path"], event["timestamp"], event["inputs"])
        if self.stood is not None:
            call.stood = partial(_since, self.stood, call.path, self.stood.of(call.path))
        self._under_way[call.path, record.line] = call
        record.calls.append(call)
        record.last = call
        record.running += 1
        record.ended = None
        self.active.add(record)
        if record.started is None:
            record.started, record.stood_before = call.started, self.stood_seconds()

    def _step_retrying(self, event: Any) -> None:
        record, call = self._record(event), self._call(event)
        if call is not None:
            retry = Attempt(event["attempt"], event["attempts"], event["error"], event["error_type"], event["delay"])
            if not call.retries:
                record.waiting += 1
            call.retries.append(retry)
            call.attempts = retry.number + 1

    def _step_ended(self, event: Any, status: StepStatus) -> StepCall:
        record = self._record(event)
        call = self._under_way.pop((event["path"], record.line), None)
        if call is None:
            call = StepCall(event["path"], event["timestamp"] - event["duration_ms"] / 1000, event.get("inputs"))
            record.calls.append(call)
        else:
            record.running -= 1
            record.waiting -= bool(call.retries)
            if not record.running:
                self.active.discard(record)
        self.finished += 1
        call.status, call.attempts, call.answered_by = status, event["attempts"], event.get("answered_by")
        call.ended = record.ended = event["timestamp"]
        call.took, call.stood = event["duration_ms"], never
        record.stood = self.stood_seconds() - record.stood_before
        record.last = call
        record.runs += 1
        record.total_ms += event["duration_ms"]
        if status == "failed":
            record.failed += 1
            if len(record.failures) < FAILURES:
                record.failures.append(call)
        return call

    def _step_completed(self, event: Any) -> None:
        # an `exit` ends as `terminated`: of the flow, for the step itself that is a success
        self._step_ended(event, "succeeded").outputs = event["outputs"]

    def _step_failed(self, event: Any) -> None:
        self._step_ended(event, event["status"]).error = event["error"]

    def _step_skipped(self, event: Any) -> None:
        self._record(event).skipped += 1

    def _branch_taken(self, event: Any) -> None:
        self._record(event).branch = event["branch"]

    def _iteration_started(self, event: Any) -> None:
        record = self._record(event)
        record.iterations_total = event["length"]
        if not event["index"]:
            record.iterations_done = 0

    def _iteration_completed(self, event: Any) -> None:
        self._record(event).iterations_done += 1

    def _iterations_answered(self, event: Any) -> None:
        """Iterations were taken from a recorded run: nothing else is told of them."""
        record = self._record(event)
        record.iterations_done = max(record.iterations_done, event["count"])
        record.iterations_total = event["length"]

    def _statement(self, event: Any) -> None:
        record, call = self._record(event), self._call(event)
        call = call or record.last
        if call is not None:
            if call.statements is None:
                call.statements = deque(maxlen=STATEMENTS)
            facts = (event["connection"], event["text"], event["params"], event["rows"], event["ms"])
            call.statements.append(Statement(*facts, event.get("error")))
            call.statement_count += 1

    def _sandbox_ended(self, event: Any) -> None:
        self.sandbox = event

    def _sandbox_started(self, event: Any) -> None:
        self.is_sandbox = True

    def sandbox_lines(self) -> list[str]:
        """What a sandbox run did, in words; nothing for every other run."""
        if self.sandbox is None:
            return []
        from flowlang.debugger.sandbox_report import report_lines
        from flowlang.values import to_json

        return report_lines(self.sandbox, to_json)

    def _flow_completed(self, event: Any) -> None:
        if not self.is_over:
            status: RunStatus = "terminated" if event["terminated"] else "succeeded"
            self.end(status, outputs=event["outputs"], at=event["timestamp"], took=event["duration_ms"])

    def _flow_terminated(self, event: Any) -> None:
        self.reason = event["reason"]

    def _flow_cancelled(self, event: Any) -> None:
        self.end("cancelled", reason=event["reason"], at=event["timestamp"], took=event["duration_ms"])

    def _flow_failed(self, event: Any) -> None:
        at, took = event["timestamp"], event["duration_ms"]
        self.end("failed", error=event["error"], reason=self.reason, at=at, took=took)

    def end(
        self,
        status: RunStatus,
        *,
        outputs: Any = None,
        error: Any = None,
        reason: str | None = None,
        at: float | None = None,
        took: float | None = None,
    ) -> None:
        """Take note of how the run ended. What was under way then was cancelled; if the process died, nobody knows."""
        self.status, self.outputs, self.error = status, outputs, error
        self.reason = reason or self.reason
        self.ended = time() if at is None else at
        self._took = took
        for (path, line), call in self._under_way.items():
            call.status, call.ended = "unknown" if status == "interrupted" else "cancelled", self.ended
            record = self.steps[address_of(path), line]
            record.running = record.waiting = 0
            record.runs += 1
            record.ended = self.ended
            record.version += 1
            self._changed.add(record)
        self._under_way.clear()
        self.active.clear()


def _since(stood: Stood, path: str, before: float) -> float:
    """The seconds that a step has stood since it had stood so many."""
    return stood.of(path) - before


_HANDLERS: Final[dict[str, Callable[[RunRecord, Any], None]]] = {
    "flow_started": RunRecord._flow_started,
    "connection_opened": RunRecord._connection_opened,
    "step_started": RunRecord._step_started,
    "step_retrying": RunRecord._step_retrying,
    "step_completed": RunRecord._step_completed,
    "step_failed": RunRecord._step_failed,
    "step_skipped": RunRecord._step_skipped,
    "branch_taken": RunRecord._branch_taken,
    "iteration_started": RunRecord._iteration_started,
    "iteration_completed": RunRecord._iteration_completed,
    "iterations_answered": RunRecord._iterations_answered,
    "statement": RunRecord._statement,
    "sandbox_started": RunRecord._sandbox_started,
    "sandbox_ended": RunRecord._sandbox_ended,
    "flow_completed": RunRecord._flow_completed,
    "flow_terminated": RunRecord._flow_terminated,
    "flow_cancelled": RunRecord._flow_cancelled,
    "flow_failed": RunRecord._flow_failed,
}
