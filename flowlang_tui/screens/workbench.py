"""The workbench's screen: its panes, how they are arranged, and what is shown when the session's state changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from flowlang_tui.actions import bindings
from flowlang_tui.arrangement import COLUMNS, DEBUG_PANES, DECKS, PANES, Arrangement, deck_of
from flowlang_tui.commands.choosing import ChoosingCommands
from flowlang_tui.commands.connecting import ConnectionCommands
from flowlang_tui.commands.debug_past import PastCommands
from flowlang_tui.commands.debug_showing import DebugShowing
from flowlang_tui.commands.debugging import DebugCommands
from flowlang_tui.commands.editing import EditingCommands
from flowlang_tui.commands.files import FileCommands
from flowlang_tui.commands.general import GeneralCommands
from flowlang_tui.commands.history import HistoryCommands
from flowlang_tui.commands.making import MakingCommands
from flowlang_tui.commands.pinning import PinCommands
from flowlang_tui.commands.rerunning import RerunCommands
from flowlang_tui.commands.running import RunCommands
from flowlang_tui.commands.showing import Showing
from flowlang_tui.commands.viewing import ViewCommands
from flowlang_tui.compat import paint_sparsely
from flowlang_tui.panes.connections import ConnectionsPane
from flowlang_tui.panes.editor import EditorPane
from flowlang_tui.panes.explorer import ExplorerPane
from flowlang_tui.panes.graph import GraphPane
from flowlang_tui.panes.inspector import InspectorPane
from flowlang_tui.panes.logs import LogsPane
from flowlang_tui.panes.pane import Pane
from flowlang_tui.panes.problems import ProblemsPane
from flowlang_tui.panes.runs import RunsPane
from flowlang_tui.panes.timeline import TimelinePane
from flowlang_tui.session.notices import BreakpointsChanged
from flowlang_tui.session.session import Session
from flowlang_tui.widgets.footer import ActionFooter
from flowlang_tui.widgets.status_bar import StatusBar

#: What asks for more keys: it gets them even if they come before it is on the screen.
_ASKING: Final = frozenset({"debug.menu", "view.jump", "app.palette"})

#: Panes to which nothing is told before the session begins, so that they need not be there for the first paint.
_AFTER_THE_FIRST_PAINT: Final = frozenset({"problems", "timeline", "runs"})


def _at_once(binding: BindingType) -> BindingType:
    if isinstance(binding, Binding) and binding.id in _ASKING:
        return replace(binding, priority=True)
    return binding


class Workbench(
    ChoosingCommands,
    ConnectionCommands,
    RunCommands,
    HistoryCommands,
    RerunCommands,
    DebugCommands,
    PastCommands,
    PinCommands,
    DebugShowing,
    FileCommands,
    EditingCommands,
    ViewCommands,
    MakingCommands,
    GeneralCommands,
    Showing,
):
    """Everything of a project at once."""

    CSS_PATH = "workbench.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [_at_once(binding) for binding in bindings("app")]

    def __init__(self, session: Session, arrangement: Arrangement) -> None:
        super().__init__()
        paint_sparsely(self)
        self.session = session
        self.arrangement = arrangement
        self._dragged: tuple[str, bool] | None = None
        self._placed: object = None
        #: The pane whose frame is that of the one with the focus.
        self._framed: Pane | None = None
        #: The pane of the debugger that had the focus last: what works in each of them is meant for it.
        self.used_before: tuple[Pane, ...] = ()

    def compose(self) -> ComposeResult:
        session = self.session
        made: list[Pane] = [
            ExplorerPane(session.folder, id="explorer"),
            ConnectionsPane(session.connections, id="connections"),
            EditorPane(id="editor"),
            LogsPane(id="logs"),
            ProblemsPane(session.folder, id="problems"),
            TimelinePane(id="timeline"),
            RunsPane(id="runs"),
            GraphPane(id="graph"),
            InspectorPane(id="inspector"),
        ]
        self.panes = {str(pane.id): pane for pane in made}
        hidden = _AFTER_THE_FIRST_PAINT - self.arrangement.shown(self.app.size.width)
        yield StatusBar(session.folder.name)
        with Horizontal(id="columns"):
            for column, decks in COLUMNS.items():
                with Vertical(id=f"column-{column}"):
                    for deck in decks:
                        with Vertical(id=f"deck-{deck}"):
                            for name in DECKS[deck]:
                                if name in self.panes and name not in hidden:
                                    yield self.panes[name]
        yield ActionFooter()

    async def mount_hidden_panes(self) -> None:
        """Bring in the panes that are not seen at first: the screen was painted without waiting for them."""
        for name, pane in self.panes.items():
            if pane.parent is None:
                pane.display = name in self.arrangement.shown(self.size.width)
                await self.query_one(f"#deck-{deck_of(name)}").mount(pane)

    def make_debug_panes(self) -> None:
        """Make the panes of the debugger, if that has not been done."""
        if "stack" in self.panes:
            return
        from flowlang_tui.panes.debug_breakpoints import BreakpointsPane
        from flowlang_tui.panes.debug_console import ConsolePane
        from flowlang_tui.panes.debug_scope import ScopePane
        from flowlang_tui.panes.debug_stack import StackPane

        for pane in (StackPane(), BreakpointsPane(), ScopePane(), ConsolePane()):
            pane.display = False
            self.panes[str(pane.id)] = pane
            self.query_one(f"#deck-{deck_of(str(pane.id))}").mount(pane)
        self._placed = None
        self.notice(BreakpointsChanged())

    def on_mount(self) -> None:
        self.place_panes()
        self.begin()

    def on_resize(self) -> None:
        self.place_panes()

    def place_panes(self) -> None:
        """Show the panes as the arrangement says."""
        width = self.size.width
        arrangement, sizes = self.arrangement, self.arrangement.sizes
        shown = arrangement.shown(width)
        placed = (frozenset(shown), tuple(sizes.items()), arrangement.is_narrow(width))
        if placed == self._placed:
            return
        self._placed = placed
        for column, (upper, lower) in COLUMNS.items():
            filled = [deck for deck in (upper, lower) if shown.intersection(DECKS[deck])]
            box = self.query_one(f"#column-{column}")
            box.display = bool(filled)
            alone = shown <= {*DECKS[upper], *DECKS[lower]}
            box.styles.width = "1fr" if column == "middle" or alone else f"{sizes[column]}%"
            for deck in (upper, lower):
                place = self.query_one(f"#deck-{deck}")
                place.display = deck in filled
                share = sizes[lower] if deck == lower else 100 - sizes[lower]
                place.styles.height = f"{share}%" if len(filled) == 2 else "100%"
        for name, pane in self.panes.items():
            if pane.display != (name in shown):
                pane.display = name in shown
                if pane.display:
                    pane.came_up()
        self.show_titles()

    def show_titles(self) -> None:
        """Write the panes' titles: each with those that it shares its place with."""
        for name, pane in self.panes.items():
            if pane.display:
                tabs = self.arrangement.tabs(name, self.size.width)
                words = {one: f"{self.panes[one].title} {self.panes[one].badge}".strip() for one in tabs}
                # where all of them share a narrow screen there is no room between them
                is_tight = len(tabs) > 3 and sum(len(word) + 3 for word in words.values()) > self.size.width - 4
                space = "" if is_tight else " "
                pane.border_title = "[dim]│[/]".join(
                    _tab(one, f"{space}{word}{space}", one == name) for one, word in words.items()
                )

    def action_go(self, name: str) -> None:
        """Go to a pane whose title was clicked."""
        if name in PANES:
            self.show_pane(name)

    def show_pane(self, name: str, *, focus: bool = True) -> None:
        arrangement, width = self.arrangement, self.size.width
        changed, current = name not in arrangement.shown(width), arrangement.current
        if focus or changed:
            arrangement.show(name)
        if not focus:
            # the pane in use stays the one that has the focus, unless there is room for one only
            arrangement.current = current
            if name not in arrangement.shown(width):
                arrangement.current = name
        if name in DEBUG_PANES:
            self.make_debug_panes()
        if changed:
            self.place_panes()
        pane = self.panes[name]
        if focus and pane.is_mounted:
            pane.focus_inside()
        elif focus:
            # keys that are pressed before the pane is there are not meant for what had the focus
            self.set_focus(None)
            self.call_after_refresh(pane.focus_inside)

    def watch_focused(self) -> None:
        """Draw the frames of the pane that has the focus now and of the one that had it."""
        pane = self._focused_pane
        if pane is not self._framed:
            for one in (self._framed, pane):
                if one is not None:
                    one.frame(in_use=one is pane)
            self._framed = pane

    @property
    def _focused_pane(self) -> Pane | None:
        inside = [] if self.focused is None else self.focused.ancestors_with_self
        return next((one for one in inside if isinstance(one, Pane)), None)

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        # the focus may have moved on since the event was sent
        pane = self._focused_pane
        if pane is not None and pane.id is not None:
            self.arrangement.current = pane.id
            if pane.id in DEBUG_PANES:
                self.used_before = (pane,)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the line between two panes."""
        self._dragged = self._edge_at(event.screen_x, event.screen_y)
        if self._dragged is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged is None:
            return
        name, upright = self._dragged
        box = self.query_one("#columns").region
        if upright:
            part = event.screen_x - box.x if name == "left" else box.right - event.screen_x
            self.arrangement.set_size(name, round(100 * part / box.width))
        else:
            self.arrangement.set_size(name, round(100 * (box.bottom - event.screen_y) / box.height))
        self.place_panes()

    def on_mouse_up(self) -> None:
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()
            self.remember_arrangement()

    def _edge_at(self, x: int, y: int) -> tuple[str, bool] | None:
        """What is dragged at this place: the name of its size, and whether its edge is upright."""
        shown = [self.query_one(f"#column-{name}") for name in COLUMNS]
        left, middle, right = (box.region if box.display else None for box in shown)
        if left and middle and x in (left.right - 1, left.right):
            return "left", True
        if right and (middle or left) and x in (right.x - 1, right.x):
            return "right", True
        for upper, lower in COLUMNS.values():
            above, below = self.query_one(f"#deck-{upper}"), self.query_one(f"#deck-{lower}")
            at = below.region
            if above.display and below.display and at.x <= x < at.right and y == above.region.bottom - 1:
                return lower, False
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.is_possible(action)

    def remember_arrangement(self) -> None:
        """Keep the arrangement for the next time."""
        kept: dict[str, Any] = self.arrangement.to_dict()
        self.workbench.preferences.set("arrangement", kept)


def _tab(name: str, words: str, current: bool) -> str:
    """A part of a pane's title that leads to a pane when it is clicked. `words` are none of the person's."""
    return f"[@click=screen.go('{name}')][{'b $foreground' if current else 'dim'}]{words}[/][/]"
