"""Completions: when they are asked for, what is shown, what choosing one writes."""

from __future__ import annotations

import threading

from flowlang.language.assist.completion import Completion, CompletionKind
from flowlang_tui.widgets.code_editor.ranking import MAX_ROWS, ranked
from flowlang_tui.widgets.completion_list import CompletionList, CompletionPanel
from tests.tui.editing import Driver, editing


def offer(
    label: str, kind: CompletionKind = "key", insert: str | None = None, doc: str = "", cursor: int | None = None
) -> Completion:
    return Completion(label, label if insert is None else insert, kind, "detail", doc, (1, 1), (1, 1), cursor)


class Provider:
    """Offers the same for every place: at the word before the cursor."""

    def __init__(self, *offers: Completion) -> None:
        self.offers = offers
        self.asked: list[tuple[str, int, int]] = []

    def __call__(self, text: str, line: int, column: int) -> list[Completion]:
        self.asked.append((text, line, column))
        before = text.split("\n")[line - 1][: column - 1]
        start = column - (len(before) - len(before.rstrip("abcdefghijklmnopqrstuvwxyz_")))
        return [each._replace(start=(line, start), end=(line, column)) for each in self.offers]


KEYS = Provider(
    offer("steps", insert="steps:\n  - "),
    offer("description", insert="description: ", doc="What the flow is for."),
    offer("on_error", "kind"),
)


def labels(driver: Driver) -> list[str]:
    found = driver.app.query_one(CompletionList)
    assert found.display
    return [each.label for each in found._shown]


async def test_a_word_that_is_begun_opens_the_list_and_more_letters_narrow_it_down() -> None:
    provider = Provider(*KEYS.offers)
    async with editing("", provider=provider) as driver:
        await driver.press("s")
        await driver.until(lambda: driver.editor.completing)
        assert labels(driver) == ["steps", "description"]
        await driver.type("te")
        assert labels(driver) == ["steps"]
        assert provider.asked == [("s", 1, 2)]
        await driver.press("x")
        assert not driver.editor.completing
        assert driver.text == "stex|"


async def test_enter_or_tab_takes_the_completion_and_escape_closes_the_list() -> None:
    for key in ("enter", "tab"):
        async with editing("", provider=KEYS) as driver:
            await driver.press("s")
            await driver.until(lambda: driver.editor.completing)
            await driver.press(key)
            assert driver.text == "steps:\n  - |"
            await driver.until(lambda: driver.editor.completing)
            await driver.press("escape", "ctrl+z")
            assert not driver.editor.completing
            assert driver.text == "s|"


async def test_the_list_is_moved_through_while_the_editor_keeps_the_focus() -> None:
    async with editing("", provider=KEYS, size=(100, 24)) as driver:
        await driver.press("ctrl+@")
        await driver.until(lambda: driver.editor.completing)
        panel = driver.app.query_one(CompletionPanel)
        assert not panel.display
        await driver.press("down")
        assert panel.display
        assert "What the flow is for." in str(panel.content)
        assert driver.editor.has_focus
        await driver.press("enter")
        assert driver.text == "description: |"


async def test_a_click_takes_a_completion() -> None:
    async with editing("", provider=KEYS) as driver:
        await driver.press("ctrl+space")
        await driver.until(lambda: driver.editor.completing)
        await driver.pilot.click(CompletionList, offset=(3, 2))
        await driver.until(lambda: not driver.editor.completing)
        assert driver.text == "on_error|"
        assert driver.editor.has_focus


async def test_the_cursor_goes_where_the_completion_says_and_the_rest_of_the_word_is_replaced() -> None:
    provider = Provider(offer("len", "function", insert="len()", cursor=4))
    async with editing("a: ${|", provider=provider) as driver:
        await driver.press("l")
        await driver.until(lambda: driver.editor.completing)
        await driver.press("e", "tab")
        assert driver.text == "a: ${len(|)"


async def test_what_opens_a_new_place_asks_anew() -> None:
    provider = Provider(offer("x"))
    async with editing("a|", provider=provider) as driver:
        for character in (":", " ", "$", "{", "b", "."):
            await driver.type(character)
        await driver.until(lambda: driver.editor.completing)
        assert [column for _, _, column in provider.asked] == [4, 6, 8]


async def test_leaving_the_place_closes_the_list() -> None:
    async with editing("\nb|", provider=KEYS) as driver:
        for key in ("left", "ctrl+home", "backspace"):
            driver.editor.go_to(2, 2)
            await driver.press("ctrl+@")
            await driver.until(lambda: not driver.app.workers._workers)
            await driver.press(key)
            if key == "ctrl+home":
                assert not driver.editor.completing


async def test_the_newest_question_wins() -> None:
    gates = {"a": threading.Event(), "b": threading.Event()}

    def provider(text: str, line: int, column: int) -> list[Completion]:
        gates[text[0]].wait(10)
        return [offer(text[0] + "_answer")._replace(start=(line, 1), end=(line, column))]

    async with editing("|", provider=provider) as driver:
        await driver.press("a")
        driver.editor.clear()
        await driver.press("b")
        gates["b"].set()
        await driver.until(lambda: driver.editor.completing)
        gates["a"].set()
        await driver.pilot.pause()
        assert labels(driver) == ["b_answer"]


async def test_nothing_is_offered_when_what_is_typed_is_all_there_is() -> None:
    async with editing("|", provider=Provider(offer("x"))) as driver:
        await driver.press("x")
        await driver.until(lambda: not driver.app.workers._workers)
        assert not driver.editor.completing


async def test_a_provider_that_fails_offers_nothing_and_ends_nothing() -> None:
    def provider(text: str, line: int, column: int) -> list[Completion]:
        raise RuntimeError("no")

    async with editing("|", provider=provider) as driver:
        await driver.press("x")
        await driver.until(lambda: not driver.app.workers._workers)
        assert not driver.editor.completing
        await driver.press("y")
        assert driver.text == "xy|"


async def test_the_list_stays_on_a_small_screen() -> None:
    offers = [offer(f"name_{number}", doc="long " * 40) for number in range(100)]
    async with editing("\n" * 20 + " " * 60 + "|", provider=Provider(*offers), size=(80, 24)) as driver:
        await driver.press("n")
        await driver.until(lambda: driver.editor.completing)
        await driver.pilot.pause()
        found = driver.app.query_one(CompletionList)
        assert len(labels(driver)) == MAX_ROWS
        assert driver.app.screen.region.contains_region(found.region)
        assert found.region.bottom <= driver.editor.cursor_screen_offset.y
        panel = driver.app.query_one(CompletionPanel)
        assert driver.app.screen.region.contains_region(panel.region)
        assert not panel.region.overlaps(found.region)


async def test_what_a_completion_says_is_shown_and_not_interpreted() -> None:
    async with editing("|", provider=Provider(offer("n[b]x\x1b[31m", doc="[red]no[/]"))) as driver:
        await driver.press("n")
        await driver.until(lambda: driver.editor.completing)
        assert "n[b]x␛[31m" in driver.app.query_one(CompletionList).render_line(0).text


def test_names_that_start_with_what_is_typed_come_first_then_those_that_have_its_letters() -> None:
    offers = [offer("xdate"), offer("Date"), offer("data_test"), offer("date"), offer("none")]
    assert [each.label for each in ranked(offers, lambda each: "date")] == ["date", "Date", "xdate", "data_test"]
    assert [each.label for each in ranked(offers, lambda each: "")] == [each.label for each in offers]
