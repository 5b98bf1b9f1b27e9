"""`flowlang runs`: the recorded runs of a project; looking at them, comparing them, running them again.

Each of its commands is a function that takes the arguments behind the command's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flowlang.cli.subcommands import Command, Commands

COMMANDS: Final[dict[str, Command]] = {
    "list": Command("listing", "list_runs", "the runs there were, newest first"),
    "show": Command("showing", "show", "what a run did, step by step"),
    "diff": Command("differing", "diff", "what two runs did differently"),
    "resume": Command("again", "resume", "run what is left of a run"),
    "rerun": Command("again", "rerun", "run again from a step, without what came before it"),
    "export": Command("bundles", "export", "write a run to a file that another person can open"),
    "import": Command("bundles", "import_", "take in a run from such a file"),
    "prune": Command("keeping", "prune", "forget old runs"),
    "pin": Command("keeping", "pin", "keep a run for good"),
    "unpin": Command("keeping", "unpin", "let a run be forgotten in its time"),
}

_GROUP: Final = Commands(
    "runs",
    __name__,
    "The recorded runs of a project. RUN is an id or the beginning of one, the short id that `list` shows,\n"
    "`last`, `last~1` for the one before it, or `last-failed`.",
    COMMANDS,
    "flowlang runs show last-failed",
)


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands and give back its exit code."""
    words = list(arguments)
    command = _GROUP.find(words)
    if command is None:
        return 0 if words else 2
    return command(words[1:])
