"""The `flowlang` command. Each of its commands is a module of this package, imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

#: Every command with the line that help shows for it.
COMMANDS: Final[dict[str, str]] = {
    "run": "run a flow and print its result",
    "watch": "run a flow, and again whenever it is saved",
    "debug": "run a flow step by step: look at its data, change it, go on",
    "serve": "offer the flows of a project over HTTP",
    "test": "run the test files of a project",
    "runs": "the runs there were: look at them, compare them, go on with them",
    "check": "find the problems of flows without running them (also: validate)",
    "graph": "draw the steps of a flow",
    "connection": "list, test and scaffold connections, and the plugins behind them",
    "scaffold": "write what a flow's folder lacks: tasks, tests, an API",
    "init": "make a project that runs as it is",
    "doctor": "look whether everything is there that a project needs",
    "completions": "print what a shell needs for completion",
    "schema": "print the JSON Schema of flow files, for editors",
    "version": "print the version",
}
ALIASES: Final[dict[str, str]] = {"validate": "check", "--version": "version", "-V": "version"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (of the process, if None) and give back its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: _dispatch(words), " ".join(["flowlang", *words[:1]]))


def _dispatch(words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help(), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    name = ALIASES.get(words[0], words[0])
    if name not in COMMANDS:
        return _unknown(words[0])
    code: int = load(name).main(words[1:])
    return code


def load(name: str) -> Any:
    """The module of a command."""
    import gc
    from importlib import import_module

    # what an import makes is there to stay: looking for garbage in it is a tenth of the time to start
    gc.disable()
    try:
        return import_module(f"flowlang.cli.{name}")
    finally:
        gc.freeze()
        gc.enable()


def guarded(command: Callable[[], int], name: str) -> int:
    """The exit code of `command`, with what a person did wrong told in a sentence instead of a traceback."""
    from flowlang.cli.target import mend_streams
    from flowlang.cli.terminal import inert, tell
    from flowlang.errors import FlowLangError

    mend_streams()
    try:
        try:
            code = command()
        except SystemExit as ended:  # argparse, which has told help or an error
            code = int(ended.code or 0)
        sys.stdout.flush()
        return code
    except FlowLangError as error:
        tell(inert(f"{name}: {error}"))
        if error.hint:
            tell(inert(error.hint))
        return 2
    except BrokenPipeError:
        _lead_nowhere()
        return 0
    except OSError as error:
        tell(inert(": ".join([name, *([str(error.filename)] if error.filename else []), error.strerror or str(error)])))
        return 2
    except KeyboardInterrupt:
        return 130


def _lead_nowhere() -> None:
    """Whoever read stdout has gone: let the flush at the end of the process go nowhere, quietly."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _help() -> str:
    commands = "\n".join(f"  {name:10} {line}" for name, line in COMMANDS.items())
    return (
        "usage: flowlang COMMAND …\n\n"
        "Runs and checks flows: YAML files whose steps query databases and call Python tasks.\n\n"
        f"commands:\n{commands}\n\n"
        "`flowlang COMMAND --help` explains a command.\n\n"
        "example:\n  flowlang run orders.yaml --input day=2024-05-01"
    )


def _unknown(word: str) -> int:
    from flowlang.cli.terminal import inert, tell
    from flowlang.language.diagnostics import did_you_mean

    ask = did_you_mean(word, [*COMMANDS, *ALIASES])
    tell(inert(f"flowlang: there is no command `{word}`{ask}"))
    tell(f"The commands are {', '.join(COMMANDS)}.")
    return 2
