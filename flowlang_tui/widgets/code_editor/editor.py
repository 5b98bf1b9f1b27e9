"""The code editor: one widget that shows one of any number of open files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets.text_area import Selection

from flowlang_tui.actions import bindings
from flowlang_tui.widgets.code_editor.buffer import Buffer
from flowlang_tui.widgets.code_editor.commands import EditingCommands
from flowlang_tui.widgets.code_editor.completer import Completer, Provider
from flowlang_tui.widgets.code_editor.folding import block_around, block_at

#: The actions of the table that the editor does itself; a pane around it does the others.
_ACTIONS: Final = frozenset(
    f"editor.{name}"
    for name in (
        "find",
        "replace",
        "find-next",
        "find-previous",
        "complete",
        "next-problem",
        "previous-problem",
        "comment",
        "fold",
        "unfold",
        "fold-all",
        "unfold-all",
    )
)


class CodeEditor(EditingCommands):
    """Edits code.

    One editor can show many files, one at a time: `take_state` and `swap_document` keep text, undo history, cursor,
    scroll position, folds and marks of each. `provider` is asked for completions; without one none are offered.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in bindings("editor") if isinstance(binding, Binding) and binding.id in _ACTIONS
    ]

    @dataclass
    class SearchAsked(Message):
        """Somebody wants to search: with the bar (`step` 0), or on to the next (1) or previous (-1) match."""

        editor: CodeEditor
        replace: bool = False
        step: int = 0

    provider: Provider | None = None

    def on_mount(self) -> None:
        self._completer = Completer(self)

    def on_unmount(self) -> None:
        self._completer.remove()

    @property
    def completing(self) -> bool:
        """Whether the list of completions is open."""
        return self._completer.is_open

    async def on_key(self, event: events.Key) -> None:
        """The list of completions is asked first, and told afterwards."""
        if self._completer.take_key(event.key):
            event.stop()
            event.prevent_default()
            return
        if not self.read_only and event.is_printable and event.character is not None:
            self.call_next(self._completer.typed, event.character)

    def on_blur(self) -> None:
        """The list of completions belongs to typing."""
        self._completer.close()

    def watch_selection(self, before: Selection, now: Selection) -> None:
        """The list of completions goes with the cursor."""
        super().watch_selection(before, now)
        if self.is_mounted and before.end != now.end:
            self._completer.moved()

    def swap_document(self, buffer: Buffer) -> Buffer:
        """Show another file; an open list of completions belonged to the one before."""
        self._completer.close()
        return super().swap_document(buffer)

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor somewhere and show it, in the middle of the screen if it wasn't in sight."""
        location = self.clamp_visitable((line - 1, column - 1))
        self.reveal(location[0])
        y = self.buffer.view.folds.y_of(location[0]) - self.scroll_offset.y
        self.move_cursor(location, center=not 0 <= y < self.size.height)

    def show_around(self, line: int, lines: int = 6) -> None:
        """Scroll so that some lines below this one are in sight too, as far as there is room."""
        height = self.size.height
        y = self.buffer.view.folds.y_of(line - 1) - self.scroll_offset.y
        below = min(lines, height // 2)
        if height and y >= height - below:
            self.scroll_to(y=self.scroll_offset.y + y - height // 3, animate=False, force=True)

    def action_editor_next_problem(self) -> None:
        """Go to the next problem, from the last to the first."""
        starts = [underline.start for underline in self.buffer.underlines]
        self._go_to_one_of([start for start in starts if start > self.cursor_location] or starts)

    def action_editor_previous_problem(self) -> None:
        """Go to the problem before, from the first to the last."""
        starts = [underline.start for underline in reversed(self.buffer.underlines)]
        self._go_to_one_of([start for start in starts if start < self.cursor_location] or starts)

    def _go_to_one_of(self, starts: list[tuple[int, int]]) -> None:
        if starts:
            self.go_to(starts[0][0] + 1, starts[0][1] + 1)

    def action_editor_fold(self) -> None:
        """Fold the block that starts here, or the one that this line is in."""
        row, lines = self.cursor_location[0], self.buffer.document.lines
        block = None if self.buffer.view.folds.folded(row) else block_at(lines, row)
        block = block or block_around(lines, row)
        if block is not None:
            self.fold(block.head + 1)

    def action_editor_unfold(self) -> None:
        """Show what is folded here."""
        self.unfold(self.cursor_location[0] + 1)

    def action_editor_fold_all(self) -> None:
        """Fold every block."""
        self.fold_all()

    def action_editor_unfold_all(self) -> None:
        """Show every line."""
        self.unfold_all()

    def action_editor_complete(self) -> None:
        """Offer what may stand here."""
        self._completer.open()

    def action_editor_find(self) -> None:
        """Search."""
        self.post_message(self.SearchAsked(self))

    def action_editor_replace(self) -> None:
        """Search and replace."""
        self.post_message(self.SearchAsked(self, replace=True))

    def action_editor_find_next(self) -> None:
        """Go to the next match."""
        self.post_message(self.SearchAsked(self, step=1))

    def action_editor_find_previous(self) -> None:
        """Go to the match before."""
        self.post_message(self.SearchAsked(self, step=-1))
