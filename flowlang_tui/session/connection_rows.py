"""What there is to show of connections: those of the open flow, those that the project keeps, plugins that are broken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from flowlang.connections.activity import ProbeOutcome
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import ProjectConnection
from flowlang.connections.store import state_of
from flowlang.connections.urls import config_of_url
from flowlang.errors import FlowLangError
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
    steps that use it, of the open flow or of all flows. `health` is how its last test ended.
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
    fields = {key: getattr(row, key) for key in row.__slots__}
    try:
        record = connections.store.get(name)
    except FlowLangError as error:
        state = state_of(error)
        shut: State = "damaged" if state == "damaged" else "locked"
        return ConnectionRow(**fields | {"state": shut, "problem": str(error), "hint": error.hint})
    why = plugin_problem(connections, entry.type)
    environments = tuple(sorted(record.environments))
    fields |= {"target": target_of(record, connections), "environments": environments}
    return ConnectionRow(**fields | ({"state": "unusable", "problem": why} if why else {}))


def declared_row(
    connections: ProjectConnections, connection: Connection, flow: Flow, path: Path, health: ProbeOutcome | None
) -> ConnectionRow:
    """A connection that the open flow declares, with its expressions evaluated as far as that is possible now."""
    uses = sum(step.connection is not None and step.connection.text == connection.name for step in flow.walk())
    fields = {"name": connection.name, "stored": False, "line": connection.span.line, "uses": uses, "health": health}
    if connection.use is not None:
        return _using(connections, connection.use.text, fields)
    kind = "" if connection.type is None else connection.type.text
    fields |= {"type": kind}
    why = plugin_problem(connections, kind)
    if why is not None:
        return ConnectionRow(**fields, state="unusable", problem=why)
    try:
        config = resolved(connection, flow, path.parent, connections.root)
    except FlowLangError as error:
        hint = error.hint or "Set the variable in the environment or in .env."
        return ConnectionRow(**fields, state="unusable", problem=str(error), hint=hint)
    record = ProjectConnection(connection_type=kind, name=connection.name, config=config)
    return ConnectionRow(**fields, target=target_of(record, connections))


def resolved(connection: Connection, flow: Flow, folder: Path, root: Path) -> dict[str, object]:
    """The configuration of a declared connection. Raises FlowLangError while the flow's text doesn't give one."""
    if any(not value.constant and value.tree is None for value in connection.config.values()):
        raise FlowLangError("the flow has a mistake here", hint="The problems say which.")
    return declared_config(connection, flow, folder, root)


def target_of(record: ProjectConnection, connections: ProjectConnections) -> str:
    """Where a connection leads, without secrets."""
    schema = connections.schema(record.connection_type)
    config = record.config
    if record.connection_url is not None:
        return record.target()
    url = next((str(config[key]) for key in ("url", "uri", "dsn", "base_url", "endpoint") if config.get(key)), None)
    if url is None:
        return record.target()
    place = ProjectConnection(connection_type=record.connection_type, name=record.name, connection_url=url)
    return place.target() if config_of_url(url, schema) else ""


def plugin_problem(connections: ProjectConnections, kind: str) -> str | None:
    """Why no connection of this type can be used, None if one can."""
    entry = connections.plugins.get(kind)
    if entry is None:
        return f"no plugin makes connections of type `{kind}`"
    return entry.error


def _using(connections: ProjectConnections, name: str, fields: dict[str, object]) -> ConnectionRow:
    """A declaration that stands for a stored connection."""
    if connections.store.entry(name) is None:
        problem = f"the project keeps no connection called `{name}`"
        return ConnectionRow(**fields, type="", use=name, state="unusable", problem=problem)
    row = stored_row(connections, name, 0)
    shown = {key: getattr(row, key) for key in ("type", "target", "state", "problem", "hint", "environments", "health")}
    return ConnectionRow(**{**shown, **{key: value for key, value in fields.items() if key != "health"}}, use=name)
