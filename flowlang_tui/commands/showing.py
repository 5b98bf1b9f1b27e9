"""Brings the session's state to the panes: after every notice, and once a frame while a flow runs."""

from __future__ import annotations

from collections import Counter
from functools import singledispatchmethod
from pathlib import Path
from typing import Any, Final

from textual.timer import Timer

from flowlang_tui.panes.explorer import FileState
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.notices import (
    DocumentChanged,
    DocumentClosed,
    DocumentConflict,
    DocumentOpened,
    FilesChanged,
    FlowChecked,
    Notice,
    RunEnded,
    RunRefused,
    RunStarted,
    TasksChanged,
    Told,
    WatchChanged,
)
from flowlang_tui.session.records import RunRecord
from flowlang_tui.widgets.status_bar import StatusBar

#: Seconds between two looks at a run.
FRAME: Final = 1 / 30


class Showing(ProjectScreen):
    """What the panes show, and when."""

    _frames: Timer | None = None

    def begin(self) -> None:
        """Show the project for the first time."""
        session = self.session
        session.refresh_files()
        flow = session.first_flow
        if flow is None or session.open(flow) is None:
            self.editor.add_class("-empty")
        self.show_pane("editor" if flow is not None else "explorer")
        self.query_one(StatusBar).watching = session.watching
        self.call_after_refresh(session.begin)

    def notice(self, notice: Notice) -> None:
        """Show what changed in the session."""
        if self.is_attached:
            self._show(notice)

    @singledispatchmethod
    def _show(self, notice: Any) -> None:
        raise TypeError(f"nothing shows {notice!r}")

    @_show.register
    def _(self, notice: Told) -> None:
        self.tell(notice.message, notice.severity)

    @_show.register
    def _(self, notice: FilesChanged) -> None:
        self.explorer.show_files(self.session.files)
        self._show_file_states()

    @_show.register
    def _(self, notice: DocumentOpened) -> None:
        self.editor.show_document(notice.document, self.session.documents)
        self._show_flow(notice.document.path)
        self.explorer.show_current(notice.document.path)

    @_show.register
    def _(self, notice: DocumentClosed) -> None:
        self.editor.forget(notice.path, self.session.documents)
        self._show_file_states()

    @_show.register
    def _(self, notice: DocumentChanged) -> None:
        self.editor.show_text(notice.document, self.session.documents)
        self._show_file_states()

    @_show.register
    def _(self, notice: DocumentConflict) -> None:
        self.editor.show_text(notice.document, self.session.documents)
        self.ask_about_conflict(notice.document.path)

    @_show.register
    def _(self, notice: FlowChecked) -> None:
        checked = notice.checked
        if checked.path == self.shown_flow:
            self._show_flow(checked.path)
        self._show_problems()

    @_show.register
    def _(self, notice: TasksChanged) -> None:
        self._show_problems()

    @_show.register
    def _(self, notice: RunStarted) -> None:
        self.show_run(notice.record)
        if self._frames is None:
            self._frames = self.set_interval(FRAME, self._frame)
        self.query_one(StatusBar).show_run(notice.record)
        self.refresh_bindings()
        self._show_file_states()

    @_show.register
    def _(self, notice: RunEnded) -> None:
        if self._frames is not None and not self.session.runs.is_busy:
            self._frames.stop()
            self._frames = None
        if notice.record is self.shown_run:
            self._refresh_run(notice.record)
        self.query_one(StatusBar).show_run(notice.record)
        self.refresh_bindings()
        self._show_file_states()
        self._point_to_failure(notice.record)
        self.connections.refresh_health()

    @_show.register
    def _(self, notice: RunRefused) -> None:
        self.query_one(StatusBar).show_refusal(notice.message)
        if notice.problems and not self.session.watching:
            self.show_pane("problems", focus=False)
        elif not notice.problems:
            self.tell(notice.message, "error")

    @_show.register
    def _(self, notice: WatchChanged) -> None:
        self.query_one(StatusBar).watching = notice.on

    # what is shown

    def show_run(self, record: RunRecord | None) -> None:
        """Show a run in every pane that shows one."""
        self.shown_run = record
        flow = self._flow_of(record)
        for pane in (self.graph, self.logs, self.inspector, self.timeline):
            pane.show_run(record if pane is not self.graph or flow == self.shown_flow else None)
        self.editor.show_run(record if self._flow_of(record) == self.shown_flow else None)

    def _flow_of(self, record: RunRecord | None) -> Path | None:
        return None if record is None else record.path

    def _show_flow(self, path: Path) -> None:
        """Show the graph and the connections of a flow, once it was checked."""
        checked = self.session.checked(path)
        document = self.session.documents.get(path)
        if document is not None and document.language != "yaml":
            return  # a task file leaves the flow before it where it is
        other = path != self.shown_flow
        self.shown_flow = path
        if checked is None:
            return
        self.editor.show_checked(checked)
        self.graph.show_graph(checked.graph)
        self.connections.show_flow(path, checked.flow)
        if other:
            record = next((one for one in reversed(self.session.runs.records) if one.path == path), None)
            if record is not None or self.shown_run is None:
                self.show_run(record)
            self.graph.show_run(record)
            self.editor.show_run(record)

    def _show_problems(self) -> None:
        self.problems.show_problems(self.session.problems)
        self.show_titles()
        self._show_file_states()

    def _show_file_states(self) -> None:
        errors: Counter[Path] = Counter()
        warnings: Counter[Path] = Counter()
        for problem in self.session.problems:
            if problem.path is not None:
                (errors if problem.severity == "error" else warnings)[Path(problem.path)] += 1
        endings = {record.path: record.status for record in self.session.runs.records if record.path is not None}
        changed = {document.path for document in self.session.documents.changed}
        paths = errors.keys() | warnings.keys() | endings.keys() | changed
        self.explorer.show_states(
            {path: FileState(errors[path], warnings[path], endings.get(path, ""), path in changed) for path in paths}
        )
        self.editor.show_changed(self.session.documents)

    def _frame(self) -> None:
        """Once a frame: take up what the run did, and show it."""
        self.session.runs.take_up()
        record = self.shown_run
        if record is not None and not record.is_over:
            self._refresh_run(record)
        self.query_one(StatusBar).tick()

    def _refresh_run(self, record: RunRecord) -> None:
        changed = record.take_changes()
        if changed or record.is_over:
            if self._flow_of(record) == self.shown_flow:
                self.graph.refresh_run(changed)
                self.editor.refresh_run(record)
            self.inspector.refresh_run()
        self.logs.refresh_run()
        self.timeline.refresh_run()

    def _point_to_failure(self, record: RunRecord) -> None:
        """Choose the step that failed, so that what is known of it is in view."""
        if record.status == "failed" and record is self.shown_run:
            failed = [step for step in record.steps.values() if step.status == "failed"]
            if failed:
                # the innermost one has the cause
                innermost = max(failed, key=lambda step: (step.address.count("/"), step.ended or 0))
                self.choose_step(innermost.address, innermost.line)
