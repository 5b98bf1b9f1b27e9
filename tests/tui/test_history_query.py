from __future__ import annotations

from datetime import datetime

import pytest

from flowlang.errors import FlowLangError
from flowlang.journal import RunQuery
from flowlang_tui.session.history_query import WORDS, parse_query


def test_words_with_a_colon_narrow_and_the_rest_is_text() -> None:
    query = parse_query("flow:orders status:failed step:ship input:who=Ada card refused")
    assert query == RunQuery(flow="orders", status="failed", step="ship", inputs={"who": "Ada"}, text="card refused")


def test_nothing_asks_for_every_run() -> None:
    assert parse_query("  ") == RunQuery()


@pytest.mark.parametrize("text", [">5s", "longer:5s"])
def test_a_duration_is_a_lower_bound(text: str) -> None:
    assert parse_query(text).longer_than_ms == 5000


def test_a_status_may_be_cut_short() -> None:
    assert parse_query("status:f").status == "failed"


def test_pinned_runs_are_asked_for_by_a_word() -> None:
    assert parse_query("pinned").pinned is True


def test_a_name_with_a_space_is_quoted() -> None:
    assert parse_query('flow:"my orders" paid') == RunQuery(flow="my orders", text="paid")


def test_times_are_those_of_the_command_line() -> None:
    assert parse_query("since:2026-01-31").since == datetime(2026, 1, 31).timestamp()


def test_a_word_is_not_used_before_something_follows_it() -> None:
    assert parse_query("flow: status:") == RunQuery()


def test_an_open_quote_is_somebody_typing() -> None:
    assert parse_query('text:"card ref').text == "card ref"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("status:broken", "no run is `broken`; there are queued, running"),
        ("statos:failed", "there is no statos:, but there is status:failed"),
        (">soon", "`soon` is no duration"),
        ("since:soon", "that is no time"),
        ("input:who", "write input:who="),
    ],
)
def test_what_makes_no_sense_is_told_with_what_would_do(text: str, told: str) -> None:
    with pytest.raises(FlowLangError) as raised:
        parse_query(text)
    assert told in str(raised.value)


@pytest.mark.parametrize("example", WORDS.values())
def test_every_example_is_understood(example: str) -> None:
    assert parse_query(example) != RunQuery()


def test_other_words_with_a_colon_are_text() -> None:
    assert parse_query("http://localhost 12:30").text == "http://localhost 12:30"
