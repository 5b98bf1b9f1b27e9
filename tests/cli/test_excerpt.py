from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.cli.excerpt import ROOM, excerpt, lines_of
from flowlang.cli.terminal import Palette, width
from flowlang.language.diagnostics import Span

PLAIN = Palette(None)


def marked(line: str, start: int, end: int) -> tuple[str, str]:
    """What stands above the carets, and the carets."""
    source, carets = excerpt([line], Span(1, start, 1, end), PLAIN)
    return source, carets


def test_the_carets_stand_under_the_span() -> None:
    assert marked("  task: Fetch", 9, 14) == ("  1 │   task: Fetch", "    │         ^^^^^")


def test_an_empty_span_gets_one_caret() -> None:
    assert marked("steps:", 7, 7)[1] == "    │       ^"


def test_a_span_of_several_lines_is_underlined_to_the_end_of_its_first() -> None:
    _, carets = excerpt(["- task: A", "  id: a"], Span(1, 3, 2, 8), PLAIN)
    assert carets == "    │   ^^^^^^^"


def test_wide_and_combining_characters_keep_the_carets_in_place() -> None:
    source, carets = marked("名前: é́x", 5, 8)
    before = source.split("│ ")[1].partition("é")[0]
    assert carets.index("^") - carets.index("│") - 2 == width(before)


def test_a_tab_takes_the_cells_that_are_drawn_for_it() -> None:
    assert marked("\tx: 1", 2, 3) == ("  1 │     x: 1", "    │     ^")


def test_control_characters_are_signs_and_keep_the_carets_in_place() -> None:
    source, carets = marked("a: \x1b[2J\u202e b", 10, 11)
    assert "\x1b" not in source
    assert "\u202e" not in source
    assert source[carets.index("^")] == "b"


def test_a_long_line_is_cut_around_the_span() -> None:
    line = "x" * 5000 + "HERE" + "y" * 5000
    source, carets = marked(line, 5001, 5005)
    assert width(source) < ROOM + 20
    assert source[carets.index("^") : carets.index("^") + 4] == "HERE"
    assert carets.count("^") == 4


def test_a_long_span_is_cut() -> None:
    source, carets = marked("x" * 5000, 1, 5001)
    assert width(source) < ROOM + 20
    assert width(carets) < ROOM + 20


@pytest.mark.parametrize("line", [0, 3])
def test_a_line_that_the_file_does_not_have_gives_no_excerpt(line: int) -> None:
    assert excerpt(["one", "two"], Span(line, 1, line, 2), PLAIN) == []


def test_lines_are_counted_as_yaml_does(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_bytes("\ufeffa\rb\r\nc\u2028d\ne".encode())
    assert lines_of(str(file)) == ["a", "b", "c", "d", "e"]


def test_a_file_that_is_gone_has_no_lines(tmp_path: Path) -> None:
    assert lines_of(str(tmp_path / "gone.yaml")) == []
