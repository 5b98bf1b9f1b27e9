"""Brings the session's state to the panes: after every notice, and once a frame while a flow runs."""

from __future__ import annotations

from collections import Counter
from functools import singledispatchmethod
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from textual.timer import Timer

from flowlang_tui.panes.explorer import FileState
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.checking import Checked
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

#: Seconds between two looks at a run; how many times as long as a look took the next one is away; and at most.
FRAME: Final = 1 / 30
_SHARE: Final = 4
_LONGEST: Final = 0.4
#: While a stopped run tells nothing new, its times are shown anew this often.
_STILL: Final = 0.5


#: Codes of problems that leave a part of a flow's text unread.
_UNREADABLE: Final = frozenset(
    {
        *("syntax", "indentation", "unclosed-bracket", "unclosed-quote", "control-character"),
        *("invalid-escape", "invalid-key", "missing-space", "empty-flow"),
    }
)


class Showing(ProjectScreen):
    """What the panes show, and when."""

    _frames: Timer | None = None
    _frame_at = 0.0
    #: The flow whose graph is drawn.
    _drawn: Path | None = None

    def begin(self) -> None:
        """Show the project for the first time."""
        session = self.session
        session.refresh_files()
        flow = session.first_flow
        if flow is None or session.open(flow) is None:
            self.editor.add_class("-empty")
            self.graph.show_graph(None)
        self.show_pane("editor" if flow is not None else "explorer")
        self.query_one(StatusBar).watching = session.watching
        self.call_after_refresh(self._begin_session)
        self.call_after_refresh(self.offer_unsaved)
        self.call_after_refresh(self.look_for_interrupted)

    async def _begin_session(self) -> None:
        await self.mount_hidden_panes()
        self.session.begin()

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
        if self.editor.current is not None:
            self._show_flow(self.editor.current)
        elif self.shown_flow is None:
            self.graph.show_graph(None)
            self.connections.show_flow(None, None)
        self._show_problems()

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
        if checked.path in (self.shown_flow, self.editor.current):
            self._show_flow(checked.path)
        self._show_problems()

    @_show.register
    def _(self, notice: TasksChanged) -> None:
        self._show_problems()

    @_show.register
    def _(self, notice: RunStarted) -> None:
        chosen = self.inspector.key
        self._show_log_again()
        self.leave_recorded()
        self.runs.show_live(notice.record)
        self.runs.reload()
        self.show_run(notice.record)
        if chosen is not None:
            self.choose_again(*chosen)
        if self._frames is None:
            self._frames = self.set_timer(FRAME, self._frame)
        self.query_one(StatusBar).show_run(notice.record)
        self.refresh_bindings()
        self._show_file_states()

    def _show_log_again(self) -> None:
        """Bring the log back to the front if only problems that are solved stand before it."""
        in_the_way = "problems" in self.arrangement.shown(self.size.width) and not self.session.problems
        if in_the_way and not self.problems.has_focus_within:
            self.show_pane("logs", focus=False)

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
        checked = self.session.checked(notice.record.path)
        if checked is not None:
            self._tell_names(checked)
        self.point_to_failure(notice.record)
        self.connections.refresh_health()
        self.runs.show_live(None)
        self.runs.reload()

    @_show.register
    def _(self, notice: RunRefused) -> None:
        self.query_one(StatusBar).show_refusal(_reasons(notice))
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
        for pane in (self.graph, self.logs, self.inspector, self.timeline, self.runs):
            pane.show_run(record if pane is not self.graph or flow == self.shown_flow else None)
        recorded = self.shown_recorded
        as_now = recorded is None or recorded.record is not record or recorded.is_as_now
        self.editor.show_run(record if as_now and flow == self.shown_flow else None)

    def _flow_of(self, record: RunRecord | None) -> Path | None:
        return None if record is None else record.path

    def _show_flow(self, path: Path) -> None:
        """Show the graph and the connections of a flow, once it was checked."""
        checked = self.session.checked(path)
        document = self.session.documents.get(path)
        if document is not None and not (document.language == "yaml" and self.session.is_flow(document)):
            return  # a task file leaves the flow before it where it is
        other = path != self.shown_flow
        self.shown_flow = path
        if other and self.leave_recorded():
            self.show_run(next((one for one in reversed(self.session.runs.records) if one.path == path), None))
        if checked is None:
            return
        self._tell_names(checked)
        self.editor.show_checked(checked)
        self._show_graph(checked)
        self.connections.show_flow(path, checked.flow)
        self.runs.flow = checked.flow.name
        if other:
            record = next((one for one in reversed(self.session.runs.records) if one.path == path), None)
            if record is not None or self.shown_run is None:
                self.show_run(record)
            self.graph.show_run(record)
            self.editor.show_run(record)

    def _show_graph(self, checked: Checked) -> None:
        """Draw a flow; one whose text cannot be read in full stays as it was when it could."""
        if self.shown_recorded is not None and not self.shown_recorded.is_as_now:
            return
        broken = not _UNREADABLE.isdisjoint(problem.code for problem in checked.problems)
        keeps = (broken or not checked.graph.nodes) and checked.has_errors and self._drawn == checked.path
        self.graph.badge = "as before the mistake" if keeps else ""
        if not keeps:
            self._drawn = checked.path
            self.graph.show_graph(checked.graph)

    def _tell_names(self, checked: Checked) -> None:
        """Let completion know the keys of the last run's results."""
        analysis = checked.analysis
        if analysis is None:
            return
        record = next((one for one in reversed(self.session.runs.records) if one.path == checked.path), None)
        steps = [] if record is None else list(record.steps.values())
        analysis.shapes = {step.step_id: step.last.outputs for step in steps if step.last and step.last.outputs}

    def _show_problems(self) -> None:
        problems = self.session.problems
        self.problems.show_problems(problems)
        if not any(problem.severity == "error" for problem in problems):
            self.query_one(StatusBar).show_refusal("")
        current = self.editor.current
        if current is not None and current.suffix == ".py":
            self.editor.code.show_problems([one for one in problems if one.path == str(current)])
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
        """Take up what the run did, and show it. The more there is to show, the longer until the next time."""
        began = perf_counter()
        is_news = self.session.runs.take_up()
        if not is_news and self.session.debugging.is_stopped and began - self._frame_at < _STILL:
            self._frames = self.set_timer(FRAME, self._frame)
            return
        self._frame_at = began
        self.session.runs.make_room(True)
        record = self.shown_run
        if record is not None and not record.is_over:
            self._refresh_run(record)
            self.runs.show_live(record)
        self.query_one(StatusBar).tick()
        self.call_after_refresh(self._next_frame, began)

    def take_up_run(self) -> None:
        """Take up and show what the run did until now, rather than with the next frame."""
        self.session.runs.take_up()
        record = self.shown_run
        if record is not None and not record.is_over:
            self._refresh_run(record)

    def _next_frame(self, began: float) -> None:
        """Look again soon: the longer showing it all has taken, painting included, the later, so that runs go on."""
        self.session.runs.make_room(False)
        if self._frames is not None:
            self._frames.stop()
            pause = min(max(FRAME, _SHARE * (perf_counter() - began)), _LONGEST)
            self._frames = self.set_timer(pause, self._frame)

    def _refresh_run(self, record: RunRecord) -> None:
        changed = record.take_changes()
        if changed or record.is_over:
            if self._flow_of(record) == self.shown_flow:
                self.graph.refresh_run(changed)
                self.editor.refresh_run(record, changed)
            self.inspector.refresh_run()
        self.logs.refresh_run()
        self.timeline.refresh_run()

    def point_to_failure(self, record: RunRecord) -> None:
        """Choose the step that failed, so that what is known of it is in view."""
        if record.status == "failed" and record is self.shown_run:
            failed = [step for step in record.steps.values() if step.status == "failed"]
            if failed:
                # the innermost one has the cause: what is around it fails after it
                innermost = max(failed, key=lambda step: (step.address.count("/"), -(step.ended or 0)))
                self.choose_step(innermost.address, innermost.line)


def _reasons(notice: RunRefused) -> str:
    """Why a flow was not run, a line for each reason."""
    reasons = [f"{Path(one.path or notice.path).name}:{one.line}: {one.sentence}" for one in notice.problems]
    return "\n".join(reasons) or notice.message
