"""`flowlang connection`: everything about connections and the plugins behind them.

Each of its commands is a function that takes the arguments behind the command's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flowlang.cli.subcommands import Command, Commands
from flowlang.cli.terminal import inert, tell

COMMANDS: Final[dict[str, Command]] = {
    "list": Command("plugins", "list_plugins", "the plugins there are, and whether they can be used"),
    "info": Command("plugins", "info", "what a plugin takes and what its tasks do"),
    "deps": Command("dependencies", "deps", "the packages that a plugin needs"),
    "install": Command("dependencies", "install", "install the packages that a plugin needs"),
    "scaffold": Command("scaffolds", "scaffold", "write a connection for a flow"),
    "example": Command("scaffolds", "example", "write an example flow"),
    "helpers": Command("scaffolds", "helpers", "write Python helpers for tasks of your own"),
    "add": Command("project.adding", "add", "keep a connection in the project, encrypted"),
    "edit": Command("project.editing", "edit", "change a connection of the project"),
    "remove": Command("project.editing", "remove", "forget a connection of the project"),
    "duplicate": Command("project.adding", "duplicate", "copy a connection of the project"),
    "import": Command("project.adding", "import_", "keep the connections that the environment describes"),
    "show": Command("project.showing", "show", "a connection of the project, its secrets masked"),
    "used-by": Command("project.showing", "used_by", "the steps that use a connection of the project"),
    "health": Command("project.showing", "health", "how the tests of the project's connections ended"),
    "rotate": Command("project.editing", "rotate", "new credentials for a connection, tested first"),
    "rotate-key": Command("project.keys", "rotate_key", "another key for the project's connections"),
    "test": Command("test", "main", "test a connection stage by stage"),
    "verify": Command("verify", "main", "put a plugin through the contract that plugins keep"),
}


_GROUP: Final = Commands(
    "connection",
    __name__,
    "Everything about connections and the plugins behind them.",
    COMMANDS,
    "flowlang connection scaffold sqlite --name db --into flow.yaml",
)


def main(arguments: Sequence[str]) -> int:
    """Run one of the commands and give back its exit code."""
    words = list(arguments)
    run = _GROUP.find(words)
    if run is None:
        return 0 if words else 2
    from flowlang.connections.scaffolding import PluginFailure

    try:
        return run(words[1:])
    except PluginFailure as error:
        tell(inert(f"flowlang connection {words[0]}: {error}"))
        return 1
