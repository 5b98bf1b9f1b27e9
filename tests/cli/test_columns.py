from __future__ import annotations

import pytest

from flowlang.cli.columns import Cell, columns
from flowlang.cli.terminal import cut


def test_cells_stand_below_each_other_and_empty_columns_are_left_out() -> None:
    rows = [[Cell("a"), Cell(""), Cell("1")], [Cell("bcd"), Cell(""), Cell("22")]]
    assert columns(rows, right={2}) == ["a     1", "bcd  22"]


def test_colours_take_no_room() -> None:
    rows = [[Cell("名", lambda text: f"<{text}>"), Cell("x")], [Cell("abc"), Cell("y")]]
    assert columns(rows) == ["<名>   x", "abc  y"]


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("名前名", 4, "名…"), ("abc", 1, "…"), ("abc", 0, "…"), ("abc", -9, "…")],
)
def test_a_long_text_is_cut_to_its_room(text: str, cells: int, shown: str) -> None:
    assert cut(text, cells) == shown
