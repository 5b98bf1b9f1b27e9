"""The process behind `serve`: uvicorn, with an end in which whoever waits for a run still hears how it ended."""

from __future__ import annotations

import asyncio
import socket
from typing import Final

import uvicorn
from fastapi import FastAPI

from flowlang.server.executions import Executions

#: Seconds that a connection is kept on which nobody asks anything.
KEEP_ALIVE: Final = 65

#: Seconds that clients get to take what they were sent, when all runs are over.
CLOSING: Final = 5


class FlowServer(uvicorn.Server):
    """Lets runs end, and cancels those that take longer than `grace` seconds, before it closes connections.

    A second Ctrl+C ends it at once.
    """

    def __init__(self, app: FastAPI, grace: float) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                ws="websockets-sansio",
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=CLOSING,
            )
        )
        self._executions: Executions = app.state.executions
        self._grace = grace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called by uvicorn after the first signal."""
        ending = asyncio.ensure_future(self._executions.stop(self._grace))
        while not ending.done() and not self.force_exit:
            # a signal wakes nobody: uvicorn only notes that it came
            await asyncio.wait((ending,), timeout=0.1)
        ending.cancel()
        await super().shutdown(sockets)
