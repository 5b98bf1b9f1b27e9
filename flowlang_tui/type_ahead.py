"""Keys that are typed faster than the screen follows go where those before them lead."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget

#: For so many seconds at most a key waits for the one before it, which may have begun something long.
_PATIENCE: Final = 3.0

#: Whoever goes on typing, with shorter pauses than so many seconds, has not seen yet that the screen is another one.
_PAUSE: Final = 0.7


class TypeAhead:
    """Lets a key through when the one before it was dealt with: whoever had it, and what it made of the focus.

    A key that opens a dialog or goes to a field has done so only when it has come up from the focused widget to the
    app. Textual hands those that follow to whatever has the focus until then. `hand_over` gives a key to the app.
    """

    def __init__(self, app: App[Any], hand_over: Callable[[events.Event], Awaitable[None]]) -> None:
        self._app = app
        self._hand_over = hand_over
        self._waiting: deque[events.Key | events.Paste] = deque()
        #: The way of the key that is under way: those that are still to deal with it.
        self._way: list[MessagePump] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last: events.Key | None = None
        self._had: Widget | None = None
        self._hushed: float | None = None

    @property
    def writing(self) -> Widget | None:
        """The widget that somebody is writing into: it had the latest key, which was a character, and just now."""
        key = self._last
        return self._had if key is not None and key.is_printable and monotonic() - key.time < _PAUSE else None

    def hush(self) -> None:
        """Take no characters from somebody who is typing, until a pause: what they are meant for has gone."""
        if self._last is not None:
            self._hushed = self._last.time

    def listen(self) -> None:
        """Take characters again: there is something that they may be meant for."""
        self._hushed = None

    async def take(self, event: events.Key | events.Paste) -> None:
        """Hand a key, or what is pasted, over to the app: now, or when those before it were dealt with."""
        if self._way is None:
            await self._hand(event)
        else:
            self._waiting.append(event)

    async def _hand(self, event: events.Key | events.Paste) -> None:
        app = self._app
        way: list[MessagePump] = [app]
        self._way = way
        if app.screen_stack and not self._is_hushed(event):
            screen = app.screen
            # what asks for the focus in passing gets it by way of the app, which is why that comes twice
            way[:] = [*(app.focused or screen).ancestors_with_self, app]
            if not _is_character(event):
                # what a key such as Enter lets a field tell goes the same way once more
                way *= 2
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._end, way)
            await self._hand_over(event)
            self._follow(way, screen)
        else:
            self._end(way)

    def _follow(self, way: list[MessagePump], screen: Screen[Any]) -> None:
        """Go the way of a key, behind it: from the widget that had the focus up to the app."""
        if way is not self._way:
            return
        if not way and self._app.screen_stack and self._app.screen is not screen:
            # the screen that the key has opened gives the focus to one of its fields, or opens another one
            screen = self._app.screen
            way += [screen, self._app]
        while way:
            if way.pop(0).call_later(self._follow, way, screen):
                return
        self._end(way)

    def _end(self, way: list[MessagePump]) -> None:
        if way is not self._way:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._way = self._timer = None
        if self._waiting:
            # those that come meanwhile come behind
            self._way = []
            self._app.call_next(self._hand, self._waiting.popleft())

    def _is_hushed(self, event: events.Key | events.Paste) -> bool:
        if isinstance(event, events.Paste):
            return False
        self._last, self._had = event, self._app.focused
        if self._hushed is None:
            return False
        is_more = event.is_printable and event.time - self._hushed < _PAUSE
        self._hushed = event.time if is_more else None
        return is_more


def _is_character(event: events.Key | events.Paste) -> bool:
    return isinstance(event, events.Key) and event.is_printable
