"""What is pasted into a field of one line cannot steer the terminal from there."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from flowlang_tui.inert import pasted_line
from flowlang_tui.screens.ask import Ask
from tests.tui.opening import opened
from tests.tui.unseen import painted


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("first\nsecond", "first"),
        ("first\r\nsecond", "first"),
        ("", ""),
        ("\n", ""),
        ("red \x1b[31m", "red ␛[31m"),
        ("\x9b2J", "\\u009b2J"),
        ("a\tb", "a    b"),
        ("é 👩‍👧 ‮", "é 👩‍👧 ‮"),
    ],
)
def test_the_first_line_is_pasted_with_its_controls_as_signs(text: str, line: str) -> None:
    assert pasted_line(text) == line


async def test_a_field_shows_what_is_pasted_and_a_hidden_one_takes_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as one:
        one.app.push_screen(Ask("Name"))
        await one.pilot.pause()
        field = one.app.screen.query_one(Input)
        one.app.post_message(events.Paste("a\x1b]52;c;aGk=\x07b\nsecond"))
        await one.until(lambda: field.value == "a␛]52;c;aGk=␇b")
        assert "\x1b" not in "".join(line.text for line in painted(one.app.screen))
        field.clear()
        one.app.copy_to_clipboard("c\x1b[2Jd")
        field.action_paste()
        assert field.value == "c␛[2Jd"
        field.clear()
        field.password = True
        field.action_paste()
        assert field.value == "c\x1b[2Jd"
