"""The actions on a run that stands still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on

from flowlang import FlowLangError
from flowlang_tui.actions import BY_NAME
from flowlang_tui.panes.debug_console import ConsolePane
from flowlang_tui.panes.debug_pane import DebugPane
from flowlang_tui.panes.debug_scope import ScopePane, Target, typed
from flowlang_tui.panes.debug_stack import StackPane
from flowlang_tui.screens.base import ProjectScreen
from flowlang_tui.session.console import Console, Order
from flowlang_tui.widgets.value_nodes import preview

if TYPE_CHECKING:
    from flowlang.debugger import Stop


class DebugCommands(ProjectScreen):
    """Go on, look, change."""

    def action_debug_menu(self) -> None:
        """Offer what can be done now, each by a letter."""
        from flowlang_tui.screens.debug_menu import OFFERED, DebugMenu
        from flowlang_tui.screens.palette import perform, possible

        now = {action.name for action in possible(self)}

        async def chosen(name: str | None) -> None:
            if name is not None:
                await perform(self, BY_NAME[name])

        self.app.push_screen(DebugMenu([BY_NAME[name] for name in OFFERED if name in now]), chosen)

    def action_debug_start(self) -> None:
        """Run the flow and stop before its first step."""
        self.run_flow(self.shown_flow, stop_first=True)

    # going on

    def action_debug_continue(self) -> None:
        self.session.debugging.go_on()

    def action_debug_over(self) -> None:
        self.session.debugging.step("over")

    def action_debug_into(self) -> None:
        self.session.debugging.step("into")

    def action_debug_out(self) -> None:
        self.session.debugging.step("out")

    def action_debug_to_cursor(self) -> None:
        """Go on to the step that the cursor is in."""
        sight = self.session.debugging.chosen
        if sight is None:
            return
        line = self.editor.code.cursor_location[0] + 1
        if self.editor.current == Path(sight.stop.file or ""):
            self.session.debugging.run_to(line)
        else:
            self.tell("The cursor is in another file than the stopped step.", "warning")

    def action_debug_pause(self) -> None:
        if self.session.debugging.pause():
            self.tell("Stops at the next step.")
        else:
            self.tell("Nothing runs.")

    def action_debug_others(self) -> None:
        """Let other branches wait while one stands, or go on."""
        debugging = self.session.debugging
        debugging.let_others(not debugging.others_wait)
        self.tell("Other branches wait." if debugging.others_wait else "Other branches go on.")

    def action_debug_next_stop(self) -> None:
        self.session.debugging.choose(1)

    def action_debug_previous_stop(self) -> None:
        self.session.debugging.choose(-1)

    # the step

    def action_debug_again(self) -> None:
        self.session.debugging.act(lambda stop: stop.run_again())

    def action_debug_skip(self) -> None:
        self.session.debugging.act(lambda stop: stop.skip())

    def action_debug_commit(self) -> None:
        self.session.debugging.act(lambda stop: stop.commit())

    def action_debug_roll_back(self) -> None:
        self.session.debugging.act(lambda stop: stop.roll_back())

    def action_debug_give(self) -> None:
        """Ask what the step is to give."""
        sight = self.session.debugging.chosen
        if sight is not None:
            known = sight.stop.result
            self._ask_value(f"{sight.stop.step_id} gives", "" if known is None else typed(known), self._give)

    def _give(self, text: str) -> None:
        self.session.debugging.act(lambda stop: _given(stop, text))

    def action_debug_inputs(self) -> None:
        """Ask for another value of one of the step's arguments."""
        sight = self.session.debugging.chosen
        inputs = {} if sight is None else sight.inputs or {}
        if not inputs:
            self.tell("The step takes no inputs.")
        elif len(inputs) == 1:
            self._ask_input(*next(iter(inputs.items())))
        else:
            from flowlang_tui.screens.pick import Pick

            def chosen(name: str | None) -> None:
                if name is not None:
                    self._ask_input(name, inputs[name])

            details = {name: preview(value) for name, value in inputs.items()}
            self.app.push_screen(Pick("Change the input", list(inputs), details), chosen)

    def _ask_input(self, name: str, value: Any) -> None:
        def given(text: str) -> None:
            self.session.debugging.act(lambda stop: _set_input(stop, name, text))

        self._ask_value(f"{name} =", typed(value), given)

    def action_debug_redo(self) -> None:
        """Run the step as the text of its flow is now in the editor."""
        sight = self.session.debugging.chosen
        path = None if sight is None or sight.stop.file is None else Path(sight.stop.file)
        if path is None:
            return
        document = self.session.documents.get(path)
        text = path.read_text("utf-8") if document is None else document.text
        self.session.debugging.ask(lambda stop: stop.redo_with(text), self._redone)

    def _redone(self, redone: Any, error: str | None) -> None:
        if error is not None:
            self.tell(error, "warning")
        elif redone.problems:
            first = redone.problems[0]
            self.tell(f"The text cannot run: line {first.line}: {first.sentence}", "warning")
        elif redone.left:
            left = "\n".join(f"{step}: {why}" for step, why in list(redone.left.items())[:4])
            self.tell(f"Runs with the new text, but for what this run has done already:\n{left}", "warning")
        else:
            self.tell("Runs with the new text.")

    def action_debug_accept(self) -> None:
        """Choose a change that was made by hand, and write it into the file."""
        sight, changes = self.session.debugging.chosen, self.session.debugging.changes
        if sight is None or not changes:
            self.tell("Nothing was changed by hand at this stop that the file could have.")
            return
        stop, path = sight.stop, Path(sight.stop.file or "")
        by_words = {f"{one.kind} {one.what} of {one.path}": one for one in reversed(changes)}

        def chosen(words: str | None) -> None:
            if words is None or self.session.open(path) is None:
                return
            code = self.editor.code
            try:
                edits = stop.accept(by_words[words], code.text)
            except FlowLangError as error:
                self.tell(str(error), "warning")
            else:
                code.apply_edits(edits)
                self.tell(f"Written into {path.name}; ^s saves it.")

        if len(by_words) == 1:
            chosen(next(iter(by_words)))
        else:
            from flowlang_tui.screens.pick import Pick

            self.app.push_screen(Pick("Write into the file", list(by_words)), chosen)

    # values and expressions

    def action_debug_evaluate(self) -> None:
        """Go to the line of the console."""
        self.show_pane("console")

    def action_debug_watch(self) -> None:
        """Ask for an expression to be evaluated at every stop."""
        self.show_pane("scope")
        self.scope.ask_watch()

    @on(ScopePane.Given)
    def _value_given(self, event: ScopePane.Given) -> None:
        event.stop()
        target, text = event.target, event.text
        if target is None or target.kind == "watch":
            self._watch(None if target is None else target.name, text or None)
        else:
            self.session.debugging.act(lambda stop: _set(stop, target, text))

    def _watch(self, old: str | None, new: str | None) -> None:
        debugging = self.session.debugging
        flow = self.watched_flow
        if flow is not None:
            debugging.watch(flow, old, new)
            self.workbench.remember_watched(debugging.watched)

    @property
    def watched_flow(self) -> Path | None:
        """The flow whose watched expressions are shown."""
        sight = self.session.debugging.chosen
        return self.shown_flow if sight is None or sight.stop.file is None else Path(sight.stop.file)

    @on(ConsolePane.Typed)
    def _typed(self, event: ConsolePane.Typed) -> None:
        event.stop()
        Console(self.session.debugging, self._answer, self._order).take(event.text)

    def _answer(self, text: str, value: Any, error: str | None, note: str) -> None:
        self.console.answer(text, value, error, note)

    def _order(self, order: Order) -> None:
        getattr(self, f"action_debug_{order}")()

    @on(StackPane.StopChosen)
    def _stop_chosen(self, event: StackPane.StopChosen) -> None:
        event.stop()
        self.session.debugging.choose_stop(event.sight.stop.id)

    @on(StackPane.CallChosen)
    def _call_chosen(self, event: StackPane.CallChosen) -> None:
        event.stop()
        self.session.debugging.look_again(event.calls)

    @on(DebugPane.PlaceAsked)
    def _place_asked(self, event: DebugPane.PlaceAsked) -> None:
        event.stop()
        path = self.shown_flow if event.path is None else Path(event.path)
        if path is not None:
            self.look_at(path, event.line)

    def _ask_value(self, question: str, value: str, then: Callable[[str], None]) -> None:
        from flowlang_tui.screens.ask import Ask

        def answered(text: str | None) -> None:
            if text is not None:
                then(text)

        ask = Ask(question, value, placeholder='an expression: 5, "text", fetch.rows[0]')
        self.app.push_screen(ask, answered)


async def _given(stop: Stop, text: str) -> None:
    stop.give(await stop.value_of(text))


async def _set_input(stop: Stop, name: str, text: str) -> None:
    stop.set_input(name, await stop.value_of(text))


async def _set(stop: Stop, target: Target, text: str) -> None:
    value = await stop.value_of(text)
    if target.kind == "argument":
        stop.set_input(target.name, value)
    else:
        stop.set_value(target.name, value)
