"""Ctrl+C and SIGTERM: the first asks the run to stop, the second ends the process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Final, NoReturn

from flowlang.cli.terminal import is_terminal, tell
from flowlang.runtime.control import CancellationToken

#: Exit code of a cancelled run.
INTERRUPTED: Final = 130

_REASONS: Final = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated from outside"}


class Interrupts:
    """While entered, signals cancel `token`. Enter it in the event loop of the run.

    A signal that the process was told to ignore, as a shell does for what it starts in the background, stays ignored.
    `farewell` gives the last line that is told when the process ends at once.
    """

    def __init__(
        self, token: CancellationToken, *, quiet: bool, farewell: Callable[[], str | None] = lambda: None
    ) -> None:
        self._token = token
        self._quiet = quiet
        self._farewell = farewell
        self._before: dict[signal.Signals, Any] = {}
        self._cancelling: asyncio.Task[None] | None = None
        self._asked = False

    def __enter__(self) -> Interrupts:
        self._loop = asyncio.get_running_loop()
        for number in _REASONS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            _end_now(None if self._quiet else self._farewell())
        self._asked = True
        self._loop.call_soon_threadsafe(self._stop, signal.Signals(number))

    def _stop(self, number: signal.Signals) -> None:
        if not self._quiet:
            tell("Stopping: cleaning up. Once more ends it at once.")
        self._cancelling = self._loop.create_task(self._token.cancel(_REASONS[number]))


def _end_now(last_line: str | None) -> NoReturn:
    if is_terminal(sys.stderr):
        # the live view hides the cursor, and nobody else is left to show it
        os.write(2, b"\x1b[?25h\n")
    if last_line is not None:
        # past the stream, which may be in the middle of a write just now; and stderr may be gone
        with suppress(OSError):
            os.write(2, last_line.encode() + b"\n")
    os._exit(INTERRUPTED)
