"""What checking may know of a project: its registered tasks, the plugins that it can use, the connections it keeps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flowlang.language.catalog import ConfigProblem, ConnectionType, TaskInfo
from flowlang.tasks.registry import TaskRegistry

if TYPE_CHECKING:
    from flowlang.connections.discovery import Plugins
    from flowlang.connections.store import Store


class ProjectCatalog:
    """Looks up tasks in a registry first, then among the plugins, which are loaded only when something needs them.

    `store` gives the project's stored connections; `asked_store` tells whether checking wanted to know of them.
    """

    def __init__(
        self, registry: TaskRegistry, plugins: Plugins, store: Callable[[], Store | None] | None = None
    ) -> None:
        self.registry = registry
        self.plugins = plugins
        self.asked_store = False
        self._store = store

    def task(self, name: str) -> TaskInfo | None:
        if name in self.registry:
            return self.registry.info(name)
        return self.plugins.task_info(name)

    def task_names(self) -> Iterable[str]:
        return [*self.registry.names(), *self.plugins.task_names()]

    def connection_type(self, name: str) -> ConnectionType | None:
        return self.plugins.connection_type(name)

    def connection_type_names(self) -> Iterable[str]:
        return self.plugins.names()

    def check_connection(
        self, type: str, config: Mapping[str, Any], unknown: Collection[str]
    ) -> Sequence[ConfigProblem]:
        from flowlang.connections.config import check_config

        found = self.plugins.connection_type(type)
        return [] if found is None else check_config(found.schema, config, unknown=unknown)[1]

    def project_connection(self, name: str) -> str | None:
        store = self._stored()
        entry = None if store is None else store.entry(name)
        return None if entry is None else entry.type

    def project_connection_names(self) -> Iterable[str]:
        store = self._stored()
        return () if store is None else store.names()

    def _stored(self) -> Store | None:
        self.asked_store = True
        return None if self._store is None else self._store()
