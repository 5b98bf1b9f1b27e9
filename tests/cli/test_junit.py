from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from flowlang.cli.junit import junit_report


def step(id: str, status: str = "succeeded") -> dict[str, Any]:
    return {"id": id, "status": status, "duration_ms": 1500.0, "attempts": 1}


def failure(id: str | None, message: str = "it broke") -> dict[str, Any]:
    return {
        "type": "ValueError",
        "message": message,
        "step": id,
        "file": None,
        "line": None,
        "column": None,
        "inputs": {"amount": 3},
        "attempts": 2,
        "cause": "OSError: behind it",
        "hint": "Try again.",
    }


def result(*steps: dict[str, Any], error: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    ended: dict[str, Any] = {
        "flow": "orders",
        "success": error is None,
        "status": "succeeded" if error is None else "failed",
        "reason": None,
        "error": error,
        "duration_ms": 2000.0,
        "steps": list(steps),
    }
    return {**ended, **other}


def suite(report: str) -> ElementTree.Element:
    (found,) = ElementTree.fromstring(report)
    return found


def test_each_step_is_a_test_case_with_its_time() -> None:
    cases = list(suite(junit_report(result(step("a"), step("b")), {}, 0.0)))
    assert [(case.get("classname"), case.get("name"), case.get("time")) for case in cases] == [
        ("orders", "a", "1.500"),
        ("orders", "b", "1.500"),
    ]
    assert all(len(case) == 0 for case in cases)


def test_the_failed_step_has_the_whole_error_and_the_rest_is_skipped() -> None:
    ended = result(step("a", "failed"), step("b", "pending"), step("c", "skipped"), error=failure("a"))
    found = suite(junit_report(ended, {}, 0.0))
    assert (found.get("tests"), found.get("failures"), found.get("skipped"), found.get("errors")) == (
        "3",
        "1",
        "2",
        "0",
    )
    failed, pending, skipped = found
    told = failed.find("failure")
    assert told is not None
    assert told.get("type") == "ValueError"
    assert told.get("message") == "it broke"
    for part in ("amount: 3", "OSError: behind it", "Try again."):
        assert part in (told.text or "")
    assert pending.find("skipped") is not None
    assert skipped.find("skipped") is not None


def test_a_failure_that_the_flow_handled_is_told_but_does_not_fail() -> None:
    failures = {"a": {"handled": True, "error": failure("a")}}
    found = suite(junit_report(result(step("a", "failed")), failures, 0.0))
    assert found.get("failures") == "0"
    assert "it broke" in (found[0].findtext("system-out") or "")


def test_an_error_outside_the_steps_is_a_case_of_its_own() -> None:
    found = suite(junit_report(result(step("a", "pending"), error=failure(None)), {}, 0.0))
    assert found.get("errors") == "1"
    assert found[-1].get("name") == "orders"
    assert found[-1].find("error") is not None


def test_a_cancelled_run_is_an_error_with_its_reason() -> None:
    ended = result(step("a", "pending"), success=False, status="cancelled", reason="interrupted")
    told = suite(junit_report(ended, {}, 0.0))[-1].find("error")
    assert told is not None
    assert told.get("message") == "interrupted"


@pytest.mark.parametrize(
    "text", ["\x00\x1b\x08", "]]>", "<&>\"'", "\ud800\uffff\ufffe", "line\nline\ttab\r", "名前 👍"]
)
def test_the_report_is_xml_whatever_the_text(text: str) -> None:
    report = junit_report(result(step(text, "failed"), error=failure(text, text), flow=text), {}, 0.0)
    found = suite(report.encode("utf-8").decode("utf-8"))
    expected = "".join(
        c for c in text if c in "\n\t\r" or 0x20 <= ord(c) < 0xD800 or 0xE000 <= ord(c) < 0xFFFE or ord(c) > 0xFFFF
    )
    assert found[0].get("name") == expected
