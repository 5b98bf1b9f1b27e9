"""The actions that belong to no pane: help, palette, themes, jump mode, copying, leaving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from textual import on

from flowlang_tui.actions import BY_METHOD, BY_NAME, Where
from flowlang_tui.arrangement import DEBUG_PANES
from flowlang_tui.copying import CopyAsked
from flowlang_tui.inert import inert
from flowlang_tui.keymap import keymap_path, template
from flowlang_tui.preferences import Preferences
from flowlang_tui.screens.base import ProjectScreen


class GeneralCommands(ProjectScreen):
    """What can be done anywhere."""

    def is_possible(self, method: str) -> bool:
        """Whether an action makes sense now."""
        action = BY_METHOD.get(method)
        return action is None or not action.when or _CONDITIONS[action.when](self)

    @on(CopyAsked)
    def _copy_asked(self, event: CopyAsked) -> None:
        event.stop()
        self.copy(event.text, event.what)

    def copy(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        self.tell(f"Copied {what}.")

    def action_app_palette(self) -> None:
        self.app.action_command_palette()

    def action_view_jump(self) -> None:
        from flowlang_tui.screens.jump import Jump

        def chosen(name: str | None) -> None:
            if name is not None:
                self.show_pane(name)

        self.app.push_screen(Jump(self.panes), chosen)

    def action_help_show(self) -> None:
        """Tell what the focused pane is for, and its keys."""
        current = self.arrangement.current
        self._help("debug" if current in DEBUG_PANES else current)

    def action_help_keys(self) -> None:
        self._help("app")

    def _help(self, where: str) -> None:
        from flowlang_tui.screens.help import Help
        from flowlang_tui.screens.palette import perform

        async def chosen(name: str | None) -> None:
            if name is not None:
                await perform(self, BY_NAME[name])

        self.app.push_screen(Help(cast(Where, where), self.workbench.keymap), chosen)

    def action_app_theme(self) -> None:
        from flowlang_tui.screens.theme_picker import ThemePicker

        def chosen(name: str | None) -> None:
            if name is not None:
                Preferences.of_person().set("theme", name)

        self.app.push_screen(ThemePicker(), chosen)

    def action_app_keymap(self) -> None:
        """Open the person's own keys, in a file that explains itself if there is none yet."""
        path = keymap_path()
        if not path.exists():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(template(), "utf-8")
            except OSError as error:
                self.tell(f"{path} cannot be made: {error.strerror}", "error")
                return
        self.open_file(path)

    def action_app_quit(self) -> None:
        self.leave(self.app.exit)

    def leave(self, then: Callable[[], object]) -> None:
        """Do what ends this project; ask before, if something would be lost."""
        from flowlang_tui.screens.confirm import Confirm

        changed = [document.path.name for document in self.session.documents.changed]
        running = self.session.runs.is_busy
        if not changed and not running:
            then()
            return

        def answered(choice: str | None) -> None:
            if choice == "quit":
                self.session.unsaved.forget()
            if choice == "quit" or (choice == "save" and self.session.save_all()):
                then()

        facts = (
            [f"{', '.join(changed)} {'has' if len(changed) == 1 else 'have'} changes that are not saved."]
            if changed
            else []
        )
        if running:
            facts.append("A run is going on; it will be cancelled.")
            open_ones = ", ".join(inert(path) for path in self.session.debugging.in_transactions)
            if open_ones:
                facts.append(f"The open transaction of {open_ones} will be rolled back.")
        choices = {"quit": "Leave all the same" if changed else "Leave", "cancel": "Stay"}
        if changed:
            choices = {"save": "Save and leave", **choices}
        self.app.push_screen(Confirm("\n".join(facts), choices), answered)


_CONDITIONS: Final[dict[str, Callable[[ProjectScreen], bool]]] = {
    "flow-open": lambda screen: screen.shown_flow is not None,
    "file-open": lambda screen: len(screen.session.documents) > 0,
    "several-files": lambda screen: len(screen.session.documents) > 1,
    "running": lambda screen: screen.session.runs.is_busy,
    "run-shown": lambda screen: screen.shown_run is not None,
    "recorded-shown": lambda screen: screen.shown_recorded is not None,
    "stopped": lambda screen: screen.session.debugging.is_stopped,
    "several-stops": lambda screen: len(screen.session.debugging.sights) > 1,
    "in-transaction": lambda screen: screen.session.debugging.can("commit"),
    "can-run-again": lambda screen: screen.session.debugging.can("run_again"),
    "can-skip": lambda screen: screen.session.debugging.can("skip"),
    "can-give": lambda screen: screen.session.debugging.can("give"),
    "can-set-inputs": lambda screen: screen.session.debugging.can("set_input"),
    "can-redo": lambda screen: screen.session.debugging.can("redo_with"),
    "changed-by-hand": lambda screen: bool(screen.session.debugging.changes),
    "looking-back": lambda screen: screen.session.debugging.is_looking_back,
    "inputs-known": lambda screen: screen.shown_flow in screen.session.last_inputs,
}
