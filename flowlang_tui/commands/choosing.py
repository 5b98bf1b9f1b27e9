"""The chosen step: the same one in the graph, the inspector, the log and the text."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on

from flowlang import ExpressionError
from flowlang.runtime.paths import address_of
from flowlang_tui.graph.nest import SEPARATOR
from flowlang_tui.panes.inspector import InspectorPane
from flowlang_tui.panes.inspector_sections import of_text
from flowlang_tui.panes.logs import LogsPane
from flowlang_tui.panes.timeline import TimelinePane
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepCall, StepRecord
from flowlang_tui.session.written import arguments_of
from flowlang_tui.widgets.step_graph import StepGraph

if TYPE_CHECKING:
    from flowlang.language.model import Flow


class ChoosingCommands(ProjectScreen):
    """Whatever names a step brings the others to it."""

    _inspected: StepRecord | None = None

    def choose_step(self, address: str, line: int) -> None:
        self.graph.select(address, line)
        self.show_step(address, line)

    def show_step(self, address: str, line: int) -> None:
        """Show in the inspector what a step did, or that it has not run."""
        record = self.shown_run
        step = None if record is None else record.step(address, line) or self.graph.record_of(address, line)
        self._inspected = step or self._pending(address, line)
        written = of_text(self._written(address, line), self._last_call(address)) if step is None else ()
        self.inspector.show_step(self._inspected, written)

    def choose_again(self, address: str, line: int) -> None:
        """Keep a step chosen in a new run, if the flow still has it: in this line, or where it stands by now."""
        if self.shown_run is not None and self.shown_run.path == self.shown_flow:
            keys = [key for key in self.graph.drawing.picture.keys.values() if key[0] == address]
            if keys:
                self.show_step(*min(keys, key=lambda key: abs(key[1] - line)))

    def choose_path(self, path: str) -> None:
        """Select the step with this path in the run that is shown, and the iteration that the path names."""
        record, address = self.shown_run, address_of(path)
        step = None if record is None else next((s for s in record.steps.values() if s.address == address), None)
        if step is not None:
            self.choose_step(step.address, step.line)
            self.inspector.choose_path(path)

    @on(StepGraph.Selected)
    def _node_selected(self, event: StepGraph.Selected) -> None:
        event.stop()
        self.show_step(event.address, event.line)
        if self.file_of(event.node_id) == self.editor.current:
            self.editor.go(event.line)

    @on(StepGraph.Opened)
    def _node_opened(self, event: StepGraph.Opened) -> None:
        event.stop()
        path = self.file_of(event.node_id)
        if path is not None:
            self.open_file(path, event.line)

    @on(StepGraph.SubflowRequested)
    def _subflow_requested(self, event: StepGraph.SubflowRequested) -> None:
        event.stop()
        from flowlang.language.graph import graph_of

        path = self.file_of(event.node_id)
        flow = self.session.subflow_at(path, event.graph.picture.node(event.node_id))
        if flow is None:
            self.tell("The flow that this step calls was not found.", "warning")
        else:
            event.graph.show_subflow(event.node_id, graph_of(flow))

    @on(LogsPane.StepChosen)
    def _log_line_chosen(self, event: LogsPane.StepChosen) -> None:
        event.stop()
        address = address_of(event.path)
        record = self.shown_run
        step = None if record is None else next((s for s in record.steps.values() if s.address == address), None)
        if record is not None and step is not None:
            self.choose_step(step.address, step.line)
            path = self._file_of_step(step)
            if path is not None:
                self.open_file(path, step.line)

    @on(TimelinePane.StepChosen)
    def _bar_chosen(self, event: TimelinePane.StepChosen) -> None:
        event.stop()
        self.choose_step(event.address, event.line)

    @on(InspectorPane.SourceAsked)
    def _source_asked(self, event: InspectorPane.SourceAsked) -> None:
        event.stop()
        step = self._inspected
        path = event.path or (None if step is None else self._file_of_step(step)) or self.shown_flow
        if path is not None:
            self.open_file(path, event.line)

    @on(InspectorPane.ExpressionAsked)
    def _expression_asked(self, event: InspectorPane.ExpressionAsked) -> None:
        event.stop()
        record = self.shown_run
        flow = self._flow_of_run(record)
        if record is None or flow is None:
            self.inspector.show_answer(event.text, None, "nothing has run yet, so there are no values")
            return
        from flowlang_tui.session.evaluation import evaluate_in

        try:
            value = evaluate_in(record, flow, event.text, event.call)
        except ExpressionError as error:
            self.inspector.show_answer(event.text, None, str(error))
        else:
            self.inspector.show_answer(event.text, value)

    def _flow_of_run(self, record: RunRecord | None) -> Flow | None:
        """The flow that a run ran: as it was then, if its file has another text by now."""
        recorded = self.shown_recorded
        if recorded is not None and recorded.record is record and recorded.flow is not None:
            return recorded.flow
        checked = None if record is None else self.session.checked(record.path)
        return None if checked is None else checked.flow

    def _pending(self, address: str, line: int) -> StepRecord | None:
        """A step of the flow that has not run, as a record of it would begin."""
        node = self.graph.node_of(address, line)
        if node is None:
            return None
        flow = self.session.checked(self.file_of(node.id))
        name = "" if flow is None else flow.flow.name
        told = {"step_id": node.step, "line": node.line, "flow": name, "kind": node.kind, "task": node.task}
        return StepRecord(address, told)

    def _written(self, address: str, line: int) -> Mapping[str, Any]:
        """What a step of the flow is to be given, as its text has it."""
        node = self.graph.node_of(address, line)
        checked = None if node is None else self.session.checked(self.file_of(node.id))
        steps = () if checked is None or checked.analysis is None else checked.analysis.steps
        step = next((one for one in steps if node is not None and (one.line, one.id) == (line, node.step)), None)
        return {} if step is None else arguments_of(step)

    def _last_call(self, address: str) -> StepCall | None:
        """How a step ended last, in an earlier run of the flow that is shown."""
        earlier = [one for one in self.session.runs.records if one.path == self.shown_flow]
        calls = (step.last for run in reversed(earlier) for step in run.steps.values() if step.address == address)
        return next((call for call in calls if call is not None and call.ended is not None), None)

    def file_of(self, node_id: str) -> Path | None:
        """The file that a node's step stands in: the flow that is drawn, or a subflow below the step that calls it."""
        path = self.shown_flow
        for caller in list(accumulate(node_id.split(SEPARATOR), lambda *ids: SEPARATOR.join(ids)))[:-1]:
            flow = self.session.subflow_at(path, self.graph.drawing.picture.node(caller))
            path = None if flow is None or flow.path is None else Path(flow.path)
        return path

    def _file_of_step(self, step: StepRecord) -> Path | None:
        """The file of a step that a run has recorded."""
        record = self.shown_run
        if record is not None and step.flow == record.flow:
            return record.path
        return self.session.path_of_flow(step.flow)
