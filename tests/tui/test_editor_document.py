"""The text of a file: kept as it was read, measured in cells, changed in pieces that undo as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlang_tui.widgets.code_editor.buffer import Buffer, moved_by
from flowlang_tui.widgets.code_editor.cells import Cells, width_of
from flowlang_tui.widgets.code_editor.document import Change, CodeDocument
from flowlang_tui.widgets.code_editor.languages import YAML
from flowlang_tui.widgets.code_editor.splices import merged, shortest

TEXTS = st.text(st.sampled_from("ab\n\r\t é漢\x0c\u2028🎉"), max_size=30)


@given(TEXTS)
def test_a_text_that_is_not_changed_is_saved_as_it_was_read(text: str) -> None:
    assert "".join([CodeDocument(text).text]) == text
    document = CodeDocument(text)
    document.replace_range((0, 0), (0, 0), "x")
    document.replace_range((0, 0), (0, 1), "")
    assert document.text == text


@pytest.mark.parametrize(
    ("text", "newline", "lines"),
    [
        ("a\r\nb\r\n", "\r\n", ["a", "b", ""]),
        ("a\nb", "\n", ["a", "b"]),
        ("a\rb", "\r", ["a", "b"]),
        ("a\r\nb\nc", "\n", ["a\r", "b", "c"]),
        ("", "\n", [""]),
        ("a\x0cb\u2028c\n", "\n", ["a\x0cb\u2028c", ""]),
    ],
)
def test_the_line_end_of_a_file_is_the_one_that_all_its_lines_have(text: str, newline: str, lines: list[str]) -> None:
    document = CodeDocument(text)
    assert (document.newline, document.lines) == (newline, lines)


def test_new_lines_get_the_line_end_of_the_file() -> None:
    document = CodeDocument("a\r\nb")
    document.replace_range((0, 1), (0, 1), "\nx")
    assert document.text == "a\r\nx\r\nb"


@given(TEXTS, TEXTS, st.data())
def test_taking_back_a_replacement_gives_the_text_before(text: str, new: str, data: st.DataObject) -> None:
    document = CodeDocument(text)
    rows = st.integers(0, len(document.lines) - 1)
    ends = [(row, data.draw(st.integers(0, len(document.lines[row])))) for row in (data.draw(rows), data.draw(rows))]
    changes: list[Change] = []
    document.changed = changes.append
    result = document.replace_range(ends[0], ends[1], new)
    assert changes == [Change(min(ends), max(ends), result.end_location)]
    assert document.get_size(4).width == max(width_of(line) for line in document.lines)
    document.replace_range(min(ends), result.end_location, result.replaced_text)
    assert document.text == text


@given(st.text(st.sampled_from("ab\t é漢🎉\x1b\u202e\u0301\ufe0f"), max_size=20))
def test_every_column_knows_its_cells_and_every_cell_its_column(line: str) -> None:
    cells = Cells(line)
    assert cells.cell(0) == 0
    assert cells.cell(len(line)) == cells.width == width_of(line)
    for column in range(len(line)):
        assert cells.cell(column) <= cells.cell(column + 1)
        if cells.cell(column) < cells.cell(column + 1):
            assert cells.column(cells.cell(column)) == column
            assert cells.column(cells.cell(column + 1) - 1) == column
    assert cells.column(cells.width + 5) == len(line)


def test_nothing_of_a_line_steers_the_terminal() -> None:
    assert Cells("\x1b[31m\x07\u202e\x7f\x9b\u2028").shown(0, 20) == "␛[31m␇�␡��"
    assert Cells("a\tb").shown(0, 3) == "a   b"
    assert Cells("❤\ufe0f").width == Cells("❤").width


def test_a_location_moves_with_the_text_around_it() -> None:
    change = Change((1, 2), (2, 3), (1, 5))
    assert moved_by(change, (1, 1)) == (1, 1)
    assert moved_by(change, (2, 1)) == (1, 5)
    assert moved_by(change, (2, 4)) == (1, 6)
    assert moved_by(change, (3, 4)) == (2, 4)


def test_marks_of_lines_move_with_their_lines() -> None:
    buffer = Buffer("a\nb\nc\nd", YAML)
    buffer.set_breakpoints({2: "plain", 4: "conditional"})
    buffer.set_states({1: "succeeded"})
    buffer.document.replace_range((0, 1), (0, 1), "\nnew")
    assert buffer.breakpoints == {2: "plain", 4: "conditional"}
    assert buffer.states == {0: "succeeded"}
    buffer.document.replace_range((2, 0), (3, 0), "")
    assert buffer.breakpoints == {2: "plain", 3: "conditional"}
    buffer.document.replace_range((0, 0), (0, 0), "\n")
    assert buffer.states == {1: "succeeded"}


def test_edits_are_put_together_and_must_not_overlap() -> None:
    document = CodeDocument("one two\nthree\nfour")
    splice = merged(document, [((2, 0), (2, 4), "4"), ((0, 4), (0, 7), "2"), ((1, 0), (1, 0), "> ")])
    assert splice is not None
    assert (splice.start, splice.end, splice.text) == ((0, 4), (2, 4), "2\n> three\n4")
    with pytest.raises(ValueError, match="line 1, column 2"):
        merged(document, [((0, 0), (0, 3), ""), ((0, 1), (0, 2), "")])
    assert merged(document, []) is None


LINES = st.lists(st.sampled_from(["a", "b", "", "c d"]), min_size=1, max_size=8)


@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]))
def test_the_shortest_replacement_makes_the_one_text_the_other(old: list[str], new: list[str], newline: str) -> None:
    document = CodeDocument(newline.join(old))
    newline = document.newline
    splice = shortest(document, newline.join(new))
    if splice is None:
        assert old == new
    else:
        result = document.replace_range(splice.start, splice.end, splice.text)
        assert result.end_location == splice.parts[0].end
        assert document.text == newline.join(new)
