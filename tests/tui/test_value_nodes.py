"""Values as trees: each part is made when it is opened, whatever the size of the whole."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang_tui.widgets.value_nodes import CHARACTERS, Node, is_table, preview


def labels(node: Node, width: int = 80) -> list[str]:
    return [child.label for child in node.children(width)]


def opened(value: Any, *path: str) -> Node:
    node = Node("value", value)
    for label in path:
        node = next(child for child in node.children(80) if child.label == label)
    return node


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (12.5, "12.5"),
        ("text", '"text"'),
        ("\x1b[31m\u202e", '"␛[31m\\u202e"'),
        ("two\nlines", '"two… 9 characters'),
        ("x" * 100, f'"{"x" * 60}… 100 characters'),
        ([], "[]"),
        ({}, "{}"),
        ([1, "n"], '[1, "n"]'),
        (list(range(1000)), "1,000 items"),
        ([{"id": 1}], "1 row"),
        ({"id": 1, "inner": {"a": 1}, "rows": [{}, {}]}, "id: 1, inner: {1}, rows: 2 rows"),
    ],
)
def test_a_closed_value_tells_what_it_is_in_a_line(value: Any, shown: str) -> None:
    assert preview(value) == shown


def test_a_map_opens_into_its_values_and_a_list_into_its_items() -> None:
    assert labels(opened({"id": 1, "tags": ["a", "b"]})) == ["id", "tags"]
    assert labels(opened({"id": 1, "tags": ["a", "b"]}, "tags")) == ["0", "1"]


def test_simple_values_have_nothing_inside() -> None:
    assert [Node("", value).can_open for value in (None, 1, "short", [], {})] == [False] * 5


def test_a_large_list_opens_in_parts_of_parts() -> None:
    value = list(range(100_000))
    node = opened(value)
    assert labels(node) == [f"[{start}…{start + 9999}]" for start in range(0, 100_000, 10_000)]
    inner = opened(value, "[20000…29999]", "[20100…20199]")
    assert labels(inner)[0] == "20100"
    assert inner.children(80)[5].value == 20_105
    assert inner.text() == (f"[\n  {', '.join(map(str, range(20_100, 20_200)))}\n]".replace(", ", ",\n  "), "value")


def test_a_list_whose_length_is_no_round_number_ends_where_it_ends() -> None:
    assert labels(opened(list(range(150)))) == ["[0…99]", "[100…149]"]
    assert labels(opened(list(range(101)), "[100…100]")) == ["100"]


def test_a_large_map_opens_in_parts() -> None:
    value = {f"key {number}": number for number in range(250)}
    assert labels(opened(value)) == ["[0…99]", "[100…199]", "[200…249]"]
    assert labels(opened(value, "[200…249]"))[-1] == "key 249"
    assert '"key 249": 249' in opened(value, "[200…249]").text()[0]


def test_a_text_opens_into_rows_that_fit() -> None:
    node = Node("text", "one two three four\nlast \x07")
    assert [child.value for child in node.children(10)] == ["one two", "three four", "last ␇"]


def test_a_text_without_spaces_is_broken_where_the_room_ends() -> None:
    assert [child.value for child in Node("text", "x" * 25).children(10)] == ["x" * 10, "x" * 10, "x" * 5]


def test_a_long_text_opens_in_parts_and_is_copied_in_whole() -> None:
    text = "0123456789" * 1_000_000
    node = Node("text", text)
    parts = node.children(80)
    assert len(parts) == 25
    assert parts[0].label == "characters 0…399,999"
    assert parts[0].children(80)[0].label == "characters 0…3,999"
    assert len(parts[0].children(80)[0].children(80)) == CHARACTERS // 80
    assert node.text()[0] == f'"{text}"'


def test_maps_with_the_same_keys_are_a_table() -> None:
    rows = [{"id": 1, "name": "Ann", "tags": ["a"]}, {"id": 20, "name": "B\nob", "tags": []}]
    node = opened(rows)
    table = [child.note or child.value for child in node.children(80)]
    assert table == ["id  name  tags ", ' 1  Ann   ["a"]', "20  B␊ob  []"]
    node.as_table = False
    assert labels(node) == ["0", "1"]
    row = opened(rows).children(80)[2]
    assert labels(row) == ["id", "name", "tags"]


def test_wide_characters_keep_their_room() -> None:
    rows = [{"name": "日本", "n": 1}, {"name": "Ann", "n": 20}]
    assert [child.note for child in opened(rows).children(80)[1:]] == ["日本   1", "Ann   20"]
    assert [child.value for child in Node("text", "日本語" * 3 + "!").children(10)] == ["日本語日本", "語日本語!"]


@pytest.mark.parametrize("value", [[], [1], [{}], [{"a": 1}, {"b": 1}], [{"a": 1}, 2], [{"a": 1}] * 2001])
def test_other_lists_are_no_tables(value: list[Any]) -> None:
    assert not is_table(value)


def test_what_else_is_to_be_copied_comes_before_the_value() -> None:
    assert Node("statement", "select 1", copied=lambda: ("select 1", "statement")).text() == ("select 1", "statement")
    assert Node("x", "é").text() == ('"é"', "value")
