"""The part of the editor that shows a buffer: text, gutter, folds, marks; and the messages about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.style import Style
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Location, Selection

from flowlang.language.diagnostics import Diagnostic
from flowlang_tui.compat import OpenTextArea
from flowlang_tui.widgets.code_editor.brackets import matching_bracket
from flowlang_tui.widgets.code_editor.buffer import BreakpointMark, Buffer, Match, RunState, Standing
from flowlang_tui.widgets.code_editor.folding import Block, block_at, blocks_of, is_head
from flowlang_tui.widgets.code_editor.languages import TEXT, Language
from flowlang_tui.widgets.code_editor.looks import Shown, look_of
from flowlang_tui.widgets.code_editor.painting import Look, paint
from flowlang_tui.widgets.code_editor.styles import COMPONENTS, CSS, styles_of

#: Cells of the gutter beside the line number: breakpoint, mark, fold and a space.
_SIGNS_WIDTH: Final = 4

#: The width of a text that doesn't fit is a multiple of so many cells.
_WIDTH_STEP: Final = 16


class CodeSurface(OpenTextArea):
    """Shows a `Buffer`. Lines and columns of messages and methods count from 1, in characters."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS
    DEFAULT_CSS = CSS

    @dataclass
    class Changed(TextArea.Changed, namespace="code_editor"):
        """The text has changed."""

        @property
        def text(self) -> str:
            """The text as it is now."""
            return self.text_area.text

    @dataclass
    class SelectionChanged(TextArea.SelectionChanged, bubble=False):
        """For the editor itself; others are told by `CursorMoved`."""

    @dataclass
    class CursorMoved(Message, namespace="code_editor"):
        """The cursor is somewhere else."""

        editor: CodeSurface
        line: int
        column: int

    @dataclass
    class ProblemHovered(Message, namespace="code_editor"):
        """The cursor came to a line with a problem, or left it for one without (None)."""

        editor: CodeSurface
        problem: Diagnostic | None

    @dataclass
    class GutterClicked(Message, namespace="code_editor"):
        """The gutter beside a line was clicked, where its breakpoint is."""

        editor: CodeSurface
        line: int

    #: Only the lines that change are painted again, see `watch_selection`.
    selection: Reactive[Selection] = reactive(Selection(), init=False, always_update=True, repaint=False)

    def __init__(
        self,
        text: str = "",
        *,
        language: Language = TEXT,
        read_only: bool = False,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        self.buffer = Buffer("", language)
        self._strips: LRUCache[Look, Strip] = LRUCache(2048)
        self._styles: dict[str, Style] = {}
        self._styles_are_old = True
        self._hovered: Diagnostic | None = None
        self._shown_bracket: Location | None = None
        super().__init__(
            soft_wrap=False,
            tab_behavior="indent",
            show_line_numbers=True,
            read_only=read_only,
            compact=True,
            name=name,
            id=id,
            classes=classes,
        )
        self.cursor_blink = False
        self.open_text(text)

    # What is shown

    def open_text(self, text: str) -> None:
        """Show a text from its start, in the language of the one before."""
        self._show(Buffer(text, self.buffer.language))

    def take_state(self) -> Buffer:
        """The buffer that is shown, with the place where the cursor and the screen are."""
        self.buffer.selection = self.selection
        self.buffer.scroll = self.scroll_offset
        self.buffer.read_only = self.read_only
        return self.buffer

    def swap_document(self, buffer: Buffer) -> Buffer:
        """Show another buffer as it was when it was taken, and give back the one that was shown."""
        before = self.take_state()
        self.read_only = buffer.read_only
        self._show(buffer)
        self.scroll_to(*buffer.scroll, animate=False, force=True)
        return before

    def _show(self, buffer: Buffer) -> None:
        self.buffer = buffer
        self.document = buffer.document
        self.wrapped_document = buffer.view
        self.navigator = buffer.navigator
        self.history = buffer.history
        self.indent_width = buffer.language.indent
        self.size_changed()
        self.selection = buffer.selection
        self.refresh()

    @property
    def newline(self) -> str:
        """The line end with which the text is to be saved; `text` has it already."""
        return self.buffer.document.newline

    def text_size(self) -> Size:
        """The cells of the text that is not folded away, with the gutter and a cell for the cursor.

        A text that fits has no width, a wider one grows by steps: then the scroll bars change at few keys only.
        """
        width = self.buffer.document.get_size(self.indent_width).width + self.gutter_width + 1
        fits = width <= self.scrollable_content_region.width
        return Size(0 if fits else -(-width // _WIDTH_STEP) * _WIDTH_STEP, self.buffer.view.height)

    @property
    def gutter_width(self) -> int:
        """The cells left of the text."""
        return self._number_width + _SIGNS_WIDTH

    @property
    def _number_width(self) -> int:
        return max(3, len(str(self.document.line_count)))

    # Marks

    def show_problems(self, problems: Sequence[Diagnostic]) -> None:
        """Underline problems and mark their lines, until the next call."""
        self.buffer.set_problems(problems)
        self._tell_hovered()
        self.refresh()

    def set_breakpoints(self, lines: Mapping[int, BreakpointMark]) -> None:
        """Mark lines with a breakpoint, each with what it is. The marks move with the text."""
        before = self.buffer.breakpoints
        self.buffer.set_breakpoints(lines)
        self._repaint_marked(before, self.buffer.breakpoints)

    def set_standings(self, lines: Mapping[int, Standing]) -> None:
        """Mark lines at which a run stands still. The marks move with the text."""
        before = self.buffer.standings
        self.buffer.set_standings(lines)
        self._repaint_marked(before, self.buffer.standings)

    def set_states(self, lines: Mapping[int, RunState]) -> None:
        """Mark lines with what their steps did in a run."""
        before = self.buffer.states
        self.buffer.set_states(lines)
        self._repaint_marked(before, self.buffer.states)

    def _repaint_marked(self, before: Mapping[int, object], now: Mapping[int, object]) -> None:
        """Paint the lines again that have other marks now."""
        for row in before.keys() | now.keys():
            if before.get(row) != now.get(row):
                self.refresh_rows(row, row)

    def show_matches(self, matches: Sequence[Match], current: Match | None = None) -> None:
        """Highlight what a search found, until the text changes."""
        self.buffer.set_matches(matches, current)
        self.refresh()

    # Folds

    def fold(self, line: int) -> None:
        """Fold the block that starts at a line; nothing if there is none."""
        block = block_at(self.buffer.document.lines, line - 1)
        if block is not None:
            self._set_folds([*self.buffer.view.folds.blocks, block])

    def unfold(self, line: int) -> None:
        """Unfold the block that starts at a line."""
        self._set_folds([block for block in self.buffer.view.folds.blocks if block.head != line - 1])

    def toggle_fold(self, line: int) -> None:
        """Fold or unfold the block that starts at a line."""
        if self.buffer.view.folds.folded(line - 1) is None:
            self.fold(line)
        else:
            self.unfold(line)

    def fold_all(self) -> None:
        """Fold every block that is inside of another, and the others too."""
        self._set_folds(blocks_of(self.buffer.document.lines))

    def unfold_all(self) -> None:
        """Show every line."""
        self._set_folds([])

    def reveal(self, row: int) -> None:
        """Unfold whatever hides a row (from 0)."""
        if self.buffer.view.folds.reveal(row):
            self._folds_changed()

    def _set_folds(self, blocks: Sequence[Block]) -> None:
        folds = self.buffer.view.folds
        folds.set(blocks)
        row = self.cursor_location[0]
        if folds.is_hidden(row):
            self.move_cursor((folds.shown_head(row), 0))
        self._folds_changed()

    def _folds_changed(self) -> None:
        self.size_changed()
        self.scroll_cursor_visible()
        self.refresh()

    # Events

    def watch_selection(self, before: Selection, now: Selection) -> None:
        """Keeps the cursor out of folds, and tells where it is."""
        if not self.is_mounted:
            return
        self.reveal(now.end[0])
        self._refresh_selection(before, now)
        if before.end != now.end:
            self.post_message(self.CursorMoved(self, now.end[0] + 1, now.end[1] + 1))
        self._tell_hovered()

    def _refresh_selection(self, before: Selection, now: Selection) -> None:
        """Paint again what the cursor, the selection or a matching bracket has come to or left."""
        if before.is_empty and now.is_empty:
            self.refresh_rows(before.end[0], before.end[0])
            self.refresh_rows(now.end[0], now.end[0])
        else:
            rows = [row for row, _ in (*before, *now)]
            self.refresh_rows(min(rows), max(rows))
        for bracket in (self._shown_bracket, self.matching_bracket_location):
            if bracket is not None:
                self.refresh_rows(bracket[0], bracket[0])
        self._shown_bracket = self.matching_bracket_location

    def refresh_rows(self, first: int, last: int | None) -> None:
        """Paint lines again (from 0; None for all below the first), as far as they are on the screen."""
        top = self.scroll_offset.y
        y = max(top, self.buffer.view.folds.y_of(first))
        end = top + self.size.height if last is None else self.buffer.view.folds.y_of(last) + 1
        if y < end:
            self.refresh_lines(y, min(end, top + self.size.height) - y)

    def text_edited(self) -> None:
        """Paint what an edit has changed."""
        dirty = self.buffer.take_dirty()
        if dirty is not None:
            self.refresh_rows(*dirty)

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh_rows(self.cursor_location[0], self.cursor_location[0])

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh_rows(self.cursor_location[0], self.cursor_location[0])

    def _tell_hovered(self) -> None:
        underlines = self.buffer.underlines_at(self.cursor_location[0])
        problem = underlines[0].problem if underlines else None
        if problem != self._hovered:
            self._hovered = problem
            self.post_message(self.ProblemHovered(self, problem))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A click into the gutter folds, or asks for a breakpoint."""
        column = event.x - self.gutter.left
        if column >= self.gutter_width:
            return
        event.prevent_default()
        row = self.buffer.view.row_at(event.y - self.gutter.top + self.scroll_offset.y)
        if row is None:
            return
        if column >= self.gutter_width - 2 and is_head(self.buffer.document.lines, row):
            self.toggle_fold(row + 1)
        else:
            self.post_message(self.GutterClicked(self, row + 1))

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """The bracket that belongs to the one at a place, within some hundred lines."""
        return matching_bracket(self.buffer.document.lines, bracket, search_from)

    # Painting

    def notify_style_update(self) -> None:
        """Styles are asked for again when they may have changed."""
        self._styles_are_old = True
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region."""
        if self._styles_are_old:
            self._styles_are_old = False
            styles = styles_of(self)
            if styles != self._styles:
                self._styles = styles
                self._strips.clear()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """A line of the screen, from memory if it looks as before."""
        row = self.buffer.view.row_at(y + self.scroll_offset.y)
        if row is None:
            return Strip.blank(self.size.width, self._styles["base"])
        look = look_of(self.buffer, row, self._shown_now())
        strip = self._strips.get(look)
        if strip is None:
            strip = self._strips[look] = paint(look, self.buffer.highlighter.tokens(row), self._styles)
        return strip

    def _shown_now(self) -> Shown:
        return Shown(
            self.selection,
            self.matching_bracket_location,
            self.has_focus,
            self.highlight_cursor_line,
            self._number_width,
            self.scroll_offset.x,
            self.size.width,
        )
