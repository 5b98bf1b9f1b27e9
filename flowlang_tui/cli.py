"""The `flowlang-tui` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

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
    if any(word == "--run" or word.startswith("--run=") for word in words):
        return guarded(lambda: _run(words), "flowlang-tui")
    if words in (["--help"], ["-h"]):
        print(_HELP)
        return 0
    if words in (["--version"], ["-V"]):
        return guarded(_version, "flowlang-tui")
    print(_NO_WORKBENCH, file=sys.stderr)
    return 2


def _run(words: Sequence[str]) -> int:
    asks = any(word in ("--help", "-h") for word in words)
    code: int = load("run").main(["--help"] if asks else words, "flowlang-tui", as_option=True)
    return code


def _version() -> int:
    code: int = load("version").main([])
    return code
