"""The pins file: what it says, what is wrong with it, and how it is changed without losing a comment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlang.debugger.pin_edit import enable, pin, pinned, switched, unpin, unpinned
from flowlang.debugger.pin_file import Pin, PinnedError, pins_path, read_pins, read_text
from flowlang.debugger.pin_values import ValueRefused
from flowlang.language.diagnostics import Problems
from flowlang.language.edit import EditError


def pins_of(text: str) -> dict[str, Pin]:
    found: dict[str, Pin] = {}
    problems = Problems("orders.pins.yaml")
    read_text(dedent(text), found, problems)
    assert problems.found == []
    return found


def problems_of(text: str) -> list[tuple[str, int, int]]:
    problems = Problems("orders.pins.yaml")
    read_text(dedent(text), {}, problems)
    return [(problem.code, problem.line, problem.column) for problem in problems.in_order()]


def test_it_lies_beside_the_flow_and_bears_its_name() -> None:
    assert pins_path("some/orders.yaml") == Path("some/orders.pins.yaml")


def test_a_pin_has_an_output_or_an_error_and_says_where_it_comes_from() -> None:
    pins = pins_of("""\
        fetch:
          output: {count: 2, day: 2026-01-31, code: no}
          from: 20260131-174502-9f3a61c2
          note: two orders
        orders[3]/ship:
          error: {type: TimeoutError, message: no answer, attempts: 2}
          enabled: false
    """)
    fetch, ship = pins["fetch"], pins["orders[3]/ship"]
    assert fetch.output == {"count": 2, "day": date(2026, 1, 31), "code": "no"}
    assert (fetch.run, fetch.note, fetch.enabled) == ("20260131-174502-9f3a61c2", "two orders", True)
    assert ship.error is not None
    assert (ship.error.type, ship.error.message, ship.error.attempts) == ("TimeoutError", "no answer", 2)
    assert not ship.enabled
    assert ship.segments == [("orders", 3), ("ship", None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a", ("pins-shape", 1, 1)),
        ("a: 1", ("pins-shape", 1, 4)),
        ("a: {note: nothing}", ("pins-shape", 1, 1)),
        ("a: {otput: 1, output: 1}", ("unknown-key", 1, 5)),
        ("a: {output: 1, output: 2}", ("duplicate-key", 1, 16)),
        ("a: {output: 1}\na: {output: 2}", ("duplicate-key", 2, 1)),
        ("a b[: {output: 1}", ("pin-address", 1, 1)),
        ("a: {output: !decimal x}", ("pin-value", 1, 13)),
        ("a: {output: !money 3}", ("pin-value", 1, 13)),
        ("a: {error: {type: not a name}}", ("pins-shape", 1, 19)),
        ("a: {error: {attempts: 0}}", ("pins-shape", 1, 23)),
        ("a: {output: 1, enabled: maybe}", ("pins-shape", 1, 25)),
        ("a: {output: &x [1]}\nb: {output: *x}", ("alias", 2, 13)),
        ("a: {output: " + "[" * 5000, ("too-deep", 1, 113)),
        ("a: {output: [1", ("syntax", 2, 1)),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, expected: tuple[str, int, int]) -> None:
    assert expected in problems_of(text)


def test_a_file_that_is_not_there_has_no_pins(tmp_path: Path) -> None:
    file = read_pins(tmp_path / "orders.yaml")
    assert (file.pins, file.problems, file.exists) == ({}, [], False)


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "orders.pins.yaml").write_bytes(b"a: \xff")
    assert [problem.code for problem in read_pins(tmp_path / "orders.yaml").problems] == ["invalid-utf8"]


EXACT: Any = {
    "rows": [{"id": 1, "paid": Decimal("12.50"), "on": date(2026, 1, 31)}, {"id": 2, "paid": None, "on": None}],
    "at": datetime(2026, 1, 31, 17, 45, 2, 120, tzinfo=timezone(timedelta(hours=2))),
    "naive": datetime(2026, 1, 31),
    "clock": time(17, 45),
    "took": timedelta(seconds=1.5),
    "key": UUID(int=7),
    "bytes": b"\x00\xff",
    "pair": (1, ("two", 3.0)),
    "set": {1, 2},
    "frozen": frozenset({"a"}),
    "texts": ["no", "2026-01-31", "null", "12:30", "", " a", "a: b", "line\nline\n", "\x1b[31m", "1e3", "${x}"],
    "numbers": [1, -1.5, 1e300, float("inf"), True],
    404: "not found",
}


def test_values_keep_their_types() -> None:
    text = pinned("", Pin("a", EXACT, True))
    back = pins_of(text)["a"].output
    assert back == EXACT
    assert repr(back) == repr(EXACT)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=20)
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.dates()
    | st.datetimes(timezones=st.none() | st.just(UTC))
    | st.times()
    | st.timedeltas(timedelta(days=-1000), timedelta(days=1000)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@given(values)
def test_whatever_is_written_is_read_back_as_it_was(value: Any) -> None:
    back = pins_of(pinned("", Pin("a", value, True)))["a"].output
    assert repr(back) == repr(value).replace(", fold=1", "")


class Customer:
    """Something that no file can hold."""


@pytest.mark.parametrize(
    ("value", "why"),
    [({"token": "abc••••"}, "secret"), ({"••••": 1}, "secret"), ([Customer()], "`Customer`")],
)
def test_a_masked_value_and_one_without_a_form_are_refused(value: Any, why: str) -> None:
    with pytest.raises(ValueRefused, match=why):
        pinned("", Pin("a", value, True))


WRITTEN = """\
# Head of the file.

