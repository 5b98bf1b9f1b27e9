"""Finds connection plugins: those in the box, a project's own, and those of installed packages.

Nothing is imported until a type or task is asked for by name. Where names clash, the plugin found first keeps
them, in this order: in the box, registered by the application, `<project>/plugins/<name>/`, installed packages
(entry point group `flowlang.connections`); the other one is listed with its error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowlang.connections.registry import plugin_registry
from flowlang.language.catalog import ConnectionType, TaskInfo

if TYPE_CHECKING:
    from pathlib import Path

    from flowlang.connections.base import ConnectionPlugin
    from flowlang.connections.loading import Loaded

GROUP: Final = "flowlang.connections"
DISTRIBUTION: Final = "flowlang-tui"


class Builtin(NamedTuple):
    """What is known of a plugin in the box without importing it; its tasks start with `prefix`."""

    reference: str
    prefix: str
    aliases: tuple[str, ...] = ()


#: The entry points of this distribution. Reading them from the package's metadata would take longer than a flow.
BUILTINS: Final[Mapping[str, Builtin]] = {
    "sqlite": Builtin("flowlang_plugins.sqlite:SQLitePlugin", "sqlite_"),
    "postgres": Builtin("flowlang_plugins.postgres:PostgresPlugin", "pg_", ("postgresql",)),
    "mysql": Builtin("flowlang_plugins.mysql:MySQLPlugin", "mysql_", ("mariadb",)),
    "mongodb": Builtin("flowlang_plugins.mongodb:MongoDBPlugin", "mongo_", ("mongo",)),
    "redis": Builtin("flowlang_plugins.redis:RedisPlugin", "redis_"),
}


class PluginEntry(NamedTuple):
    """A plugin that was found. With an `error` it can't be used, and `plugin` is None.

    `source` is `built-in`, `registered`, `project` or `installed`; `place` is the folder, or the `module:name`,
    that it comes from. `tasks` are the functions of an instance that is never connected: to be described, not
    called.
    """

    name: str
    aliases: tuple[str, ...]
    plugin: type[ConnectionPlugin] | None
    source: str
    place: str
    tasks: Mapping[str, Callable[..., Any]] = {}
    error: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its aliases."""
        return (self.name, *self.aliases)


