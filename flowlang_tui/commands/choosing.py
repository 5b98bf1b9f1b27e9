"""The chosen step: the same one in the graph, the inspector, the log and the text."""

from __future__ import annotations

from textual import on

from flowlang import ExpressionError
from flowlang_tui.panes.inspector import InspectorPane
from flowlang_tui.panes.logs import LogsPane
from flowlang_tui.panes.timeline import TimelinePane
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.records import address_of
from flowlang_tui.widgets.step_graph import StepGraph


class ChoosingCommands(ProjectScreen):
    """Whatever names a step brings the others to it."""

    def choose_step(self, address: str, line: int) -> None:
        self.graph.select(address, line)
        self._show_step(address, line)

    @on(StepGraph.Selected)
    def _node_selected(self, event: StepGraph.Selected) -> None:
        event.stop()
        self._show_step(event.address, event.line)

    @on(StepGraph.Opened)
    def _node_opened(self, event: StepGraph.Opened) -> None:
        event.stop()
        self._go_to_text(event.address, event.line)

    @on(StepGraph.SubflowRequested)
    def _subflow_requested(self, event: StepGraph.SubflowRequested) -> None:
        event.stop()
        from flowlang.language.graph import graph_of

        flow = self.session.subflow_at(self.shown_flow, event.graph.picture.node(event.node_id))
        if flow is None:
            self.tell("The flow that this step calls was not found.", "warning")
        else:
            event.graph.show_subflow(event.node_id, graph_of(flow))

    @on(LogsPane.StepChosen)
    def _log_line_chosen(self, event: LogsPane.StepChosen) -> None:
        event.stop()
        address = address_of(event.path)
        record = self.shown_run
        if record is not None:
            step = next((one for one in record.steps.values() if one.address == address), None)
            if step is not None:
                self.choose_step(step.address, step.line)
                self._go_to_text(step.address, step.line)

    @on(TimelinePane.StepChosen)
    def _bar_chosen(self, event: TimelinePane.StepChosen) -> None:
        event.stop()
        self.choose_step(event.address, event.line)

    @on(InspectorPane.SourceAsked)
    def _source_asked(self, event: InspectorPane.SourceAsked) -> None:
        event.stop()
        path = event.path or self.shown_flow
        if path is not None:
            self.open_file(path, event.line)

    @on(InspectorPane.ExpressionAsked)
    def _expression_asked(self, event: InspectorPane.ExpressionAsked) -> None:
        event.stop()
        record = self.shown_run
        checked = None if record is None else self.session.checked(record.path)
        if record is None or checked is None:
            self.inspector.show_answer(event.text, None, "nothing has run yet, so there are no values")
            return
        from flowlang_tui.session.evaluation import evaluate_in

        try:
            value = evaluate_in(record, checked.flow, event.text, event.call)
        except ExpressionError as error:
            self.inspector.show_answer(event.text, None, str(error))
        else:
            self.inspector.show_answer(event.text, value)

    def _show_step(self, address: str, line: int) -> None:
        record = self.shown_run
        self.inspector.show_step(None if record is None else record.step(address, line))

    def _go_to_text(self, address: str, line: int) -> None:
        if "/" in address and self.shown_run is not None:
            step = self.shown_run.step(address, line)
            path = None if step is None else self.session.path_of_flow(step.flow)
        else:
            path = self.shown_flow
        if path is not None:
            self.open_file(path, line)
