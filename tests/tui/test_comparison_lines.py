"""A comparison of two runs as rows: first where they part, then what is different, section by section."""

from __future__ import annotations

from dataclasses import replace

from textual.app import App

from flowlang.journal import RunSummary
from flowlang.journal.by_hand import ByHand
from flowlang.journal.compare import Branches, Comparison, Difference, Figures, FileDifference, Hands, StepDifference
from flowlang.journal.compare_values import Change
from flowlang_tui.screens.compare import Compare
from flowlang_tui.session.comparison_lines import Line, lines_of

BEFORE = RunSummary(run_id="20260101-100000-aaaaaaaa", flow="orders", path="flow.yaml", status="succeeded", started=1e9)
SAME = Comparison(
    before=BEFORE,
    after=replace(BEFORE, run_id="20260101-100000-bbbbbbbb"),
    first=None,
    inputs=[],
    values=[],
    outputs=[],
    error=[],
    missing=[],
    added=[],
    branches=[],
    timings=[],
    rows=[],
    definition=[],
)
DIFFERENT = replace(
    SAME,
    first=Difference("check", "result", "total", 1, 2),
    values=[
        StepDifference(
            "check", 1, "check", "orders", 4, ("succeeded", "succeeded"), [], [Change("total", "changed", 1, 2)], []
        )
    ],
    missing=["ship"],
    added=["refund"],
    branches=[Branches("check", "then", "else")],
    timings=[Figures("load", 100.0, 250.0)],
    rows=[Figures("load", 1.0, 1200.0)],
    definition=[FileDifference("flow.yaml", ["--- a/flow.yaml", "+++ b/flow.yaml", "@@ -1 +1 @@", "-a: 1", "+a: 2"])],
)


def section(lines: list[Line], title: str) -> list[Line]:
    start = next(at for at, line in enumerate(lines) if (line.look, line.name) == ("section", title))
    rest = lines[start + 1 :]
    end = next((at for at, line in enumerate(rest) if line.look == "section"), len(rest))
    return [line for line in rest[:end] if line.name or line.before]


def test_runs_that_did_the_same_are_told_in_a_line() -> None:
    assert [line.look for line in lines_of(SAME)] == ["same"]


def test_the_first_difference_comes_first_with_its_place() -> None:
    lines = lines_of(DIFFERENT)
    assert lines[0] == Line("section", "First difference")
    place, values = section(lines, "First difference")
    assert (place.name, place.path) == ("check: what it gave", "check")
    assert (values.name, values.before, values.after, values.whole) == ("total", "1", "2", (1, 2))


def test_what_was_done_by_hand_is_told_of_the_run_in_which_it_was_done() -> None:
    found = replace(SAME, by_hand=Hands([], [ByHand("check", "query", "select 1")]))
    [line] = section(lines_of(found), "By hand")
    assert (line.name, line.before, line.after, line.path) == ("check", "—", "query select 1", "check")


def test_every_kind_of_difference_has_its_section() -> None:
    lines = lines_of(DIFFERENT)
    assert [(line.name, line.before, line.after) for line in section(lines, "Values")] == [
        ("check  gave  total", "1", "2")
    ]
    assert [(line.name, line.before, line.after) for line in section(lines, "Branches")] == [("check", "then", "else")]
    assert [(line.name, line.look) for line in section(lines, "Steps that only one run came to")] == [
        ("ship", "removed"),
        ("refund", "added"),
    ]
    assert [(line.before, line.after) for line in section(lines, "Rows")] == [("1 row", "1,200 rows  (1200.0×)")]
    assert [(line.before, line.after) for line in section(lines, "Times")] == [("100 ms", "250 ms  (2.5×)")]
    assert [line.look for line in section(lines, "Definition")] == ["hunk", "hunk", "hunk", "removed", "added"]


def test_no_more_rows_are_made_than_somebody_reads() -> None:
    lines = lines_of(replace(DIFFERENT, missing=[f"step{n}" for n in range(5000)]))
    assert len(lines) == 2001
    assert "more; flowlang runs diff has all of them" in lines[-1].name


async def test_keys_go_through_the_sections_and_show_a_value_in_whole() -> None:
    app: App[None] = App()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Compare(DIFFERENT)
        chosen: list[str | None] = []
        app.push_screen(screen, chosen.append)
        await pilot.pause()
        assert screen.list.line is not None
        assert screen.list.line.name == "total"
        await pilot.press("w")
        await pilot.pause()
        assert str(screen.query_one("#whole > Static").render()) == "total\n− 1\n+ 2"  # type: ignore[attr-defined]
        await pilot.press("right_square_bracket", "right_square_bracket", "j")
        assert screen.list.line.name == "check"
        await pilot.press("y")
        assert app.clipboard == "check\nthen\nelse"
        await pilot.press("enter")
        await pilot.pause()
        assert chosen == ["check"]


async def test_text_of_a_run_is_shown_inert() -> None:
    app: App[None] = App()
    async with app.run_test(size=(120, 24)) as pilot:
        hostile = Difference("[red]x", "result", "", "a\x1b[31m[@click=app.quit]", "b\x07")
        screen = Compare(replace(DIFFERENT, first=hostile))
        app.push_screen(screen)
        await pilot.pause()
        drawn = "\n".join(screen.list.render_line(y).text for y in range(5))
        assert "\x1b" not in drawn
        assert "a␛[31m[@click=app.quit]" in drawn