class Plugins:
    """The plugins that a project's flows can use. Without a project, those of every project.

    Safe to use from several threads. A changed plugin folder is seen by a new `Plugins`; code that did not
    change is loaded once per process, so runs of one project share their pools.
    """

    def __init__(self, project_root: Path | None = None) -> None:
        self._root = project_root
        self._lock = RLock()
        self._builtins: dict[str, PluginEntry] = {}
        self._found: list[PluginEntry] = []
        self._stages: list[Callable[[], Iterable[Loaded]]] = [self._registered, self._project, self._installed]
        self._described: dict[str, TaskInfo] = {}

    def get(self, name: str) -> PluginEntry | None:
        """The plugin with this name or alias, or None. It may be one that could not be loaded."""
        broken = None
        for entry in self._entries(name):
            if name in entry.names:
                if entry.error is None:
                    return entry
                broken = broken or entry
        return broken

    def owner_of(self, task_name: str) -> PluginEntry | None:
        """The plugin that brings this task, or None."""
        return next((entry for entry in self._entries(task=task_name) if task_name in entry.tasks), None)

    def all(self) -> list[PluginEntry]:
        """Every plugin there is, also those that could not be loaded."""
        return list(self._entries())

    def names(self) -> list[str]:
        """Every connection type that can be used, aliases included."""
        return [name for entry in self._entries() if entry.error is None for name in entry.names]

    def task_names(self) -> list[str]:
        """Every task of every plugin."""
        return [name for entry in self._entries() for name in entry.tasks]

    def connection_type(self, name: str) -> ConnectionType | None:
        """What a flow's `type: name` means, or None. The schema is that of the plugin."""
        entry = self.get(name)
        if entry is None:
            return None
        if entry.plugin is None:
            return ConnectionType(entry.name, entry.aliases, error=entry.error)
        plugin = entry.plugin()
        return ConnectionType(
            entry.name,
            entry.aliases,
            plugin.description,
            plugin.get_config_schema(),
            tuple(entry.tasks),
            exactly_once=plugin.leaves_marks(),
        )

    def task_info(self, name: str) -> TaskInfo | None:
        """What is known of a plugin's task, from its signature and docstring."""
        known = self._described.get(name)
        if known is not None:
            return known
        entry = self.owner_of(name)
        if entry is None:
            return None
        from flowlang.tasks.signatures import describe

        info = self._described[name] = describe(entry.tasks[name], name=name, provider=entry.name)
        return info

    def _entries(self, name: str | None = None, task: str | None = None) -> Iterator[PluginEntry]:
        """The plugins in the order of precedence, loading further ones only when more are asked for.

        With a `name` or `task` only those in the box that it can belong to are loaded.
        """
        for key, builtin in BUILTINS.items():
            asked_for = name is None or name == key or name in builtin.aliases
            if asked_for and (task is None or task.startswith(builtin.prefix)):
                yield self._builtin(key)
        position = 0
        while True:
            with self._lock:
                while position == len(self._found) and self._stages:
                    self._admit(self._stages.pop(0)())
                if position == len(self._found):
                    return
                entry = self._found[position]
            position += 1
            yield entry

    def _builtin(self, key: str) -> PluginEntry:
        from flowlang.connections.loading import Candidate, import_object, load

        with self._lock:
            if key not in self._builtins:
                reference = BUILTINS[key].reference
                loaded = load(
                    Candidate(key, "built-in", reference, lambda: import_object(reference), reference.split(":")[0])
                )
                self._builtins[key] = _entry(loaded, loaded.plugins[0]) if loaded.plugins else _broken(loaded)
            return self._builtins[key]

    def _admit(self, results: Iterable[Loaded]) -> None:
        for loaded in results:
            if not loaded.plugins:
                self._found.append(_broken(loaded))
            for plugin in loaded.plugins:
                entry = _entry(loaded, plugin)
                if all(entry.plugin is not known.plugin for known in self._found):
                    self._found.append(self._without_clash(entry))

    def _without_clash(self, entry: PluginEntry) -> PluginEntry:
        for name in entry.names:
            owner = next((key for key, known in BUILTINS.items() if name in (key, *known.aliases)), None)
            place = "in the box" if owner else None
            for known in self._found:
                if known.error is None and name in known.names:
                    place = f"from {known.place}"
            if place is not None:
                return _refused(entry, f"its name `{name}` belongs to the plugin {place}")
        for task in entry.tasks:
            for known in self._found:
                if known.error is None and task in known.tasks:
                    return _refused(entry, f"its task `{task}` belongs to `{known.name}` from {known.place}")
            prefixed = next((key for key, known in BUILTINS.items() if task.startswith(known.prefix)), None)
            if prefixed is not None and task in self._builtin(prefixed).tasks:
                return _refused(entry, f"its task `{task}` belongs to `{prefixed}`, the plugin in the box")
        return entry

    def _registered(self) -> list[Loaded]:
        from flowlang.connections.loading import Candidate, load

        return [
            load(Candidate(plugin.name, "registered", type(plugin).__module__, _giving(plugin), ""))
            for plugin in list(plugin_registry.registered)
        ]

    def _project(self) -> list[Loaded]:
        if self._root is None:
            return []
        from flowlang.connections.folders import load_folders

        return load_folders(self._root / "plugins")

    def _installed(self) -> list[Loaded]:
        from importlib.metadata import entry_points

        from flowlang.connections.loading import Candidate, load_all

        found = sorted(
            (point for point in entry_points(group=GROUP) if point.dist is None or point.dist.name != DISTRIBUTION),
            key=lambda point: (point.name, point.value),
        )
        return load_all(
            Candidate(point.name, "installed", point.value, point.load, point.module.split(".")[0]) for point in found
        )


class BuiltinPlugins(Plugins):
    """The plugins in the box, for whoever only wants to know what their tasks mean.

    They are found by name. To list all tasks would load all plugins, so none is listed.
    """

    def __init__(self, project_root: Path | None = None) -> None:
        super().__init__(project_root)
        self._stages = []

    def task_names(self) -> list[str]:
        return []


def _giving(plugin: ConnectionPlugin) -> Callable[[], ConnectionPlugin]:
    return lambda: plugin


def _entry(loaded: Loaded, plugin: ConnectionPlugin) -> PluginEntry:
    source, place = loaded.candidate.source, loaded.candidate.place
    return PluginEntry(
        plugin.name, tuple(plugin.aliases), type(plugin), source, place, dict(plugin.get_builtin_tasks())
    )


def _broken(loaded: Loaded) -> PluginEntry:
    candidate = loaded.candidate
    return PluginEntry(candidate.name, (), None, candidate.source, candidate.place, error=loaded.error)


def _refused(entry: PluginEntry, why: str) -> PluginEntry:
    return PluginEntry(entry.name, (), None, entry.source, entry.place, error=why)
