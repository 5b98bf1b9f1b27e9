"""The editor pane: the open files, the text of one of them, and what there is to say about the cursor's line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from flowlang.language.diagnostics import Diagnostic
from flowlang_tui.actions import bindings
from flowlang_tui.inert import inert
from flowlang_tui.panes.pane import Pane
from flowlang_tui.session.checking import Checked
from flowlang_tui.session.documents import Document
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepRecord
from flowlang_tui.widgets.code_editor.buffer import Buffer, RunState
from flowlang_tui.widgets.code_editor.editor import CodeEditor
from flowlang_tui.widgets.code_editor.languages import language_of
from flowlang_tui.widgets.file_tabs import FileTabs, Tab
from flowlang_tui.widgets.find_bar import FindBar

if TYPE_CHECKING:
    from flowlang.language.assist import Completion


class EditorPane(Pane):
    """Several files, one editor: each file keeps its own cursor, folds and undo history."""

    DEFAULT_CSS = """
    EditorPane #about { height: auto; max-height: 3; padding: 0 1; background: $panel; display: none; }
    EditorPane #about.-shown { display: block; }
    EditorPane #nothing { height: 1fr; content-align: center middle; color: $text-muted; }
    EditorPane.-empty CodeEditor, EditorPane.-empty FileTabs { display: none; }
    EditorPane #nothing { display: none; }
    EditorPane.-empty #nothing { display: block; }
    """

    #: What the text's own widget does not do is done by the screen, which knows the other panes.
    BINDINGS: ClassVar[list[BindingType]] = [
        replace(binding, action=f"screen.{binding.action}")
        for binding in bindings("editor")
        if isinstance(binding, Binding) and not hasattr(CodeEditor, f"action_{binding.action}")
    ]

    title = "Editor"

    class Edited(Message):
        """A file has another text."""

        def __init__(self, path: Path, text: str) -> None:
            super().__init__()
            self.path = path
            self.text = text

    class LineChanged(Message):
        """The cursor came to another line (from 1)."""

        def __init__(self, path: Path, line: int) -> None:
            super().__init__()
            self.path = path
            self.line = line

    def __init__(self, *, id: str = "editor") -> None:
        super().__init__(id=id)
        self.current: Path | None = None
        self.checked: Checked | None = None
        self._buffers: dict[Path, Buffer] = {}
        self._line = 0
        self._states: dict[int, RunState] = {}
        self._news = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield FileTabs()
        yield CodeEditor()
        yield Static(
            "No file is open.\n\n^o  opens a file\n^n  makes a flow from a template", id="nothing", markup=False
        )
        yield Static(id="about", markup=False)

    @property
    def code(self) -> CodeEditor:
        """The text."""
        return self.query_one(CodeEditor)

    def focus_inside(self) -> None:
        """Give the focus to the text, or to the pane itself while no file is open."""
        (self.code if self.current is not None else self).focus()

    # files

    def show_document(self, document: Document, opened: Iterable[Document]) -> None:
        """Show a file, as it was left."""
        self.remove_class("-empty")
        if document.path != self.current:
            if self.current is not None:
                self._buffers[self.current] = self.code.take_state()
            self.current, self.checked = document.path, None
            self._news.set()
            known = self._buffers.get(document.path)
            self.code.swap_document(known or Buffer(document.text, language_of(document.path)))
            self._line = 0
        self.show_text(document, opened)

    def show_text(self, document: Document, opened: Iterable[Document]) -> None:
        """Show the text that a file has now, if it is another one: as one edit, that can be undone."""
        if document.path == self.current:
            self.code.replace_text(document.text)
            self.code.show_problems(document.problems)
        else:
            self._buffers.pop(document.path, None)
        self.show_changed(opened)

    def forget(self, path: Path, opened: Iterable[Document]) -> None:
        """Show another file instead of one that was closed."""
        self._buffers.pop(path, None)
        left = list(opened)
        if path == self.current:
            self.current = None
            if left:
                self.show_document(left[-1], left)
            else:
                self.add_class("-empty")
        self.show_changed(left)

    def show_changed(self, opened: Iterable[Document]) -> None:
        """Show which files are open, and which have changes."""
        self.query_one(FileTabs).show([Tab(one.path, _sign(one)) for one in opened], self.current)

    # what is known of the text

    def show_checked(self, checked: Checked) -> None:
        """Mark the problems of the flow that is shown, and let what was found out serve completion."""
        if checked.path == self.current:
            self.checked = checked
            if checked.text == self.code.text:
                self.code.show_problems(checked.problems)
            self._news.set()

    @property
    def is_settled(self) -> bool:
        """Whether the text was checked just as it is now, or is no flow's."""
        return self.checked is None or self.checked.text == self.code.text

    async def settled(self) -> Checked | None:
        """What came out of checking the text just as it is now, once that is known; None where no flow is shown."""
        while not self.is_settled:
            self._news.clear()
            await self._news.wait()
        return self.checked

    def show_run(self, record: RunRecord | None) -> None:
        """Mark the lines of steps with what they did."""
        self._states = {}
        self.refresh_run(record, () if record is None else list(record.steps.values()))

    def refresh_run(self, record: RunRecord | None, changed: Iterable[StepRecord]) -> None:
        """Mark the lines of the steps that have changed."""
        if record is not None and record.path == self.current:
            self._states.update((step.line, step.status) for step in changed if step.flow == record.flow)
        self.code.set_states(self._states)

    def go(self, line: int, column: int = 1) -> None:
        """Put the cursor somewhere, from 1, and show it."""
        self.code.go_to(line, column)

    def offer(self, text: str, line: int, column: int) -> list[Completion]:
        """What could be written at a place."""
        from flowlang.language.assist.completion import complete

        if self.checked is None or self.checked.analysis is None:
            return []
        return complete(self.checked.analysis, text, line, column)

    def on_mount(self) -> None:
        """Let the text complete itself from what is known."""
        self.code.provider = self.offer

    @on(CodeEditor.Changed)
    def _text_changed(self, event: CodeEditor.Changed) -> None:
        event.stop()
        if self.current is not None:
            self.post_message(self.Edited(self.current, self.code.text))

    @on(CodeEditor.SearchAsked)
    async def _search_asked(self, event: CodeEditor.SearchAsked) -> None:
        event.stop()
        bar = next(iter(self.query(FindBar)), None)
        if bar is None:
            # a dozen widgets that most people never see: they are made for the first search
            bar = FindBar(self.code)
            await self.mount(bar, after=self.code)
        if event.step and bar.asked.text:
            bar.action_step(event.step)
        else:
            bar.open(replace=event.replace)

    @on(CodeEditor.CursorMoved)
    def _cursor_moved(self, event: CodeEditor.CursorMoved) -> None:
        event.stop()
        self.show_subtitle(f"{event.line}:{event.column}")
        if event.line != self._line and self.current is not None:
            self._line = event.line
            self.post_message(self.LineChanged(self.current, event.line))

    @on(CodeEditor.ProblemHovered)
    def _problem_hovered(self, event: CodeEditor.ProblemHovered) -> None:
        event.stop()
        about = self.query_one("#about", Static)
        about.set_class(event.problem is not None, "-shown")
        if event.problem is not None:
            about.update(_told(event.problem))


def _sign(document: Document) -> str:
    if not document.path.exists():
        return "deleted"
    return "⚠" if document.in_conflict else "●" if document.is_changed else ""


def _told(problem: Diagnostic) -> Text:
    sign, style = ("✗", "bold red") if problem.severity == "error" else ("!", "bold yellow")
    line = Text.assemble((f"{sign} ", style), inert(problem.sentence))
    if problem.suggestion is not None:
        line.append("  alt+q fixes it", "dim")
    return line
