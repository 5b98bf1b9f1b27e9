from __future__ import annotations

import pytest

from flowlang.cli.readable import ROWS, duration, readable


def test_a_map_is_shown_by_names_nested_ones_indented() -> None:
    value = {"total": 42, "user": {"name": "Ada", "tags": ["a", "b"]}, "none": None, "empty": [], "text": ""}
    assert readable(value) == [
        "total: 42",
        "user:",
        "  name: Ada",
        "  tags:",
        "    - a",
        "    - b",
        "none: null",
        "empty: []",
        'text: ""',
    ]


def test_rows_of_one_shape_are_a_table_with_numbers_to_the_right() -> None:
    assert readable([{"name": "Tea", "price": 12.5}, {"name": "名前", "price": 3}]) == [
        "name  price",
        "────  ─────",
        "Tea    12.5",
        "名前      3",
    ]


def test_long_lists_say_how_much_is_left_out() -> None:
    assert readable(list(range(ROWS + 7)))[-1] == "… and 7 more"
    assert readable([{"n": number} for number in range(ROWS + 7)])[-1] == "… and 7 more"


def test_text_of_several_lines_keeps_them() -> None:
    assert readable({"poem": "one\ntwo"}) == ["poem:", "  one", "  two"]


def test_items_that_are_maps_of_different_shape_follow_their_dash() -> None:
    assert readable([{"a": 1}, {"b": [1, 2]}]) == ["- a: 1", "- b:", "    - 1", "    - 2"]


@pytest.mark.parametrize("value", [{"\x1b[2J": "x"}, {"x": "\x1b[2J"}, ["\x1b[2J"], [{"x": "\x1b[2J"}], "\x1b[2J"])
def test_nothing_in_a_value_steers_the_terminal(value: object) -> None:
    assert "\x1b" not in "\n".join(readable(value))


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(0.42, "0.4 ms"), (12.3, "12 ms"), (999.9, "1000 ms"), (1350, "1.35 s"), (250_000, "4 min 10 s")],
)
def test_durations_read_as_people_say_them(ms: float, shown: str) -> None:
    assert duration(ms) == shown
