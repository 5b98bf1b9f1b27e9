"""The actions on pins and sandbox runs, and the badges that tell of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from flowlang import FlowLangError
from flowlang.values import to_json
from flowlang_tui.commands.breakpoints import BreakpointCommands
from flowlang_tui.commands.telling import told
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.notices import DocumentChanged, FilesChanged, FlowChecked, Notice, RunEnded, RunStarted
from flowlang_tui.session.pinning import pin_of
from flowlang_tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from flowlang_tui.session.records import RunRecord
    from flowlang_tui.session.step_records import StepCall, StepRecord

#: How many lines of a sandbox's report the notice at its end has; the inspector has all of them.
_LINES = 6


class PinCommands(BreakpointCommands, ProjectScreen):
    """Pin what a step gave, use pins or not, run in a sandbox."""

    def notice(self, notice: Notice) -> None:
        """Show what changed in the session, and the badges with it."""
        super().notice(notice)
        if isinstance(notice, (FlowChecked, DocumentChanged, FilesChanged, RunStarted, RunEnded)) and self.is_attached:
            self.show_pins()
            if isinstance(notice, RunEnded):
                self._tell_of_sandbox(notice.record)
            elif isinstance(notice, DocumentChanged):
                self._tell_of_problems(notice.document.path)

    def show_pins(self) -> None:
        """Show which steps are pinned, wherever one is."""
        active = self.session.pinning.active(self.shown_flow)
        self.graph.show_pins(active)
        self.inspector.show_pins(active)
        self.query_one(StatusBar).show_pins(len(active))

    def action_graph_pin(self) -> None:
        """Pin what the chosen step gave the last time."""
        self._at_chosen(self._pin_step)

    def action_graph_unpin(self) -> None:
        """Let the chosen step run again."""
        self._at_chosen(self._unpin_step)

    def action_graph_pins(self) -> None:
        """Use pins in runs, or none of them."""
        pinning = self.session.pinning
        pinning.on = not pinning.on
        self.show_pins()
        self.tell("Runs use pins." if pinning.on else "Runs use no pins; every step runs.")

    def action_graph_sandbox(self) -> None:
        """Run the flow and undo what it did to SQL databases."""
        self.run_flow(self.shown_flow, sandbox=True)

    def _pin_step(self, path: Path, address: str) -> None:
        record = self.shown_run
        steps = () if record is None else tuple(record.steps.values())
        step = next((one for one in steps if one.address == address and one.last is not None), None)
        if record is None or step is None or record.path != path:
            self.tell(f"`{address}` has not run: there is nothing to pin yet. Run the flow first.", "warning")
            return
        shown = self.inspector.call
        call = shown if shown is not None and shown in step.calls else step.last
        assert call is not None, "the step has run"
        self._write_pin(path, record, step, call)

    @work(group="pins")
    @told
    async def _write_pin(self, path: Path, record: RunRecord, step: StepRecord, call: StepCall) -> None:
        try:
            recorded = await self.session.history.run(record.run_id) if record.is_over else None
        except FlowLangError:
            # a run that the journal has not is pinned as it was shown
            recorded = None
        new = pin_of(record, step, call, recorded)
        try:
            self.session.pinning.pin(path, new)
        except FlowLangError as error:
            hint = f"\n{error.hint}" if error.hint else ""
            self.tell(f"`{new.address}` cannot be pinned: its output {error}{hint}", "error")
            return
        self.session.refresh_files()
        self.show_pins()
        what = "fails as it did" if new.error is not None else f"gives {_cut(to_json(new.output))}"
        self.tell(f"Pinned: `{new.address}` {what}, without running.")

    def _unpin_step(self, path: Path, address: str) -> None:
        try:
            found = self.session.pinning.unpin(path, address)
        except FlowLangError as error:
            self.tell(str(error), "error")
            return
        self.session.refresh_files()
        self.show_pins()
        self.tell(f"`{address}` runs again." if found else f"`{address}` is not pinned.")

    def _tell_of_problems(self, path: Path) -> None:
        """Say what is wrong with a pins file that was saved; whether it fits the flow is looked at when that runs."""
        flow = self.session.pinning.flow_of(path)
        file = None if flow is None else self.session.pinning.file(flow)
        if file is not None and file.problems:
            first, *more = file.problems
            others = f" (and {len(more)} more)" if more else ""
            self.tell(f"{path.name}:{first.line}: {first.sentence}{others}", "warning")

    def _tell_of_sandbox(self, record: RunRecord) -> None:
        if record.sandbox is None:
            return
        lines = record.sandbox_lines()
        more = [f"… {len(lines) - _LINES} more lines in the inspector"] if len(lines) > _LINES else []
        self.tell("\n".join([*lines[:_LINES], *more]))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
