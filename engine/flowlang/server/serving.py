"""Serving: the application behind uvicorn, with hot reload, triggers, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang.server.app import create_app
from flowlang.server.executions import Executions
from flowlang.server.history import History
from flowlang.server.hosting import Hosting
from flowlang.server.security import Guard, check_address
from flowlang.server.triggers import Triggers

if TYPE_CHECKING:
    from fastapi import FastAPI

#: Seconds that a connection is kept on which nobody asks anything.
KEEP_ALIVE: Final = 65

_log = logging.getLogger("flowlang.server")


def application(
    folder: Path,
    *,
    flow: Path | None = None,
    env_file: str | None = None,
    environment: str | None = None,
    token: str | None = None,
    limit: int = 1000,
    timeout: float | None = None,
    grace: float = 10.0,
    reload: bool = False,
    journal: bool = True,
) -> FastAPI:
    """The application for the flows of a folder, or one of them.

    `token` is asked for in each request, `limit` bounds the runs at once, `timeout` each of them in seconds. What runs
    gets `grace` seconds to end at a stop. Runs are recorded unless `journal` is false. Raises ConfigurationError for
    triggers that can't work.
    """
    hosting = Hosting(folder, env_file=env_file, environment=environment, flow=flow)
    hosting.load()
    executions = Executions(limit, timeout, History(hosting) if journal else None)
    triggers = Triggers(hosting, executions)
    triggers.load()
    app = create_app(hosting, executions, guard=Guard(token, triggers.is_webhook), grace=grace)
    app.include_router(triggers.router())
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        helpers = [asyncio.ensure_future(triggers.keep_time())]
        if reload:
            helpers.append(asyncio.ensure_future(_reload(hosting, triggers)))
        async with inner(app) as state:
            yield state
            for helper in helpers:
                helper.cancel()
            for helper in helpers:
                with suppress(asyncio.CancelledError):
                    await helper

    app.router.lifespan_context = lifespan
    return app


def serve(app: FastAPI, host: str, port: int, *, token: str | None = None, grace: float = 10.0) -> None:
    """Listen until Ctrl+C or SIGTERM. Raises ConfigurationError for an address that would need a token."""
    import uvicorn

    check_address(host, token)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        ws="websockets-sansio",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, round(grace)),
    )


async def _reload(hosting: Hosting, triggers: Triggers) -> None:
    """Load the flows anew whenever something of the project is saved."""
    from flowlang.watch import Watcher

    async with Watcher(hosting.folder) as watcher:
        async for change in watcher:
            hosting.load(change.paths)
            triggers.reload()
            names = ", ".join(sorted(path.name for path in change.paths))
            _log.info("%s changed: %d flows, %d problems", names, len(hosting.flows), len(hosting.problems))
