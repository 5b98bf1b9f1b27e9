"""The connections that a project keeps, as a run uses them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flowlang.connections.manager import ConnectionSpec
from flowlang.errors import ConfigurationError
from flowlang.language.model import Connection, Name

if TYPE_CHECKING:
    from flowlang.connections.base import ConnectionPlugin
    from flowlang.connections.discovery import Plugins
    from flowlang.connections.store import Store
    from flowlang.runtime.call import FlowCall
    from flowlang.runtime.plan import Plan


class StoredConnections:
    """Finds a flow's connections in the project's store, with the values of one environment.

    The store is opened when a connection comes from it.
    """

    def __init__(self, store: Callable[[], Store], environment: str | None) -> None:
        self._open = store
        self._environment = environment
        self._used: dict[str, str] = {}

    def spec(self, connection: Connection, use: Name, plugins: Plugins, call: FlowCall) -> ConnectionSpec:
        """What to open for a connection of the flow that is the stored one called `use`. Its secrets are masked.

        Raises ConfigurationError when it is not there or locked.
        """
        store = self._open()
        try:
            record = store.get(use.text)
            plugin = usable(plugins, record.connection_type, connection.name)
            schema = plugin().get_config_schema()
            for secret in (*record.secrets(schema), *store.keys()):
                call.run.redactor.add(secret)
            config = record.resolved(schema, self._environment)
        except ConfigurationError as error:
            error.span = connection.span
            raise
        self._used[connection.name] = record.id
        return ConnectionSpec(connection.name, plugin.name, plugin, config, connection.span, call.plan.root)

    def __bool__(self) -> bool:
        """Whether any of the run's connections is one that the project keeps."""
        return bool(self._used)

    async def note_uses(self, call: FlowCall) -> None:
        """Write down which steps use which stored connections."""
        if self:
            await self._note(call, {name: call.plan.connection_steps[name] for name in self._used})

    async def note_use(self, call: FlowCall, name: str, step: str) -> None:
        """Write down that a step uses a connection of the flow, if that is a stored one."""
        if name in self._used:
            await self._note(call, {name: (step,)})

    async def _note(self, call: FlowCall, steps: Mapping[str, tuple[str, ...]]) -> None:
        from flowlang.connections.activity import Activity

        activity, flow = Activity(call.plan.root), _flow_name(call.plan)
        due = [
            (self._used[name], flow, users)
            for name, users in steps.items()
            if activity.is_due(self._used[name], flow, users)
        ]

        def note() -> None:
            for use in due:
                activity.note_use(*use)

        if due:
            await call.run.threads.run(note)


def _flow_name(plan: Plan) -> str:
    """The path of a flow's file from the project's root; of a flow without one its name."""
    return plan.name if plan.path is None else os.path.relpath(plan.path, plan.root)


def usable(plugins: Plugins, kind: str, connection: str) -> type[ConnectionPlugin]:
    """The plugin of a connection's type. Raises ConfigurationError if it is not there or could not be loaded."""
    entry = plugins.get(kind)
    if entry is None:
        raise ConfigurationError(f"no plugin makes connections of type `{kind}`, which `{connection}` is")
    if entry.plugin is None:
        raise ConfigurationError(f"the plugin of connection `{connection}` cannot be used: {entry.error}")
    return entry.plugin
