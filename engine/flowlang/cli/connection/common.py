"""What the commands about connections have in common: finding a plugin."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flowlang.cli.arguments import Parser
from flowlang.cli.target import UsageError
from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.discovery import PluginEntry, Plugins
from flowlang.connections.scaffolding import PluginFailure
from flowlang.language.diagnostics import did_you_mean
from flowlang.project import Project


class Found(NamedTuple):
    """A plugin that can be used, with a fresh instance of it."""

    entry: PluginEntry
    plugin: ConnectionPlugin


def parser(
    command: str,
    description: str,
    *examples: str,
    exit_codes: Mapping[int, str] | None = None,
    plugin: bool = True,
) -> Parser:
    """The parser of one of the commands, which all take --json."""
    made = Parser(f"flowlang connection {command}", description, *examples, exit_codes=exit_codes)
    if plugin:
        made.add_argument("plugin", metavar="PLUGIN", help="a connection type, as `type` in a flow names it")
    made.add_argument("--json", action="store_true", help="print JSON")
    return made


def plugins() -> Plugins:
    """The plugins that the flows of the current folder can use."""
    return Plugins(Path(Project(os.curdir).root))


def plugin_named(name: str) -> Found:
    """The plugin with this name or alias. Raises UsageError if there is none, PluginFailure if it is broken."""
    known = plugins()
    entry = known.get(name)
    if entry is None:
        names = known.names()
        raise UsageError(
            f"there is no plugin `{name}`{did_you_mean(name, names)}", hint=f"There are {', '.join(sorted(names))}."
        )
    if entry.plugin is None:
        raise PluginFailure(f"the plugin `{entry.name}` ({entry.place}) cannot be used: {entry.error}")
    return Found(entry, entry.plugin())
