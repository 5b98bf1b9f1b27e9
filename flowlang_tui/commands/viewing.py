"""The actions that arrange the screen and move around in it."""

from __future__ import annotations

from flowlang_tui.arrangement import Arrangement
from flowlang_tui.screens.base import ProjectScreen

#: How many percent of the screen a pane grows at a time.
_STEP = 4


class ViewCommands(ProjectScreen):
    """Go to a pane, zoom it, hide it, resize it."""

    def action_view_explorer(self) -> None:
        self.show_pane("explorer")

    def action_view_editor(self) -> None:
        self.show_pane("editor")

    def action_view_graph(self) -> None:
        self.show_pane("graph")

    def action_view_logs(self) -> None:
        self.show_pane("logs")

    def action_view_inspector(self) -> None:
        self.show_pane("inspector")

    def action_view_connections(self) -> None:
        self.show_pane("connections")

    def action_view_problems(self) -> None:
        self.show_pane("problems")

    def action_view_timeline(self) -> None:
        self.show_pane("timeline")

    def action_view_runs(self) -> None:
        self.show_pane("runs")

    def action_view_stack(self) -> None:
        self.show_pane("stack")

    def action_view_scope(self) -> None:
        self.show_pane("scope")

    def action_view_breakpoints(self) -> None:
        self.show_pane("breakpoints")

    def action_view_console(self) -> None:
        self.show_pane("console")

    def action_view_next_pane(self) -> None:
        self.show_pane(self.arrangement.next(1))

    def action_view_previous_pane(self) -> None:
        self.show_pane(self.arrangement.next(-1))

    def action_view_zoom(self) -> None:
        self.arrangement.zoomed = not self.arrangement.zoomed
        self.place_panes()

    def action_view_hide(self) -> None:
        name = self.arrangement.current
        if self.arrangement.hide(name):
            self.place_panes()
            self.show_pane(self.arrangement.current)
            self.tell(f"Hidden: {self.panes[name].title}. Going there shows it again.")
            self.remember_arrangement()

    def action_view_next_layout(self) -> None:
        self._change_layout(1)

    def action_view_previous_layout(self) -> None:
        self._change_layout(-1)

    def _change_layout(self, step: int) -> None:
        self.arrangement.next_mode(step)
        self.tell(f"Layout: {self.arrangement.mode}")
        self._rearranged()

    def action_view_reset_layout(self) -> None:
        is_debugging = self.arrangement.is_debugging
        self.arrangement = Arrangement(current=self.arrangement.current)
        if is_debugging:
            self.arrangement.begin_debugging()
        self._rearranged()

    def action_view_wider(self) -> None:
        self._resize(width=_STEP)

    def action_view_narrower(self) -> None:
        self._resize(width=-_STEP)

    def action_view_taller(self) -> None:
        self._resize(height=_STEP)

    def action_view_shorter(self) -> None:
        self._resize(height=-_STEP)

    def _resize(self, *, width: int = 0, height: int = 0) -> None:
        self.arrangement.resize(self.arrangement.current, width=width, height=height)
        self._rearranged()

    def _rearranged(self) -> None:
        self.place_panes()
        self.remember_arrangement()
