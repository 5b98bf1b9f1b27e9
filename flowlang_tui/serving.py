"""The workbench in a browser: the same program, shown by textual-serve on this machine."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence

from flowlang import ConfigurationError

_HOST = "127.0.0.1"


def serve(words: Sequence[str], port: int) -> int:
    """Serve the workbench that `words` ask for until Ctrl+C. Each window of a browser gets its own.

    Raises ConfigurationError if textual-serve is not installed.
    """
    try:
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "showing the workbench in a browser needs textual-serve", hint="pip install 'flowlang-tui[serve]'"
        ) from error
    command = shlex.join([sys.executable, "-m", "flowlang_tui", *_without_serving(words)])
    print(f"flowlang-tui is at http://{_HOST}:{port} until Ctrl+C", file=sys.stderr)
    Server(command, host=_HOST, port=port, title="flowlang-tui").serve()
    return 0


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
