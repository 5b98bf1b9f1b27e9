"""An app whose keys are those of the table of actions: none of Textual's own, and none taken for a letter."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.widgets import Input

from flowlang_tui.actions import key_name
from flowlang_tui.inert import pasted_line
from flowlang_tui.type_ahead import TypeAhead

Result = TypeVar("Result")


class KeyedApp(App[Result], Generic[Result], inherit_bindings=False):
    """An app in which Alt with a letter is a key everywhere, and palette and quitting have the keys of the table.

    A terminal sends Escape and the letter for Alt with a letter. Textual gives that letter along with the name of the
    key, and its text fields would take it for one that was typed.
    """

    #: A key that no terminal sends, for the binding that every app of Textual has.
    COMMAND_PALETTE_BINDING = "unbound_command_palette"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "help_quit", show=False, system=True)]

    @cached_property
    def type_ahead(self) -> TypeAhead:
        """What lets keys through one by one."""
        return TypeAhead(self, super().on_event)

    async def on_event(self, event: events.Event) -> None:
        """Take the letter away before anybody sees it, and control characters before a field shows them."""
        if isinstance(event, events.Key) and event.key.startswith("alt+"):
            event.character = None
        if isinstance(event, events.Paste) and self._is_in_field:
            event.text = pasted_line(event.text)
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded and self.screen_stack:
            await self.type_ahead.take(event)
        else:
            await super().on_event(event)

    @property
    def clipboard(self) -> str:
        """What was copied in the application; in a field, of which a line can be shown."""
        copied = super().clipboard
        return pasted_line(copied) if self._is_in_field else copied

    @property
    def _is_in_field(self) -> bool:
        """Whether what is typed goes into a field that shows it: a hidden one takes what it is given."""
        focused = self.focused
        return isinstance(focused, Input) and not focused.password

    def action_help_quit(self) -> None:
        """Tell who pressed Ctrl+C, with nothing to copy, how to leave."""
        for key, active in self.screen.active_bindings.items():
            if active.binding.id == "app.quit":
                self.notify(f"{key_name(key)} leaves.")
