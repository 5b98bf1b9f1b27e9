"""Alt with a letter is a key, not a letter to be typed."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events
from textual.app import App

Result = TypeVar("Result")


class AltKeysApp(App[Result], Generic[Result]):
    """An app whose text fields leave keys with Alt alone.

    A terminal sends Escape and the letter for them. Textual gives the letter along with the name of the key, and its
    text fields would take it for one that was typed.
    """

    async def on_event(self, event: events.Event) -> None:
        """Take the letter away before anybody sees it."""
        if isinstance(event, events.Key) and event.key.startswith("alt+"):
            event.character = None
        await super().on_event(event)
