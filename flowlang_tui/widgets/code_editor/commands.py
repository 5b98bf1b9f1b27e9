"""What keys do to the text: indentation, pairs, lines, words; and changes that come from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult, Location, Selection

from flowlang_tui.widgets.code_editor import line_edits
from flowlang_tui.widgets.code_editor.buffer import moved_by
from flowlang_tui.widgets.code_editor.document import Change
from flowlang_tui.widgets.code_editor.line_edits import LineEdit
from flowlang_tui.widgets.code_editor.splices import Piece, merged, shortest
from flowlang_tui.widgets.code_editor.surface import CodeSurface

if TYPE_CHECKING:
    from flowlang.language.assist.edits import TextEdit
    from flowlang.language.diagnostics import Span

#: Keys of `TextArea` that the workbench has other uses for.
_NOT_OURS: Final = {"f6", "f7", "home,ctrl+a", "delete,ctrl+d", "ctrl+shift+k"}

_WORD = re.compile(r"\w+")


def _kept(bindings: Sequence[BindingType]) -> list[BindingType]:
    return [binding for binding in bindings if isinstance(binding, Binding) and binding.key not in _NOT_OURS]


class EditingCommands(CodeSurface, inherit_bindings=False):
    """A `CodeSurface` that knows how code is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_kept(TextArea.BINDINGS),
        Binding("home", "cursor_line_start", "Line start", show=False),
        Binding("delete", "delete_right", "Delete right", show=False),
        Binding("ctrl+home", "editor_start", "Start of text", show=False, id="editor.start"),
        Binding("ctrl+end", "editor_end", "End of text", show=False, id="editor.end"),
        Binding("ctrl+shift+home", "editor_start(True)", "Select to start", show=False),
        Binding("ctrl+shift+end", "editor_end(True)", "Select to end", show=False),
        Binding("ctrl+a", "select_all", "Select all", show=False, id="editor.select-all"),
        Binding("alt+shift+s", "editor_select_word", "Select word", show=False, id="editor.select-word"),
        Binding("ctrl+right_square_bracket", "editor_indent", "Indent", show=False, id="editor.indent"),
        Binding("shift+tab", "editor_outdent", "Outdent", show=False, id="editor.outdent"),
        Binding("ctrl+d", "editor_duplicate", "Duplicate lines", show=False, id="editor.duplicate"),
        Binding("alt+up", "editor_move_up", "Move lines up", show=False, id="editor.move-up"),
        Binding("alt+down", "editor_move_down", "Move lines down", show=False, id="editor.move-down"),
        Binding("ctrl+shift+k,alt+shift+k", "editor_delete_line", "Delete lines", show=False, id="editor.delete-line"),
    ]

    async def on_key(self, event: events.Key) -> None:
        """Typing that does more than to put a character in."""
        if event.key == "escape":
            # a text area would move the focus; the application decides what Escape does
            event.prevent_default()
            if not self.selection.is_empty:
                event.stop()
                self.move_cursor(self.cursor_location)
        elif not self.read_only and self._typed(event):
            event.stop()
            event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        """Two clicks select a word, three a line."""
        if event.chain == 2 and event.x - self.gutter.left >= self.gutter_width:
            self.action_editor_select_word()
        elif event.chain == 3:
            self.action_select_line()

    def _typed(self, event: events.Key) -> bool:
        if event.key == "enter":
            self._new_line()
            return True
        if event.key == "tab" and not self.selection.is_empty:
            self.action_editor_indent()
            return True
        return bool(event.is_printable and event.character and self._pair(event.character))

    def _new_line(self) -> None:
        start, end = sorted(self.selection)
        lines = self.document.lines
        before, after = lines[start[0]][: start[1]], lines[end[0]][end[1] :]
        indent = line_edits.new_line(before, start[1], self.buffer.language)
        if line_edits.between_pair(before, after) and before[-1:] in "([{":
            outer = before[: len(before) - len(before.lstrip())]
            inner = outer + " " * self.buffer.language.indent
            self.put(f"\n{inner}\n{outer}", start, end, (start[0] + 1, len(inner)))
        else:
            spaces = len(after) - len(after.lstrip(" ")) if after.strip() else len(after)
            self.put(f"\n{indent}", start, (end[0], end[1] + spaces), (start[0] + 1, len(indent)))

    def _pair(self, character: str) -> bool:
        start, end = sorted(self.selection)
        line = self.document.get_line(start[0])
        insertion = line_edits.typed(
            character, line[: start[1]], self.document.get_line(end[0])[end[1] :], self.selected_text
        )
        if insertion is None:
            return False
        if insertion.text:
            self.put(insertion.text, start, end, (start[0], start[1] + insertion.cursor))
        else:
            self.move_cursor((start[0], start[1] + insertion.cursor))
        return True

    def put(self, text: str, start: Location, end: Location, cursor: Location, anchor: Location | None = None) -> None:
        """Replace text as an undo step of its own, and say where the selection is afterwards."""
        self.history.checkpoint()
        self.edit(Edit(text, start, end, maintain_selection_offset=False))
        self.history.checkpoint()
        self.selection = Selection(cursor if anchor is None else anchor, cursor)
        self.record_cursor_width()

    def edit(self, edit: Edit) -> EditResult:
        """Do an edit, and keep the cursor on the screen when it changed the number of lines."""
        count = self.document.line_count
        result = super().edit(edit)
        if self.document.line_count != count:
            self.scroll_cursor_visible()
        return result

    def action_paste(self) -> None:
        """Paste what was copied in the application."""
        self._paste(self.app.clipboard)

    async def on_paste(self, event: events.Paste) -> None:
        """Paste what the terminal has."""
        event.prevent_default()
        event.stop()
        self._paste(event.text)

    def _paste(self, text: str) -> None:
        if not self.read_only and text:
            result = self.replace(
                text.replace("\r\n", "\n").replace("\r", "\n"), *self.selection, maintain_selection_offset=False
            )
            self.move_cursor(result.end_location)

    def action_delete_left(self) -> None:
        """Delete a character, an empty pair, or a step of indentation; never more than is seen."""
        row, column = self.cursor_location
        before, after = self.document.get_line(row)[:column], self.document.get_line(row)[column:]
        if self.read_only or not self.selection.is_empty:
            super().action_delete_left()
        elif line_edits.between_pair(before, after):
            self.delete((row, column - 1), (row, column + 1), maintain_selection_offset=False)
        elif before and not before.strip(" "):
            self.delete((row, (column - 1) // self.indent_width * self.indent_width), (row, column))
        else:
            if column == 0 and row > 0:
                self.reveal(row - 1)
            super().action_delete_left()

    def action_delete_right(self) -> None:
        """Delete a character; never more than is seen."""
        row, column = self.cursor_location
        if self.selection.is_empty and column == len(self.document.get_line(row)):
            self.unfold(row + 1)
        super().action_delete_right()

    def action_editor_start(self, select: bool = False) -> None:
        """Go to the start of the text."""
        self.move_cursor((0, 0), select=select)

    def action_editor_end(self, select: bool = False) -> None:
        """Go to the end of the text."""
        self.move_cursor(self.document.end, select=select)

    def action_editor_select_word(self) -> None:
        """Select the word at the cursor; when one is selected, where it comes next."""
        if not self.selection.is_empty:
            self._select_next(self.selected_text)
            return
        row, column = self.cursor_location
        for found in _WORD.finditer(self.document.get_line(row)):
            if found.start() <= column <= found.end():
                self.selection = Selection((row, found.start()), (row, found.end()))
                return

    def _select_next(self, word: str) -> None:
        lines = self.document.lines
        row, column = max(self.selection)
        for step in range(len(lines) + 1):
            at = (row + step) % len(lines)
            found = lines[at].find(word, column if step == 0 else 0)
            if found >= 0:
                self.selection = Selection((at, found), (at, found + len(word)))
                return

    def action_editor_indent(self) -> None:
        """Move the selected lines in."""
        self._change_lines(line_edits.indented(self.document.lines, *self.selection, self.indent_width))

    def action_editor_outdent(self) -> None:
        """Move the selected lines out."""
        self._change_lines(line_edits.outdented(self.document.lines, *self.selection, self.indent_width))

    def action_editor_comment(self) -> None:
        """Make the selected lines a comment, or text again."""
        mark = self.buffer.language.comment
        if mark:
            self._change_lines(line_edits.commented(self.document.lines, *self.selection, mark))

    def action_editor_duplicate(self) -> None:
        """Write the selected lines once more below."""
        self._change_lines(line_edits.duplicated(self.document.lines, *self.selection))

    def action_editor_move_up(self) -> None:
        """Move the selected lines above the one before them."""
        self._change_lines(line_edits.moved(self.document.lines, *self.selection, -1))

    def action_editor_move_down(self) -> None:
        """Move the selected lines below the one after them."""
        self._change_lines(line_edits.moved(self.document.lines, *self.selection, 1))

    def action_editor_delete_line(self) -> None:
        """Delete the selected lines."""
        if self.read_only:
            return
        first, last = line_edits.selected_rows(*self.selection)
        column = self.cursor_location[1]
        count = self.document.line_count
        if last + 1 < count:
            start, end = (first, 0), (last + 1, 0)
        else:
            start = (first - 1, len(self.document.get_line(first - 1))) if first else (0, 0)
            end = self.document.end
        row = min(first, max(0, count - (last - first + 1) - 1))
        self.put("", start, end, (row, column))

    def _change_lines(self, change: LineEdit | None) -> None:
        if change is None or self.read_only:
            return
        start, end = (change.first, 0), (change.last, len(self.document.get_line(change.last)))
        text = "\n".join(change.lines)
        if text != self.document.get_text_range(start, end):
            self.put(text, start, end, change.end, change.start)

    def apply_edits(self, edits: Sequence[TextEdit]) -> None:
        """Do edits as one undo step; the cursor stays with its text. A read-only text is changed too. Raises
        ValueError if two of them overlap.
        """
        self.replace_pieces([(*_locations(edit.span), edit.text) for edit in edits])

    def replace_pieces(self, pieces: Sequence[Piece]) -> None:
        """`apply_edits` for locations of the text area."""
        splice = merged(self.document, pieces)
        if splice is not None:
            selection = self.selection
            for at in reversed(splice.parts):
                selection = Selection(moved_by(at, selection.start), moved_by(at, selection.end))
            self.put(splice.text, splice.start, splice.end, selection.end, selection.start)

    def replace_text(self, text: str) -> None:
        """Make the text another one as one undo step, changing only the lines that differ."""
        splice = shortest(self.document, text)
        if splice is not None:
            start, end = self.selection
            change = Change(splice.start, splice.end, splice.parts[0].end)
            self.put(splice.text, splice.start, splice.end, moved_by(change, end), moved_by(change, start))


def _locations(span: Span) -> tuple[Location, Location]:
    return (span.line - 1, span.column - 1), (span.end_line - 1, span.end_column - 1)
