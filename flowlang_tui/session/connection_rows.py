"""What there is to show of connections: the open flow's, those that the project keeps, and broken plugins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from flowlang.connections.activity import ProbeOutcome
from flowlang.connections.addresses import URL_KEYS
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import ProjectConnection
from flowlang.connections.store import state_of
from flowlang.connections.urls import masked_url
from flowlang.errors import ConfigurationError, FlowLangError
from flowlang.language.model import Connection, Flow
from flowlang.runtime.declared import declared_config

State = Literal["ready", "locked", "damaged", "unusable"]


class ConnectionKey(NamedTuple):
    """Which connection is meant: one that the project keeps, or one that the open flow declares."""

    name: str
    stored: bool


@dataclass(slots=True, frozen=True, kw_only=True)
class ConnectionRow:
    """A connection. `target` shows no secret; `problem` and `hint` say why it cannot be used as it is.

    `use` is the stored connection that a flow's declaration stands for, `line` the declaration's. `uses` counts the
    steps that use it, of the open flow or of all flows. `health` is how its last test ended. `type_is_known` unless
    no plugin makes such connections.
    """

    name: str
    stored: bool
    type: str
    target: str = ""
    state: State = "ready"
    problem: str | None = None
    hint: str | None = None
    use: str | None = None
    line: int | None = None
    uses: int = 0
    environments: tuple[str, ...] = ()
    health: ProbeOutcome | None = None
    type_is_known: bool = True

    @property
    def key(self) -> ConnectionKey:
        """What tells it from all others."""
        return ConnectionKey(self.name, self.stored)


class BrokenPlugin(NamedTuple):
    """A plugin that cannot be used, and why."""

    name: str
    place: str
    error: str


class Overview(NamedTuple):
    """All there is to show. `problem` is why nothing is known of what the project keeps."""

    flow: tuple[ConnectionRow, ...] = ()
    project: tuple[ConnectionRow, ...] = ()
    plugins: tuple[BrokenPlugin, ...] = ()
    problem: str | None = None

    def row(self, key: ConnectionKey | None) -> ConnectionRow | None:
        """The row of a connection, None if it is not there any more."""
        return next((row for row in (*self.flow, *self.project) if row.key == key), None)


class TypeCard(NamedTuple):
    """A connection type that one can choose. `missing` are packages that it needs and that are not installed."""

    name: str
    aliases: tuple[str, ...]
    description: str
    category: str
    source: str
    missing: tuple[str, ...] = ()
    error: str | None = None


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
