"""The editor as it is used: keys, mouse, what the screen shows."""

from __future__ import annotations

import pytest
from textual.events import Paste

from flowlang.language.assist.edits import TextEdit
from flowlang.language.diagnostics import Diagnostic, Span
from flowlang_tui.widgets.code_editor.buffer import Buffer
from flowlang_tui.widgets.code_editor.editor import CodeEditor
from flowlang_tui.widgets.code_editor.languages import PYTHON, YAML
from tests.tui.editing import editing

pytestmark = pytest.mark.usefixtures("seen")

STEPS = "steps:\n  - task: a\n    id: b\n  - task: c\n    id: d"

ERROR = Diagnostic("error", "unknown-key", "what is this", Span(3, 5, 3, 7))
WARNING = Diagnostic("warning", "unused", "nobody reads it", Span(5, 5, 5, 7))


#: A text, keys, and the text then.
KEYS = [
    ("a:|", "enter", "a:\n  |"),
    ("  - a: 1|", "enter", "  - a: 1\n    |"),
    ("a: {|}", "enter", "a: {\n  |\n}"),
    ("  a|   b", "enter", "  a\n  |b"),
    ("a: |", "$ left_curly_bracket x right_curly_bracket", "a: ${x}|"),
    ("a: (|)", "backspace", "a: |"),
    ("    |a", "backspace", "  |a"),
    ("   |a", "backspace", "  |a"),
    ("a|b", "backspace", "|b"),
    ("a|b", "tab", "a |b"),
    ("a\n|b", "ctrl+right_square_bracket", "a\n|  b"),
    ("a\n    b|", "shift+tab", "a\n  b|"),
    ("  a|", "ctrl+underscore", "  # a|"),
    ("  # a|", "ctrl+underscore", "  a|"),
    ("a|\nb", "ctrl+d", "a\na|\nb"),
    ("a\nb|\nc", "alt+up", "b|\na\nc"),
    ("a\nb|\nc", "alt+down", "a\nc\nb|"),
    ("a\nb|\nc", "ctrl+shift+k", "a\nc|"),
    ("a\nb|", "ctrl+shift+k", "a|"),
    ("a|", "ctrl+shift+k", "|"),
    ("  ab|", "home", "  |ab"),
    ("  |ab", "home", "|  ab"),
    ("a|\nb", "ctrl+end", "a\nb|"),
    ("a\nb|", "ctrl+home", "|a\nb"),
    ("ab c|d", "alt+shift+s", "ab ^cd|"),
    ("a|b c ab", "alt+shift+s alt+shift+s", "ab c ^ab|"),
    ("a|b", "ctrl+a", "^ab|"),
    ("a|b", "shift+right escape", "ab|"),
    ("ab|", "shift+left x ctrl+z", "a|b^"),
    ("a\nb|", "ctrl+d ctrl+z", "a\nb|"),
    ("ab|", "x y ctrl+z ctrl+y", "abxy|"),
]


async def test_a_key_does_what_it_says() -> None:
    async with editing("") as driver:
        for before, keys, after in KEYS:
            text, cursor = before.replace("|", ""), before.index("|")
            driver.editor.swap_document(Buffer(text, YAML))
            driver.editor.go_to(before[:cursor].count("\n") + 1, cursor - before.rfind("\n", 0, cursor))
            await driver.press(*keys.split())
            assert (before, keys, driver.text) == (before, keys, after)


async def test_tab_moves_the_selected_lines_in_and_out() -> None:
    async with editing("|a\nb\nc") as driver:
        await driver.press("shift+down", "shift+down", "tab")
        assert driver.text == "^  a\n  b\n|c"
        await driver.press("shift+tab")
        assert driver.text == "^a\nb\n|c"


async def test_python_is_indented_by_four() -> None:
    async with editing("def f():|", PYTHON) as driver:
        await driver.press("enter", "x", "enter", "tab")
        assert driver.text == "def f():\n    x\n        |"


async def test_the_gutter_shows_numbers_problems_breakpoints_states_and_folds() -> None:
    async with editing(STEPS) as driver:
        driver.editor.show_problems([ERROR, WARNING])
        driver.editor.set_breakpoints({2: "plain", 4: "conditional"})
        driver.editor.set_states({2: "succeeded", 3: "running", 4: "failed", 5: "skipped"})
        assert [row[:7] for row in driver.rows] == ["    1▾ ", "●✓  2▾ ", " ✗  3  ", "◆✗  4▾ ", " ⊘  5  "]


