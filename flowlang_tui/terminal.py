"""The workbench in the terminal that the program was started from."""

from __future__ import annotations

import asyncio
import signal

from flowlang_tui.app import WorkbenchApp


def show(app: WorkbenchApp) -> int:
    """Show the workbench until it is left, or until a signal ends it; the exit code of the process."""
    asyncio.run(_show(app))
    return app.return_code or 0


async def _show(app: WorkbenchApp) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # the default would leave the terminal without echo and on its other screen
        loop.add_signal_handler(number, app.exit, None, 128 + number)
    await app.run_async()
