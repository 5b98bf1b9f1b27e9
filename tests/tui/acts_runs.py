"""What one sees of the actions of recorded runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import time
from typing import Final

from textual.widgets import Input

from flowlang_tui.session.history_rows import RunRow, RunRows
from flowlang_tui.widgets.run_list import RunList
from tests.tui.acting import Act, copied, dialog, focused_pane, runs, told
from tests.tui.opening import Opened

#: More than a page of the list.
_MANY: Final = 60


def _list(one: Opened) -> RunList:
    return one.screen.runs.list


def _selected(one: Opened) -> int:
    return _list(one).selected


async def _read(one: Opened) -> None:
    """The runs of the journal are listed, the newest one is selected."""
    one.screen.show_pane("runs")
    one.screen.runs.set_filter("")
    one.screen.runs.reload()
    await one.until(lambda: len(_list(one).rows) and _list(one).rows.query is not None)
    _list(one).marked = []
    _list(one).select(0)


def _many(row: int) -> Callable[[Opened], None]:
    """More runs than there is room for, one of them selected."""

    def put(one: Opened) -> None:
        rows = RunRows()
        made = [RunRow(f"run-{n}", "orders", "succeeded", time() - n, 5.0, 3) for n in range(_MANY)]
        rows.take(0, made, _MANY)
        one.screen.runs.show_rows(rows)
        _list(one).select(row)

    return put


async def _recorded(one: Opened) -> None:
    """A run of the journal is shown."""
    await _read(one)
    one.screen.runs.action_runs_open()
    await one.until(lambda: one.screen.shown_recorded is not None)


async def _filtered(one: Opened) -> None:
    await _read(one)
    one.screen.runs.set_filter("status:succeeded")


async def _marked(one: Opened) -> None:
    await _read(one)
    _list(one).mark()


def _at_step(path: str) -> Callable[[Opened], Awaitable[None]]:
    """A step of a run that is over is chosen."""

    async def choose(one: Opened) -> None:
        await one.until(lambda: not one.app.session.runs.is_busy)
        one.screen.show_run(one.app.session.runs.records[0])
        one.screen.choose_path(path)

    return choose


def _kind_of_dialog(one: Opened) -> str:
    return dialog(one).partition(":")[0]


def _filtering(one: Opened) -> bool:
    return isinstance(one.app.focused, Input) and focused_pane(one) == "runs"


def _is_pinned(one: Opened) -> bool:
    row = _list(one).row
    return row is not None and row.pinned


#: Where the first runs of the flow have failed steps that it handles: there is nothing left of them to resume.
RUNS: Final[dict[str, Act]] = {
    "run.again": Act(_kind_of_dialog, "Confirm", _at_step("fetch")),
    "run.resume": Act(told),
    "run.compare": Act(lambda one: (dialog(one), told(one))),
    "view.runs": Act(focused_pane, "runs"),
    "graph.from-here": Act(runs, before=_at_step("both")),
    "graph.only-step": Act(runs, before=_at_step("fetch")),
    "graph.up-to-here": Act(runs, before=_at_step("fetch")),
    "runs.open": Act(lambda one: "recorded" in one.status, True, _read),
    "runs.latest": Act(lambda one: "recorded" in one.status, False, _recorded),
    "runs.again": Act(_kind_of_dialog, "RunAgain Run again", _read),
    "runs.resume": Act(lambda one: (dialog(one), told(one)), before=_read),
    "runs.mark": Act(lambda one: len(_list(one).marked), 1, _read),
    "runs.compare": Act(lambda one: (dialog(one), told(one)), before=_read),
    "runs.filter": Act(_filtering, True),
    "runs.clear-filter": Act(lambda one: one.screen.runs.query_text, "", _filtered),
    "runs.only-flow": Act(lambda one: one.screen.runs.query_text, "flow:Acting", _read),
    "runs.pin": Act(_is_pinned, before=_read),
    "runs.delete": Act(dialog, "Confirm", _read),
    "runs.export": Act(dialog, "Ask Write the run into", _read),
    "runs.import": Act(dialog, "Ask Take in the run in"),
    "runs.copy": Act(lambda one: copied(one).count("-"), 2, _read),
    "runs.refresh": Act(lambda one: id(_list(one).rows), before=_read),
    "runs.down": Act(_selected, 31, _many(30)),
    "runs.up": Act(_selected, 29, _many(30)),
    "runs.page-down": Act(_selected, before=_many(30)),
    "runs.page-up": Act(_selected, before=_many(30)),
    "runs.start": Act(_selected, 0, _many(30)),
    "runs.end": Act(_selected, _MANY - 1, _many(30)),
}