async def test_a_problem_is_told_when_the_cursor_comes_to_its_line() -> None:
    async with editing(STEPS) as driver:
        driver.editor.show_problems([ERROR, WARNING])
        await driver.press("f8")
        assert driver.text.split("\n")[2] == "    |id: b"
        await driver.press("f8", "f8", "up")
        told = [message.problem for message in driver.messages(CodeEditor.ProblemHovered)]  # type: ignore[attr-defined]
        assert told == [ERROR, WARNING, ERROR, None]
        await driver.press("alt+shift+d")
        assert driver.text.split("\n")[4] == "    |id: d"


async def test_a_problem_stays_with_its_text_until_the_next_check() -> None:
    async with editing("|" + STEPS) as driver:
        driver.editor.show_problems([ERROR])
        await driver.press("enter")
        assert [row[:2] for row in driver.rows] == ["  ", "  ", "  ", " ✗", "  ", "  "]
        await driver.press("ctrl+z")
        assert driver.rows[2][:2] == " ✗"


async def test_messages_say_where_the_cursor_is_and_what_the_text_is() -> None:
    async with editing("a\n|b") as driver:
        await driver.press("x")
        moved = driver.messages(CodeEditor.CursorMoved)[-1]
        assert (moved.line, moved.column) == (2, 2)  # type: ignore[attr-defined]
        assert [message.text for message in driver.messages(CodeEditor.Changed)][-1] == "a\nxb"  # type: ignore[attr-defined]


async def test_folding_hides_lines_and_says_how_many() -> None:
    async with editing("steps:\n  - task: a\n    i|d: b\n  - task: c\n    id: d") as driver:
        await driver.press("alt+left")
        assert driver.shown == ["steps:", "  - task: a ⋯ 1 line", "  - task: c", "    id: d"]
        assert driver.editor.cursor_location == (1, 0)
        await driver.press("down")
        assert driver.editor.cursor_location[0] == 3
        await driver.press("up", "end", "right")
        assert driver.editor.cursor_location == (3, 0)
        await driver.press("left", "alt+right")
        assert len(driver.shown) == 5


async def test_a_problem_that_is_folded_away_is_marked_where_it_is_folded() -> None:
    async with editing(STEPS) as driver:
        driver.editor.show_problems([ERROR, WARNING])
        driver.editor.fold_all()
        assert driver.rows[0][:2] == " ✗"


async def test_all_is_folded_and_unfolded() -> None:
    async with editing(STEPS) as driver:
        await driver.press("alt+shift+q")
        assert driver.shown == ["steps: ⋯ 4 lines"]
        await driver.press("alt+shift+w")
        assert len(driver.shown) == 5


async def test_going_to_a_hidden_line_opens_its_fold() -> None:
    async with editing(STEPS) as driver:
        driver.editor.fold_all()
        driver.editor.go_to(3, 5)
        assert driver.shown == ["steps:", "  - task: a", "    id: b", "  - task: c ⋯ 1 line"]


@pytest.mark.parametrize(("keys", "row"), [("end delete", 1), ("down home backspace", 2), ("end enter", 1)])
async def test_a_key_never_deletes_what_is_folded_away(keys: str, row: int) -> None:
    async with editing("steps:\n  |- task: a\n    id: b\n  - task: c\n    id: d") as driver:
        await driver.press("alt+left", *keys.split())
        assert "id: b" in driver.editor.text
        assert not driver.editor.buffer.view.folds


async def test_a_click_into_the_gutter_folds_or_asks_for_a_breakpoint() -> None:
    async with editing(STEPS) as driver:
        await driver.pilot.click(CodeEditor, offset=(5, 1))
        assert len(driver.shown) == 4
        await driver.pilot.click(CodeEditor, offset=(0, 2))
        assert [message.line for message in driver.messages(CodeEditor.GutterClicked)] == [4]  # type: ignore[attr-defined]


async def test_a_click_puts_the_cursor_where_the_character_is_shown() -> None:
    async with editing("a: 漢字\tb") as driver:
        for cell, column in ((3, 3), (4, 3), (5, 4), (7, 5), (8, 6)):
            await driver.pilot.click(CodeEditor, offset=(driver.editor.gutter_width + cell, 0))
            assert driver.editor.cursor_location == (0, column), cell


