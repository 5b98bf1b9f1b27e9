"""Which lines of a log are shown."""

from __future__ import annotations

import pytest

from flowlang_tui.session.log_filter import LogFilter
from flowlang_tui.session.log_index import LogIndex
from flowlang_tui.session.log_pattern import FilterError
from flowlang_tui.session.log_store import DEBUG, ERROR, INFO, WARNING, LogStore


@pytest.fixture
def store() -> LogStore:
    log = LogStore()
    log.append(1.0, INFO, "", "run of nightly started", "▶")
    log.append(2.0, DEBUG, "each", "iteration 1 of 2", "▸")
    log.append(3.0, INFO, "each[0]/ship", "12 ms → 3 rows", "✓")
    log.append(4.0, WARNING, "each[1]/ship", "attempt 2 of 3: Timeout: naïve Straße", "↻")
    log.append(5.0, ERROR, "each_other", "ValueError: no fuse", "✗")
    return log


def shown(store: LogStore, query: str = "", level: int = DEBUG, address: str = "") -> list[int]:
    index = LogIndex(store, LogFilter(query, level, address))
    while not index.extend():
        pass
    assert not index.problem
    return [index.number(row) for row in range(len(index))]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("ship", [2, 3]),
        ("SHIP", []),
        ("timeout", [3]),
        ("Timeout", [3]),
        ("NAÏVE", []),
        ("naïve", [3]),
        ("straße", [3]),
        ("✓ each[0]/ship  12", [2]),
        ("→", [2]),
        ("!ship", [0, 1, 4]),
        ("!", [0, 1, 2, 3, 4]),
        (r"/\d+ of \d/", [1, 3]),
        ("/^✗/", [4]),
        ("/valueerror/", [4]),
        (r"/\Sship/", [2, 3]),
        ("!/ship|start/", [1, 4]),
        ("/", [0, 1, 2, 3, 4]),
        (r"/\]/ship", [2, 3]),
        ("e", [0, 1, 2, 3, 4]),
    ],
)
def test_a_text_or_a_pattern_chooses_lines_and_an_exclamation_mark_hides_them(
    store: LogStore, query: str, numbers: list[int]
) -> None:
    assert shown(store, query) == numbers


def test_the_level_is_the_lowest_that_is_shown(store: LogStore) -> None:
    assert [shown(store, "", level) for level in (INFO, WARNING, ERROR)] == [[0, 2, 3, 4], [3, 4], [4]]


def test_a_step_is_shown_with_all_its_iterations_and_what_is_inside_it(store: LogStore) -> None:
    assert shown(store, address="each") == [1, 2, 3]
    assert shown(store, address="each/ship") == [2, 3]
    assert shown(store, "timeout", INFO, "each") == [3]


def test_lines_that_come_later_are_found_too(store: LogStore) -> None:
    index = LogIndex(store, LogFilter("fuse"))
    assert index.extend()
    store.append(6.0, INFO, "", "another fuse")
    assert not index.is_complete
    assert index.extend()
    assert [index.number(row) for row in range(len(index))] == [4, 5]
    assert (index.row(4), index.row(5), index.row(0), index.row(99)) == (0, 1, 0, 2)


def test_rows_of_lines_that_are_no_longer_kept_disappear() -> None:
    store = LogStore(lines=8192)
    index = LogIndex(store, LogFilter("7"))
    for number in range(30_000):
        store.append(number, INFO, "", str(number))
        if number % 1000 == 0:
            index.extend(1.0)
    index.extend(1.0)
    assert index.number(0) >= store.first
    assert len(index) == sum("7" in str(number) for number in range(store.first, 30_000))


def test_a_row_whose_line_was_dropped_since_it_was_counted_does_no_harm() -> None:
    store = LogStore(lines=8192)
    index = LogIndex(store, LogFilter("line"))
    for _ in range(8000):
        store.append(1.0, INFO, "", "line")
    index.extend(1.0)
    last = len(index) - 1
    for _ in range(20_000):
        store.append(1.0, INFO, "", "line")
    assert store.line(index.number(last)).text == ""


def test_where_the_text_stands_can_be_marked() -> None:
    assert LogFilter("an").spans("A banana") == [(3, 5), (5, 7)]
    assert LogFilter("/a.a/").spans("A banana") == [(3, 6)]
    assert LogFilter("!an").spans("A banana") == []


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("/(x/", "not a regular expression at character 1: missing ), unterminated subpattern"),
        ("/(a+)+$/", "a repetition of a repetition could search for ever"),
        ("/(a|a)*$/", "a repetition of a repetition could search for ever"),
        (r"/^(\w+\s?)*$/", "a repetition of a repetition could search for ever"),
    ],
)
def test_a_pattern_that_is_wrong_or_could_never_end_is_refused_with_the_reason(query: str, problem: str) -> None:
    with pytest.raises(FilterError, match=problem.replace("(", r"\(").replace(")", r"\)")):
        LogFilter(query)


@pytest.mark.parametrize("query", ["/(foo|bar)+/", "/(ab)*c/", "/a.*b.*c/", r"/(\d\d:){2}\d+/", "/(a{3})+/"])
def test_patterns_that_end_are_not_refused(query: str) -> None:
    assert LogFilter(query).text == query[1:-1]


def test_a_pattern_that_is_too_slow_for_a_line_is_given_up() -> None:
    store = LogStore()
    store.append(1.0, INFO, "", "a" * 20_000)
    index = LogIndex(store, LogFilter("/a*a*a*a*b/"))
    assert index.extend()
    assert "takes too long" in index.problem
    assert index.is_complete


def test_a_large_log_is_indexed_in_slices() -> None:
    store = LogStore()
    for number in range(50_000):
        store.append(number, INFO, "", f"line {number}")
    index = LogIndex(store, LogFilter("/7$/"))
    slices = 1
    while not index.extend(0.001):
        slices += 1
    assert slices > 1
    assert len(index) == 5000
