"""The list of runs on the screen: however many there are, only those in sight are read and drawn."""

from __future__ import annotations

from collections.abc import Iterable
from time import time
from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from flowlang.cli.readable import duration
from flowlang_tui.inert import inert
from flowlang_tui.session.history_rows import RunRow, RunRows
from flowlang_tui.widgets.ages import ago
from flowlang_tui.widgets.line_view import LineView, Piece
from flowlang_tui.widgets.status_signs import SIGNS

_COLOURS: Final = {
    "$text-muted": "pending",
    "$text-warning": "running",
    "$text-success": "done",
    "$text-error": "failed",
}

#: Cells of the columns, each with a space after it; the flow's name gets a share of what is left.
_WHEN: Final = 11
_TOOK: Final = 9
_STEPS: Final = 7
_STATUS: Final = 12
_FLOW: Final = (12, 28)
#: From this width on there is room for the status in words.
_WIDE: Final = 86


class RunList(LineView):
    """Lines of runs. `marked` are those that are to be compared, `shown` is the one that the other panes show."""

    looks = "run-list"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"run-list--{name}"
        for name in ("head", "name", "fact", "mark", "shown", "pending", "running", "done", "failed", "selected")
    }

    DEFAULT_CSS = """
    RunList {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        .run-list--head { color: $text-muted; }
        .run-list--name { color: $foreground; }
        .run-list--fact { color: $text-muted; }
        .run-list--mark { color: $text-accent; text-style: bold; }
        .run-list--shown { color: $foreground; text-style: bold; }
        .run-list--pending { color: $text-muted; }
        .run-list--running { color: $text-warning; }
        .run-list--done { color: $text-success; }
        .run-list--failed { color: $text-error; }
        .run-list--selected { background: $block-cursor-blurred-background; }
        &:focus .run-list--selected { background: $block-cursor-background 40%; }
    }
    """

    class Wanted(Message):
        """Runs came into sight that were not read yet: these pages of the list."""

        def __init__(self, rows: RunRows, pages: list[int]) -> None:
            super().__init__()
            self.rows = rows
            self.pages = pages

    class Moved(Message):
        """Another run is selected, or the selected one has changed."""

    class Chosen(Message):
        """A second click was made on a run."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.rows = RunRows()
        self.selected = 0
        self.marked: list[str] = []
        self.shown = ""
        #: What is said where there is no run.
        self.hint = ""

    def show(self, rows: RunRows, *, keep: bool = False) -> None:
        """List the runs of another search. `keep` is for the same one, read again: the same run stays selected."""
        selected = self.row
        self.rows = rows
        self.forget()
        if keep and selected is not None:
            found = rows.index(selected.run_id)
            self.selected = self.selected if found is None else found
        elif not keep:
            self.selected = 0
            self.scroll_to_line(0)
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Take in what was read since."""
        self.measure()
        self.selected = min(max(self.selected, 0), max(len(self.rows) - 1, 0))
        size = Size(self.room.width, len(self.rows) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
        self._ask()
        self.refresh()
        self.post_message(self.Moved())

    @property
    def row(self) -> RunRow | None:
        """The selected run."""
        return self.rows.row(self.selected)

    def select(self, index: int) -> None:
        """Select a line and show it."""
        if len(self.rows):
            self.selected = min(max(index, 0), len(self.rows) - 1)
            self.measure()
            self.show_line(self.selected, self.room.height - 1)
            self._ask()
            self.refresh()
            self.post_message(self.Moved())

    def move(self, lines: int) -> None:
        """Select the run so many lines further down."""
        self.select(self.selected + lines)

    def page(self, direction: int) -> None:
        """Go a page down (1) or up (-1)."""
        self.move(direction * max(self.room.height - 2, 1))

    def mark(self) -> None:
        """Mark the selected run, or no longer; of three, the one that was marked first is let go."""
        row = self.row
        if row is None:
            return
        if row.run_id in self.marked:
            self.marked.remove(row.run_id)
        else:
            self.marked = [*self.marked, row.run_id][-2:]
        self.refresh()
        self.post_message(self.Moved())

    def render_line(self, y: int) -> Strip:
        """The names of the columns, then a line for each run."""
        if not len(self.rows):
            hint = self.hint.split("\n")
            return self.strip([(f" {hint[y]}", "head")] if y < len(hint) else [])
        if y == 0:
            return self.strip([(self._head(), "head")])
        index = self.scroll_offset.y + y - 1
        if index >= len(self.rows):
            return self.strip([])
        row, selected = self.rows.row(index), index == self.selected
        if row is None:
            return self.strip([(" …", "head")], selected=selected)
        return self.strip(self._pieces(row, time()), selected=selected).crop(0, self.room.width)

    def _head(self) -> str:
        status = f"{'status':<{_STATUS}}" if self._is_wide else ""
        flow = set_cell_size("flow", self._flow_width)
        return f"    {'when':<{_WHEN}}{flow}{status}{'took':>{_TOOK - 1}} {'steps':>{_STEPS - 1}} what failed"

    def _pieces(self, row: RunRow, now: float) -> Iterable[Piece]:
        sign, colour = SIGNS.get(row.status, ("?", "$text-muted"))
        look = _COLOURS[colour]
        mark = "◆" if row.run_id in self.marked else "▸" if row.run_id == self.shown else " "
        yield mark, "mark"
        yield f"{sign}", look
        yield "⚑ " if row.pinned else "  ", "mark"
        yield f"{ago(row.started, now):<{_WHEN}}", "fact"
        yield set_cell_size(_cut(inert(row.flow), self._flow_width - 1), self._flow_width), "name"
        if self._is_wide:
            yield f"{row.status:<{_STATUS}}", look
        took = "" if row.duration_ms is None or row.status == "queued" else _short(row.duration_ms)
        yield f"{took:>{_TOOK - 1}} ", "fact"
        yield f"{_count(row.steps):>{_STEPS - 1}} ", "fact"
        yield from _ending(row)

    @property
    def _is_wide(self) -> bool:
        return self.room.width >= _WIDE

    @property
    def _flow_width(self) -> int:
        least, most = _FLOW
        return max(least, min(most, self.room.width // 4)) + 1

    def _ask(self) -> None:
        """Ask for the runs in sight, and those that are next."""
        top, height = self.scroll_offset.y, max(self.room.height, 1)
        pages = self.rows.missing(max(top - height, 0), top + 2 * height)
        if pages and self.rows.query is not None:
            self.post_message(self.Wanted(self.rows, pages))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """What is scrolled to is read."""
        super().watch_scroll_y(old_value, new_value)
        self._ask()

    def on_resize(self) -> None:
        """Read what there is room for now."""
        self.refresh_rows()

    def on_click(self, event: events.Click) -> None:
        """A click selects a run, a second one opens it."""
        index = self.scroll_offset.y + event.y - 1
        if event.y > 0 and index < len(self.rows):
            self.select(index)
            if event.chain == 2:
                self.post_message(self.Chosen())


#: Origins of runs that are no part or copy of another.
_ASKED_FOR: Final = frozenset({"api", "webhook", "schedule"})


def _ending(row: RunRow) -> Iterable[Piece]:
    """What went wrong, and where the run comes from if it is no new one."""
    if row.origin:
        again = "" if row.origin in _ASKED_FOR else "↺ "
        yield f"{again}{inert(row.origin)} ", "fact"
    if row.has_unknown:
        yield "? unknown step ", "running"
    if row.failed_step or row.error:
        where = f"{inert(row.failed_step)}: " if row.failed_step else ""
        yield where + inert(str(row.error or "").partition("\n")[0]), "failed"


def _short(milliseconds: float) -> str:
    text = duration(milliseconds)
    return text if len(text) < _TOOK else text.replace(" ", "").replace("min", "m")


def _count(steps: int) -> str:
    return f"{steps:,}" if steps < 100_000 else f"{steps / 1000:,.0f}k"


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"
