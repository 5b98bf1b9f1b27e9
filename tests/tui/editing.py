"""An application that is nothing but an editor, and what of it is on the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from flowlang_tui.widgets.code_editor.completer import Provider
from flowlang_tui.widgets.code_editor.editor import CodeEditor
from flowlang_tui.widgets.code_editor.languages import YAML, Language
from flowlang_tui.widgets.find_bar import FindBar


class EditorApp(App[None]):
    """One editor, and its search bar if a test needs it; keeps the messages that reach the application."""

    CSS = "CodeEditor { height: 1fr; }"

    def __init__(self, text: str, language: Language, with_bar: bool) -> None:
        super().__init__()
        self.editor = CodeEditor(text, language=language)
        self.bar = FindBar(self.editor)
        self.with_bar = with_bar
        self.seen: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.editor
        if self.with_bar:
            yield self.bar

    def on_mount(self) -> None:
        self.editor.focus()

    def on_code_editor_search_asked(self, message: CodeEditor.SearchAsked) -> None:
        if message.step:
            self.bar.action_step(message.step)
        else:
            self.bar.open(replace=message.replace)

    def on_code_editor_cursor_moved(self, message: CodeEditor.CursorMoved) -> None:
        self.seen.append(message)

    def on_code_editor_problem_hovered(self, message: CodeEditor.ProblemHovered) -> None:
        self.seen.append(message)

    def on_code_editor_gutter_clicked(self, message: CodeEditor.GutterClicked) -> None:
        self.seen.append(message)

    def on_code_editor_changed(self, message: CodeEditor.Changed) -> None:
        self.seen.append(message)


class Driver:
    """Presses keys in an `EditorApp`. In texts `|` is the cursor, and `^` the other end of a selection."""

    def __init__(self, app: EditorApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.editor = app.editor
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys; a text of several characters that is no key's name is typed."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type characters."""
        await self.pilot.press(*({" ": "space", "\n": "enter"}.get(each, each) for each in text))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds."""
        for _ in range(500):
            await self.pilot.pause()
            if holds():
                return
            await self.app.workers.wait_for_complete()
        raise AssertionError("it did not come to that")

    @property
    def text(self) -> str:
        """The text with `|` where the cursor is, and `^` where a selection began."""
        lines = self.editor.text.split(self.editor.newline)
        start, end = self.editor.selection
        marks = [(end, "|")] if start == end else [(end, "|"), (start, "^")]
        for (row, column), mark in sorted(marks, reverse=True):
            lines[row] = lines[row][:column] + mark + lines[row][column:]
        return "\n".join(lines)

    @property
    def shown(self) -> list[str]:
        """What the editor shows, without the gutter, up to the end of the text."""
        width = self.editor.gutter_width
        return [line[width:].rstrip() for line in self.rows]

    @property
    def rows(self) -> list[str]:
        """What the editor shows, gutter included, up to the end of the text."""
        height = min(self.editor.size.height, self.editor.buffer.view.height - self.editor.scroll_offset.y)
        return [self.editor.render_line(y).text for y in range(height)]

    def messages(self, kind: type[Message]) -> list[Message]:
        """The messages of a kind that came so far."""
        return [message for message in self.app.seen if isinstance(message, kind)]


@asynccontextmanager
async def editing(
    text: str,
    language: Language = YAML,
    *,
    provider: Provider | None = None,
    bar: bool = False,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[Driver]:
    """An editor with a text; `|` in it is where the cursor stands at first. `bar` puts the search bar below it."""
    before, mark, after = text.partition("|")
    app = EditorApp(before + after if mark else text, language, bar)
    app.editor.provider = provider
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if mark:
            app.editor.move_cursor((before.count("\n"), len(before) - before.rfind("\n") - 1))
            await pilot.pause()
        yield Driver(app, pilot)
