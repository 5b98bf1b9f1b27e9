"""W13: a log of a million lines in the workbench: appended, scrolled, filtered and watched, and a long timeline.

All of it is computing alone, so what is measured is the time of the processor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import thread_time
from typing import Any, Final

from textual.app import App, ComposeResult
from textual.widget import Widget

from benchmarks.figures import Figure, show
from flowlang_tui.panes.logs import LogsPane
from flowlang_tui.panes.timeline import TimelinePane
from flowlang_tui.session.log_filter import LogFilter
from flowlang_tui.session.log_index import LogIndex
from flowlang_tui.session.log_lines import log_event
from flowlang_tui.session.log_store import INFO, LogStore
from flowlang_tui.session.records import RunRecord

LINES: Final = 1_000_000
SIZE: Final = (160, 45)

#: Bars: microseconds to append a line, and to word and append one of an event; milliseconds of a frame of the log
#: and of the timeline; megabytes that a million lines take, and the whole process with them.
APPEND: Final = 2.0
EVENT: Final = 3.0
FRAME: Final = 33.0
TIMELINE_FRAME: Final = 5.0
STORE: Final = 110.0
PROCESS: Final = 250.0

STEPS: Final = 500
FRAMES: Final = 200


class Bare(App[None]):
    """Nothing but the two panes."""

    CSS = "LogsPane, TimelinePane { height: 100%; }"

    def compose(self) -> ComposeResult:
        yield LogsPane()
        yield TimelinePane()


async def measure() -> list[Figure]:
    before = resident()
    store, seconds = filled()
    figures = [
        Figure("W13", "a line appended", "us", None, seconds / LINES * 1e6, APPEND, "us"),
        Figure("W13", "an event worded and appended", "us", None, worded() * 1e6, EVENT, "us"),
        Figure("W13", f"{LINES:,} lines", "MB", None, resident() - before, STORE, "MB"),
    ]
    app = Bare()
    async with app.run_test(size=SIZE) as pilot:
        run = RunRecord(None, "long", {})
        run.log = store
        pane = app.query_one(LogsPane)
        pane.show_run(run)
        await pilot.pause()
        figures += log_figures(pane, store)
        figures.append(
            Figure("W13", "the process with the log shown and filtered", "MB", None, resident(), PROCESS, "MB")
        )
        figures.append(await timeline_figure(app.query_one(TimelinePane)))
    return figures


def filled() -> tuple[LogStore, float]:
    """A store with a million lines of about sixty characters, and how long appending them took."""
    paths = [f"orders[{number}]/ship" for number in range(1000)]
    store = LogStore()
    began = thread_time()
    for number in range(LINES):
        store.append(number, INFO, paths[number % 1000], "12.3 ms → 3 rows of what was ordered", "✓")
    return store, thread_time() - began


def worded() -> float:
    """The seconds that each event of a step with a statement takes."""
    events = step_events("orders[3]/ship", 1e9)
    store, rounds = LogStore(), 5000
    best = 1.0
    for _ in range(10):
        began = thread_time()
        for _ in range(rounds):
            for event in events:
                log_event(store, event)
        best = min(best, (thread_time() - began) / rounds / len(events))
    return best


def log_figures(pane: LogsPane, store: LogStore) -> list[Figure]:
    """The slowest frames of a log that is scrolled, filtered and that grows."""
    view = pane.view

    def scroll(frame: int) -> None:
        view.scroll_to(y=frame * (LINES // FRAMES), animate=False)

    def grow(frame: int) -> None:
        for number in range(100):
            store.append(frame, INFO, "orders[1]/ship", f"{number} more", "✓")
        pane.refresh_run()

    figures = [Figure("W13", "a frame while it is scrolled", "ms", None, slowest(view, scroll), FRAME, "ms")]
    view.follow()
    figures.append(Figure("W13", "a frame while lines come", "ms", None, slowest(view, grow), FRAME, "ms"))
    for query in ("rows", "/[3-5] rows? of/", "!rows"):
        view.apply(LogFilter(query))
        frame = slowest(view, lambda _: view.refresh_log(), frames=100)
        figures.append(Figure("W13", f"a frame while it is filtered by {query}", "ms", None, frame, FRAME, "ms"))
        index, began = LogIndex(store, LogFilter(query)), thread_time()
        while not index.extend():
            pass
        figures.append(Figure("W13", f"all of it filtered by {query}", "ms", None, (thread_time() - began) * 1000))
    view.apply(LogFilter())
    return figures


async def timeline_figure(pane: TimelinePane) -> Figure:
    """A frame of the timeline of a run with many steps that goes on."""
    run = RunRecord(Path("long.yaml"), "long", {})
    run.apply([{"type": "flow_started", "run_id": "1", "flow": "long", "timestamp": 1e9, "inputs": {}}])
    for number in range(STEPS):
        run.apply(step_events(f"step_{number}", 1e9 + number, line=number))
    pane.show_run(run)

    def happen(frame: int) -> None:
        for number in range(10):
            at = (frame * 10 + number) % STEPS
            run.apply(step_events(f"step_{at}", 1e9 + STEPS + frame, line=at))
        pane.refresh_run()

    drawn = slowest(pane.gantt, happen)
    return Figure("W13", f"a frame of a timeline with {STEPS} steps", "ms", None, drawn, TIMELINE_FRAME, "ms")


def slowest(widget: Widget, change: Callable[[int], None], frames: int = FRAMES) -> float:
    """The milliseconds that all but one in twenty frames keep to: the change, and painting what is on the screen."""
    times = []
    for frame in range(frames):
        began = thread_time()
        change(frame)
        widget.render_lines(widget.size.region)
        times.append(thread_time() - began)
    return sorted(times)[-max(frames // 20, 1)] * 1000


def step_events(path: str, at: float, line: int = 1) -> list[Any]:
    """What a step with a statement tells."""
    facts = {"run_id": "1", "seq": 1, "flow": "long", "step_id": path, "task": "query", "kind": "task", "path": path}
    facts |= {"line": line, "timestamp": at}
    statement = {"connection": "db", "text": "select * from orders where id = ?", "params": [3], "rows": 3, "ms": 0.4}
    ending = {"status": "succeeded", "attempts": 1, "duration_ms": 0.7, "outputs": {"rows": [1, 2, 3], "count": 3}}
    return [
        {**facts, "type": "step_started", "inputs": {"id": 3}},
        {**facts, "type": "statement", **statement, "error": None},
        {**facts, "type": "step_completed", **ending},
    ]


def resident() -> float:
    """What the process holds in memory, in megabytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    show(asyncio.run(measure()))
