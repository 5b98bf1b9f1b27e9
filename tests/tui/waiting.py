"""Waits for widgets that have something to do: to ask each of a hundred takes longer than what most keys do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import pytest
from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot, WaitForScreenTimeout

#: What one widget does gives others something to do, but not for ever.
_ROUNDS: Final = 5


def ask_the_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pilot wait until the app, the screen and the widgets that messages wait for have done what they had to."""
    monkeypatch.setattr(Pilot, "_wait_for_screen", _wait_for_the_busy)


async def _wait_for_the_busy(pilot: Pilot[Any], timeout: float = 120.0) -> bool:
    app, asked = pilot.app, 0
    while app.screen_stack and asked < _ROUNDS:
        asked += 1
        busy = [widget for widget in app.screen.walk_children() if widget.message_queue_size]
        if asked > 1 and not busy:
            return True
        if not await _done(app, (app, app.screen, *busy), timeout):
            return False
    return asked > 0


async def _done(app: App[Any], pumps: Iterable[MessagePump], timeout: float) -> bool:
    """Wait until all of them have done what waits for them now; False if the application has failed meanwhile."""
    left, over = 0, asyncio.Event()

    def one_is_done() -> None:
        nonlocal left
        left -= 1
        if not left:
            over.set()

    for pump in pumps:
        left += pump.call_later(one_is_done)
    if not left:
        return True
    ends = [asyncio.create_task(event.wait()) for event in (over, app._exception_event)]
    ended, pending = await asyncio.wait(ends, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if not ended:
        raise WaitForScreenTimeout("The screen's widgets did not come to an end with what they do.")
    return over.is_set()