async def test_two_clicks_select_a_word_and_three_a_line() -> None:
    async with editing("  one two") as driver:
        at = (driver.editor.gutter_width + 7, 0)
        await driver.pilot.click(CodeEditor, offset=at, times=2)
        assert driver.text == "  one ^two|"
        await driver.pilot.click(CodeEditor, offset=at, times=3)
        assert driver.text == "^  one two|"


async def test_wide_characters_and_controls_take_their_cells() -> None:
    async with editing("a: 漢字 \x1b[31m\u202e|", size=(40, 5)) as driver:
        assert driver.shown == ["a: 漢字 ␛[31m�"]
        assert driver.editor.cursor_screen_offset[0] == driver.editor.gutter_width + 14


async def test_a_long_line_is_shown_where_the_cursor_is() -> None:
    async with editing("a: " + "x" * 100_000 + "|yz", size=(40, 5)) as driver:
        await driver.press("w")
        assert driver.editor.cursor_location == (0, 100_004)
        assert driver.shown[0].endswith("xxwyz")


async def test_what_is_pasted_gets_the_line_end_of_the_file() -> None:
    async with editing("a\r\n") as driver:
        driver.editor.post_message(Paste("x\r\ny\rz"))
        await driver.pilot.pause()
        assert driver.editor.text == "x\r\ny\r\nza\r\n"
        assert driver.editor.newline == "\r\n"


async def test_a_file_is_left_and_found_again_as_it_was() -> None:
    async with editing("one\n" * 100 + "|") as driver:
        await driver.press("x")
        other = Buffer("two", YAML)
        first = driver.editor.swap_document(other)
        await driver.pilot.pause()
        await driver.press("y", "ctrl+z", "ctrl+z")
        assert driver.text == "|two"
        scroll = first.scroll
        assert scroll.y > 0
        assert driver.editor.swap_document(first) is other
        await driver.pilot.pause()
        assert driver.editor.scroll_offset == scroll
        assert driver.editor.cursor_location == (100, 1)
        await driver.press("ctrl+z")
        assert driver.editor.text == "one\n" * 100


async def test_edits_from_elsewhere_are_one_step_to_take_back_and_keep_the_cursor() -> None:
    async with editing("a: 1\nb: |2") as driver:
        driver.editor.apply_edits([TextEdit(Span(2, 1, 2, 2), "other"), TextEdit(Span(1, 1, 1, 1), "# new\n")])
        assert driver.text == "# new\na: 1\nother: |2"
        await driver.press("ctrl+z")
        assert driver.text == "a: 1\nb: |2"


async def test_a_text_from_disk_replaces_only_what_differs() -> None:
    async with editing("a\nb\nc\n  d|") as driver:
        driver.editor.set_breakpoints({4: "plain"})
        driver.editor.replace_text("a\nnew\nB\nc\n  d")
        assert driver.text == "a\nnew\nB\nc\n  d|"
        assert driver.editor.buffer.breakpoints == {4: "plain"}
        await driver.press("ctrl+z")
        assert driver.text == "a\nb\nc\n  d|"


async def test_a_read_only_text_can_be_read_and_not_changed() -> None:
    async with editing(STEPS) as driver:
        driver.editor.read_only = True
        keys = "x enter tab backspace delete ctrl+d ctrl+shift+k alt+down ctrl+underscore ctrl+x ctrl+v shift+tab"
        await driver.press(*keys.split())
        assert driver.editor.text == STEPS
        await driver.press("down", "alt+left")
        assert len(driver.shown) < 5


async def test_the_cursor_stays_on_the_screen_when_lines_are_added_at_the_end() -> None:
    async with editing("a\n" * 50 + "|", size=(40, 10)) as driver:
        await driver.press("enter", "enter", "x")
        assert driver.shown[-1] == "x"


async def test_only_the_lines_that_change_are_painted_again() -> None:
    async with editing("a: 1\n" * 200, size=(80, 40)) as driver:
        await driver.press("down", "x")
        painted: list[int] = []
        paint = driver.editor.render_line
        driver.editor.render_line = lambda y: painted.append(y) or paint(y)  # type: ignore[method-assign,func-returns-value,assignment]
        await driver.press("y")
        assert set(painted) <= {0, 1}
        assert 1 in painted
