"""The recorded runs: what the runs pane lists, and what is done with one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work

from flowlang import FlowLangError
from flowlang_tui.commands.telling import told
from flowlang_tui.panes.runs import RunsPane, Wish
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.history_rows import RunRow
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.run_list import RunList
from flowlang_tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from flowlang_tui.session.recorded import Recorded

#: Seconds without another key after which what is typed is searched for.
_TYPING = 0.12

#: How the file of an exported run ends.
_BUNDLE = ".run.zip"


class HistoryCommands(ProjectScreen):
    """List, show, pin, delete, export, import, compare."""

    # the list

    @on(RunsPane.Searched)
    def _runs_searched(self, event: RunsPane.Searched) -> None:
        event.stop()
        self._search(event.text, event.again)

    @work(exclusive=True, group="runs")
    async def _search(self, text: str, again: bool) -> None:
        if text and not again:
            # somebody is typing: a newer text takes the place of this one
            await asyncio.sleep(_TYPING)
        try:
            rows = await self.session.history.search(text)
        except FlowLangError as error:
            self.runs.show_problem(f"{error} {error.hint or ''}".rstrip())
        else:
            self.runs.show_rows(rows, keep=again)

    @on(RunList.Wanted)
    def _runs_wanted(self, event: RunList.Wanted) -> None:
        event.stop()
        self._read_pages(event)

    @work(group="run-pages")
    @told
    async def _read_pages(self, event: RunList.Wanted) -> None:
        for page in event.pages:
            if self.runs.list.rows is event.rows:
                await self.session.history.read(event.rows, page)
        if self.runs.list.rows is event.rows:
            self.runs.refresh_rows()

    # one run

    @on(RunsPane.Asked)
    def _run_asked(self, event: RunsPane.Asked) -> None:
        event.stop()
        wishes: dict[Wish, Callable[[RunRow], object]] = {
            "open": self._open_run,
            "again": lambda row: self.run_again(row.run_id),
            "resume": lambda row: self.resume_run(row.run_id),
            "pin": self._pin_run,
            "delete": self._delete_run,
            "export": self._export_run,
        }
        wishes[event.wish](event.row)

    @work(exclusive=True, group="recorded")
    @told
    async def _open_run(self, row: RunRow) -> None:
        live = next((one for one in self.session.runs.records if one.run_id == row.run_id), None)
        if live is not None and not live.is_over:
            self.show_latest()
            return
        self.show_recorded(await self.session.history.open(row.run_id))

    def show_recorded(self, recorded: Recorded) -> None:
        """Show a run of the journal in every pane, as if it had just ended."""
        record = recorded.record
        if record.path is not None and record.path.is_file() and record.path != self.shown_flow:
            self.session.open(record.path)
        self.shown_recorded = recorded
        self.show_run(record)
        if recorded.graph is not None:
            self.graph.badge = "as it was then"
            self.graph.show_graph(recorded.graph)
            self.graph.show_run(record)
        self.query_one(StatusBar).show_recorded(record)
        self.point_to_failure(record)
        self.show_titles()
        self.refresh_bindings()
        if self.arrangement.is_narrow(self.size.width) and self.arrangement.current == "runs":
            self.show_pane("graph")

    def leave_recorded(self) -> bool:
        """Go back to what the files and the runs of now say, without choosing a run; whether that was left."""
        recorded, self.shown_recorded = self.shown_recorded, None
        if recorded is None:
            return False
        self.query_one(StatusBar).show_recorded(None)
        self.graph.badge = ""
        checked = self.session.checked(self.shown_flow)
        self.graph.show_graph(None if checked is None else checked.graph)
        self.show_titles()
        self.refresh_bindings()
        return True

    def show_latest(self) -> None:
        """Show the latest run of this workbench, if there is one, as before a recorded one was shown."""
        self.leave_recorded()
        self.show_run(self.latest_of(self.shown_flow) or self.session.runs.latest)

    def latest_of(self, path: Path | None) -> RunRecord | None:
        """The latest run of a flow in this workbench."""
        return next((one for one in reversed(self.session.runs.records) if one.path == path), None)

    @on(StatusBar.BackAsked)
    @on(RunsPane.LatestAsked)
    def _latest_asked(self, event: StatusBar.BackAsked | RunsPane.LatestAsked) -> None:
        event.stop()
        self.show_latest()

    # keeping, forgetting, giving away

    @work(group="run-work")
    @told
    async def _pin_run(self, row: RunRow) -> None:
        await self.session.history.pin(row.run_id, not row.pinned)
        self.runs.reload()

    @work(exclusive=True, group="dialog")
    @told
    async def _delete_run(self, row: RunRow) -> None:
        from flowlang_tui.screens.confirm import Confirm

        pinned = "\nIt is pinned." if row.pinned else ""
        question = f"Delete the run {row.run_id} of {row.flow}? Its record is gone for good.{pinned}"
        if await self.app.push_screen_wait(Confirm(question, {"delete": "Delete", "keep": "Keep"})) == "delete":
            await self.session.history.delete(row.run_id)
            if self.shown_recorded is not None and self.shown_recorded.record.run_id == row.run_id:
                self.show_latest()
            self.runs.reload()

    @work(exclusive=True, group="dialog")
    @told
    async def _export_run(self, row: RunRow) -> None:
        from flowlang_tui.screens.ask import Ask

        name = f"{row.flow}-{row.run_id[-8:]}{_BUNDLE}".replace("/", "-")
        asked = await self.app.push_screen_wait(Ask("Write the run into", str(self.session.folder / name)))
        if asked:
            path = await self.session.history.export(row.run_id, asked)
            self.tell(f"{path} has the run, without secrets. `flowlang runs import` or i in the list takes it in.")

    @on(RunsPane.ImportAsked)
    def _import_asked(self, event: RunsPane.ImportAsked) -> None:
        event.stop()
        self._import_run()

    @work(exclusive=True, group="dialog")
    @told
    async def _import_run(self) -> None:
        from flowlang_tui.screens.ask import Ask

        found = sorted(self.session.folder.glob(f"*{_BUNDLE}"))
        first = str(found[-1]) if found else f"{self.session.folder}/"
        asked = await self.app.push_screen_wait(Ask("Take in the run in", first))
        if asked:
            summary = await self.session.history.take_in(asked)
            self.tell(f"The run of {summary.flow} is in the list.")
            self.runs.reload()

    # comparing

    @on(RunsPane.CompareAsked)
    def _compare_asked(self, event: RunsPane.CompareAsked) -> None:
        event.stop()
        self._compare(event.first, event.second)

    def action_run_compare(self) -> None:
        if self.shown_run is not None and self.shown_run.run_id:
            self._compare(self.shown_run.run_id, None)

    @work(exclusive=True, group="dialog")
    @told
    async def _compare(self, first: str, second: str | None) -> None:
        """Compare two runs, the earlier one on the left."""
        from flowlang_tui.screens.compare import Compare

        history = self.session.history
        if second is None:
            before = await history.before(first)
            if before is None:
                self.tell("This is the first run of its flow: there is none before it. space marks any two.")
                return
            second = before.run_id
        one, other = await history.run(first), await history.run(second)
        if one.summary.started > other.summary.started:
            one, other = other, one
        comparison = await history.compare(one.run_id, other.run_id)
        path = await self.app.push_screen_wait(Compare(comparison))
        if path:
            self.show_recorded(await history.open(other.run_id))
            self.choose_path(path)
