"""The `flowlang-tui` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from flowlang import __version__
from flowlang.cli import guarded, load

_HELP = """\
usage: flowlang-tui --run FLOW [options]

Runs a flow without a screen and prints its result, as `flowlang run` does.

  --run FLOW   a flow's file, or a folder with a flow.yaml or a single flow in it
  --version    print the version
  --help       print this help; with --run, the options of a run

example:
  flowlang-tui --run orders.yaml --input day=2024-05-01"""

_NO_WORKBENCH = """\
flowlang-tui: this version has no workbench yet: it runs flows without a screen.
  flowlang-tui --run FLOW      runs a flow and prints its result
  flowlang check FLOW          finds its problems without running it"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in `arguments` (of the process, if None) and give back its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return guarded(lambda: _dispatch(words), "flowlang-tui")


def _dispatch(words: Sequence[str]) -> int:
    if any(word == "--run" or word.startswith("--run=") for word in words):
        asks = any(word in ("--help", "-h") for word in words)
        code: int = load("run").main(["--help"] if asks else words, "flowlang-tui", as_option=True)
        return code
    if words in (["--version"], ["-V"]):
        print(f"flowlang-tui {__version__}")
        return 0
    asked = words in (["--help"], ["-h"])
    print(_HELP if asked else _NO_WORKBENCH, file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2
