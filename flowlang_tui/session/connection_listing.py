"""Makes what is shown of connections from what flows, the project's store and plugins say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from flowlang.connections.activity import ProbeOutcome
from flowlang.connections.addresses import URL_KEYS
from flowlang.connections.discovery import PluginEntry
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import ProjectConnection
from flowlang.connections.scaffolding import PluginFailure, asked
from flowlang.connections.store import state_of
from flowlang.connections.urls import masked_url
from flowlang.errors import ConfigurationError, FlowLangError
from flowlang.language.model import Connection, Flow
from flowlang.runtime.declared import declared_config
from flowlang_tui.session.connection_rows import BrokenPlugin, ConnectionRow, State, TypeCard


def type_card(entry: PluginEntry) -> TypeCard:
    """What a plugin makes, and whether it can."""
    if entry.plugin is None:
        return TypeCard(entry.name, entry.aliases, "", "", entry.source, error=entry.error)
    plugin = entry.plugin()
    try:
        _, missing = asked(plugin, "check_dependencies")
    except PluginFailure as failure:
        return TypeCard(entry.name, entry.aliases, plugin.description, plugin.category, entry.source, (), str(failure))
    return TypeCard(entry.name, entry.aliases, plugin.description, plugin.category, entry.source, tuple(missing))


def broken_plugins(connections: ProjectConnections) -> tuple[BrokenPlugin, ...]:
    """The plugins that cannot be used."""
    return tuple(
        BrokenPlugin(card.name, card.source, card.error or f"needs {', '.join(card.missing)}")
        for card in map(type_card, connections.plugins.all())
        if card.error or card.missing
    )


def stored_row(connections: ProjectConnections, name: str, uses: int) -> ConnectionRow:
    """A connection that the project keeps, also one that cannot be read."""
    entry = connections.store.entry(name)
    assert entry is not None, "names come from the entries"
    tests = connections.activity.tests(entry.id)
    row = ConnectionRow(name=name, stored=True, type=entry.type, uses=uses, health=tests[0] if tests else None)
    try:
        record = connections.store.get(name)
    except ConfigurationError as error:
        state: State = "damaged" if state_of(error) == "damaged" else "locked"
        return replace(row, state=state, problem=str(error), hint=error.hint)
    row = replace(row, target=target_of(record), environments=tuple(sorted(record.environments)))
    return _judged(row, connections)


def declared_row(
    connections: ProjectConnections, connection: Connection, flow: Flow, path: Path, health: ProbeOutcome | None
) -> ConnectionRow:
    """A connection that the open flow declares, with its expressions evaluated as far as that is possible now."""
    uses = sum(step.connection is not None and step.connection.text == connection.name for step in flow.walk())
    kind = "" if connection.type is None else connection.type.text
    row = ConnectionRow(
        name=connection.name, stored=False, type=kind, line=connection.span.line, uses=uses, health=health
    )
    if connection.use is not None:
        return _using(row, connections, connection.use.text)
    row = _judged(row, connections)
    if row.state != "ready":
        return row
    try:
        config = resolved(connection, flow, path.parent, connections.root)
    except FlowLangError as error:
        return replace(row, state="unusable", problem=str(error), hint=error.hint)
    return replace(row, target=target_of(ProjectConnection(connection_type=kind, name=row.name, config=config)))


def resolved(connection: Connection, flow: Flow, folder: Path, root: Path) -> dict[str, Any]:
    """The configuration of a declared connection. Raises FlowLangError while the flow's text doesn't give one."""
    if any(not value.constant and value.tree is None for value in connection.config.values()):
        raise FlowLangError("the flow has a mistake here", hint="The list of problems says which.")
    return declared_config(connection, flow, folder, root)


def target_of(record: ProjectConnection) -> str:
    """Where a connection leads, without secrets."""
    url = next((str(record.config[key]) for key in URL_KEYS if record.config.get(key)), None)
    return record.target() if url is None else masked_url(url)


def plugin_problem(connections: ProjectConnections, kind: str) -> str | None:
    """Why no connection of this type can be used, None if one can."""
    entry = connections.plugins.get(kind)
    return f"no plugin makes connections of type `{kind}`" if entry is None else entry.error


def _judged(row: ConnectionRow, connections: ProjectConnections) -> ConnectionRow:
    problem = plugin_problem(connections, row.type)
    return row if problem is None else replace(row, state="unusable", problem=problem, type_is_known=False)


def _using(row: ConnectionRow, connections: ProjectConnections, name: str) -> ConnectionRow:
    """A declaration that stands for a stored connection is as that one is."""
    try:
        known = connections.store.entry(name) is not None
    except ConfigurationError as error:
        return replace(row, use=name, state="damaged", problem=str(error), hint=error.hint)
    if not known:
        return replace(row, use=name, state="unusable", problem=f"the project keeps no connection called `{name}`")
    stored = stored_row(connections, name, row.uses)
    return replace(stored, name=row.name, stored=False, line=row.line, use=name)
