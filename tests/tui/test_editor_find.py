"""Searching and replacing in the editor."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input, Static

from flowlang_tui.widgets.code_editor import search
from flowlang_tui.widgets.code_editor.buffer import Match
from flowlang_tui.widgets.code_editor.search import Query, find
from tests.tui.editing import Driver, editing

LINES = ["one two", "Two twofold", "", "a.b a+b"]


async def spans(query: Query) -> list[tuple[int, int, int]]:
    return [tuple(match) for match in (await find(LINES, query)).matches]


async def test_text_is_found_as_it_stands() -> None:
    assert await spans(Query("a.b")) == [(3, 0, 3)]
    assert await spans(Query("two")) == [(0, 4, 7), (1, 0, 3), (1, 4, 7)]
    assert await spans(Query("two", case=True)) == [(0, 4, 7), (1, 4, 7)]
    assert await spans(Query("two", word=True)) == [(0, 4, 7), (1, 0, 3)]
    assert await spans(Query("a+b", word=True)) == [(3, 4, 7)]
    assert await spans(Query("")) == []


async def test_a_pattern_is_found_with_what_its_groups_replace() -> None:
    found = await find(LINES, Query(r"(\w)\W(b)", regex=True, replacement=r"\2-\1"))
    assert found.matches == [Match(3, 0, 3), Match(3, 4, 7)]
    assert found.replacements == ["b-a", "b-a"]
    assert await spans(Query("t.o", regex=True, case=True, word=True)) == [(0, 4, 7)]
    assert await spans(Query("x*", regex=True)) == []


@pytest.mark.parametrize(
    ("pattern", "replacement"), [("(", ""), ("a", r"\9"), ("(?P<", ""), ("a{99999999999999999999}", "")]
)
async def test_a_bad_pattern_is_told(pattern: str, replacement: str) -> None:
    found = await find(LINES, Query(pattern, regex=True, replacement=replacement))
    assert found.error.startswith("not a valid pattern: ")


async def test_a_pattern_without_an_end_is_given_up_and_blocks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "TIME_LIMIT", 0.3)
    turns = 0
    task = asyncio.ensure_future(find(["a" * 60 + "!"], Query("(a+)+$", regex=True)))
    while not task.done():
        turns += 1
        await asyncio.sleep(0.01)
    assert "takes longer than 0.3 s" in (await task).error
    assert turns > 5


async def test_matches_are_limited() -> None:
    found = await find(["aaaaaaaaaa"] * 2000, Query("a"))
    assert len(found.matches) == search.MAX_MATCHES
    found = await find(["aaaaaaaaaa"] * 2000, Query("a", regex=True))
    assert len(found.matches) == search.MAX_MATCHES


def said(driver: Driver) -> str:
    return str(driver.app.bar.query_one("#find-count", Static).content)


async def test_typing_searches_and_enter_goes_on_round_and_round() -> None:
    async with editing("a b\nA c|\na", bar=True) as driver:
        await driver.press("ctrl+f")
        await driver.type("a")
        await driver.until(lambda: said(driver) == "3 of 3")
        assert driver.editor.cursor_location == (2, 0)
        await driver.press("enter")
        await driver.until(lambda: said(driver) == "1 of 3")
        await driver.press("up", "up")
        await driver.until(lambda: said(driver) == "2 of 3")
        assert driver.editor.cursor_location == (1, 0)
        await driver.press("escape")
        await driver.pilot.pause()
        assert not driver.app.bar.display
        assert driver.editor.has_focus
        assert driver.text == "a b\n^A| c\na"
        await driver.press("f3")
        await driver.until(lambda: driver.editor.cursor_location == (2, 0))


async def test_the_selection_is_searched_for() -> None:
    async with editing("ab cd ab|", bar=True) as driver:
        await driver.press("alt+shift+s", "ctrl+f")
        await driver.until(lambda: said(driver) == "2 of 2")
        assert driver.app.bar.query_one("#find-text", Input).value == "ab"


async def test_no_match_and_a_bad_pattern_are_told_in_the_bar() -> None:
    async with editing("a|", bar=True) as driver:
        await driver.press("ctrl+f")
        await driver.type("x(")
        await driver.until(lambda: said(driver) == "no match")
        await driver.press("tab", "enter")
        await driver.until(lambda: said(driver).startswith("not a valid pattern"))


async def test_one_match_is_replaced_after_the_other() -> None:
    async with editing("|a a a", bar=True) as driver:
        await driver.press("alt+shift+f")
        await driver.type("a")
        await driver.until(lambda: said(driver) == "1 of 3")
        driver.app.bar.query_one("#find-replacement", Input).focus()
        await driver.type("aa")
        await driver.until(lambda: said(driver) == "1 of 3")
        await driver.press("enter")
        await driver.until(lambda: driver.editor.text == "aa a a")
        await driver.until(lambda: said(driver) == "3 of 4")
        await driver.press("enter")
        await driver.until(lambda: driver.editor.text == "aa aa a")


async def test_all_matches_are_replaced_in_one_step_to_take_back() -> None:
    async with editing("k: v\n\nk2: v2\n|", bar=True) as driver:
        await driver.press("alt+shift+f")
        driver.app.bar.query_one("#find-text", Input).value = r"(\w+): (\w+)"
        await driver.pilot.click("#find-regex")
        driver.app.bar.query_one("#find-replacement", Input).value = r"\2: \1"
        await driver.until(lambda: said(driver).endswith("of 2"))
        await driver.pilot.click("#find-replace-all")
        await driver.until(lambda: driver.editor.text == "v: k\n\nv2: k2\n")
        await driver.until(lambda: said(driver) == "2 replaced")
        await driver.press("escape", "ctrl+z")
        assert driver.editor.text == "k: v\n\nk2: v2\n"


async def test_a_read_only_text_is_searched_and_not_replaced() -> None:
    async with editing("a|", bar=True) as driver:
        driver.editor.read_only = True
        driver.app.bar.open(replace=True)
        driver.app.bar.query_one("#find-text", Input).value = "a"
        await driver.until(lambda: said(driver) == "1 of 1")
        await driver.pilot.click("#find-replace-all")
        await driver.pilot.pause()
        assert driver.editor.text == "a"
