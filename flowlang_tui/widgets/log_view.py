"""The lines of a log on the screen: any number of them, of which only those that are seen are drawn."""

from __future__ import annotations

from time import localtime, strftime
from typing import ClassVar, Final

from rich.cells import cell_len
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from flowlang_tui.inert import inert
from flowlang_tui.session.log_filter import LogFilter
from flowlang_tui.session.log_index import LogIndex
from flowlang_tui.session.log_store import INFO, LogLine, LogStore
from flowlang_tui.widgets.line_view import LineView, Piece

#: Until all lines are indexed the rest is looked at so often, in seconds.
_AGAIN: Final = 0.015

#: Of a longer line only so much is drawn; nobody's terminal is wider.
_DRAWN: Final = 1000

_LEVELS: Final = ("debug", "info", "warning", "error")
_GOOD, _BEGIN = "✓", "▶"


class LogView(LineView):
    """Shows a log. It stays at the end while lines come, until somebody goes up or selects a line."""

    looks = "log-view"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-view--time",
        "log-view--path",
        "log-view--debug",
        "log-view--info",
        "log-view--warning",
        "log-view--error",
        "log-view--good",
        "log-view--begin",
        "log-view--match",
        "log-view--selected",
    }

    DEFAULT_CSS = """
    LogView {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        .log-view--time { color: $text-muted; }
        .log-view--path { color: $text-accent; }
        .log-view--debug { color: $text-muted; }
        .log-view--info { color: $foreground; }
        .log-view--warning { color: $text-warning; }
        .log-view--error { color: $text-error; text-style: bold; }
        .log-view--good { color: $text-success; }
        .log-view--begin { color: $text-primary; }
        .log-view--match { text-style: reverse; }
        .log-view--selected { background: $block-cursor-blurred-background; }
        &:focus .log-view--selected { background: $block-cursor-background 40%; }
    }
    """

    class Changed(Message):
        """What is shown, selected or followed changed."""

    class Chosen(Message):
        """A line was clicked twice, or Enter pressed on it."""

        def __init__(self, line: LogLine) -> None:
            super().__init__()
            self.line = line

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.store = LogStore()
        self.rows = LogIndex(self.store, LogFilter())
        self.following = True
        self.selected: int | None = None
        self.shows_times = True
        #: What is said where there is no line.
        self.hint = ""
        self._marks: LogIndex | None = None
        self._first = 0
        self._seen = 0
        self._is_moving = False
        self._shown: tuple[LogIndex, int, int, bool] | None = None
        self._timer: Timer | None = None

    def show(self, store: LogStore) -> None:
        """Show another log, from its end; the filter stays."""
        self.store = store
        self.selected = None
        self._marks = None
        self.apply(self.rows.filter)
        self.follow()

    @property
    def unseen(self) -> int:
        """How many lines came since the view stopped following."""
        return 0 if self.following else max(len(self.store) - self._seen, 0)

    def apply(self, chosen: LogFilter) -> None:
        """Show the lines that pass a filter. The selected line stays where the eye is."""
        before = self.rows
        self.rows = LogIndex(self.store, chosen)
        self._marks = before if before.filter.text and not chosen.text else None
        self._first = self.store.first
        self.forget()
        self.refresh_log()
        if not self.following and self.selected is not None:
            self._show_selected(centre=True)

    def refresh_log(self) -> None:
        """Take in the lines that came since. Called once a frame while the log grows; goes on by itself if needed."""
        complete = self.rows.extend()
        if self._marks is not None:
            complete = self._marks.extend() and complete
        if complete:
            self._stop_timer()
        elif self._timer is None and self.is_mounted:
            self._timer = self.set_interval(_AGAIN, self.refresh_log)
        state = (self.rows, len(self.rows), len(self.store), complete)
        if state != self._shown:
            self._shown = state
            self._resize()
            self.post_message(self.Changed())

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self.selected = None
        self._to_end()
        self._changed()

    def select(self, number: int) -> None:
        """Select a line, and stop following."""
        if len(self.rows):
            self._stop_following()
            self.selected = self.rows.number(min(max(self.rows.row(number), 0), len(self.rows) - 1))
            self._show_selected()
            self._changed()

    def move(self, lines: int) -> None:
        """Select the line so many rows further down, from where the eye is if none is selected."""
        if not len(self.rows):
            return
        last = len(self.rows) - 1
        if self.selected is None:
            row = min(self.scroll_offset.y + self.room.height - 1, last) + min(lines + 1, 0)
        else:
            row = self.rows.row(self.selected) + lines
        self.select(self.rows.number(min(max(row, 0), last)))

    def page(self, direction: int) -> None:
        """Go a page down (1) or up (-1)."""
        self.move(direction * max(self.room.height - 1, 1))

    def to_match(self, direction: int) -> bool:
        """Select the next (1) or previous (-1) line with the text asked for last; whether there is one."""
        index = self._marks if self._marks is not None else self.rows
        if not index.filter.text or not len(index):
            return False
        if self.selected is None:
            row = len(index) - 1 if direction < 0 else 0
        else:
            row = index.row(self.selected)
            is_on_it = row < len(index) and index.number(row) == self.selected
            row = row + direction if is_on_it or direction < 0 else row
        self.select(index.number(row % len(index)))
        return True

    def toggle_times(self) -> None:
        """Show the column of times, or hide it."""
        self.shows_times = not self.shows_times
        self.refresh()

    @property
    def line(self) -> LogLine | None:
        """The selected line, or the last one that is shown."""
        if self.selected is not None:
            return self.store.line(self.selected)
        return self.store.line(self.rows.number(len(self.rows) - 1)) if len(self.rows) else None

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        row = self.scroll_offset.y + y
        if row >= len(self.rows):
            hint = self.hint.split("\n") if not len(self.rows) else []
            return self.strip([(f" {hint[y]}", "debug")] if y < len(hint) else [])
        line = self.store.line(self.rows.number(row))
        if not line.text:
            # the writer dropped it in the meantime
            return self.strip([])
        selected = line.number == self.selected
        return self.kept((line.number, selected, self.shows_times), lambda: self._drawn(line, selected))

    def _drawn(self, line: LogLine, selected: bool) -> Strip:
        pieces = self._pieces(line)
        width = self.room.width
        if sum(cell_len(text) for text, _ in pieces) <= width:
            return self.strip(pieces, selected=selected)
        cut = self.strip(pieces, selected=selected).crop(0, width - 1)
        return Strip.join([cut, self.strip([("…", "debug")], selected=selected).crop(0, 1)])

    def _pieces(self, line: LogLine) -> list[Piece]:
        text, end = line.text[:_DRAWN], 2 + len(line.path)
        level = _LEVELS[line.level]
        pieces = [(f"{_clock(line.time)} ", "time")] if self.shows_times else []
        pieces.append((inert(text[:2]), {_GOOD: "good", _BEGIN: "begin"}.get(text[:1], level)))
        parts = [(2, end, "path" if line.level <= INFO else level), (end, len(text), level)]
        spans = (self._marks or self.rows).filter.spans(text)
        for start, until, look in parts:
            for left, right in spans:
                left, right = max(left, start), min(right, until)
                if left < right:
                    pieces += [(inert(text[start:left]), look), (inert(text[left:right]), f"{look} match")]
                    start = right
            pieces.append((inert(text[start:until]), look))
        return pieces

    def _resize(self) -> None:
        self.measure()
        size = Size(self.room.width, len(self.rows))
        dropped, self._first = self.store.first - self._first, self.store.first
        if size != self.virtual_size:
            self.virtual_size = size
        if self.following:
            self._to_end()
        elif dropped and self.rows.filter.is_open:
            self._scroll(self.scroll_offset.y - dropped)
        self.refresh()

    def _to_end(self) -> None:
        self._scroll(len(self.rows) - self.room.height)

    def _show_selected(self, *, centre: bool = False) -> None:
        assert self.selected is not None
        row, top, height = self.rows.row(self.selected), self.scroll_offset.y, self.room.height
        if centre:
            self._scroll(row - height // 2)
        elif not top <= row < top + height:
            self._scroll(row if row < top else row - height + 1)

    def _scroll(self, y: int) -> None:
        self._is_moving = True
        try:
            self.scroll_to_line(y)
        finally:
            self._is_moving = False

    def _stop_following(self) -> None:
        if self.following:
            self.following = False
            self._seen = len(self.store)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Changed())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Going up ends following, coming back to the end goes on with it."""
        super().watch_scroll_y(old_value, new_value)
        if self._is_moving:
            return
        if round(new_value) < round(old_value):
            self._stop_following()
        elif self.selected is None and round(new_value) >= self.max_scroll_y:
            self.following = True
        self._changed()

    def on_resize(self) -> None:
        """Keep to the end, or to the selected line, when there is more or less room."""
        self._resize()
        if self.selected is not None:
            self._show_selected()

    def on_click(self, event: events.Click) -> None:
        """A click selects a line, a second one goes to its step."""
        row = self.scroll_offset.y + event.y
        if row < len(self.rows):
            self.select(self.rows.number(row))
            if event.chain == 2 and self.line is not None:
                self.post_message(self.Chosen(self.line))


def _clock(time: float) -> str:
    return f"{strftime('%H:%M:%S', localtime(time))}.{int(time * 1000) % 1000:03}"
