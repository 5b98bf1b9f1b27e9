"""Telling of steps that were taken from the journal with what is around them, so that nobody takes them for not run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flowlang.journal.records import RecordedStep
from flowlang.runtime.paths import address_of
from flowlang.values import NotKept

if TYPE_CHECKING:
    from flowlang.language.model import Step
    from flowlang.runtime.events import EventStream
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.plan import StepPlan
    from flowlang.runtime.run import Run

_CHOICES: Final = frozenset({"if", "switch"})
_LOOPS: Final = frozenset({"for_each", "while"})
_BLOCKS: Final = _CHOICES | _LOOPS | {"parallel"}


class Teller:
    """Tells of the steps of one run. `rounds` are how many iterations loops had begun, by path."""

    def __init__(self, run: Run, rounds: Mapping[str, int]) -> None:
        self._run = run
        self._rounds = rounds

    def tell(self, record: RecordedStep, line: int) -> None:
        """Tell how a step, which stands on a line, ended as its record has it; nothing if nobody knows that."""
        events = self._events_of(record)
        if events is None or record.status in ("unknown", "running"):
            return
        facts = _facts(record, line)
        if record.status == "skipped":
            events.emit("step_skipped", record.flow, **facts, answered_by="journal")
            return
        self.begin_block(record, line)
        ending = {"attempts": record.attempts, "duration_ms": 0.0, "answered_by": "journal"}
        if record.status == "succeeded":
            events.raw = record.outputs if record.why_not is None else NotKept(record.outputs, record.why_not)
            data = {"inputs": record.inputs, "outputs": record.outputs}
            status = "terminated" if record.terminated else "succeeded"
            events.emit("step_completed", record.flow, data, **facts, **ending, status=status)
            return
        error = record.error or {}
        ending |= {"status": record.status, "handled": record.handled, "error_type": error.get("type", "")}
        events.emit("step_failed", record.flow, {"inputs": record.inputs}, **facts, **ending, error=error)

    def begin_block(self, record: RecordedStep, line: int) -> None:
        """Tell that a block began, with the branch that it took or how many iterations it had; nothing of others."""
        events = self._events_of(record)
        if events is None or record.kind not in _BLOCKS:
            return
        facts = _facts(record, line)
        events.emit("step_started", record.flow, **facts, inputs=None)
        if record.branch is not None or (record.kind in _CHOICES and record.status == "succeeded"):
            events.emit("branch_taken", record.flow, **facts, branch=record.branch)
        if record.kind in _LOOPS:
            count = self._rounds.get(record.path, 0)
            events.emit("iterations_answered", record.flow, **facts, count=count, length=record.length)

    def _events_of(self, record: RecordedStep) -> EventStream | None:
        return self._run.hidden if record.silent else self._run.events


def _facts(record: RecordedStep, line: int) -> dict[str, Any]:
    return {
        "step_id": record.step_id,
        "task": record.task,
        "kind": record.kind,
        "path": record.path,
        "line": line,
    }


class Passed:
    """The iterations of one loop that are passed over, because all in them is done.

    Of each step in them the last execution is told, once for each way in which it ended.
    """

    def __init__(self, plan: StepPlan, frame: Frame, path: str) -> None:
        self.count = 0
        self._plan = plan
        self._frame = frame
        self._path = path
        self._last: dict[tuple[object, str], tuple[RecordedStep, int]] = {}

    def note(self, step: Step, record: RecordedStep) -> None:
        """One more execution of a step was passed over."""
        self._last[id(step), record.status] = record, step.line

    def note_inside(self, record: RecordedStep) -> None:
        """As `note`, for one in a flow that was called."""
        self._last[address_of(record.path), record.status] = record, record.line

    def tell(self, teller: Teller) -> None:
        """Tell of them."""
        plan, frame = self._plan, self._frame
        events = frame.events_of(plan)
        for record, line in sorted(self._last.values(), key=lambda one: (one[0].session, one[0].ended or 0.0)):
            teller.tell(record, line)
        if events is not None:
            length = frame.length if plan.kind == "for_each" else None
            events.emit(
                "iterations_answered",
                frame.call.plan.name,
                step_id=plan.id,
                task=None,
                kind=plan.kind,
                path=self._path,
                line=plan.line,
                count=self.count,
                length=length,
            )
