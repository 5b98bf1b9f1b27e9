from __future__ import annotations

import pytest

from flowlang_tui.arrangement import DEBUG_PANES, PANES, SIZES, Arrangement


def test_a_wide_screen_shows_the_front_pane_of_every_deck() -> None:
    assert Arrangement().shown(160) == {"explorer", "connections", "editor", "logs", "graph", "inspector"}


def test_a_narrow_screen_shows_the_pane_in_use() -> None:
    arrangement = Arrangement()
    arrangement.show("problems")
    assert arrangement.shown(80) == {"problems"}


def test_a_zoomed_pane_has_the_screen_to_itself() -> None:
    assert Arrangement(current="graph", zoomed=True).shown(160) == {"graph"}


def test_going_to_a_pane_brings_it_to_the_front_and_back_from_hiding() -> None:
    arrangement = Arrangement(hidden={"problems"})
    arrangement.show("problems")
    assert "problems" in arrangement.shown(160)
    assert "logs" not in arrangement.shown(160)


def test_a_hidden_pane_makes_room_for_the_next_of_its_deck() -> None:
    arrangement = Arrangement()
    assert arrangement.hide("logs")
    assert "problems" in arrangement.shown(160)


def test_the_last_pane_cannot_be_hidden() -> None:
    arrangement = Arrangement()
    for pane in PANES:
        arrangement.hide(pane)
    assert len(set(PANES) - arrangement.hidden) == 1
    assert arrangement.current not in arrangement.hidden


def test_going_through_the_panes_leaves_out_the_hidden_ones_and_comes_back() -> None:
    arrangement = Arrangement(hidden={"connections"})
    seen = []
    for _ in range(len(PANES) - 1):
        arrangement.show(arrangement.next(1))
        seen.append(arrangement.current)
    assert sorted(seen) == sorted(set(PANES) - {"connections"})
    assert seen[-1] == "editor"


@pytest.mark.parametrize("pane", PANES)
def test_no_resizing_leaves_a_pane_without_room(pane: str) -> None:
    arrangement = Arrangement()
    for step in (5, -5):
        for _ in range(50):
            arrangement.resize(pane, width=step, height=step)
            sizes = arrangement.sizes
            assert all(10 <= percent <= 80 for percent in sizes.values())
            assert sizes["left"] + sizes["right"] <= 80


def test_an_arrangement_is_remembered() -> None:
    arrangement = Arrangement(mode="wide")
    arrangement.hide("timeline")
    arrangement.show("problems")
    arrangement.resize("graph", width=8)
    again = Arrangement.from_dict(arrangement.to_dict())
    assert (again.mode, again.hidden, again.front, again.sizes) == (
        "wide",
        {"timeline", *DEBUG_PANES},
        arrangement.front,
        arrangement.sizes,
    )


@pytest.mark.parametrize(
    "data",
    [
        {"mode": "sideways"},
        {"hidden": "all", "front": 3, "sizes": []},
        {"hidden": list(PANES)},
        {"front": {"middle-bottom": "gone", "cellar": "logs"}},
        {"sizes": {"left": "wide", "right": 900, "attic": 5}},
    ],
)
def test_what_was_remembered_wrongly_is_left_out(data: dict[str, object]) -> None:
    arrangement = Arrangement.from_dict(data)
    assert arrangement.shown(160)
    assert set(arrangement.sizes) == set(SIZES)
    assert arrangement.sizes["left"] + arrangement.sizes["right"] <= 80


def test_the_debugger_takes_its_places_and_gives_them_back() -> None:
    arrangement = Arrangement()
    arrangement.show("timeline")
    arrangement.begin_debugging()
    assert arrangement.shown(160) == {"stack", "breakpoints", "editor", "console", "graph", "scope"}
    arrangement.show("inspector")
    arrangement.show("stack")
    arrangement.end_debugging()
    assert arrangement.shown(160) == {"explorer", "connections", "editor", "timeline", "graph", "inspector"}
    assert arrangement.current == "timeline"


def test_what_the_debugger_stands_before_is_remembered_not_the_debugger() -> None:
    arrangement = Arrangement()
    arrangement.show("problems")
    arrangement.begin_debugging()
    again = Arrangement.from_dict(arrangement.to_dict())
    assert again.front["middle-bottom"] == "problems"
    assert not {"stack", "console"} & again.shown(160)


def test_a_narrow_screen_offers_what_one_looks_at_while_debugging() -> None:
    arrangement = Arrangement()
    arrangement.begin_debugging()
    assert arrangement.tabs("stack", 80) == ["stack", "breakpoints", "editor", "logs", "console", "graph", "scope"]
