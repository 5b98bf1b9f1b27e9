"""The workbench in the terminal that the program was started from."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import Final

from flowlang_tui.app import WorkbenchApp
from flowlang_tui.session.engine import GRACE

#: How long, in seconds, a process that a signal has ended may take besides what its runs may, to leave the screen.
_PATIENCE: Final = 10.0


def show(app: WorkbenchApp) -> int:
    """Show the workbench until it is left, or until a signal ends it; the exit code of the process."""
    asyncio.run(_show(app))
    return app.return_code or 0


async def _show(app: WorkbenchApp) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # the default would leave the terminal without echo and on its other screen
        loop.add_signal_handler(number, _end, app, 128 + number)
    await app.run_async()


def _end(app: WorkbenchApp, code: int) -> None:
    """Leave the workbench; for good, where a terminal that has gone takes nothing of what is still written to it."""
    app.exit(None, code)
    guard = threading.Timer(GRACE + _PATIENCE, os._exit, (code,))
    guard.daemon = True
    guard.start()
