"""The line at the bottom: what can be done where the focus is."""

from __future__ import annotations

from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from flowlang_tui.actions import ACTIONS, key_name

#: What leads to everything else is never left out.
_ALWAYS = ("help.show", "app.palette")


class Entry(NamedTuple):
    """An action as the footer shows it: its key in Textual's name, and the two texts."""

    name: str
    key: str
    shown_key: str
    word: str

    @property
    def width(self) -> int:
        """Cells it takes, with the space around it."""
        return Content(f" {self.shown_key} {self.word} ").cell_length


class ActionFooter(Widget):
    """The keys of the focused pane, then those that work everywhere, as many as fit. A click does what the key does."""

    DEFAULT_CSS = """
    ActionFooter { height: 1; width: 1fr; background: $footer-background; color: $footer-foreground; }
    """

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: list[Entry] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def entries(self) -> list[Entry]:
        """What could be shown: actions of the focused pane, then those of the app, in the order of the table."""
        active: dict[str, str] = {}
        for key, binding in self.screen.active_bindings.items():
            if binding.enabled and binding.binding.id:
                active.setdefault(binding.binding.id, key)
        possible = [action for action in ACTIONS if action.footer and action.name in active]
        possible.sort(key=lambda action: action.where == "app")
        return [Entry(a.name, active[a.name], key_name(active[a.name]), a.footer) for a in possible]

    def fitting(self, width: int) -> list[Entry]:
        """Those of the entries that are shown in so many cells."""
        entries = self.entries()
        left = width - sum(entry.width for entry in entries if entry.name in _ALWAYS)
        fitting = []
        for entry in entries:
            if entry.name in _ALWAYS:
                fitting.append(entry)
            elif entry.width <= left:
                left -= entry.width
                fitting.append(entry)
        return fitting

    def render(self) -> Content:
        self._shown = self.fitting(self.size.width)
        parts: list[tuple[str, str]] = []
        for entry in self._shown:
            parts.append((f" {entry.shown_key} ", "bold $footer-key-foreground"))
            parts.append((f"{entry.word} ", "$footer-description-foreground"))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        end = 0
        for entry in self._shown:
            end += entry.width
            if event.x < end:
                self.app.simulate_key(entry.key)
                return

    def _bindings_changed(self, _: Screen[object]) -> None:
        if self.is_attached and self.screen is self.app.screen:
            self.refresh()
