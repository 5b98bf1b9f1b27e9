"""A run as a JUnit report: one test case for each step."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from flowlang.cli.failure import failure_text
from flowlang.cli.terminal import Palette

_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN: Final = Palette(None)


def junit_report(result: Mapping[str, Any], failures: Mapping[str, Mapping[str, Any]], started: float) -> str:
    """The report of a run.

    `result` is a result's `to_dict()`, `failures` the `step_failed` events by step id, `started` Unix seconds.
    A failure that the flow handled does not fail its test case.
    """
    flow = str(result["flow"])
    error = result["error"]
    cases = [_case(flow, step, failures.get(step["id"]), error) for step in result["steps"]]
    if error is not None and not any(_is_culprit(step, error) for step in result["steps"]):
        cases.append((testcase(flow, flow, 0.0, [_verdict("error", error)]), "errors"))
    elif error is None and not result["success"]:
        body = f"<error{_attribute('message', result['reason'] or result['status'])}/>"
        cases.append((testcase(flow, flow, 0.0, [body]), "errors"))
    return document(flow, cases, result["duration_ms"], started)


def _is_culprit(step: Mapping[str, Any], error: Mapping[str, Any]) -> bool:
    return bool(step["id"] == error["step"] and step["status"] == "failed")


def _case(
    flow: str, step: Mapping[str, Any], failed: Mapping[str, Any] | None, error: Mapping[str, Any] | None
) -> tuple[str, str]:
    if error is not None and _is_culprit(step, error):
        body, verdict = [_verdict("failure", error)], "failures"
    elif step["status"] == "failed" and failed is not None:
        if failed.get("handled"):
            body, verdict = [f"<system-out>{_text(_told(failed['error']))}</system-out>"], ""
        else:
            body, verdict = [_verdict("failure", failed["error"])], "failures"
    elif step["status"] == "succeeded":
        body, verdict = [], ""
    else:
        body, verdict = [f"<skipped{_attribute('message', step['status'])}/>"], "skipped"
    return testcase(flow, step["id"], step["duration_ms"] or 0.0, body), verdict


def _verdict(tag: str, error: Mapping[str, Any]) -> str:
    about = _attribute("type", error["type"]) + _attribute("message", error["message"])
    return f"<{tag}{about}>{_text(_told(error))}</{tag}>"


def _told(error: Mapping[str, Any]) -> str:
    return failure_text(error, _PLAIN)


def testcase(flow: str, name: str, ms: float, body: Sequence[str]) -> str:
    """A test case; `body` is what is said of it, nothing for one that passed."""
    opening = f"<testcase{_attribute('classname', flow)}{_attribute('name', name)} time={_seconds(ms)}"
    return f"{opening}>{''.join(body)}</testcase>" if body else f"{opening}/>"


def document(flow: str, cases: Sequence[tuple[str, str]], ms: float, started: float) -> str:
    """The report of these cases, each with its verdict: `failures`, `errors`, `skipped`; empty for one that passed."""
    counts = f' tests="{len(cases)}"'
    for verdict in ("failures", "errors", "skipped"):
        counts += f' {verdict}="{sum(1 for _, found in cases if found == verdict)}"'
    about = f"{_attribute('name', flow)}{counts} time={_seconds(ms)}"
    at = _attribute("timestamp", datetime.fromtimestamp(started, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{about}>",
        f"  <testsuite{about}{at}>",
        *(f"    {case}" for case, _ in cases),
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _seconds(ms: float) -> str:
    return f'"{ms / 1000:.3f}"'


def _attribute(name: str, value: Any) -> str:
    escaped = "".join(_ENTITIES.get(character, character) for character in _NOT_XML.sub("", str(value)))
    return f' {name}="{escaped}"'


def element(tag: str, text: str = "", **about: str) -> str:
    """An element of XML with these attributes and this text."""
    attributes = "".join(_attribute(name, value) for name, value in about.items())
    return f"<{tag}{attributes}>{_text(text)}</{tag}>" if text else f"<{tag}{attributes}/>"


def _text(value: str) -> str:
    return _NOT_XML.sub("", value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
