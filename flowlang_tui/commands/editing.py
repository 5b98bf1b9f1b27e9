"""The actions on the text that go beyond typing: navigate, rename, fix, explain, edit elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import SuspendNotSupported

from flowlang import FlowLangError
from flowlang.language.diagnostics import Diagnostic, Span
from flowlang_tui.panes.editor import EditorPane
from flowlang_tui.panes.problems import ProblemsPane
from flowlang_tui.screens.base import ProjectScreen

if TYPE_CHECKING:
    from flowlang.language.assist import Analysis, Fix, Location, TextEdit


class EditingCommands(ProjectScreen):
    """What the language's services offer at the cursor."""

    @on(EditorPane.Edited)
    def _edited(self, event: EditorPane.Edited) -> None:
        document = self.session.documents.get(event.path)
        if document is not None:
            was_changed = document.is_changed
            self.session.edit(document, event.text)
            if document.is_changed != was_changed:
                self.editor.show_changed(self.session.documents)

    @on(EditorPane.LineChanged)
    def _line_changed(self, event: EditorPane.LineChanged) -> None:
        key = self._step_at(event.line)
        # with the focus in the graph the cursor follows what is selected there, and may be behind by a key
        if key is not None and event.path == self.shown_flow and not self.graph.has_focus_within:
            self.choose_step(*key)

    @on(ProblemsPane.Opened)
    def _problem_opened(self, event: ProblemsPane.Opened) -> None:
        event.stop()
        problem = event.problem
        if problem.path is not None:
            self.open_file(Path(problem.path), max(problem.line, 1), max(problem.column, 1))

    @on(ProblemsPane.FixAsked)
    def _fix_asked(self, event: ProblemsPane.FixAsked) -> None:
        event.stop()
        problem = event.problem
        if problem.path is not None:
            self.open_file(Path(problem.path), max(problem.line, 1), max(problem.column, 1))
            self.action_editor_fix()

    def action_editor_complete(self) -> None:
        self.editor.code.action_editor_complete()

    def action_editor_docs(self) -> None:
        from flowlang.language.assist import hover

        analysis, place = self._analysis(), self._place()
        told = None if analysis is None else hover(analysis, self.editor.code.text, *place)
        if told is None:
            self.action_help_show()
            return
        from flowlang_tui.screens.explanation import Explanation

        self.app.push_screen(Explanation(told.title, told.body))

    def action_editor_definition(self) -> None:
        from flowlang.language.assist import definition

        analysis = self._analysis()
        found = None if analysis is None else definition(analysis, self.editor.code.text, *self._place())
        if found is None:
            self.tell("What is under the cursor is defined nowhere in the project.")
        else:
            self._go(found)

    def action_editor_references(self) -> None:
        from flowlang.language.assist import Location, references

        analysis = self._analysis()
        text = self.editor.code.text
        found = [] if analysis is None else references(analysis, text, *self._place())
        if not found:
            self.tell("Nothing uses what is under the cursor.")
            return
        lines = text.split("\n")
        places = {f"{span.line}: {lines[span.line - 1].strip()}": span for span in found}
        self._pick("Used here", {name: Location(None, span) for name, span in places.items()})

    @work(exclusive=True, group="assist")
    async def action_editor_rename(self) -> None:
        from flowlang.language.assist import rename, renameable
        from flowlang_tui.screens.ask import Ask

        place, text = self._place(), self.editor.code.text
        analysis = await self._fresh_analysis()
        subject = None if analysis is None else renameable(analysis, text, *place)
        if analysis is None or subject is None:
            self.tell("Put the cursor on the name of a step, an input or a connection to rename it.", "warning")
            return

        def edits(name: str) -> list[TextEdit] | str:
            try:
                return rename(analysis, text, *place, name)
            except FlowLangError as error:
                return str(error)

        def check(name: str) -> str | None:
            made = edits(name)
            return made if isinstance(made, str) else None

        name = await self.app.push_screen_wait(Ask(f"New name of {subject[0]}", subject[0], check=check))
        made = edits(name) if name else []
        if self.editor.code.text != text:
            self.tell("The text has changed meanwhile, so nothing was renamed. Try it again.", "warning")
        elif not isinstance(made, str):
            self.editor.code.apply_edits(made)

    @work(exclusive=True, group="assist")
    async def action_editor_fix(self) -> None:
        await self._fresh_analysis()
        line = self._place()[0]
        document = None if self.editor.current is None else self.session.documents.get(self.editor.current)
        problems = [] if document is None else document.problems
        here = [one for one in problems if one.line <= line <= max(one.end_line, one.line)]
        self._offer_fixes(here)

    def action_editor_outline(self) -> None:
        from flowlang.language.assist import Location, outline

        analysis = self._analysis()
        if analysis is None:
            self.tell("There is an outline of flows only.")
            return
        items = outline(analysis)
        places = {f"{'  ' * item.depth}{item.label}": item for item in items}
        details = {name: f"{item.detail}  line {item.line}" for name, item in places.items()}
        self._pick(
            "Outline",
            {name: Location(None, Span(item.line, 1, item.line, 1)) for name, item in places.items()},
            details,
        )

    def action_editor_show_step(self) -> None:
        key = self._step_at(self._place()[0])
        if key is None:
            self.tell("There is no step in this line.")
        else:
            self.choose_step(*key)
            self.show_pane("graph")

    def action_editor_external(self) -> None:
        """Edit the file in the person's own editor while the screen is suspended."""
        path = self.editor.current
        document = None if path is None else self.session.documents.get(path)
        if document is None or path is None or not self.session.save(document):
            return
        import shlex
        import subprocess

        words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        try:
            with self.app.suspend():
                code = subprocess.call([*words, str(path)])
        except SuspendNotSupported:
            self.tell("Another editor needs a terminal, and this screen is in none.", "warning")
            return
        except OSError as error:
            self.tell(f"{words[0]} cannot be started: {error.strerror}. $EDITOR names the editor to use.", "error")
            return
        if code:
            self.tell(f"{words[0]} ended with exit code {code}.", "warning")
        self.session.changed([path])

    def _offer_fixes(self, problems: Sequence[Diagnostic]) -> None:
        from flowlang.language.assist import quick_fixes

        analysis = self._analysis()
        fixes = [] if analysis is None else [fix for problem in problems for fix in quick_fixes(analysis, problem)]
        if not problems:
            self.tell("There is no problem in this line.")
        elif not fixes:
            self.tell("Nothing is known that would mend this by itself.")
        elif len(fixes) == 1:
            self._apply(fixes[0])
        else:
            from flowlang_tui.screens.pick import Pick

            by_title = {fix.title: fix for fix in fixes}

            def chosen(title: str | None) -> None:
                if title is not None:
                    self._apply(by_title[title])

            self.app.push_screen(Pick("Mend", list(by_title)), chosen)

    def _apply(self, fix: Fix) -> None:
        if fix.edits:
            self.editor.code.apply_edits(fix.edits)
            self.tell(fix.title)
        if fix.action is not None:
            self.create(*fix.action)

    def _pick(self, question: str, places: dict[str, Location], details: dict[str, str] | None = None) -> None:
        from flowlang_tui.screens.pick import Pick

        def chosen(name: str | None) -> None:
            if name is not None:
                self._go(places[name])

        self.app.push_screen(Pick(question, list(places), details), chosen)

    def _go(self, place: Location) -> None:
        path = self.editor.current if place.path is None else Path(place.path)
        if path is not None:
            self.open_file(path, place.span.line, place.span.column)

    def _analysis(self) -> Analysis | None:
        checked = self.editor.checked
        return None if checked is None else checked.analysis

    async def _fresh_analysis(self) -> Analysis | None:
        """What is known of the text just as it is now: changes are made by it."""
        checked = await self.editor.settled()
        return None if checked is None else checked.analysis

    def _place(self) -> tuple[int, int]:
        row, column = self.editor.code.cursor_location
        return row + 1, column + 1

    def _step_at(self, line: int) -> tuple[str, int] | None:
        """Address and line of the step that a line of the text belongs to."""
        analysis = self._analysis()
        if analysis is None:
            return None
        from flowlang.language.assist import step_at

        step = step_at(analysis, line)
        return None if step is None else self.graph.key_at(step.line)
