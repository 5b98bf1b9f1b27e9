"""What the commands of the workbench work with: its session and its panes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from flowlang_tui.arrangement import Arrangement
from flowlang_tui.inert import inert
from flowlang_tui.session.notices import Notice
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.session import Session

if TYPE_CHECKING:
    from flowlang_tui.app import WorkbenchApp
    from flowlang_tui.panes.connections import ConnectionsPane
    from flowlang_tui.panes.debug_breakpoints import BreakpointsPane
    from flowlang_tui.panes.debug_console import ConsolePane
    from flowlang_tui.panes.debug_scope import ScopePane
    from flowlang_tui.panes.debug_stack import StackPane
    from flowlang_tui.panes.editor import EditorPane
    from flowlang_tui.panes.explorer import ExplorerPane
    from flowlang_tui.panes.graph import GraphPane
    from flowlang_tui.panes.inspector import InspectorPane
    from flowlang_tui.panes.logs import LogsPane
    from flowlang_tui.panes.pane import Pane
    from flowlang_tui.panes.problems import ProblemsPane
    from flowlang_tui.panes.runs import RunsPane
    from flowlang_tui.panes.timeline import TimelinePane
    from flowlang_tui.session.again import Again
    from flowlang_tui.session.recorded import Recorded


class ProjectScreen(Screen[None]):
    """The screen's state, and its panes by name. What can be done with them is in `flowlang_tui.commands`."""

    AUTO_FOCUS: ClassVar[str | None] = ""

    #: What gets the focus and what loses it paint themselves, and nothing else looks different.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    session: Session
    arrangement: Arrangement

    #: The run that is shown: the newest, or one that was chosen.
    shown_run: RunRecord | None = None
    #: The run of the journal that is shown, if it is one of these.
    shown_recorded: Recorded | None = None
    #: The flow whose graph is shown.
    shown_flow: Path | None = None

    @property
    def workbench(self) -> WorkbenchApp:
        """The app, as what it is."""
        from flowlang_tui.app import WorkbenchApp

        assert isinstance(self.app, WorkbenchApp)
        return self.app

    @property
    def explorer(self) -> ExplorerPane:
        return cast("ExplorerPane", self.panes["explorer"])

    @property
    def editor(self) -> EditorPane:
        return cast("EditorPane", self.panes["editor"])

    @property
    def graph(self) -> GraphPane:
        return cast("GraphPane", self.panes["graph"])

    @property
    def logs(self) -> LogsPane:
        return cast("LogsPane", self.panes["logs"])

    @property
    def inspector(self) -> InspectorPane:
        return cast("InspectorPane", self.panes["inspector"])

    @property
    def connections(self) -> ConnectionsPane:
        return cast("ConnectionsPane", self.panes["connections"])

    @property
    def problems(self) -> ProblemsPane:
        return cast("ProblemsPane", self.panes["problems"])

    @property
    def timeline(self) -> TimelinePane:
        return cast("TimelinePane", self.panes["timeline"])

    @property
    def runs(self) -> RunsPane:
        return cast("RunsPane", self.panes["runs"])

    @property
    def stack(self) -> StackPane:
        return cast("StackPane", self.panes["stack"])

    @property
    def breakpoints(self) -> BreakpointsPane:
        return cast("BreakpointsPane", self.panes["breakpoints"])

    @property
    def scope(self) -> ScopePane:
        return cast("ScopePane", self.panes["scope"])

    @property
    def console(self) -> ConsolePane:
        return cast("ConsolePane", self.panes["console"])

    #: The panes by name, as `compose` made them; those of the debugger once they are needed.
    panes: dict[str, Pane]

    # what commands of one kind want of another

    def show_pane(self, name: str, *, focus: bool = True) -> None:
        """Bring a pane to the front, and give it the focus."""
        raise NotImplementedError

    async def mount_hidden_panes(self) -> None:
        """Bring in the panes that are not seen at first."""
        raise NotImplementedError

    def make_debug_panes(self) -> None:
        """Make the panes of the debugger, if that has not been done."""
        raise NotImplementedError

    def place_panes(self) -> None:
        """Show the panes as the arrangement says."""
        raise NotImplementedError

    def show_titles(self) -> None:
        """Write the panes' titles again."""
        raise NotImplementedError

    def remember_arrangement(self) -> None:
        """Keep the arrangement for the next time."""
        raise NotImplementedError

    def open_file(self, path: Path, line: int | None = None, column: int = 1) -> None:
        """Show a file in the editor, at a line if one is given (from 1)."""
        raise NotImplementedError

    def run_flow(self, path: Path | None, *, stop_first: bool = False, sandbox: bool = False) -> None:
        """Save what is changed and run a flow, after a form if an input has no value; perhaps stop at its start."""
        raise NotImplementedError

    def notice(self, notice: Notice) -> None:
        """Show what changed in the session."""
        raise NotImplementedError

    def _show_flow(self, path: Path) -> None:
        """Show the graph and the connections of a flow, once it was checked."""
        raise NotImplementedError

    def take_up_run(self) -> None:
        """Take up and show what the run did until now."""
        raise NotImplementedError

    def begin_debugging(self) -> None:
        """Give the debugger its places on the screen, and the focus."""
        raise NotImplementedError

    def show_now(self) -> None:
        """Show the present again, after somebody looked back."""
        raise NotImplementedError

    def show_standings(self) -> None:
        """Mark the lines and the boxes at which the run stands."""
        raise NotImplementedError

    def offer(self) -> None:
        """Let the footer show what can be done, if that is something else now."""
        raise NotImplementedError

    def rerun(self, again: Again) -> None:
        """Run a part of a recorded run again, after asking for the secrets that nobody has written down."""
        raise NotImplementedError

    def look_at(self, path: Path, line: int) -> None:
        """Show a line of a file, without taking the focus there."""
        raise NotImplementedError

    def file_of(self, node_id: str) -> Path | None:
        """The file that the step of a node of the graph stands in."""
        raise NotImplementedError

    @property
    def watched_flow(self) -> Path | None:
        """The flow whose watched expressions are shown."""
        raise NotImplementedError

    def choose_again(self, address: str, line: int) -> None:
        """Keep a step chosen in a new run, if the flow still has it."""
        raise NotImplementedError

    def offer_unsaved(self) -> None:
        """Ask what to do with changes that were never saved."""
        raise NotImplementedError

    def choose_step(self, address: str, line: int) -> None:
        """Select a step in the graph and in the inspector."""
        raise NotImplementedError

    def choose_path(self, path: str) -> None:
        """Select the step with this path in the run that is shown, and the iteration that the path names."""
        raise NotImplementedError

    def show_run(self, record: RunRecord | None) -> None:
        """Show a run in every pane that shows one."""
        raise NotImplementedError

    def point_to_failure(self, record: RunRecord) -> None:
        """Choose the step that failed."""
        raise NotImplementedError

    def show_recorded(self, recorded: Recorded) -> None:
        """Show a run of the journal in every pane, as if it had just ended."""
        raise NotImplementedError

    def leave_recorded(self) -> bool:
        """Stop showing a run of the journal; whether one was shown."""
        raise NotImplementedError

    def run_again(self, run_id: str) -> None:
        """Ask how a recorded run is to be run again, then do it."""
        raise NotImplementedError

    def look_for_interrupted(self) -> None:
        """Tell of a run that was interrupted, and how to go on with it."""
        raise NotImplementedError

    def resume_run(self, run_id: str) -> None:
        """Go on with a run that ended before its time."""
        raise NotImplementedError

    def show_step(self, address: str, line: int) -> None:
        """Show a step in the inspector."""
        raise NotImplementedError

    def ask_about_conflict(self, path: Path) -> None:
        """Let somebody choose between the changes here and those on the disk."""
        raise NotImplementedError

    def copy(self, text: str, what: str) -> None:
        """Put a text into the clipboard of the person's own machine."""
        raise NotImplementedError

    def create(self, what: str, name: str) -> None:
        """Make what a flow names and nobody has written yet: `create-task`, `create-flow`; or show it: `open-task`."""
        raise NotImplementedError

    def action_help_show(self) -> None:
        """Tell what the focused pane is for, and its keys."""
        raise NotImplementedError

    def leave(self, then: Callable[[], object]) -> None:
        """Do what ends this project; ask before, if something would be lost."""
        raise NotImplementedError

    def new_file(self) -> None:
        """Make a flow, a file with tasks or one with inputs."""
        raise NotImplementedError

    def tell(self, message: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        """Say something in a corner of the screen, as plain text."""
        self.notify(
            inert(message, newlines=True), severity=severity, markup=False, timeout=8 if severity == "error" else 4
        )
