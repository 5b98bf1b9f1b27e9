"""The inspector: what a step got and left, call by call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from flowlang import FlowExecutor, TaskRegistry
from flowlang_tui.copying import CopyAsked
from flowlang_tui.panes.inspector import InspectorPane
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepRecord

FLOW = """
flow: nightly
inputs: [{name: who, type: string, default: me}]
connections:
  db: {type: sqlite, database: ":memory:"}
steps:
  - sqlite_query: {id: fetch, connection: db, query: "select 1 as id, 'Ann' as name", params: []}
  - for_each: [0, 1, 2, 3, 4]
    id: each
    do:
      - check: {id: check, number: "${item}", continue_on_error: true}
  - sqlite_query:
      id: broken
      connection: db
      query: select * from nope
      retry: {max_attempts: 2, delay: 0.001}
"""


def check(number: int) -> dict[str, Any]:
    if number == 2:
        raise ValueError("two is too many") from KeyError("cause")
    return {"double": number * 2}


class InspectorApp(App[None]):
    CSS = "InspectorPane { width: 70; }"

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[tuple[str, str]] = []
        self.sources: list[tuple[Path | None, int]] = []
        self.asked: list[str] = []

    def compose(self) -> ComposeResult:
        yield InspectorPane()

    @property
    def pane(self) -> InspectorPane:
        return self.query_one(InspectorPane)

    def on_copy_asked(self, event: CopyAsked) -> None:
        self.copied.append((event.what, event.text))

    def on_inspector_pane_source_asked(self, event: InspectorPane.SourceAsked) -> None:
        self.sources.append((event.path, event.line))

    def on_inspector_pane_expression_asked(self, event: InspectorPane.ExpressionAsked) -> None:
        self.asked.append(event.text)
        if event.text == "wrong":
            self.pane.show_answer(event.text, None, "`wrong` is not defined")
        else:
            self.pane.show_answer(event.text, [{"a": 1}, {"a": 2}])

    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.pane.values.rows]

    def head(self) -> list[str]:
        head = self.pane.query_one("#inspector-head")
        return [strip.text.strip() for strip in head.render_lines(head.size.region)]

    def go_to(self, label: str) -> None:
        self.pane.values.select(next(at for at, row in enumerate(self.rows()) if label in row))


@pytest.fixture(scope="module")
async def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    path = tmp_path_factory.mktemp("project") / "nightly.yaml"
    path.write_text(FLOW)
    registry = TaskRegistry()
    registry.register("check", check)
    record = RunRecord(path, "nightly", {})
    await FlowExecutor(registry).execute_flow(path, {}, event_callback=lambda event: record.apply([event]))
    return record


def step(run: RunRecord, address: str) -> StepRecord:
    return next(one for one in run.steps.values() if one.address == address)


@pytest.fixture
async def pilot() -> AsyncIterator[Pilot[None]]:
    app = InspectorApp()
    async with app.run_test(size=(80, 40)) as pilot:
        app.pane.focus_inside()
        await pilot.pause()
        yield pilot


@pytest.fixture
def app(pilot: Pilot[None]) -> InspectorApp:
    assert isinstance(pilot.app, InspectorApp)
    return pilot.app


async def show(pilot: Pilot[None], run: RunRecord, address: str | None = None) -> None:
    assert isinstance(pilot.app, InspectorApp)
    pilot.app.pane.show_run(run)
    if address is not None:
        pilot.app.pane.show_step(step(run, address))
    await pilot.pause()


def test_before_a_run_the_pane_says_how_to_fill_it(app: InspectorApp) -> None:
    assert app.head()[:3] == ["Nothing ran yet.", "", "ctrl+r  runs the flow"]


async def test_a_run_shows_its_error_inputs_and_connections(
    pilot: Pilot[None], app: InspectorApp, run: RunRecord
) -> None:
    await show(pilot, run)
    assert app.head()[0].startswith("✗ nightly  failed after ")
    rows = app.rows()
    assert rows[0] == "▾ Error  FlowExecutionError"
    assert rows[1] == '    message  "no such table: nope"'
    assert rows[3] == "    place  nightly.yaml:12  (enter goes there)"
    assert '    db  "sqlite"' in rows


async def test_a_step_shows_what_it_got_left_and_sent(pilot: Pilot[None], app: InspectorApp, run: RunRecord) -> None:
    await show(pilot, run, "fetch")
    assert app.head()[0] == "✓ fetch  sqlite_query"
    rows = app.rows()
    assert rows[:4] == ["▾ Inputs", "    query  \"select 1 as id, 'Ann' as name\"", "    params  []", "▾ Output"]
    assert rows[4:7] == ["  ▾ rows  1 row", "      id  name", "    ▸  1  Ann"]
    at = rows.index("▾ Statements  1")
    assert rows[at + 1].startswith("  ▸ 1  db  1 row, ")
    assert rows[at + 1].endswith("select 1 as id, 'Ann' as name")
    assert any(row.startswith("    took  ") for row in rows)


async def test_a_failed_step_shows_its_error_with_cause_place_and_attempts(
    pilot: Pilot[None], app: InspectorApp, run: RunRecord
) -> None:
    await show(pilot, run, "broken")
    assert app.head()[1].startswith("failed, ")
    assert app.head()[1].endswith("2 attempts")
    rows = app.rows()
    assert rows[:6] == [
        "▾ Error  FlowExecutionError",
        '    message  "no such table: nope"',
        '    cause  "OperationalError: no such table: nope"',
        "    place  nightly.yaml:12  (enter goes there)",
        '    statement  "select * from nope"',
        "▾ Inputs",
    ]
    at = rows.index("▾ Attempts  2")
    assert rows[at + 1].startswith("  ▸ 1 of 2  ✗ FlowExecutionError: no such table: nope, then a wait of 1.0 ms")


async def test_the_calls_of_a_loop_are_shown_one_by_one_the_first_that_failed_first(
    pilot: Pilot[None], app: InspectorApp, run: RunRecord
) -> None:
    await show(pilot, run, "each/check")
    assert "iteration 3 of 5" in app.head()[1]
    assert app.head()[0] == "✗ each[2]/check  check"
    assert app.rows()[:3] == [
        "▾ Error  ValueError",
        '    message  "two is too many"',
        "    cause  \"KeyError: key 'cause' is missing\"",
    ]
    await pilot.press("[")
    assert app.head()[0] == "✓ each[1]/check  check"
    assert "    double  2" in app.rows()
    await pilot.press("]", "]", "]", "]", "]")
    assert "iteration 5 of 5" in app.head()[1]
    await pilot.press("f")
    assert "iteration 3 of 5" in app.head()[1]
    await pilot.press("L")
    assert "iteration 5 of 5" in app.head()[1]


async def test_a_step_that_runs_is_followed(pilot: Pilot[None], app: InspectorApp) -> None:
    record = RunRecord(None, "live", {})
    facts = {"flow": "live", "step_id": "wait", "task": "wait", "kind": "task", "path": "wait", "line": 3}
    record.apply([{"type": "step_started", "timestamp": 1e9, "inputs": {"seconds": 5}, **facts}])  # type: ignore[typeddict-item]
    await show(pilot, record, "wait")
    assert app.head()[0] == "◐ wait  wait"
    assert app.rows()[1] == "    seconds  5"
    ending = {"attempts": 1, "duration_ms": 5000.0, "status": "succeeded", "outputs": {"done": True}}
    record.apply([{"type": "step_completed", "timestamp": 1e9 + 5, **ending, **facts}])  # type: ignore[typeddict-item]
    app.pane.refresh_run()
    await pilot.pause()
    assert app.head()[:2] == ["✓ wait  wait", "succeeded, 5.00 s"]
    assert "    done  true" in app.rows()


async def test_what_is_open_and_selected_stays_when_another_call_is_shown(
    pilot: Pilot[None], app: InspectorApp, run: RunRecord
) -> None:
    await show(pilot, run, "each/check")
    app.go_to("Timing")
    await pilot.press("left")
    assert "▸ Timing" in app.rows()
    await pilot.press("]")
    assert "▸ Timing" in app.rows()
    node = app.pane.values.node
    assert node is not None
    assert node.label == "Timing"


async def test_enter_on_the_place_of_an_error_and_s_go_to_the_text(
    pilot: Pilot[None], app: InspectorApp, run: RunRecord
) -> None:
    await show(pilot, run, "broken")
    app.go_to("place")
    await pilot.press("enter")
    app.go_to("Inputs")
    await pilot.press("s")
    assert app.sources == [(run.path, 12), (None, 12)]


async def test_values_statements_and_errors_are_copied_as_they_are(
    pilot: Pilot[None], app: InspectorApp, run: RunRecord
) -> None:
    await show(pilot, run, "fetch")
    for label in ("Ann", "Output", "Statements"):
        app.go_to(label)
        await pilot.press("y")
    app.go_to("▸ 1  db")
    await pilot.press("y")
    await show(pilot, run, "broken")
    app.go_to("Error")
    await pilot.press("y")
    await pilot.pause()
    whats = [what for what, _ in app.copied]
    assert whats == ["value", "value", "statements", "statement", "error"]
    assert app.copied[0][1] == "\"select 1 as id, 'Ann' as name\""
    assert '"columns": [' in app.copied[1][1]
    assert app.copied[3][1].startswith("select 1 as id, 'Ann' as name")
    assert app.copied[4][1].splitlines()[:3] == [
        "FlowExecutionError: no such table: nope",
        "caused by OperationalError: no such table: nope",
        f"at {run.path}:12:5",
    ]


async def test_an_expression_is_asked_for_and_its_answer_stands_above_the_rest(
    pilot: Pilot[None], app: InspectorApp, run: RunRecord
) -> None:
    await show(pilot, run, "fetch")
    await pilot.press("colon", *"fetch.rows", "enter")
    await pilot.pause()
    assert app.asked == ["fetch.rows"]
    assert app.rows()[:4] == ["▾ = fetch.rows", "  ▾ value  2 rows", "      a", "    ▸ 1"]
    await pilot.press("ctrl+u", *"wrong", "enter")
    await pilot.pause()
    assert app.rows()[:2] == ["▾ = wrong", '    error  "`wrong` is not defined"']


async def test_escape_leaves_the_prompt_and_its_answer(pilot: Pilot[None], app: InspectorApp, run: RunRecord) -> None:
    await show(pilot, run, "fetch")
    await pilot.press("colon", *"fetch.rows", "enter")
    await pilot.pause()
    await pilot.press("escape")
    await pilot.pause()
    assert app.focused is app.pane.values
    assert app.rows()[0] == "▾ Inputs"
    assert not app.pane.query_one("#inspector-prompt").display


async def test_a_table_can_be_shown_as_a_tree(pilot: Pilot[None], app: InspectorApp, run: RunRecord) -> None:
    await show(pilot, run, "fetch")
    app.go_to("rows")
    await pilot.press("t")
    assert app.rows()[4:6] == ["  ▾ rows  1 row", '    ▸ 0  id: 1, name: "Ann"']
    await pilot.press("t")
    assert app.rows()[5] == "      id  name"


async def test_values_of_any_size_are_shown(pilot: Pilot[None], app: InspectorApp) -> None:
    record = RunRecord(None, "large", {"rows": [{"id": n} for n in range(100_000)], "text": "x" * 10_000_000})
    await show(pilot, record)
    assert app.rows()[:2] == ["▾ Inputs", "  ▸ rows  100,000 rows"]
    assert app.rows()[2].startswith('  ▸ text  "xxxxx')
    assert app.rows()[2].endswith("x… 10,000,000 characters")
    app.go_to("rows")
    await pilot.press("l", "j", "l", "j", "l")
    assert app.rows()[3:6] == ["      ▾ [0…99]  100 rows", "          id", "        ▸  0"]
    app.go_to("text")
    await pilot.press("w")
    assert any("characters 0…3,999" in row for row in app.rows())


async def test_what_others_wrote_is_inert(pilot: Pilot[None], app: InspectorApp) -> None:
    await show(pilot, RunRecord(None, "[red]x[/]", {"[b]key\x1b": "[@click=quit]\x1b[2J\u202e"}))
    assert app.head()[0].startswith("· [red]x[/]  queued")
    assert app.rows()[1] == '    [b]key␛  "[@click=quit]␛[2J\\u202e"'


async def test_a_step_that_was_chosen_before_the_run_came_to_it_shows_what_it_does(
    run: RunRecord, app: InspectorApp, pilot: Pilot[None]
) -> None:
    real = step(run, "fetch")
    told = {"step_id": "fetch", "line": real.line, "flow": "nightly", "kind": "task", "task": real.task}
    app.pane.show_run(run)
    app.pane.show_step(StepRecord("fetch", told))
    await pilot.pause()
    assert "pending" in " ".join(app.head())
    app.pane.refresh_run()
    await pilot.pause()
    assert "succeeded" in " ".join(app.head())
    assert app.pane.call is real.last
