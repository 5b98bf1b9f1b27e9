"""Which connection a command means: a URL, one that a flow declares, or one that the project keeps."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from flowlang.cli.connection.common import plugin_named
from flowlang.cli.target import UsageError
from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.store import Store
from flowlang.connections.urls import canonical_url, config_of_url, masked_url, type_of_url
from flowlang.errors import FlowValidationError
from flowlang.language.diagnostics import did_you_mean
from flowlang.project import Project
from flowlang.runtime.declared import declared_config
from flowlang.runtime.prepare import Preparer
from flowlang.tasks.registry import TaskRegistry


class Subject(NamedTuple):
    """A connection to test. `name` may be shown; relative paths in `config` start from `folder`."""

    name: str
    plugin: type[ConnectionPlugin]
    config: dict[str, Any]
    folder: Path
    id: str | None = None


def find_subject(word: str, flow: str | None = None, environment: str | None = None) -> Subject:
    """The connection that `word` names. Raises UsageError, or ConfigurationError for one that cannot be read."""
    if word == "-":
        word = sys.stdin.readline().strip()
    if "://" in word:
        return of_url(word)
    if flow is not None:
        return _of_flow(word, flow, environment)
    return _of_project(word, word, Path(Project(os.curdir).root), environment)


def of_url(url: str) -> Subject:
    """The connection that a URL stands for."""
    plugin = type(plugin_named(type_of_url(url)).plugin)
    config = config_of_url(canonical_url(url), plugin().get_config_schema())
    return Subject(masked_url(url), plugin, config, Path.cwd())


def _of_project(name: str, stored: str, root: Path, environment: str | None) -> Subject:
    store = Store(root)
    if store.entry(stored) is None:
        names = store.names()
        raise UsageError(
            f"the project keeps no connection `{stored}`{did_you_mean(stored, names)}",
            hint="--flow FILE takes one that a flow declares.",
        )
    record = store.get(stored)
    plugin = type(plugin_named(record.connection_type).plugin)
    return Subject(name, plugin, record.resolved(plugin().get_config_schema(), environment), root, record.id)


def _of_flow(name: str, path: str, environment: str | None) -> Subject:
    file = Path(Project(path).main).absolute()
    root = Path(Project(str(file)).root)
    loaded = Preparer(TaskRegistry(), tasks_known=False).load(file, file.parent)
    connection = loaded.flow.connections.get(name)
    if connection is None:
        names = list(loaded.flow.connections)
        ask = did_you_mean(name, names) or f"; it declares {', '.join(names) or 'none'}"
        raise UsageError(f"{path} declares no connection `{name}`{ask}")
    if connection.use is not None:
        return _of_project(name, connection.use.text, root, environment)
    unread = [value for value in connection.config.values() if not value.constant and value.tree is None]
    if connection.type is None or unread:
        raise FlowValidationError(loaded.problems)
    plugin = type(plugin_named(connection.type.text).plugin)
    return Subject(name, plugin, declared_config(connection, loaded.flow, file.parent, root), file.parent)
