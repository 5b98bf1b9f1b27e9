"""Serving: the application with hot reload and triggers, and the server behind which it listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowlang.errors import FlowLangError
from flowlang.server.app import create_app
from flowlang.server.executions import Executions
from flowlang.server.history import History
from flowlang.server.hosting import Hosting
from flowlang.server.listening import listening, port_of
from flowlang.server.security import Guard, check_address
from flowlang.server.triggers import Triggers

if TYPE_CHECKING:
    from fastapi import FastAPI

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


def serve(
    app: FastAPI,
    host: str,
    port: int,
    *,
    token: str | None = None,
    grace: float = 10.0,
    tell: Callable[[int], None] = lambda port: None,
) -> None:
    """Listen until Ctrl+C or SIGTERM; `tell` gets the port as soon as it does.

    Raises ConfigurationError for an address that would need a token, or that can't be had.
    """
    from flowlang.server.process import FlowServer

    check_address(host, token)
    sockets = listening(host, port)
    tell(port_of(sockets))
    server = FlowServer(app, grace)
    # it has ended well by then, and gives the signal that ended it to whoever else waits for one
    with suppress(KeyboardInterrupt):
        server.run(sockets)
    if not server.started:
        raise FlowLangError("the server could not begin; what is told above says why")


async def _reload(hosting: Hosting, triggers: Triggers) -> None:
    """Load the flows anew whenever something of the project is saved."""
    from flowlang.watch import Watcher

    async with Watcher(hosting.folder) as watcher:
        async for change in watcher:
            hosting.load(change.paths)
            triggers.reload()
            names = ", ".join(sorted(path.name for path in change.paths))
            _log.info("%s changed: %d flows, %d problems", names, len(hosting.flows), len(hosting.problems))
