"""The actions that run flows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowlang.language.input_files import InputFileError, read_inputs
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.inputs import missing
from flowlang_tui.session.running import ActiveRun
from flowlang_tui.widgets.status_bar import StatusBar

#: Seconds after which somebody who cancelled a run is told why it still goes on.
_PATIENCE = 2.0


class RunCommands(ProjectScreen):
    """Start, cancel, watch."""

    def action_run_start(self) -> None:
        """Run the flow; ask for inputs only if one is missing."""
        self.run_flow(self.shown_flow)

    def run_flow(self, path: Path | None, *, stop_first: bool = False, sandbox: bool = False) -> None:
        """Save what is changed and run a flow, after a form if an input has no value."""
        if path is None:
            self.tell("There is no flow to run: open one in the project pane.", "warning")
            return
        if not self.session.save_all():
            return
        known = self.session.last_inputs.get(path, {})
        if missing(self.session.declared(path), known):
            self._ask_for_inputs(path, stop_first=stop_first, sandbox=sandbox)
        else:
            self.session.run(path, known, stop_first=stop_first, sandbox=sandbox)

    def action_run_start_form(self) -> None:
        if self.shown_flow is not None and self.session.save_all():
            self._ask_for_inputs(self.shown_flow)

    def action_run_start_last(self) -> None:
        latest = self.session.runs.latest
        path = self.shown_flow if latest is None else latest.path
        if path is not None and self.session.save_all():
            self.session.run(path)

    def action_run_start_file(self) -> None:
        from flowlang_tui.screens.pick import Pick

        flow = self.shown_flow
        files = [file.path for file in self.session.files if file.path.suffix in (".json", ".yaml", ".yml")]
        first = [file.path for file in self.session.files if file.kind == "inputs"]
        choices = {str(path.relative_to(self.session.folder)): path for path in dict.fromkeys([*first, *files])}

        def chosen(name: str | None) -> None:
            if name is None or flow is None:
                return
            try:
                inputs = read_inputs(choices[name])
            except InputFileError as error:
                self.tell(str(error), "error")
            else:
                self._run_with(flow, inputs)

        self.app.push_screen(Pick("Run with inputs from", list(choices)), chosen)

    def action_run_cancel(self) -> None:
        run = self.session.runs.active
        if not self.session.runs.cancel():
            self.tell("Nothing runs.")
            return
        open_ones = ", ".join(self.session.debugging.in_transactions)
        if open_ones:
            self.tell(f"The open transaction of {open_ones} is rolled back.")
        self.query_one(StatusBar).show_cancelling()
        self.set_timer(_PATIENCE, lambda: self._tell_of_blocking(run))

    def _tell_of_blocking(self, run: ActiveRun | None) -> None:
        """Say why a run that was cancelled still goes on."""
        if run is not None and run is self.session.runs.active:
            self.tell(
                "The run is still ending: a task or a `finally` step takes its time, or blocks without `await`. "
                "It stops as soon as that returns.",
                "warning",
            )

    def action_run_watch(self) -> None:
        self.session.watch(not self.session.watching)
        if self.session.watching:
            self.tell("Watching: every save runs the flow again.")

    def _ask_for_inputs(self, path: Path, *, stop_first: bool = False, sandbox: bool = False) -> None:
        from flowlang_tui.screens.run_form import RunForm

        def filled(inputs: dict[str, Any] | None) -> None:
            if inputs is not None:
                self._run_with(path, inputs, stop_first=stop_first, sandbox=sandbox)

        form = RunForm(path.name, self.session.declared(path), self.session.last_inputs.get(path, {}))
        self.app.push_screen(form, filled)

    def _run_with(self, path: Path, inputs: dict[str, Any], *, stop_first: bool = False, sandbox: bool = False) -> None:
        if self.session.save_all():
            self.session.run(path, inputs, stop_first=stop_first, sandbox=sandbox)
            self.workbench.remember_inputs(path, self.session.declared(path), inputs)
