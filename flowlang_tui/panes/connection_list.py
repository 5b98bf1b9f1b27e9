"""The list of connections: the open flow's, those that the project keeps, and plugins that are broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import events, on, work
from textual.app import ComposeResult
from textual.content import Content, Span
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from flowlang.errors import FlowLangError
from flowlang.language.model import Flow
from flowlang_tui.inert import inert
from flowlang_tui.panes.connection_lines import EMPTY, connection_text, heading, plugin_text
from flowlang_tui.panes.pane import Pane
from flowlang_tui.session.connection_rows import ConnectionKey, ConnectionRow, Overview
from flowlang_tui.session.connections import SessionConnections

#: How many seconds after the last change the list is made anew.
_PAUSE = 0.1


class Rows(OptionList):
    """A list in which a click selects, and a second one does what Enter does."""

    def on_click(self, event: events.Click) -> None:
        at = event.style.meta.get("option")
        if at is None or self.get_option_at_index(at).disabled:
            return
        # the list itself would take the first click for Enter
        event.prevent_default()
        self.highlighted = at
        if event.chain > 1:
            self.action_select()


class ConnectionList(Pane):
    """The list, what is selected in it, and the messages about things that others do."""

    DEFAULT_CSS = """
    ConnectionList OptionList {
        border: none; background: transparent; padding: 0; height: 1fr; scrollbar-size-vertical: 1;
        &:focus { border: none; }
        & > .option-list--option-disabled { color: $text; }
    }
    """

    class FlowEditAsked(Message):
        """A connection is to be written into a flow's text."""

        def __init__(self, path: Path, name: str, edit: Callable[[str], str]) -> None:
            super().__init__()
            self.path = path
            self.name = name
            self._edit = edit

        def apply(self, text: str) -> str:
            """The flow's text with the connection in it. Raises EditError where that cannot be done."""
            return self._edit(text)

    class FlowOpenAsked(Message):
        """A place in a flow is to be shown."""

        def __init__(self, path: Path, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    class FileCreated(Message):
        """A file was written into the project."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class StoreChanged(Message):
        """What the project keeps is different now: flows may have other problems."""

    def __init__(self, connections: SessionConnections, *, id: str = "connections") -> None:
        super().__init__(id=id)
        self.connections = connections
        self.flow_path: Path | None = None
        self.flow: Flow | None = None
        self.overview = Overview()
        self.testing: set[ConnectionKey] = set()
        self.keys: list[ConnectionKey | None] = []
        self._seen: list[tuple[ConnectionKey | None, str, Sequence[Span]]] = []

    def compose(self) -> ComposeResult:
        yield Rows(markup=False)

    def on_mount(self) -> None:
        self.reload()

    def on_resize(self) -> None:
        self.refill()

    @property
    def options(self) -> OptionList:
        """The list itself."""
        return self.query_one(OptionList)

    @property
    def selected(self) -> ConnectionRow | None:
        """The connection that is highlighted."""
        at = self.options.highlighted
        return self.overview.row(self.keys[at]) if at is not None and at < len(self.keys) else None

    def show_flow(self, path: Path | None, flow: Flow | None) -> None:
        """Show the connections of this flow, beside those of the project."""
        self.flow_path, self.flow = path, flow
        self.reload()

    def refresh_health(self) -> None:
        """Look again at what is known of all connections."""
        self.reload()

    @work(exclusive=True, group="overview")
    async def reload(self, afresh: bool = False) -> None:
        """Make the list anew; `afresh` looks for plugins again."""
        await asyncio.sleep(_PAUSE)
        try:
            self.overview = await self.connections.overview(self.flow_path, self.flow, afresh=afresh)
        except FlowLangError as error:
            self.tell_error(error)
        self.refill()

    def refill(self) -> None:
        """Show what is known, with the highlight where it was."""
        if not self.is_running:
            return  # what was asked for may come when the workbench is being left
        lines = self._lines()
        seen = [(key, text.plain, text.spans) for key, text in lines]
        if seen != self._seen:
            # other lines lay out the whole screen, and most of the time they are the same
            self._seen = seen
            self._fill(lines)
        rows = (*self.overview.flow, *self.overview.project)
        bad = sum(row.state != "ready" or (row.health is not None and not row.health.ok) for row in rows)
        self.badge = f"✗{bad}" if bad else ""

    def _fill(self, lines: list[tuple[ConnectionKey | None, Content]]) -> None:
        chosen = None if self.selected is None else self.selected.key
        listed, self.keys = self.options, [key for key, _ in lines]
        listed.clear_options()
        listed.add_options([Option(text, disabled=key is None) for key, text in lines])
        first = next((at for at, key in enumerate(self.keys) if key is not None), None)
        if chosen is not None and chosen in self.keys:
            listed.highlighted = self.keys.index(chosen)
        else:
            listed.highlighted = first
            listed.scroll_home(animate=False, immediate=True)

    def tell(self, message: str) -> None:
        """Say something in a corner of the screen."""
        self.notify(inert(message, newlines=True), markup=False)

    def tell_error(self, error: FlowLangError) -> None:
        """Say what could not be done, and what helps."""
        words = f"{error}\n{error.hint}" if error.hint else str(error)
        self.notify(inert(words, newlines=True), severity="error", markup=False, timeout=8)

    def _lines(self) -> list[tuple[ConnectionKey | None, Content]]:
        shown = self.overview
        # a column is left for the bar that a longer list has
        width = max(20, self.options.size.width - 1)
        lines: list[tuple[ConnectionKey | None, Content]] = []
        for title, rows in ((self._flow_title, shown.flow), ("Project", shown.project)):
            if rows:
                lines.append((None, heading(title)))
                lines += [(row.key, connection_text(row, width, testing=row.key in self.testing)) for row in rows]
        if shown.problem is not None:
            lines += [(None, heading("Project")), (None, Content.styled(inert(shown.problem), "$text-error"))]
        if not lines:
            lines.append((None, Content.styled(EMPTY, "$text-muted")))
        if shown.plugins:
            lines.append((None, heading("Plugins that cannot be used")))
            lines += [(None, plugin_text(plugin)) for plugin in shown.plugins]
        return lines

    @property
    def _flow_title(self) -> str:
        return "" if self.flow_path is None else self.flow_path.name

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.edit()

    def edit(self) -> None:
        """Edit the selected connection."""
        raise NotImplementedError
