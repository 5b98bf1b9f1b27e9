"""The workbench in a browser: the same program, shown by textual-serve on this machine."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flowlang import ConfigurationError

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler
    from aiohttp.web import Request, StreamResponse

_HOST: Final = "127.0.0.1"
_NAMES: Final = (_HOST, "localhost")


def is_served() -> bool:
    """Whether this process is shown in a browser: textual-serve started it, and has its input and output."""
    return "TEXTUAL_DRIVER" in os.environ


def serve(words: Sequence[str], port: int) -> int:
    """Serve the workbench that `words` ask for until Ctrl+C. Each window of a browser gets its own.

    Raises ConfigurationError if textual-serve is not installed.
    """
    try:
        from aiohttp import web
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "showing the workbench in a browser needs textual-serve", hint="pip install 'flowlang-tui[serve]'"
        ) from error

    class Guarded(Server):
        """Answers only to pages of its own."""

        async def _make_app(self) -> web.Application:
            app = await super()._make_app()
            app.middlewares.append(web.middleware(_guarded))
            return app

    command = shlex.join([sys.executable, "-m", "flowlang_tui", *_without_serving(words)])
    print(f"flowlang-tui is at http://{_HOST}:{port} until Ctrl+C", file=sys.stderr)
    templates = Path(__file__).with_name("page")
    Guarded(command, host=_HOST, port=port, title="flowlang-tui", templates_path=templates).serve()
    # pipes to workbenches that were open complain when they are collected, since their loop is closed by now
    sys.unraisablehook = lambda _: None
    return 0


async def _guarded(request: Request, handler: Handler) -> StreamResponse:
    """Refuse what a page of another site makes a browser send: it would have a workbench, and all that flows may do."""
    from aiohttp import web

    origin = request.headers.get("Origin")
    called = urlsplit(f"//{request.host}").hostname
    if called not in _NAMES or (origin is not None and urlsplit(origin).netloc != request.host):
        raise web.HTTPForbidden(text="the workbench is shown to its own pages only\n")
    return await handler(request)


def _without_serving(words: Sequence[str]) -> list[str]:
    """The words without those that ask for the browser."""
    left: list[str] = []
    passing = iter(words)
    for word in passing:
        if word == "--port":
            next(passing, None)
        elif word != "--serve" and not word.startswith("--port="):
            left.append(word)
    return left
