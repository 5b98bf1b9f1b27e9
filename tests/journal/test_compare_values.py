from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlang.journal.compare_values import MOST, Change, changes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(VALUES)
def test_a_value_is_the_same_as_itself(value: Any) -> None:
    assert changes(value, value) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1, 2, [Change("", "changed", 1, 2)]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [Change("a.b", "changed", 1, 2)]),
        ({"a": 1}, {"b": 1}, [Change("a", "removed", before=1), Change("b", "added", after=1)]),
        ({"not a name": 1}, {"not a name": 2}, [Change("['not a name']", "changed", 1, 2)]),
        ({"rows": [{"n": 1}, {"n": 2}]}, {"rows": [{"n": 1}, {"n": 3}]}, [Change("rows[1].n", "changed", 2, 3)]),
        ([1, 2], (1, 2), [Change("", "changed", [1, 2], (1, 2))]),
        (1, 1.0, [Change("", "changed", 1, 1.0)]),
        (1, True, [Change("", "changed", 1, True)]),
        (Decimal("1.0"), "1.0", [Change("", "changed", Decimal("1.0"), "1.0")]),
        (date(2024, 5, 1), date(2024, 5, 2), [Change("", "changed", date(2024, 5, 1), date(2024, 5, 2))]),
        (None, [], [Change("", "changed", None, [])]),
    ],
)
def test_only_the_leaves_that_differ_are_told_with_their_place(before: Any, after: Any, expected: list[Change]) -> None:
    assert changes(before, after) == expected


def test_an_item_put_in_front_leaves_the_others_as_they_are() -> None:
    rows = [{"id": number, "tags": [number]} for number in range(50)]
    assert changes({"rows": rows}, {"rows": [{"id": 99, "tags": []}, *rows]}) == [
        Change("rows[0]", "added", after={"id": 99, "tags": []})
    ]
    assert changes([*rows[:7], *rows[8:]], rows) == [Change("[7]", "added", after=rows[7])]


def test_an_item_that_changed_beside_one_that_was_taken_out_is_told_by_its_leaf() -> None:
    assert changes([{"n": 1}, {"n": 2}, {"n": 3}], [{"n": 1}, {"n": 4}]) == [
        Change("[1].n", "changed", 2, 4),
        Change("[2]", "removed", before={"n": 3}),
    ]


def test_long_lists_are_compared_by_position_and_no_more_is_told_than_can_be_looked_at() -> None:
    assert changes([0] * 2000, [1] * 2001) == [Change(f"[{at}]", "changed", 0, 1) for at in range(MOST)]


def test_a_number_that_is_none_equals_itself() -> None:
    assert changes(float("nan"), float("nan")) == []
    assert len(changes(float("nan"), 1.0)) == 1
