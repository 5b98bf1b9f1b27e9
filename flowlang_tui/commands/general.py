"""The actions that belong to no pane: help, palette, themes, jump mode, copying, leaving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flowlang_tui.actions import BY_METHOD
from flowlang_tui.screens.base import ProjectScreen


class GeneralCommands(ProjectScreen):
    """What can be done anywhere."""

    def is_possible(self, method: str) -> bool:
        """Whether an action makes sense now."""
        action = BY_METHOD.get(method)
        return action is None or not action.when or _CONDITIONS[action.when](self)

    def copy(self, text: str, what: str) -> None:
        self.app.copy_to_clipboard(text)
        self.tell(f"Copied the {what}.")

    def action_app_palette(self) -> None:
        self.app.action_command_palette()

    def action_app_quit(self) -> None:
        from flowlang_tui.screens.confirm import Confirm

        changed = [document.path.name for document in self.session.documents.changed]
        running = self.session.runs.is_busy
        if not changed and not running:
            self.app.exit()
            return

        def answered(choice: str | None) -> None:
            if choice == "quit" or (choice == "save" and self.session.save_all()):
                self.app.exit()

        facts = (
            [f"{', '.join(changed)} {'has' if len(changed) == 1 else 'have'} changes that are not saved."]
            if changed
            else []
        )
        if running:
            facts.append("A run is going on; it will be cancelled.")
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
    "inputs-known": lambda screen: screen.shown_flow in screen.session.last_inputs,
}
