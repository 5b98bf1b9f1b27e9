"""Text of others on the screen: whatever it holds, it steers nothing and hides nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlang_tui.inert import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, [bold]markup[/bold] and all", "plain text, [bold]markup[/bold] and all"),
        ("été 日本語 ✓ 🎉", "été 日本語 ✓ 🎉"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x00\x7f", "␀␡"),
        ("\x9b2J", "\\u009b2J"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("half \ud83d", "half \\ud83d"),
        ("a\tb", "a    b"),
        ("one\r\ntwo\nthree\rfour", "one␊two␊three␍four"),
    ],
)
def test_what_could_steer_a_terminal_or_deceive_the_eye_is_shown_as_a_sign(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_newlines_stay_where_they_are_wanted() -> None:
    assert inert("one\r\ntwo\nthree\x1b", newlines=True) == "one\ntwo\nthree␛"


@given(st.text(st.characters()))
def test_nothing_that_comes_out_is_a_control_or_reorders_text(text: str) -> None:
    shown = inert(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(character) for character in shown} & {"LRE", "RLE", "LRO", "RLO", "PDF"}
    assert inert(shown) == shown
