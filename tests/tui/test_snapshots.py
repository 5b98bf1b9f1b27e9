"""Whole screens as they were when somebody looked at them. `pytest --snapshot-update` takes them anew."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input, TextArea

from flowlang.connections.probe import STAGES, ProbeReport, StageResult
from flowlang_tui.panes import timeline
from flowlang_tui.screens.compare import Compare
from flowlang_tui.screens.connection_form import ConnectionForm
from flowlang_tui.screens.connection_test import ConnectionTest
from flowlang_tui.session import records
from flowlang_tui.session.history_rows import RunRows
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets import gantt, run_list, step_graph_painter
from flowlang_tui.widgets.status_bar import StatusBar
from tests.tui.connecting import painted
from tests.tui.frozen import BEGIN, recorded_comparison, recorded_rows, run, write_project
from tests.tui.opening import Opened, opened

pytestmark = pytest.mark.skipif(
    not version("textual").startswith("8.2."), reason="the pictures are those of Textual 8.2"
)

SMALL = (80, 24)
FAILING = {"limit": 5}

Same = Callable[[Opened, str], Awaitable[None]]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock that stands still in a run's first second, in UTC."""
    for module in (records, timeline, gantt, step_graph_painter, run_list):
        monkeypatch.setattr(module, "time", lambda: BEGIN + 0.25)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path)


@pytest.fixture
def same(snapshot: SnapshotAssertion) -> Same:
    """Compares the screen with the picture of a name."""
    pictures = snapshot.use_extension(SVGImageExtension)

    async def compare(one: Opened, name: str) -> None:
        await still(one)
        assert one.app.export_screenshot(title=name) == pictures(name=name)

    return compare


async def still(one: Opened) -> None:
    """Wait until nothing on the screen moves any more."""
    one.app.clear_notifications()
    for screen in one.app.screen_stack:
        for field in [*screen.query(Input), *screen.query(TextArea)]:
            field.cursor_blink = False
    await one.pilot.wait_for_scheduled_animations()
    await one.pilot.pause()


@asynccontextmanager
async def showing(
    project: Path, record: RunRecord | None = None, size: tuple[int, int] = (160, 45), **options: object
) -> AsyncIterator[Opened]:
    """The workbench on a project, with a run."""
    async with opened(project, size=size, **options) as one:
        one.app.animation_level = "none"
        await one.until(lambda: one.screen.connections.overview.flow)
        if record is not None:
            one.screen.show_run(record)
            one.screen.query_one(StatusBar).show_run(record)
        yield one


async def shows(one: Opened, *words: str) -> None:
    try:
        await one.until(lambda: all(word in painted(one.app) for word in words))
    except AssertionError:
        raise AssertionError(f"{words} did not come:\n{painted(one.app)}") from None


async def test_a_project_that_nothing_was_run_of(project: Path, same: Same) -> None:
    async with showing(project) as one:
        await same(one, "opened")
        await one.press("alt+r")
        await same(one, "run-form")
        await one.press("escape", "ctrl+g")
        await same(one, "jump")
        await one.press("escape", "ctrl+p", *"watch")
        await shows(one, "Run: Watch")
        await same(one, "palette")
        await one.press("escape", "alt+g", "question_mark")
        await same(one, "help")


async def test_a_run_that_goes_on(project: Path, same: Same) -> None:
    record = await run(project, {}, until=lambda event: event.get("path") == "each[1]/label")
    async with showing(project, record) as one:
        await same(one, "running")


async def test_a_run_that_succeeded(project: Path, same: Same) -> None:
    async with showing(project, await run(project, {})) as one:
        await same(one, "succeeded")
        await one.press("alt+t")
        await same(one, "timeline")
        await one.press("alt+g", "alt+z")
        await same(one, "graph-zoomed")


async def test_a_run_that_failed(project: Path, same: Same) -> None:
    async with showing(project, await run(project, FAILING)) as one:
        await one.press("alt+g", "e")
        await same(one, "failed")


