"""What clients are answered: plain data as JSON, results with the status that fits them."""

from __future__ import annotations

from json import dumps
from typing import Any, Final

from starlette.responses import Response

from flowlang.errors import FlowInputError
from flowlang.journal.records import RecordedRun, RunSummary
from flowlang.runtime.result import FlowResult
from flowlang.values import plain

_WITH_REASON: Final = frozenset({"flow_terminated", "flow_cancelled"})


class JSON(Response):
    """Plain data as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return as_json(content)


def as_json(content: Any) -> bytes:
    """Plain data as JSON in UTF-8."""
    try:
        return dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # half of a surrogate pair, which UTF-8 can't express and an escape can
        return dumps(content, separators=(",", ":")).encode()


def answer(result: FlowResult) -> dict[str, Any]:
    """A result as a client gets it; with `problems` where the inputs don't fit."""
    told = result.to_dict()
    if _is_invalid(result):
        told["problems"] = list(getattr(result.error and result.error.exception, "problems", ()) or [str(result.error)])
    return told


def described(run: RunSummary) -> dict[str, Any]:
    """A recorded run in short, as `Execution.describe` tells one of this server."""
    return {
        "id": run.run_id,
        "flow": run.flow,
        "status": run.status,
        "origin": None if run.origin is None else run.origin.how,
        "started": run.started,
        "ended": run.ended,
        "duration_ms": round(run.duration_ms, 3),
        "events": None,
    }


def recorded(run: RecordedRun) -> dict[str, Any]:
    """A recorded run with its result, as one of this server is told."""
    events = sum(1 for _ in run.events())
    return {**described(run.summary), "events": events, "result": recorded_answer(run)}


def recorded_answer(run: RecordedRun) -> dict[str, Any] | None:
    """The result of a recorded run as a client got it; None for one that came to no end."""
    summary = run.summary
    if summary.status in ("queued", "running", "interrupted"):
        return None
    told = {
        "flow": summary.flow,
        "run_id": summary.run_id,
        "success": summary.status in ("succeeded", "terminated"),
        "status": summary.status,
        "outputs": plain(run.outputs or {}),
        "error": None if run.error is None else dict(run.error),
        "error_type": summary.error_type,
        "reason": next((event["reason"] for event in run.events() if event["type"] in _WITH_REASON), None),
        "duration_ms": summary.duration_ms,
        "steps": _steps(run),
    }
    if summary.error_type == FlowInputError.__name__ and summary.failed_step is None:
        told["problems"] = [summary.error]
    return told


def _steps(run: RecordedRun) -> list[dict[str, Any]]:
    """The steps of the flow itself; one in a loop as it was last."""
    steps = run.steps()
    calls = tuple(f"{step.path}/" for step in steps if step.kind == "subflow")
    own = {step.step_id: step for step in steps if not step.path.startswith(calls)}
    return [
        {"id": id, "status": step.status, "duration_ms": step.duration_ms, "attempts": step.attempts}
        for id, step in own.items()
    ]


def status_of(result: FlowResult) -> int:
    """The HTTP status for a result."""
    if result.success:
        return 200
    if result.cancelled:
        return 409
    return 422 if _is_invalid(result) else 500


def _is_invalid(result: FlowResult) -> bool:
    return result.error is not None and result.error.phase == "inputs"
