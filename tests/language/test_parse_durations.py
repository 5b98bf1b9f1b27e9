"""Durations as text and as numbers."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang.language.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(0, 0), (3, 3), (1.5, 1.5), ("500ms", 0.5), ("10s", 10), ("5m", 300), ("2h", 7200), ("1.5 h", 5400), ("30", 30)],
)
def test_a_duration_is_seconds_or_text_with_a_unit(value: Any, seconds: float) -> None:
    assert parse_duration(value) == seconds


@pytest.mark.parametrize(
    "value", [-1, "-1s", "soon", "", "5 parsecs", "1h30m", None, True, [], {}, float("nan"), float("inf"), 10**400]
)
def test_anything_else_is_refused_with_a_sentence(value: Any) -> None:
    with pytest.raises(ValueError, match=r"no duration|negative"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.5, "500ms"), (2.5, "2.5s"), (90, "90s"), (300, "5m"), (7200, "2h")]
)
def test_seconds_are_written_as_a_person_would(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds
