"""Where plugins announce themselves when their module is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowlang.connections.base import ConnectionPlugin

_collector: ContextVar[list[ConnectionPlugin] | None] = ContextVar("flowlang_plugin_collector", default=None)


class PluginRegistry:
    """Takes the plugins that register themselves.

    While discovery loads a plugin's module, its registrations belong to that module alone. A plugin that is
    registered at any other time, by an application that brings its own, is known in the whole process.
    """

    def __init__(self) -> None:
        self.registered: list[ConnectionPlugin] = []

    def register(self, plugin: ConnectionPlugin) -> None:
        """Make a plugin known. Registering a class of plugins again replaces the earlier instance."""
        collected = _collector.get()
        target = self.registered if collected is None else collected
        target[:] = [known for known in target if type(known) is not type(plugin)]
        target.append(plugin)

    def unregister(self, plugin: ConnectionPlugin) -> None:
        """Forget a plugin that was registered in the whole process."""
        self.registered[:] = [known for known in self.registered if known is not plugin]

    @contextmanager
    def collecting(self) -> Iterator[list[ConnectionPlugin]]:
        """Collect what is registered meanwhile, in this thread or task, instead of keeping it."""
        collected: list[ConnectionPlugin] = []
        token = _collector.set(collected)
        try:
            yield collected
        finally:
            _collector.reset(token)


plugin_registry = PluginRegistry()
