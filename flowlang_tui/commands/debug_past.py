"""The actions that walk back through a run, and go on from an earlier state of it."""

from __future__ import annotations

from pathlib import Path

from textual import work

from flowlang import FlowLangError
from flowlang.runtime.paths import address_of
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.screens.confirm import Confirm
from flowlang_tui.session.again import Again
from flowlang_tui.session.debugging_past import Moment, Walk


class PastCommands(ProjectScreen):
    """Back, forward, to the present, and a run of its own from there."""

    #: How many steps on, or back, somebody has asked for and not got yet.
    _wanted = 0
    _is_walking = False

    def action_debug_back(self) -> None:
        """Show the state as it was one step before."""
        self._walk(-1)

    def action_debug_forward(self) -> None:
        """Show the state as it was one step later."""
        self._walk(1)

    def action_debug_now(self) -> None:
        """Show the state as it is."""
        self.session.debugging.walk = None
        self.show_now()

    def action_debug_fork(self) -> None:
        """Run again from the step that is shown, with what came before it as it was."""
        walk, run = self.session.debugging.walk, self.shown_run
        if walk is None or walk.moment is None or run is None:
            return
        again = Again(run.run_id, "from", walk.moment.past.path)
        if run.is_over:
            self._fork(again)
            return

        def answered(answer: str | None) -> None:
            if answer == "fork":
                self._fork(again)

        question = f"This run is still going on. End it, and run again from {again.step} with what came before?"
        self.app.push_screen(Confirm(question, {"fork": "End and run again", "cancel": "Stay"}), answered)

    def _fork(self, again: Again) -> None:
        if self.session.save_all():
            self.session.debugging.walk = None
            self.rerun(again)

    def _walk(self, by: int) -> None:
        """Go so many steps on or back, at once or when the run has been read."""
        if self.shown_run is None or self.shown_run.path is None:
            return
        self._wanted += by
        if self.session.debugging.walk is None:
            # before the run is read, so that whatever is typed meanwhile is not written into a text
            self.begin_debugging()
            if not self.session.debugging.is_stopped:
                self.stack.show_reading()
        if not self._is_walking:
            self._is_walking = True
            self._go_back(self.shown_run.run_id, self.shown_run.path)

    @work(group="past")
    async def _go_back(self, run_id: str, path: Path) -> None:
        debugging = self.session.debugging
        try:
            walk = debugging.walk
            if walk is None:
                executor = await self.session.runs.executor(path)
                walk = Walk(await self.session.history.past(run_id, executor))
                debugging.walk = walk
            while self._wanted:
                by, self._wanted = self._wanted, 0
                moment = await walk.step(by)
                if moment is None:
                    self.action_debug_now()
                else:
                    self._show_moment(moment)
        except FlowLangError as error:
            self.tell(str(error), "warning")
            self.action_debug_now()
        finally:
            self._wanted, self._is_walking = 0, False

    def _show_moment(self, moment: Moment) -> None:
        past = moment.past
        self.begin_debugging()
        self.stack.show_past(moment)
        self.scope.show_past(moment.words, moment.scope)
        if past.file is not None:
            self.look_at(Path(past.file), past.line)
        self.choose_step(address_of(past.path), past.line)
        self.show_standings()
        self.offer()
