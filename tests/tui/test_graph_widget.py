"""The step graph on a screen: what is painted, what keys and the mouse do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from flowlang.language.graph import Graph
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.step_graph import StepGraph
from tests.tui.graph_flows import flow, graph_from


class Shown(App[None]):
    """An application with nothing but a graph, which keeps what it is told."""

    def __init__(self, graph: Graph | None) -> None:
        super().__init__()
        self.shown = graph
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield StepGraph()

    def on_mount(self) -> None:
        self.query_one(StepGraph).show_graph(self.shown)

    def on_step_graph_selected(self, message: StepGraph.Selected) -> None:
        self.told.append(message)

    def on_step_graph_opened(self, message: StepGraph.Opened) -> None:
        self.told.append(message)

    def on_step_graph_subflow_requested(self, message: StepGraph.SubflowRequested) -> None:
        self.told.append(message)


class Screen:
    """The graph as it is seen."""

    def __init__(self, app: Shown, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self.graph = app.query_one(StepGraph)

    @property
    def text(self) -> str:
        return "\n".join(self.graph.render_line(y).text.rstrip() for y in range(self.graph.size.height))

    def row(self, words: str) -> str:
        return next(row for row in self.text.splitlines() if words in row)

    def style_of(self, words: str) -> Any:
        for y in range(self.graph.size.height):
            for segment in self.graph.render_line(y):
                if words in segment.text:
                    return segment.style
        raise AssertionError(f"{words} is not on the screen")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()


@asynccontextmanager
async def screen(graph: Graph | str | None, size: tuple[int, int] = (80, 45)) -> AsyncIterator[Screen]:
    app = Shown(flow(graph) if isinstance(graph, str) else graph)
    async with app.run_test(size=size) as pilot:
        app.query_one(StepGraph).focus()
        await pilot.pause()
        yield Screen(app, pilot)


def happened(type: str, path: str, line: int, at: float = 1.0, **facts: Any) -> Any:
    said = {"inputs": {}, "outputs": None, "attempts": 1, "duration_ms": 1200.0, "status": "succeeded"}
    names = {"type": type, "path": path, "line": line, "step_id": path, "kind": "task", "task": None, "flow": "F"}
    return {**said, **names, "timestamp": at, **facts}


async def test_a_graph_is_drawn() -> None:
    async with screen("linear") as seen:
        assert "│ ● fetch  Fetch" in seen.text
        rows = [row.strip() for row in seen.text.strip().splitlines()]
        assert rows == seen.graph.drawing.text.splitlines()


async def test_where_there_are_no_steps_it_says_how_to_get_some() -> None:
    for graph in (None, flow("empty")):
        async with screen(graph) as seen:
            assert "No steps yet" in seen.text
            assert "Press alt+e to write some into the text" in seen.text
            await seen.press("down", "enter", "space", "end", "minus", "r", "e")
            assert seen.app.told == []


async def test_in_a_narrow_pane_it_is_a_rail() -> None:
    async with screen("nested_loops", (38, 20)) as seen:
        assert seen.text.splitlines()[0].startswith("↻ shops")


async def test_a_resized_pane_is_drawn_anew() -> None:
    async with screen("linear") as seen:
        assert not seen.graph.drawing.is_rail
        await seen.pilot.resize_terminal(30, 20)
        await seen.pilot.pause()
        assert seen.graph.drawing.is_rail


async def test_arrows_and_letters_walk_and_tell_what_is_selected() -> None:
    async with screen("linear") as seen:
        await seen.press("down", "down", "j", "up", "k", "end", "home", "G")
        nodes = [message.node_id for message in seen.app.told if isinstance(message, StepGraph.Selected)]
        assert nodes == ["fetch", "clean", "store", "clean", "fetch", "store", "fetch", "store"]
        assert (seen.app.told[-1].address, seen.app.told[-1].line) == ("store", 5)  # type: ignore[attr-defined]


async def test_the_selected_step_has_a_heavy_border() -> None:
    async with screen("linear") as seen:
        await seen.press("down")
        assert "┃ ● fetch" in seen.text
        assert "┗" in seen.text
        seen.graph.select("store")
        assert "┃ ● store" in seen.text
        assert "┃ ● fetch" not in seen.text


async def test_the_app_may_select_without_being_told_of_it() -> None:
    async with screen("linear") as seen:
        seen.graph.select("clean")
        await seen.pilot.pause()
        assert seen.graph.selected == "clean"
        assert seen.app.told == []


async def test_what_the_selected_step_takes_and_gives_stands_on_the_others() -> None:
    async with screen("linear") as seen:
        seen.graph.select("clean")
        assert "╭─ gives rows ─" in seen.text
        assert "╭─ takes rows ─" in seen.text
        seen.graph.select(None)
        assert "rows ─" not in seen.text


async def test_on_a_rail_that_stands_beside_the_others() -> None:
    async with screen("linear", (38, 20)) as seen:
        seen.graph.select("clean")
        assert "gives rows" in seen.row("fetch")
        assert "▸clean" in seen.text


async def test_enter_goes_to_the_text() -> None:
    async with screen("linear") as seen:
        await seen.press("enter", "down", "enter")
        opened = [message for message in seen.app.told if isinstance(message, StepGraph.Opened)]
        assert [(message.node_id, message.line) for message in opened] == [("fetch", 3)]


async def test_a_click_selects_and_a_double_click_opens() -> None:
    async with screen("linear") as seen:
        box = seen.graph.drawing.boxes["clean"]
        place = (box.x + 15 + 3, box.y + 1)
        await seen.pilot.click(StepGraph, offset=place)
        await seen.pilot.pause()
        assert seen.graph.selected == "clean"
        await seen.pilot.click(StepGraph, offset=place, times=2)
        await seen.pilot.pause()
        assert isinstance(seen.app.told[-1], StepGraph.Opened)


async def test_a_click_beside_the_boxes_changes_nothing() -> None:
    async with screen("linear") as seen:
        await seen.pilot.click(StepGraph, offset=(1, 40))
        await seen.pilot.pause()
        assert seen.graph.selected is None


async def test_space_collapses_and_expands() -> None:
    async with screen("nested_loops") as seen:
        await seen.press("down", "space")
        assert "▸ 7 steps" in seen.text
        await seen.press("o")
        assert "orders" in seen.text
        await seen.press("minus")
        assert list(seen.graph.drawing.boxes) == ["shops", "sum"]
        await seen.press("plus")
        assert "ship" in seen.graph.drawing.boxes


async def test_a_click_on_the_sign_collapses_and_expands_too() -> None:
    async with screen("nested_loops") as seen:
        row, place = next((y, row.index("↻")) for y, row in enumerate(seen.text.splitlines()) if "↻ shops" in row)
        await seen.pilot.click(StepGraph, offset=(place, row))
        await seen.pilot.pause()
        assert "▸ 7 steps" in seen.text


async def test_when_what_is_selected_is_collapsed_away_the_step_around_it_is() -> None:
    async with screen("nested_loops") as seen:
        seen.graph.select("ship")
        await seen.press("minus")
        assert seen.graph.selected == "shops"
        await seen.press("plus")
        assert seen.graph.selected == "ship"


async def test_what_is_selected_while_the_graph_is_hidden_is_in_view_when_it_is_shown() -> None:
    rows = "".join(f"  - Log: {{id: s{number}}}\n" for number in range(60))
    async with screen(None, (80, 24)) as seen:
        seen.graph.display = False
        await seen.pilot.pause()
        seen.graph.show_graph(graph_from("flow: F\nsteps:\n" + rows))
        seen.graph.select("s40")
        seen.graph.display = True
        await seen.pilot.pause()
        await seen.pilot.pause()
        assert seen.graph.selected == "s40"
        assert " s40 " in seen.text


async def test_a_subflow_is_asked_for_and_then_shown() -> None:
    async with screen("subflow") as seen:
        seen.graph.select("settled")
        await seen.press("space")
        assert [type(message) for message in seen.app.told] == [StepGraph.SubflowRequested]
        seen.graph.show_subflow("settled", flow("subflow_settle"))
        await seen.pilot.pause()
        assert "● pay" in seen.text
        await seen.press("space")
        assert "▸ 5 steps" in seen.text


async def test_the_form_can_be_changed() -> None:
    async with screen("linear") as seen:
        await seen.press("r", "r")
        assert seen.graph.drawing.is_rail
        await seen.press("r")
        assert not seen.graph.drawing.is_rail


async def test_states_are_shown_by_sign_and_colour() -> None:
    async with screen("linear") as seen:
        run = RunRecord(None, "F", {})
        seen.graph.show_run(run)
        assert "· fetch" in seen.text
        run.apply([happened("step_started", "fetch", 3)])
        seen.graph.refresh_states()
        assert any(f"{sign} fetch" in seen.text for sign in "◐◓◑◒")
        assert "· clean" in seen.text
        run.apply([happened("step_completed", "fetch", 3, at=2.2), happened("step_started", "clean", 4, at=2.2)])
        run.apply([happened("step_failed", "clean", 4, at=2.5, status="failed", error={"message": "no"})])
        run.apply([happened("flow_failed", "", 0, error={"message": "no"})])
        seen.graph.refresh_states()
        assert "1.2 s" in seen.row("✓ fetch")
        assert "✗ clean" in seen.text
        assert "· store" in seen.text
        colours = {seen.style_of(step).color for step in (" fetch", " clean", " store")}
        assert len(colours) == 3
        seen.graph.show_run(None)
        assert "● fetch" in seen.text


async def test_a_box_without_room_for_its_duration_has_it_in_its_border() -> None:
    async with screen("if_elif_else", (66, 45)) as seen:
        run = RunRecord(None, "F", {})
        run.apply([happened("step_started", "send_all", 15), happened("step_completed", "send_all", 15, at=2.2)])
        seen.graph.show_run(run)
        box = seen.graph.drawing.boxes["send_all"]
        assert "✓ send_all" in seen.text.splitlines()[box.y + 1]
        assert "1.2 s ╯" in seen.text.splitlines()[box.y + 2]


async def test_a_key_goes_to_the_step_that_failed() -> None:
    async with screen("linear") as seen:
        run = RunRecord(None, "F", {})
        for step, line in (("fetch", 3), ("clean", 4)):
            run.apply([happened("step_started", step, line)])
            run.apply([happened("step_failed", step, line, status="failed", error={"message": "no"})])
        seen.graph.show_run(run)
        found = []
        for _ in range(3):
            await seen.press("e")
            found.append(seen.graph.selected)
        assert found == ["fetch", "clean", "fetch"]


async def test_a_step_that_runs_turns_until_it_is_over() -> None:
    async with screen("linear") as seen:
        run = RunRecord(None, "F", {})
        seen.graph.show_run(run)
        run.apply([happened("step_started", "fetch", 3)])
        seen.graph.refresh_states()
        assert seen.graph.is_turning
        run.apply([happened("step_completed", "fetch", 3)])
        seen.graph.refresh_states()
        assert not seen.graph.is_turning


async def test_a_step_that_has_stopped_stands_still() -> None:
    async with screen("linear") as seen:
        run = RunRecord(None, "F", {})
        seen.graph.show_run(run)
        run.apply([happened("step_started", "fetch", 3)])
        seen.graph.refresh_states()
        seen.graph.show_stops(frozenset({("fetch", 3)}))
        assert not seen.graph.is_turning
        seen.graph.show_stops(frozenset())
        assert seen.graph.is_turning


async def test_the_picture_follows_the_run_until_somebody_looks_elsewhere() -> None:
    rows = "".join(f"  - Log: {{id: s{number}}}\n" for number in range(60))
    async with screen(graph_from("flow: F\nsteps:\n" + rows), (80, 24)) as seen:
        run = RunRecord(None, "F", {})
        seen.graph.show_run(run)
        run.apply([happened("step_started", "s40", 43)])
        seen.graph.refresh_states()
        await seen.pilot.pause()
        assert " s40 " in seen.text
        await seen.press("home")
        run.apply([happened("step_started", "s50", 53)])
        seen.graph.refresh_states()
        await seen.pilot.pause()
        assert " s0 " in seen.text
        await seen.press("f")
        run.apply([happened("step_started", "s51", 54)])
        seen.graph.refresh_states()
        await seen.pilot.pause()
        assert " s51 " in seen.text


async def test_a_step_that_failed_is_brought_into_view() -> None:
    rows = "".join(f"  - Log: {{id: s{number}}}\n" for number in range(60))
    async with screen(graph_from("flow: F\nsteps:\n" + rows), (80, 24)) as seen:
        run = RunRecord(None, "F", {})
        seen.graph.show_run(run)
        run.apply([happened("step_started", "s40", 43)])
        run.apply([happened("step_failed", "s40", 43, status="failed", error={"message": "no"})])
        run.apply([happened("step_started", "s59", 62), happened("step_completed", "s59", 62)])
        run.apply([happened("flow_failed", "", 0, error={"message": "no"})])
        seen.graph.refresh_states(run.take_changes())
        await seen.pilot.pause()
        assert "✗ s40 " in seen.text


async def test_a_run_that_was_over_before_does_not_move_the_picture() -> None:
    rows = "".join(f"  - Log: {{id: s{number}}}\n" for number in range(60))
    async with screen(graph_from("flow: F\nsteps:\n" + rows), (80, 24)) as seen:
        run = RunRecord(None, "F", {})
        run.apply([happened("step_started", "s40", 43), happened("step_completed", "s40", 43)])
        run.apply([happened("flow_completed", "", 0, terminated=False)])
        seen.graph.show_run(run)
        await seen.pilot.pause()
        assert " s0 " in seen.text


async def test_the_critical_path_is_marked_when_the_run_is_over() -> None:
    async with screen("linear") as seen:
        run = RunRecord(None, "F", {})
        run.apply([happened("step_started", "fetch", 3), happened("step_completed", "fetch", 3)])
        run.apply([happened("flow_completed", "", 0, terminated=False)])
        seen.graph.show_run(run)
        await seen.press("c")
        assert "║ ✓ fetch" in seen.text
        await seen.press("c")
        assert "║" not in seen.text


async def test_only_rows_of_changed_steps_are_painted_again() -> None:
    async with screen("linear") as seen:
        run = RunRecord(None, "F", {})
        seen.graph.show_run(run)
        before = [seen.graph.painted(y) for y in range(seen.graph.drawing.height)]
        run.apply([happened("step_started", "clean", 4), happened("step_completed", "clean", 4)])
        seen.graph.refresh_states()
        after = [seen.graph.painted(y) for y in range(seen.graph.drawing.height)]
        assert [one is other for one, other in zip(before, after, strict=True)] == [
            *(True, True, True),
            *(False, False, False),
            *(True, True, True),
        ]


async def test_text_of_the_flow_cannot_reach_the_terminal() -> None:
    async with screen("unicode") as seen:
        assert "\x1b" not in seen.text
        assert "[31mred" in seen.text


async def test_another_theme_repaints_everything() -> None:
    async with screen("linear") as seen:
        before = seen.style_of(" fetch")
        seen.app.theme = "textual-light"
        await seen.pilot.pause()
        assert seen.style_of(" fetch") != before


async def test_colours_of_a_terminal_with_sixteen_of_them_will_do() -> None:
    async with screen("linear") as seen:
        seen.app.theme = "ansi-dark"
        await seen.pilot.pause()
        assert "● fetch" in seen.text