async def test_recorded_runs(project: Path, same: Same) -> None:
    rows = RunRows()
    rows.take(0, recorded_rows(), len(recorded_rows()))
    async with showing(project, await run(project, {})) as one:
        await one.press("alt+shift+l")
        await one.until(lambda: one.screen.runs.list.rows.total == 0)
        await same(one, "no-runs")
        one.screen.runs.show_rows(rows)
        await one.press("space")
        await same(one, "runs")
        one.app.push_screen(Compare(recorded_comparison()))
        await one.until(lambda: isinstance(one.app.screen, Compare))
        await same(one, "compare")


async def test_what_the_editor_tells(project: Path, same: Same) -> None:
    async with showing(project) as one:
        code = one.screen.editor.code
        code.replace_text(
            code.text.replace("task: PaidOrders", "task: PaidOrder").replace("${len(paid.", "${len(piad.")
        )
        await one.checked()
        one.screen.editor.go(one.app.session.problems[0].line, 9)
        await one.press("alt+p")
        await same(one, "problems")
        await one.press("alt+e", "end", "ctrl+space")
        await shows(one, "PaidOrders")
        await same(one, "completion")


async def test_a_file_that_was_changed_here_and_elsewhere(project: Path, same: Same) -> None:
    async with showing(project) as one:
        await one.until(lambda: one.app.session.is_following)
        await one.press("ctrl+end", *"# mine")
        await one.checked()
        flow = project / "flow.yaml"
        flow.write_text(
            flow.read_text().replace("limit, type: integer, default: 3", "limit, type: integer, default: 4")
        )
        await shows(one, "was changed elsewhere")
        await same(one, "conflict")


@pytest.mark.parametrize("theme", ["daylight", "contrast-dark", "terminal"])
async def test_the_list_of_themes_in_a_theme(project: Path, same: Same, theme: str) -> None:
    async with showing(project, await run(project, FAILING), theme=theme) as one:
        await one.press("alt+shift+t")
        await shows(one, "enter takes, esc keeps the old")
        await same(one, f"theme-{theme}")


async def test_connections(project: Path, same: Same) -> None:
    async with showing(project) as one:
        one.app.push_screen(ConnectionTest("shop", _probe))
        await shows(one, "cannot be used")
        await same(one, "connection-test")
        await one.press("escape", "alt+c", "a", *"postgres", "enter")
        await one.until(lambda: isinstance(one.app.screen, ConnectionForm))
        await one.press(*"Orders")
        await shows(one, "name: Orders")
        await same(one, "connection-form")


async def _probe(tell: Callable[[StageResult], None]) -> ProbeReport:
    """A test that ends at its fourth stage."""
    ended = [
        StageResult("resolve", "ok", 0.8, "db.example.org is 192.0.2.7"),
        StageResult("reach", "ok", 12.5, "192.0.2.7:5432 answers"),
        StageResult("tls", "ok", 20.1, "TLSv1.3, certificate until 2027-01-31"),
        StageResult("authenticate", "failed", 8.3, "password authentication failed for user app", "check the password"),
    ]
    skipped = [StageResult(stage, "skipped") for stage in STAGES[4:]]
    return ProbeReport("postgres", "db.example.org:5432/shop", (*ended, *skipped))


async def test_a_small_window(project: Path, same: Same) -> None:
    async with showing(project, await run(project, FAILING), size=SMALL) as one:
        await same(one, "small-editor")
        await one.press("alt+g", "e")
        await same(one, "small-graph")
        await one.press("alt+i")
        await same(one, "small-inspector")
        await one.press("alt+l")
        await same(one, "small-logs")
        await one.press("alt+c")
        await same(one, "small-connections")
        await one.press("alt+r")
        await same(one, "small-run-form")


async def test_an_empty_folder(tmp_path: Path, same: Same) -> None:
    (tmp_path / "empty").mkdir()
    async with opened(tmp_path / "empty") as one:
        await same(one, "empty")