# The orders of a quiet day.
fetch:
  # two of them
  output:
    count: 2  # not three
  note: quiet   # keep this
  from: run-1

# A carrier that is down.
orders/ship:
  error: {type: TimeoutError, message: no answer}
last: {output: 1}
"""


def test_a_new_pin_goes_to_the_end() -> None:
    text = pinned(WRITTEN, Pin("more", [1, 2], True, run="run-2"))
    assert text == WRITTEN + "\nmore:\n  output: [1, 2]\n  from: run-2\n"


def test_an_output_that_is_pinned_anew_changes_its_own_lines_only() -> None:
    text = pinned(WRITTEN, Pin("fetch", {"count": 3}, True, run="run-2"))
    assert text == WRITTEN.replace("  output:\n    count: 2  # not three\n", "  output: {count: 3}\n").replace(
        "from: run-1", "from: run-2"
    )


def test_an_output_takes_the_place_of_an_error() -> None:
    text = pinned(WRITTEN, Pin("orders/ship", None, True))
    assert text == WRITTEN.replace("  error: {type: TimeoutError, message: no answer}\n", "  output: null\n")


def test_a_pin_in_braces_is_written_anew() -> None:
    text = pinned(WRITTEN, Pin("last", {"a": "line\nline\n"}, True))
    assert text == WRITTEN.replace("last: {output: 1}\n", "last:\n  output:\n    a: |\n      line\n      line\n")


def test_a_pin_goes_with_the_comment_above_it() -> None:
    text = unpinned(WRITTEN, "orders/ship")
    assert text == WRITTEN.replace(
        "# A carrier that is down.\norders/ship:\n  error: {type: TimeoutError, message: no answer}\n", ""
    )


def test_switching_a_pin_off_and_on_again_leaves_the_text_as_it_was() -> None:
    off = switched(WRITTEN, "fetch", False)
    assert off == WRITTEN.replace("  from: run-1\n", "  from: run-1\n  enabled: false\n")
    assert not pins_of(off)["fetch"].enabled
    assert switched(off, "fetch", True) == WRITTEN


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    flow = tmp_path / "orders.yaml"
    pins_path(flow).write_bytes(WRITTEN.replace("\n", "\r\n").encode())
    pin(flow, Pin("more", 1, True))
    text = pins_path(flow).read_bytes()
    assert text == (WRITTEN + "\nmore:\n  output: 1\n").replace("\n", "\r\n").encode()


def test_the_file_comes_with_the_first_pin_and_goes_with_the_last(tmp_path: Path) -> None:
    flow = tmp_path / "orders.yaml"
    assert pin(flow, Pin("a", 1, True)).pins["a"].output == 1
    assert enable(flow, ["a"], False).enabled == []
    assert unpin(flow, "a").pins == {}
    assert not pins_path(flow).exists()


def test_a_file_written_by_hand_goes_with_its_last_pin_unless_it_says_more(tmp_path: Path) -> None:
    flow = tmp_path / "orders.yaml"
    pins_path(flow).write_text("a: {output: 1}\n")
    unpin(flow, "a")
    assert not pins_path(flow).exists()
    pins_path(flow).write_text("# mine\n\na: {output: 1}\n")
    unpin(flow, "a")
    assert pins_path(flow).read_text() == "# mine\n\n"


def test_an_error_can_be_pinned_too() -> None:
    text = pinned("", Pin("a", error=PinnedError("OSError", "gone", 1)))
    error = pins_of(text)["a"].error
    assert error is not None
    assert (error.type, error.message, error.attempts) == ("OSError", "gone", 1)


@pytest.mark.parametrize("text", ["a: [", "{a: {output: 1}}", "x: {output: 1, wrong: 2}"])
def test_a_text_that_cannot_be_changed_is_left_alone(text: str) -> None:
    with pytest.raises(EditError):
        pinned(text, Pin("a", 2, True))
