"""The forms of a result: text, JSON, the stream of events, JUnit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from flowlang.cli.readable import duration, readable
from flowlang.cli.spelling import json_of
from flowlang.cli.target import Target
from flowlang.cli.terminal import Palette, inert, one_line, tell
from flowlang.errors import FlowLangError
from flowlang.runtime.events import Event
from flowlang.runtime.result import FlowResult


class Report:
    """Writes what a run gives to a target. `event` is None in a report that doesn't need the stream."""

    event: Callable[[Event], None] | None = None
    #: Whether the report says in words how the run ended, so that nobody else has to.
    in_words = False
    #: Whether the report passes on everything that tasks log.
    streams = False

    def __init__(self, target: Target, palette: Palette) -> None:
        self.target = target
        self.palette = palette

    def result(self, result: FlowResult) -> None:
        """Write the result of a run."""

    def refused(self, error: FlowLangError, flow: str) -> None:
        """Write that the flow in the file `flow` could not be run."""


class JsonReport(Report):
    """The result as one JSON object."""

    def result(self, result: FlowResult) -> None:
        self.target.write(json_of(result.to_dict(), indent=2) + "\n")

    def refused(self, error: FlowLangError, flow: str) -> None:
        self.target.write(json_of(_refusal(error, flow), indent=2) + "\n")


class TextReport(Report):
    """The result for a person."""

    in_words = True

    def result(self, result: FlowResult) -> None:
        told = result.to_dict()
        text = summary(told, self.palette) + "\n"
        if told["error"] is not None:
            from flowlang.cli.failure import failure_text

            text += "\n" + failure_text(told["error"], self.palette) + "\n"
        if told["outputs"]:
            text += "\n" + "\n".join(readable(told["outputs"])) + "\n"
        if "sandbox" in told:
            text += "\n" + sandbox_text(told["sandbox"]) + "\n"
        self.target.write(text)


class EventsReport(Report):
    """Every event as one JSON object on a line of its own, as it happens."""

    streams = True

    def __init__(self, target: Target, palette: Palette) -> None:
        super().__init__(target, palette)
        self.event = self._write

    def _write(self, event: Event) -> None:
        self.target.write(json_of(event) + "\n")


class JUnitReport(Report):
    """A test case for each step, for CI."""

    def __init__(self, target: Target, palette: Palette) -> None:
        super().__init__(target, palette)
        self.event = self._collect
        self._failures: dict[str, Mapping[str, Any]] = {}
        self._started = time.time()

    def _collect(self, event: Event) -> None:
        if event["type"] == "step_failed":
            self._failures[event["step_id"]] = event

    def result(self, result: FlowResult) -> None:
        self._write(result.to_dict())

    def refused(self, error: FlowLangError, flow: str) -> None:
        self._write(_refusal(error, flow))

    def _write(self, result: Mapping[str, Any]) -> None:
        from flowlang.cli.junit import junit_report

        self.target.write(junit_report(result, self._failures, self._started))


REPORTS: Final[dict[str, type[Report]]] = {
    "text": TextReport,
    "json": JsonReport,
    "events": EventsReport,
    "junit": JUnitReport,
}

_ENDINGS: Final = {
    "succeeded": "succeeded in",
    "terminated": "ended early after",
    "failed": "failed after",
    "cancelled": "was cancelled after",
}


def summary(result: Mapping[str, Any], palette: Palette) -> str:
    """How a run ended, in a line."""
    paint = palette.good if result["success"] else palette.warn if result["status"] == "cancelled" else palette.bad
    steps = result["steps"]
    counts = [_counted(len(steps))]
    for status in ("failed", "skipped"):
        number = sum(1 for step in steps if step["status"] == status)
        if number:
            counts.append(f"{number} {status}")
    if result.get("pins"):
        counts.append(f"{len(result['pins'])} pinned")
    ending = f"{_ENDINGS[result['status']]} {duration(result['duration_ms'])}"
    reason = f": {one_line(str(result['reason']))}" if result["reason"] else ""
    return f"{palette.strong(inert(result['flow']))} {paint(ending)} ({', '.join(counts)}){reason}"


def sandbox_text(report: Mapping[str, Any]) -> str:
    """What a sandbox run did, and what of it stays."""
    from flowlang.debugger.sandbox_report import report_lines

    return inert("\n".join(report_lines(report, lambda value: one_line(json_of(value)))))


def tell_log(event: Event) -> None:
    """Tell a person what a task logs, as it happens."""
    if event["type"] == "log" and event["level"] != "debug":
        fields = "".join(f" {name}={json_of(value)}" for name, value in (event["fields"] or {}).items())
        tell(inert(f"{event['level']}: {event['path']}: {event['message']}{fields}"))


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _refusal(error: FlowLangError, flow: str) -> dict[str, Any]:
    """The result of a flow that never ran, in the shape of any result, with its diagnostics beside the error."""
    from flowlang.cli.problems import problems_of

    diagnostics = problems_of(error)
    first = next((problem for problem in diagnostics if problem.severity == "error"), None)
    return {
        "flow": flow,
        "run_id": None,
        "success": False,
        "status": "failed",
        "outputs": {},
        "error": {
            "type": type(error).__name__,
            "message": str(error),
            "step": None,
            "file": first.path if first else flow,
            "line": first.line if first else None,
            "column": first.column if first else None,
            "inputs": None,
            "attempts": 0,
            "cause": None,
            "hint": error.hint,
        },
        "error_type": type(error).__name__,
        "reason": None,
        "duration_ms": 0.0,
        "steps": [],
        "diagnostics": [problem.to_dict() for problem in diagnostics],
    }
