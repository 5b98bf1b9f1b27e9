from __future__ import annotations

import pytest

from flowlang.cli.terminal import inert, one_line, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred", "␛[31mred"),
        ("bell\x07", "bell␇"),
        ("\x9b2J", "\\u009b2J"),
        ("over\rwritten", "over␍written"),
        ("del\x7f", "del␡"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("lone \ud800", "lone \\ud800"),
        ("two\r\nlines\n", "two\nlines\n"),
        ("a\tb", "a    b"),
        ("grün 名前 👩‍🚀", "grün 名前 👩‍🚀"),
    ],
)
def test_what_could_steer_a_terminal_is_shown_as_a_sign(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_no_character_below_the_printable_ones_gets_through() -> None:
    everything = "".join(map(chr, range(0x100)))
    assert all(sign == "\n" or sign.isprintable() for sign in inert(everything).replace("\xad", "").replace("\xa0", ""))


def test_a_name_never_breaks_the_line() -> None:
    assert one_line("a\nb") == "a␊b"


@pytest.mark.parametrize(("text", "cells"), [("abc", 3), ("名前", 4), ("e\u0301", 1), ("👍", 2), ("", 0)])
def test_width_counts_cells(text: str, cells: int) -> None:
    assert width(text) == cells
