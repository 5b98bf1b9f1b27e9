"""When completions are asked for, which of them are shown, and what choosing one does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from flowlang_tui.widgets.code_editor.ranking import ranked
from flowlang_tui.widgets.completion_list import CompletionList

if TYPE_CHECKING:
    from flowlang.language.assist.completion import Completion
    from flowlang_tui.widgets.code_editor.commands import EditingCommands

#: What may be written at a place of a text: line and column count from 1. Called in a thread.
Provider = Callable[[str, int, int], "list[Completion]"]

#: After these something else may stand than before them.
_TRIGGERS: Final = ("${", ".", ": ", "- ", "| ")

_WORD_BEFORE = re.compile(r"\w+\Z")


class Completer:
    """The completions of one editor. The newest question wins; answers to older ones are dropped."""

    def __init__(self, editor: EditingCommands) -> None:
        self._editor = editor
        self._list: CompletionList | None = None
        self._answer: list[Completion] = []
        self._asked_at = (0, 0)
        #: Where the word starts for which there was nothing to offer.
        self._nothing_at: tuple[int, int] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the list is shown."""
        return self._list is not None and self._list.display

    def open(self) -> None:
        """Ask for what may stand at the cursor."""
        self._nothing_at = None
        self._ask()

    def close(self) -> None:
        """Hide the list, and drop an answer that is still to come."""
        self._editor.workers.cancel_group(self._editor, "completion")
        self._hide()

    def remove(self) -> None:
        """Take the list off the screen for good."""
        if self._list is not None and self._list.is_attached:
            self._list.panel.remove()
            self._list.remove()
        self._list = None

    def typed(self, character: str) -> None:
        """A character has been typed: it may ask for completions."""
        before = self._before()
        if before.endswith(_TRIGGERS):
            self.open()
        elif not character.isalnum() and character != "_":
            self.close()
        elif not self.is_open and self._word_start() != self._nothing_at:
            self._ask()

    def moved(self) -> None:
        """The cursor has moved: the list is narrowed down to what stands before it now, or closed."""
        if self.is_open:
            self._show()

    def take_key(self, key: str) -> bool:
        """Do what a key means for the open list; false if it means nothing to it."""
        if self._list is None or not self._list.display:
            return False
        if key in ("enter", "tab"):
            self._choose(self._list.chosen)
        elif key == "escape":
            self.close()
        elif key in ("up", "down", "pageup", "pagedown"):
            self._list.move(key)
        else:
            return False
        return True

    def _ask(self) -> None:
        editor = self._editor
        provider: Provider | None = getattr(editor, "provider", None)
        if provider is None or editor.read_only:
            return
        row, column = editor.cursor_location
        self._asked_at = (row, column)
        editor.run_worker(
            self._fetch(provider, editor.text, row + 1, column + 1),
            group="completion",
            exclusive=True,
            # a plugin that fails while it is asked for names must not end the application
            exit_on_error=False,
        )

    async def _fetch(self, provider: Provider, text: str, line: int, column: int) -> None:
        self._answer = await asyncio.to_thread(provider, text, line, column)
        self._show()

    def _show(self) -> None:
        offered = self._offered()
        if not offered or not self._editor.has_focus:
            self._nothing_at = self._word_start()
            self._hide()
            return
        if self._list is None:
            self._list = CompletionList(self._choose)
            self._editor.screen.mount_all([self._list, self._list.panel])
        self._list.show(offered, self._typed(offered[0]), self._editor.cursor_screen_offset)

    def _hide(self) -> None:
        self._answer = []
        if self._list is not None:
            self._list.hide()

    def _offered(self) -> list[Completion]:
        """The completions of the answer that fit what has been typed, best first; none that change nothing."""
        row, column = self._editor.cursor_location
        here = [each for each in self._answer if each.start[0] - 1 == row and each.start[1] - 1 <= column]
        found = ranked(here, self._typed)
        if len(found) == 1 and found[0].insert == self._typed(found[0]):
            return []
        return found

    def _typed(self, completion: Completion) -> str:
        return self._before()[completion.start[1] - 1 :]

    def _before(self) -> str:
        row, column = self._editor.cursor_location
        return self._editor.document.get_line(row)[:column]

    def _word_start(self) -> tuple[int, int]:
        row, column = self._editor.cursor_location
        found = _WORD_BEFORE.search(self._before())
        return row, found.start() if found else column

    def _choose(self, completion: Completion) -> None:
        editor = self._editor
        row, column = editor.cursor_location
        end = (completion.end[0] - 1, completion.end[1] - 1)
        if end[0] == row:
            end = (row, max(column, end[1] + column - self._asked_at[1]))
        start = (completion.start[0] - 1, completion.start[1] - 1)
        self.close()
        text = completion.insert
        before = text if completion.cursor is None else text[: completion.cursor]
        rows = before.count("\n")
        cursor = (start[0] + rows, len(before) - before.rfind("\n") - 1 if rows else start[1] + len(before))
        editor.put(text, start, end, cursor)
        if before.endswith(_TRIGGERS):
            self.open()
