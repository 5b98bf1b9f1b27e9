"""Opening the connections of a flow that is about to run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flowlang.connections.config import secret_values
from flowlang.connections.manager import ConnectionSpec, OpenConnections
from flowlang.connections.manager import open_connections as open_all
from flowlang.language.model import Connection
from flowlang.runtime.frame import Frame
from flowlang.runtime.steps import evaluate
from flowlang.runtime.stored import StoredConnections, usable

if TYPE_CHECKING:
    from flowlang.connections.discovery import Plugins
    from flowlang.runtime.call import FlowCall


async def open_connections(
    plugins: Plugins, stored: StoredConnections, call: FlowCall, frame: Frame, *, idle_seconds: float = 0
) -> OpenConnections:
    """Open the connections that the flow's steps use, all at once.

    Pools that no run uses any more are kept for `idle_seconds`. Raises ConfigurationError for a configuration that
    cannot work, before anything is opened, and ConnectionError for a connection that cannot be opened.
    """
    needed = call.run.needed_connections(call.plan)
    specs = [_spec(connection, plugins, stored, frame) for connection in needed]
    await stored.note_uses(call)

    def tell(spec: ConnectionSpec, took: float) -> None:
        if call.events is not None:
            call.events.emit(
                "connection_opened", call.plan.name, connection=spec.name, connection_type=spec.type, duration_ms=took
            )

    opened = await open_all(specs, tell, idle_seconds=idle_seconds, pools=call.run.pools)
    if stored:
        opened.on_asked = partial(stored.note_use, call)
    return opened


def _spec(connection: Connection, plugins: Plugins, stored: StoredConnections, frame: Frame) -> ConnectionSpec:
    call = frame.call
    if connection.use is not None:
        return stored.spec(connection, connection.use, plugins, call)
    assert connection.type is not None, "checking refuses connections without a type"
    plugin = usable(plugins, connection.type.text, connection.name)
    config = {key: evaluate(value, frame) for key, value in connection.config.items()}
    for secret in secret_values(plugin().get_config_schema(), config):
        call.run.redactor.add(secret)
    return ConnectionSpec(connection.name, plugin.name, plugin, config, connection.span, call.plan.folder)
