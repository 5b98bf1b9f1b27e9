"""What there is to show of connections: the open flow's, those that the project keeps, and broken plugins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from flowlang.connections.activity import ProbeOutcome

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


class Secret(NamedTuple):
    """Something hidden in a connection: where it stands, and what it is."""

    label: str
    value: str
