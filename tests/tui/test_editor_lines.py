"""What editing commands make of lines."""

from __future__ import annotations

import pytest

from flowlang_tui.widgets.code_editor import line_edits
from flowlang_tui.widgets.code_editor.brackets import matching_bracket
from flowlang_tui.widgets.code_editor.languages import PYTHON, TEXT, YAML, Language
from flowlang_tui.widgets.code_editor.line_edits import Insertion, LineEdit

LINES = ["a:", "  b: 1", "", "  c: 2", "d: 3"]


def test_indenting_leaves_empty_lines_empty_and_moves_the_selection() -> None:
    assert line_edits.indented(LINES, (1, 2), (3, 4), 2) == LineEdit(1, 3, ["    b: 1", "", "    c: 2"], (1, 4), (3, 6))


def test_outdenting_stops_at_the_edge() -> None:
    assert line_edits.outdented([" a", "b", "\tc"], (0, 1), (2, 2), 2).lines == ["a", "b", "c"]


def test_a_selection_that_ends_at_the_start_of_a_line_does_not_take_it() -> None:
    assert line_edits.selected_rows((1, 2), (3, 0)) == (1, 2)
    assert line_edits.selected_rows((3, 0), (3, 0)) == (3, 3)


def test_lines_are_commented_in_one_column_and_back() -> None:
    commented = line_edits.commented(LINES, (1, 0), (3, 3), "#")
    assert commented.lines == ["  # b: 1", "", "  # c: 2"]
    assert line_edits.commented(["", *commented.lines], (1, 0), (3, 3), "#").lines == LINES[1:4]


def test_a_block_with_one_line_that_is_no_comment_is_commented_as_a_whole() -> None:
    assert line_edits.commented(["# a", "b"], (0, 0), (1, 1), "#").lines == ["# # a", "# b"]


def test_lines_are_duplicated_below() -> None:
    assert line_edits.duplicated(LINES, (0, 1), (1, 3)) == LineEdit(0, 1, LINES[:2] * 2, (2, 1), (3, 3))


def test_lines_move_past_their_neighbour_and_not_past_the_edge() -> None:
    assert line_edits.moved(LINES, (4, 1), (4, 1), -1) == LineEdit(3, 4, ["d: 3", "  c: 2"], (3, 1), (3, 1))
    assert line_edits.moved(LINES, (0, 0), (1, 1), 1) == LineEdit(0, 2, ["", "a:", "  b: 1"], (1, 0), (2, 1))
    assert line_edits.moved(LINES, (0, 0), (0, 0), -1) is None
    assert line_edits.moved(LINES, (4, 0), (4, 0), 1) is None


@pytest.mark.parametrize(
    ("line", "language", "indent"),
    [
        ("a: 1", YAML, ""),
        ("  a: 1", YAML, "  "),
        ("  a:", YAML, "    "),
        ("  a: # why", YAML, "    "),
        ("  - a: 1", YAML, "    "),
        ("  - a:", YAML, "      "),
        ("  - - a", YAML, "      "),
        ("  query: |", YAML, "    "),
        ("  query: >-", YAML, "    "),
        ("  # see:", YAML, "  "),
        ("    ", YAML, "    "),
        ("def f():", PYTHON, "    "),
        ("  x", TEXT, "  "),
    ],
)
def test_a_new_line_starts_where_its_text_belongs(line: str, language: Language, indent: str) -> None:
    assert line_edits.new_line(line, len(line), language) == indent


@pytest.mark.parametrize(
    ("character", "before", "after", "selected", "insertion"),
    [
        ("(", "f", "", "", Insertion("()", 1)),
        ("(", "f", "x", "", None),
        ("[", "a: ", " # b", "", Insertion("[]", 1)),
        ("{", "a: $", "", "", Insertion("{}", 1)),
        ("}", "a: ${b", "}", "", Insertion("", 1)),
        (")", "f", ")", "", None),
        ('"', "a: ", "", "", Insertion('""', 1)),
        ('"', 'a: "b', '"', "", Insertion("", 1)),
        ("'", "don", "", "", None),
        ("'", 'a: "it', '"', "", None),
        ('"', "a: ", "", "b c", Insertion('"b c"', 5)),
        ("(", "", "", "b\nc", None),
        ("x", "", "", "", None),
    ],
)
def test_pairs_are_closed_only_where_that_is_wanted(
    character: str, before: str, after: str, selected: str, insertion: Insertion | None
) -> None:
    assert line_edits.typed(character, before, after, selected) == insertion


def test_brackets_find_their_partners_over_lines() -> None:
    lines = ["a: [1, {b: (2)}", "]"]
    assert matching_bracket(lines, "[", (0, 3)) == (1, 0)
    assert matching_bracket(lines, "]", (1, 0)) == (0, 3)
    assert matching_bracket(lines, "{", (0, 7)) == (0, 14)
    assert matching_bracket(lines, "(", (0, 11)) == (0, 13)
    assert matching_bracket(["[", "["], "[", (0, 0)) is None
    assert matching_bracket(lines, "", (1, 1)) is None
