"""The `flowlang-tui` command."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from flowlang import __version__
from flowlang.cli import guarded, load
from flowlang.cli.arguments import Parser

_EXAMPLES: Final = (
    "flowlang-tui                          opens the project in the current folder",
    "flowlang-tui orders --watch           opens a project, runs its flow, and again at every save",
    "flowlang-tui --run orders.yaml        runs a flow without a screen, as `flowlang run` does",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (of the process, if None) and give back its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: _dispatch(words), "flowlang-tui")


def _dispatch(words: Sequence[str]) -> int:
    if any(word == "--run" or word.startswith("--run=") for word in words):
        asks = any(word in ("--help", "-h") for word in words)
        code: int = load("run").main(["--help"] if asks else words, "flowlang-tui", as_option=True)
        return code
    return _open(words)


def _open(words: Sequence[str]) -> int:
    """Open the workbench."""
    asked = _parser().parse_args(words)
    if asked.plain or (asked.watch and not asked.serve and not _is_full_terminal()):
        return _watch(asked)
    from flowlang.cli.inputs import gather
    from flowlang.project import Project

    # whatever is wrong with what was asked for is told before the screen changes
    project = Project(asked.path)
    inputs = gather(asked.inputs, (), project.folder) if asked.inputs else None
    if asked.theme is not None:
        _look_for_theme(asked.theme)
    if asked.serve:
        from flowlang_tui.serving import serve

        return serve(words, asked.port)
    if not _is_full_terminal():
        print(
            "flowlang-tui: this is no terminal, so there is nothing to show the workbench on.\n"
            "  flowlang-tui --run FLOW      runs a flow and prints its result\n"
            "  flowlang-tui --watch FLOW    runs it, and again whenever it is saved",
            file=sys.stderr,
        )
        return 2

    from pathlib import Path

    from flowlang_tui.app import WorkbenchApp
    from flowlang_tui.terminal import show

    app = WorkbenchApp(
        Path(asked.path), watch=asked.watch, theme=asked.theme, inputs=inputs, environment=asked.environment
    )
    return show(app)


def _watch(asked: Namespace) -> int:
    """Watch a flow in lines of text, as `flowlang watch` does."""
    if not asked.watch:
        print("flowlang-tui: --plain goes with --watch, and --run FLOW runs a flow once", file=sys.stderr)
        return 2
    inputs = ["--inputs", asked.inputs] if asked.inputs else []
    environment = ["--env", asked.environment] if asked.environment else []
    code: int = load("watch").main([asked.path, *inputs, *environment], "flowlang-tui --watch")
    return code


def _is_full_terminal() -> bool:
    """Whether a screen can be shown: in a browser, or since both ends are a terminal that can be commanded."""
    from flowlang_tui.serving import is_served

    if is_served():
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def _look_for_theme(name: str) -> None:
    from flowlang import ConfigurationError
    from flowlang_tui.theming import is_theme, unknown_theme

    if not is_theme(name):
        problem = unknown_theme(name)
        near = problem.suggestion
        raise ConfigurationError(problem.message, hint=None if near is None else f"did you mean `{near}`?")


def _parser() -> Parser:
    from flowlang.connections.project import ENVIRONMENTS

    parser = Parser("flowlang-tui", "The workbench: write, run and look into flows in one screen.", *_EXAMPLES)
    parser.add_argument(
        "path", nargs="?", default=".", metavar="PATH", help="a project's folder, or a flow (default: .)"
    )
    parser.add_argument("--watch", action="store_true", help="run the flow, and again whenever something is saved")
    parser.add_argument("--plain", action="store_true", help="with --watch: in lines of text, without the workbench")
    parser.add_argument("--theme", metavar="NAME", help="the colours; alt+T in the workbench shows what there is")
    parser.add_argument("--inputs", metavar="FILE", help="a JSON or YAML file with the inputs of the first run")
    parser.add_argument(
        "--env", dest="environment", choices=ENVIRONMENTS, help="the values that stored connections have there"
    )
    parser.add_argument("--serve", action="store_true", help="show the workbench in a browser, on 127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="the port for --serve (default: %(default)s)")
    parser.add_argument("--run", metavar="FLOW", help="run a flow without a screen; `--run --help` tells more")
    parser.add_argument("--version", "-V", action="version", version=f"flowlang-tui {__version__}")
    return parser
