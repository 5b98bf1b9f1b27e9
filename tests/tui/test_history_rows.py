from __future__ import annotations

from flowlang_tui.session.history_rows import PAGE, RunRow, RunRows
from flowlang_tui.widgets.ages import ago


def row(number: int, status: str = "succeeded") -> RunRow:
    return RunRow(f"run-{number}", "orders", status, 1_000_000.0 - number, 12.0, 3)


def page(number: int) -> list[RunRow]:
    return [row(number * PAGE + at) for at in range(PAGE)]


def test_only_pages_in_sight_are_asked_for_and_each_once() -> None:
    rows = RunRows()
    assert rows.missing(0, 40) == [0]
    rows.take(0, page(0), 100_000)
    assert rows.missing(0, 40) == []
    assert rows.missing(50_000, 50_040) == [500]
    assert rows.missing(49_990, 50_110) == [499, 501]


def test_what_was_not_read_yet_has_no_row() -> None:
    rows = RunRows()
    rows.take(0, page(0), 100_000)
    assert len(rows) == 100_000
    assert rows.row(99) == row(99)
    assert rows.row(100) is None


def test_nothing_is_asked_for_beyond_the_last_run() -> None:
    rows = RunRows()
    rows.take(0, [row(1)], 1)
    assert rows.missing(0, 500) == []


def test_a_run_is_found_and_shown_as_it_is_now() -> None:
    rows = RunRows()
    rows.take(0, page(0), 300)
    rows.take(2, page(2), 300)
    assert rows.index("run-250") == 250
    rows.replace(row(250, "failed"))
    assert rows.row(250) == row(250, "failed")
    rows.replace(row(150, "failed"))
    assert rows.row(150) is None


def test_ages_are_told_in_a_few_cells() -> None:
    now = 1_000_000.0
    assert [ago(now - past, now) for past in (0, 42, 300, 7200, 3 * 86_400)] == [
        "now",
        "42 s ago",
        "5 min ago",
        "2 h ago",
        "3 d ago",
    ]
    assert len(ago(now - 40 * 86_400, now)) == 9
    assert ago(now + 60, now) == "now"
    assert ago(0.0, now) == ""
