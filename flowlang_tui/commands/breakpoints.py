"""The breakpoints: set at the cursor, in the graph or in the gutter, changed in a form, listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual import on, work

from flowlang_tui.graph.addresses import lines_of
from flowlang_tui.graph.nest import SEPARATOR
from flowlang_tui.panes.debug_breakpoints import BreakpointsPane
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.debugging_points import Mark
from flowlang_tui.widgets.code_editor.editor import CodeEditor

if TYPE_CHECKING:
    from flowlang.debugger import Breakpoint
    from flowlang.language.diagnostics import Diagnostic
    from flowlang_tui.graph.addresses import Key


#: What stands for breakpoints in the graph, where some signs beside the text are those of steps.
_SIGNS: Final[dict[Mark, str]] = {"plain": "◉", "conditional": "◈", "log": "◇", "off": "○"}

#: What is done at a step: it gets the file of its flow, and its address.
_Act = Callable[[Path, str], None]


class BreakpointCommands(ProjectScreen):
    """Set, change, list; and show them in the text and in the graph."""

    # what is shown

    def show_breakpoints(self) -> None:
        """Show the breakpoints in the text, in the graph and in their list."""
        points = self.session.debugging.points
        current = self.editor.current
        checked = self.session.checked(current)
        if current is not None and (checked is None or checked.text == self.editor.code.text):
            steps = {} if checked is None else lines_of(checked.graph)
            if points.of(current):
                points.follow(current, steps)
            self.editor.code.set_breakpoints(points.marks(current, steps))
        self.graph.show_breakpoints(self._signs_in_graph())
        if "breakpoints" in self.panes:
            known = {points.flow(path): frozenset(lines_of(one.graph)) for path, one in self.session.checks.items()}
            before = self.breakpoints.badge
            self.breakpoints.show(points.all if points.are_there else (), known)
            if self.breakpoints.badge != before:
                self.show_titles()

    def _signs_in_graph(self) -> Mapping[Key, str]:
        points = self.session.debugging.points
        if not points.are_there or self.shown_flow is None:
            return {}
        signs: dict[Key, str] = {}
        marks: dict[Path, dict[int, str]] = {}
        for node, key in self.graph.drawing.picture.keys.items():
            path = self.file_of(node) if SEPARATOR in node else self.shown_flow
            if path is None:
                continue
            if path not in marks:
                checked = self.session.checked(path)
                steps = {} if checked is None else lines_of(checked.graph)
                marks[path] = {line: _SIGNS[mark] for line, mark in points.marks(path, steps).items()}
            if key[1] in marks[path]:
                signs[key] = marks[path][key[1]]
        return signs

    def follow_breakpoints(self, path: Path) -> None:
        """A flow was checked: breakpoints go along with steps that have another id now."""
        debugging = self.session.debugging
        checked = self.session.checked(path)
        if checked is None or not debugging.points.of(path):
            return
        if debugging.points.follow(path, lines_of(checked.graph)):
            debugging.breakpoints_changed()

    # what is done

    def action_debug_breakpoint(self) -> None:
        """Set a breakpoint at the chosen step, or take it away."""
        self._at_chosen(self._toggle)

    def action_graph_breakpoint(self) -> None:
        """The same, from the graph."""
        self._at_chosen(self._toggle)

    def action_debug_condition(self) -> None:
        """Say when the breakpoint of the chosen step stops."""
        self._at_chosen(self._edit_at)

    def action_debug_delete_all(self) -> None:
        """Take all breakpoints away, after a question."""
        from flowlang_tui.screens.confirm import Confirm

        points = self.session.debugging.points
        count = len(points.all)
        if not count:
            self.tell("There are no breakpoints.")
            return

        def answered(choice: str | None) -> None:
            if choice == "delete":
                points.clear()
                self.session.debugging.breakpoints_changed()

        question = f"Take {count} breakpoint{'s' * (count != 1)} away?"
        self.app.push_screen(Confirm(question, {"delete": "Take away", "cancel": "Keep"}), answered)

    @on(CodeEditor.GutterClicked)
    def _gutter_clicked(self, event: CodeEditor.GutterClicked) -> None:
        event.stop()
        self._at_line(event.line, self._toggle)

    @on(BreakpointsPane.Asked)
    def _asked(self, event: BreakpointsPane.Asked) -> None:
        event.stop()
        debugging, point = self.session.debugging, event.point
        if event.what == "edit":
            self._edit(debugging.points.path(point), point, known=True)
        elif event.what == "open":
            self._go_to(point)
        else:
            if event.what == "toggle":
                debugging.points.enable(point)
            else:
                debugging.points.all.remove(point)
            debugging.breakpoints_changed()

    def _go_to(self, point: Breakpoint) -> None:
        if not point.flow:
            self.tell("This breakpoint is at the steps of every flow.")
            return
        path = self.session.debugging.points.path(point)
        checked = self.session.checked(path)
        steps = {} if checked is None else lines_of(checked.graph)
        self.open_file(path, next((line for step, line in steps.items() if point.fits(step)), None))

    def _toggle(self, path: Path, address: str) -> None:
        debugging = self.session.debugging
        set_now = debugging.points.toggle(path, address)
        self._note_steps(path)
        debugging.breakpoints_changed()
        self.tell(f"Stops before `{address}`." if set_now else f"Does not stop at `{address}` any more.")

    def _edit_at(self, path: Path, address: str) -> None:
        from flowlang.debugger import Breakpoint

        points = self.session.debugging.points
        there = points.at(path, address)
        self._edit(path, there[0] if there else Breakpoint(address, flow=points.flow(path)), known=bool(there))

    def _edit(self, path: Path, point: Breakpoint, *, known: bool) -> None:
        from flowlang_tui.screens.breakpoint_form import BreakpointForm

        debugging = self.session.debugging
        checked = self.session.checked(path)

        def check(one: Breakpoint) -> list[Diagnostic]:
            return [] if checked is None else one.problems(checked.flow)

        def answered(answer: Breakpoint | str | None) -> None:
            if answer is None:
                return
            if isinstance(answer, str):
                debugging.points.all.remove(point)
            else:
                debugging.points.put(point if known else None, answer)
                self._note_steps(path)
            debugging.breakpoints_changed()

        self.app.push_screen(BreakpointForm(point, check, known=known), answered)

    def _note_steps(self, path: Path) -> None:
        checked = self.session.checked(path)
        if checked is not None:
            self.session.debugging.points.follow(path, lines_of(checked.graph))

    def _at_chosen(self, act: _Act) -> None:
        """Do something at the step that is chosen in the graph, if that has the focus, or that the cursor is in."""
        chosen = self.graph.drawing.selected
        node = self.graph.drawing.picture.node(chosen)
        if self.graph.has_focus_within and chosen is not None and node is not None:
            path = self.file_of(chosen)
            checked = self.session.checked(path)
            steps = {} if checked is None else lines_of(checked.graph)
            address = next((step for step, line in steps.items() if line == node.line), None)
            if path is not None and address is not None:
                act(path, address)
        else:
            self._at_line(self.editor.code.cursor_location[0] + 1, act)

    def _at_line(self, line: int, act: _Act) -> None:
        """Do something at the step of a line: now, or when the text as it is was checked."""
        if self.editor.is_settled:
            self._act_at(line, act)
        else:
            self._act_later(line, act)

    @work(exclusive=True, group="breakpoint")
    async def _act_later(self, line: int, act: _Act) -> None:
        await self.editor.settled()
        self._act_at(line, act)

    def _act_at(self, line: int, act: _Act) -> None:
        from flowlang.language.assist import step_at

        path, checked = self.editor.current, self.editor.checked
        step = None if checked is None or checked.analysis is None else step_at(checked.analysis, line)
        if path is None or checked is None or step is None:
            self.tell("There is no step in this line.")
            return
        address = next((name for name, at in lines_of(checked.graph).items() if at == step.line), None)
        if address is not None:
            act(path, address)
