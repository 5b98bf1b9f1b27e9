"""A line with the names of the open files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from flowlang_tui.inert import inert


class Tab(NamedTuple):
    """An open file. `sign` says what is special about it: changes, a conflict."""

    path: Path
    sign: str = ""


class FileTabs(Widget):
    """Shows the open files; a click goes to one."""

    DEFAULT_CSS = "FileTabs { height: 1; width: 1fr; background: $panel; }"

    class Chosen(Message):
        """A file was clicked."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    def __init__(self) -> None:
        super().__init__()
        self._tabs: list[Tab] = []
        self._current: Path | None = None
        self._ends: list[int] = []

    def show(self, tabs: Sequence[Tab], current: Path | None) -> None:
        """Show these files, one of them as the current."""
        self._tabs, self._current = list(tabs), current
        self.refresh()

    def render(self) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        labels = [f" {inert(self._label(tab.path))}{f' {tab.sign}' if tab.sign else ''} " for tab in self._tabs]
        first = self._first(labels)
        self._ends = [0] * first
        for tab, label in list(zip(self._tabs, labels, strict=True))[first:]:
            line.append(label, "bold reverse" if tab.path == self._current else "")
            self._ends.append(line.cell_len)
        return line

    def _first(self, labels: list[str]) -> int:
        """The first tab to show, so that the current one is in view."""
        current = next((at for at, tab in enumerate(self._tabs) if tab.path == self._current), 0)
        first, width = current, 0
        while first >= 0 and (width := width + len(labels[first]) if labels else 0) <= max(self.size.width, 1):
            first -= 1
        return min(first + 1, current)

    def _label(self, path: Path) -> str:
        """The file's name, with its folder where two files have the same."""
        same = [tab for tab in self._tabs if tab.path.name == path.name]
        # most flows are called flow.yaml: the folder says which
        return path.name if len(same) < 2 else f"{path.parent.name}/{path.name}"

    def on_click(self, event: events.Click) -> None:
        """Choose the file that was clicked."""
        for tab, end in zip(self._tabs, self._ends, strict=False):
            if event.x < end:
                self.post_message(self.Chosen(tab.path))
                return
