"""Opening the connections of a flow that is about to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowlang.connections.config import secret_values
from flowlang.connections.manager import ConnectionSpec, OpenConnections
from flowlang.connections.manager import open_connections as open_all
from flowlang.errors import ConfigurationError
from flowlang.language.model import Connection
from flowlang.runtime.frame import Frame
from flowlang.runtime.steps import evaluate

if TYPE_CHECKING:
    from flowlang.connections.discovery import Plugins
    from flowlang.redaction import Redactor
    from flowlang.runtime.call import FlowCall


async def open_connections(plugins: Plugins, call: FlowCall, frame: Frame) -> OpenConnections:
    """Open the connections that the flow's steps use, all at once.

    Raises ConfigurationError for a configuration that cannot work, before anything is opened, and
    ConnectionError for a connection that cannot be opened.
    """
    redactor = call.run.redactor
    specs = [_spec(connection, plugins, frame, redactor) for connection in call.plan.connections.values()]

    def tell(spec: ConnectionSpec, took: float) -> None:
        if call.events is not None:
            call.events.emit(
                "connection_opened", call.plan.name, connection=spec.name, connection_type=spec.type, duration_ms=took
            )

    return await open_all(specs, tell)


def _spec(connection: Connection, plugins: Plugins, frame: Frame, redactor: Redactor) -> ConnectionSpec:
    assert connection.type is not None, "checking refuses connections without a type"
    entry = plugins.get(connection.type.text)
    assert entry is not None, "checking refuses connections of unknown types"
    if entry.plugin is None:
        raise ConfigurationError(f"the plugin of connection `{connection.name}` cannot be used: {entry.error}")
    config = {key: evaluate(value, frame) for key, value in connection.config.items()}
    for secret in secret_values(entry.plugin().get_config_schema(), config):
        redactor.add(secret)
    return ConnectionSpec(connection.name, entry.name, entry.plugin, config, connection.span, frame.call.plan.folder)
