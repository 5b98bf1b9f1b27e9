"""Shows where a run stands: in the text, in the graph, and in the panes of the debugger, which are made for it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from textual.timer import Timer
from textual.widgets import Input, TextArea

from flowlang.runtime.paths import address_of
from flowlang_tui.commands.breakpoints import BreakpointCommands
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.debugging import Sight
from flowlang_tui.session.notices import (
    BreakpointsChanged,
    DocumentOpened,
    FlowChecked,
    Notice,
    RunEnded,
    RunStarted,
    StopsChanged,
)
from flowlang_tui.widgets.code_editor.buffer import Standing
from flowlang_tui.widgets.status_bar import StatusBar

#: For so many seconds a step that goes on is shown as it stood: the next stop mostly comes sooner.
_PATIENCE: Final = 0.25

#: For so many seconds at most nothing is painted of a run that is about to stop before its first step.
_HELD: Final = 0.1


class DebugShowing(BreakpointCommands, ProjectScreen):
    """Hears what the debugger tells, before the rest of the screen hears the rest."""

    _shown_stop: int | None = None
    _offered: tuple[object, ...] = ()
    _going_on: Timer | None = None
    _counting: Timer | None = None
    _held: ExitStack | None = None

    def notice(self, notice: Notice) -> None:
        """Show what changed in the session."""
        if isinstance(notice, StopsChanged):
            if self.is_attached:
                self._show_stops()
        elif isinstance(notice, BreakpointsChanged):
            if self.is_attached:
                self.show_breakpoints()
        else:
            super().notice(notice)
            if self.is_attached:
                self._after(notice)

    def _after(self, notice: Notice) -> None:
        if isinstance(notice, FlowChecked):
            self.follow_breakpoints(notice.checked.path)
            self.show_breakpoints()
        elif isinstance(notice, DocumentOpened):
            self.show_breakpoints()
            self.show_standings()
        elif isinstance(notice, RunStarted):
            if self.session.debugging.stops_first:
                self._hold_painting()
                self.make_debug_panes()
            elif self.session.debugging.may_stop:
                # made while the run begins, so that they are there when it stops
                self.call_after_refresh(self.make_debug_panes)
            self._fill_panes()
        elif isinstance(notice, RunEnded):
            self._end_debugging()

    def _hold_painting(self) -> None:
        """Paint nothing before the stop, which comes at once and changes most of the screen."""
        if self._held is None:
            self._held = ExitStack()
            self._held.enter_context(self.app.batch_update())
            # a timer of the app: another project may have taken this screen's place by then
            self.app.set_timer(_HELD, self._paint_again)

    def _paint_again(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
            self.check_idle()

    def _show_flow(self, path: Path) -> None:
        """Leave the graph with the flow that runs while a step of a subflow is looked at."""
        sight = self.session.debugging.chosen
        record = self.shown_run
        inside = sight is not None and record is not None and record.path == self.shown_flow != path
        checked = self.session.checked(path)
        if not inside:
            super()._show_flow(path)
        elif checked is not None:
            self.editor.show_checked(checked)

    def _show_stops(self) -> None:
        """Show where the run stands now, or that it goes on."""
        debugging = self.session.debugging
        chosen = debugging.chosen
        if chosen is None:
            if self.arrangement.is_debugging and self._going_on is None and not debugging.is_looking_back:
                self._going_on = self.set_timer(_PATIENCE, self._show_going_on)
            return
        if self._going_on is not None:
            self._going_on.stop()
            self._going_on = None
        self.begin_debugging(focus=not self._is_writing)
        if chosen.stop.id != self._shown_stop:
            self._shown_stop = chosen.stop.id
            self.take_up_run()
            self._point_at(chosen)
        self.show_standings()
        self._fill_panes()
        others = len(debugging.sights) - 1
        where = f"{chosen.stop.path}, {chosen.when}" + (f", {others} more stopped" if others else "")
        self.query_one(StatusBar).show_stop(where, chosen.stop.deadline)
        self.offer()
        self._paint_again()
        self._count_down(chosen.stop.deadline is not None)

    def begin_debugging(self, *, focus: bool = True) -> None:
        """Give the debugger its places on the screen, and the focus if wanted."""
        if self.arrangement.is_debugging:
            return
        self.make_debug_panes()
        self.arrangement.begin_debugging()
        self.place_panes()
        self.workbench.type_ahead.listen()
        if focus:
            self.show_pane("stack")

    @property
    def _is_writing(self) -> bool:
        """Whether somebody is writing a text, of which the next letter must not become an order."""
        return self.workbench.type_ahead.writing is self.focused and isinstance(self.focused, (TextArea, Input))

    def show_now(self) -> None:
        """Show the present again, after somebody looked back."""
        self._shown_stop = None
        if self.session.debugging.chosen is not None or self.session.runs.is_busy:
            self._show_stops()
            self._fill_panes()
            self.show_standings()
        else:
            self._end_debugging()

    def _end_debugging(self) -> None:
        """The run is over: everything is where it was before."""
        self._paint_again()
        self._stop_timers()
        self._shown_stop = None
        self.show_standings()
        self.query_one(StatusBar).show_stop("")
        if self.arrangement.is_debugging:
            had_focus = self.arrangement.current
            self.arrangement.end_debugging()
            self.place_panes()
            if self.arrangement.current != had_focus or self.focused is None:
                # whoever steps through a run may have pressed the next key already
                self.workbench.type_ahead.hush()
                self.show_pane(self.arrangement.current)
        self._fill_panes()
        self.offer()

    def _show_going_on(self) -> None:
        self._going_on = None
        if self.session.debugging.chosen is None:
            self._shown_stop = None
            self.show_standings()
            self._fill_panes()
            self.query_one(StatusBar).show_stop("")
            self.offer()

    def offer(self) -> None:
        """Let the footer show what can be done, if that is something else now."""
        debugging = self.session.debugging
        can = frozenset() if debugging.chosen is None else debugging.chosen.stop.can
        offered = (can, len(debugging.sights) > 1, bool(debugging.changes), debugging.is_looking_back)
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _fill_panes(self) -> None:
        if "stack" not in self.panes:
            return
        debugging = self.session.debugging
        chosen = debugging.chosen
        self.stack.show(debugging.sights.values(), chosen, runs=self.session.runs.is_busy)
        self.scope.show(chosen, debugging.watched_in(self.watched_flow))

    def _point_at(self, sight: Sight) -> None:
        """Show the stopped step in text, graph and inspector."""
        stop = sight.stop
        if stop.file is not None:
            self.look_at(Path(stop.file), stop.line)
        self.choose_step(address_of(stop.path), stop.line)

    def look_at(self, path: Path, line: int) -> None:
        """Show a line of a file, without taking the focus there."""
        if path != self.editor.current and self.session.open(path) is None:
            return
        self.editor.go(line)
        self.editor.code.show_around(line)

    def show_standings(self) -> None:
        """Mark the lines and the boxes at which the run stands."""
        debugging = self.session.debugging
        current = self.editor.current
        lines: dict[int, Standing] = {}
        stopped: set[tuple[str, int]] = set()
        moment = None if debugging.walk is None else debugging.walk.moment
        if moment is not None and moment.past.file is not None and Path(moment.past.file) == current:
            lines[moment.past.line] = "past"
        for sight in debugging.sights.values():
            stop = sight.stop
            stopped.add((address_of(stop.path), stop.line))
            for frame in stop.stack:
                # a caller in another file is where this file's part of the run stands
                if frame.file is not None and Path(frame.file) == current and frame.step_id and frame.call:
                    lines.setdefault(frame.line, "other")
                    break
        for sight in debugging.sights.values():
            if sight.stop.file is not None and Path(sight.stop.file) == current:
                here = sight is debugging.chosen and moment is None
                lines[sight.stop.line] = "here" if here else lines.get(sight.stop.line, "other")
        self.editor.code.set_standings(lines)
        self.graph.show_stops(frozenset(stopped))

    def _count_down(self, wanted: bool) -> None:
        if wanted and self._counting is None:
            self._counting = self.set_interval(0.5, self._tick_down)
        elif not wanted and self._counting is not None:
            self._counting.stop()
            self._counting = None

    def _tick_down(self) -> None:
        self.scope.tick()
        self.query_one(StatusBar).refresh()

    def _stop_timers(self) -> None:
        self._count_down(False)
        if self._going_on is not None:
            self._going_on.stop()
            self._going_on = None
