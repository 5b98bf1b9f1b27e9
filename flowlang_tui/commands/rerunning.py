"""The actions that run a part of a recorded run again, or go on with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Final, cast

from textual import work

from flowlang import FlowLangError
from flowlang_tui.commands.telling import told
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.widgets.ages import ago

if TYPE_CHECKING:
    from flowlang_tui.session.again import Again, Extent
    from flowlang_tui.session.resumed import Prospect

#: What there is to do where no step is chosen.
_CHOOSE: Final = "Choose a step first: in the graph, in the timeline, or by the cursor in the text."

#: What may be done with the chosen step, each by the letter that its words begin with.
_EXTENTS: Final = {
    "from": "From here",
    "only": "Only this step",
    "until": "Up to here",
    "form": "With changes…",
    "cancel": "Cancel",
}


class RerunCommands(ProjectScreen):
    """From here, only this step, up to here; with changes; resume."""

    def action_graph_from_here(self) -> None:
        self._run_chosen("from")

    def action_graph_only_step(self) -> None:
        self._run_chosen("only")

    def action_graph_up_to_here(self) -> None:
        self._run_chosen("until")

    def action_run_again(self) -> None:
        """Ask what is to be run again of the shown run; its chosen step has the choices of the graph's keys."""
        if self.shown_run is not None and self.shown_run.run_id:
            self._choose_extent(self.shown_run.run_id)

    @work(exclusive=True, group="dialog")
    async def _choose_extent(self, run_id: str) -> None:
        from flowlang_tui.screens.confirm import Confirm

        if not self.chosen_path:
            self.run_again(run_id)
            return
        question = f"Run again: {self.chosen_path}"
        chosen = await self.app.push_screen_wait(Confirm(question, _EXTENTS, default="from"))
        if chosen == "form":
            self.run_again(run_id)
        elif chosen in ("from", "only", "until"):
            self._run_chosen(cast("Extent", chosen))

    def action_run_resume(self) -> None:
        """Go on with the run that is shown, else with the newest one, if it ended before its time."""
        shown = self.shown_run
        if shown is not None and shown.status in ("interrupted", "cancelled", "failed") and shown.run_id:
            self.resume_run(shown.run_id)
        else:
            self._resume_newest()

    @work(exclusive=True, group="dialog")
    @told
    async def _resume_newest(self) -> None:
        summary = await self.session.history.interrupted()
        if summary is None:
            self.tell("No run is waiting to be resumed. In the list of runs, u resumes the selected one.")
        else:
            await self._resume(summary.run_id)

    def look_for_interrupted(self) -> None:
        """Tell of a run that was interrupted, and how to go on with it."""
        self._look_for_interrupted()

    @work(group="interrupted")
    async def _look_for_interrupted(self) -> None:
        try:
            summary = await self.session.history.interrupted()
        except FlowLangError:
            return  # nobody has asked yet; the list of runs tells what is wrong with the journal
        if summary is not None:
            steps = f"{summary.steps:,} step{'' if summary.steps == 1 else 's'}"
            when = ago(summary.started, time())
            self.tell(f"The run of {summary.flow} that began {when} was interrupted after {steps}. alt+Z resumes it.")

    def _run_chosen(self, extent: Extent) -> None:
        """Run the chosen step of the shown run again, in the iteration that is shown."""
        run, path = self.shown_run, self.chosen_path
        if run is None or not path:
            self.tell(_CHOOSE, "warning")
        elif not run.is_over:
            self.tell("This run is still going on. It can be run again from a step when it has ended.", "warning")
        elif self.session.save_all():
            from flowlang_tui.session.again import Again

            self._rerun(Again(run.run_id, extent, path))

    def rerun(self, again: Again) -> None:
        self._rerun(again)

    @work(exclusive=True, group="dialog")
    @told
    async def _rerun(self, again: Again) -> None:
        """Run a part of a run again, after asking for the secrets that nobody has written down."""
        run = await self.session.history.run(again.run_id)
        path = self.session.history.file_of(run.summary)
        secrets = await self._secrets(path, run.masked_inputs)
        if secrets is not None:
            self.session.rerun(path, replace(again, inputs=secrets or None))

    def run_again(self, run_id: str) -> None:
        self._run_again(run_id)

    @work(exclusive=True, group="dialog")
    @told
    async def _run_again(self, run_id: str) -> None:
        """Ask how a run is to be run again, then do it."""
        from flowlang_tui.screens.run_again import RunAgain

        recording = await self.session.history.recording(run_id)
        path = self.session.history.file_of(recording.run.summary)
        shown = self.shown_run is not None and self.shown_run.run_id == run_id
        step = (self.chosen_path if shown else "") or recording.run.summary.failed_step or ""
        step = "" if recording.problem_of(step) else step
        known = self.session.last_inputs.get(path, {})
        secrets = [one for one in self.session.declared(path) if one.name in recording.run.masked_inputs]
        form = RunAgain(recording, step, extent="from" if step else "whole", secrets=secrets, known=known)
        again = await self.app.push_screen_wait(form)
        if again is None or not self.session.save_all():
            return
        if again.extent == "whole" and not again.as_it_was and not again.outputs:
            self.session.run(path, {**recording.run.inputs, **(again.inputs or {})})
        else:
            self.session.rerun(path, again)

    async def _secrets(self, path: Path, names: tuple[str, ...]) -> Mapping[str, Any] | None:
        """The values of secret inputs: as they were given last, or asked for; None if somebody would rather not."""
        from flowlang_tui.screens.run_form import RunForm

        known = self.session.last_inputs.get(path, {})
        if all(name in known for name in names):
            return {name: known[name] for name in names}
        declared = [one for one in self.session.declared(path) if one.name in names]
        return await self.app.push_screen_wait(RunForm(f"{path.name}: its secret inputs again", declared, known))

    def resume_run(self, run_id: str) -> None:
        self._resume_asked(run_id)

    @work(exclusive=True, group="dialog")
    @told
    async def _resume_asked(self, run_id: str) -> None:
        await self._resume(run_id)

    async def _resume(self, run_id: str) -> None:
        """Go on with a run; ask first about steps that may have had their effect, and for secrets."""
        from flowlang_tui.screens.resume import Resume
        from flowlang_tui.session.resumed import Resumed

        if not self.session.save_all():
            return
        history = self.session.history
        resumed = Resumed(run_id)
        found = await history.prospect(resumed)
        if found.walls and all(one.kind == "missing" for one in found.walls) and await self._as_it_was(found):
            resumed = replace(resumed, as_it_was=True)
            found = await history.prospect(resumed)
        if found.walls:
            self.tell("\n".join(map(str, found.walls)), "warning")
            return
        path = history.file_of(found.run)
        known = self.session.last_inputs.get(path, {})
        if found.open_inputs and all(name in known for name in found.open_inputs):
            resumed = replace(resumed, inputs={name: known[name] for name in found.open_inputs})
            found = await history.prospect(resumed)
        if found.open_steps or found.open_inputs or (found.has_changed and not resumed.as_it_was):
            secrets = [one for one in self.session.declared(path) if one.name in found.open_inputs]
            chosen = await self.app.push_screen_wait(Resume(found, secrets, known))
            if isinstance(chosen, str):
                await self._look_at(run_id, chosen)
            if not isinstance(chosen, Resumed):
                return
            inputs, was = {**resumed.inputs, **chosen.inputs}, resumed.as_it_was or chosen.as_it_was
            resumed = replace(chosen, inputs=inputs, as_it_was=was)
        self.session.resume(path, resumed)

    async def _as_it_was(self, found: Prospect) -> bool:
        """Whether somebody wants to go on with the text that the journal has of a flow whose file is gone."""
        from flowlang_tui.screens.confirm import Confirm

        question = "\n".join(one.message for one in found.walls)
        choices = {"was": "Go on with the flow as it was", "no": "Cancel"}
        return await self.app.push_screen_wait(Confirm(question, choices)) == "was"

    async def _look_at(self, run_id: str, path: str) -> None:
        """Show a step that may have had its effect."""
        self.show_recorded(await self.session.history.open(run_id))
        self.choose_path(path)
        self.tell("This is what the step got and sent. u in the list of runs, or alt+Z, resumes the run.")

    @property
    def chosen_path(self) -> str:
        """The path of the chosen step: of the iteration that is shown, if it ran."""
        return self.inspector.path
