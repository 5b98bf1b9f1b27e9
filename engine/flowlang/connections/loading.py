"""Loads plugins from where they are, bounded in time, without letting a broken one do any harm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import Context
from pathlib import Path
from threading import Thread
from time import monotonic
from types import ModuleType
from typing import Any, Final, NamedTuple

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.registry import plugin_registry

#: How many seconds a plugin may take to load.
LIMIT: Final = 10.0


class Candidate(NamedTuple):
    """A place where a plugin may be: `load` gives its module, class or instance, or raises anything."""

    name: str
    source: str
    place: str
    load: Callable[[], Any]
    #: Full name of the package that the plugin's classes are defined in, to tell them from imported ones.
    package: str


class Loaded(NamedTuple):
    """What came of a candidate: plugins that say what they are, or why there are none."""

    candidate: Candidate
    plugins: tuple[ConnectionPlugin, ...] = ()
    error: str | None = None
    late: bool = False


class _Loading(Thread):
    """One candidate being loaded. A daemon, so that one that never ends can't keep the process alive."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(name=f"load plugin {candidate.name}", daemon=True)
        self._candidate = candidate
        self.outcome: Loaded | None = None

    def run(self) -> None:
        # an empty context keeps what one plugin registers from the run or plugin that started this
        self.outcome = Context().run(load, self._candidate)


def load_all(candidates: Iterable[Candidate], limit: float = LIMIT) -> list[Loaded]:
    """Load all candidates at once and wait up to `limit` seconds in all; the results in their order."""
    threads = [(candidate, _Loading(candidate)) for candidate in candidates]
    for _, thread in threads:
        thread.start()
    deadline = monotonic() + limit
    results = []
    for candidate, thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
        late = Loaded(candidate, error=f"took longer than {limit:g} s to load", late=True)
        results.append(thread.outcome or late)
    return results


def load(candidate: Candidate) -> Loaded:
    """Load one candidate here and now."""
    try:
        with plugin_registry.collecting() as registered:
            found = candidate.load()
            plugins = registered or _plugins_in(found, candidate.package)
            for plugin in plugins:
                _sound(plugin)
    # a plugin is somebody else's code: whatever it raises, even when it wants to exit, is its error alone
    except (Exception, SystemExit) as error:
        return Loaded(candidate, error=_told(error))
    if not plugins:
        return Loaded(candidate, error="defines no class that derives from ConnectionPlugin")
    return Loaded(candidate, tuple(plugins))


def import_object(reference: str) -> Any:
    """What an entry point's `module:name` refers to."""
    from importlib import import_module

    module, _, name = reference.partition(":")
    found: Any = import_module(module)
    for part in filter(None, name.split(".")):
        found = getattr(found, part)
    return found


def _plugins_in(found: Any, package: str) -> list[ConnectionPlugin]:
    if isinstance(found, ConnectionPlugin):
        return [found]
    if isinstance(found, type):
        if not issubclass(found, ConnectionPlugin):
            raise TypeError(f"{found.__qualname__} does not derive from ConnectionPlugin")
        return [found()]
    if not isinstance(found, ModuleType):
        raise TypeError(f"{type(found).__name__} is no plugin")
    classes = {value: None for value in vars(found).values() if isinstance(value, type)}
    return [
        kind()
        for kind in classes
        if issubclass(kind, ConnectionPlugin)
        and kind.name
        and (kind.__module__ == package or kind.__module__.startswith(f"{package}."))
    ]


def _sound(plugin: ConnectionPlugin) -> None:
    """Make sure that the plugin says what discovery needs to know."""
    if not isinstance(plugin, ConnectionPlugin):
        raise TypeError(f"{type(plugin).__name__} does not derive from ConnectionPlugin")
    if not plugin.name or not isinstance(plugin.name, str):
        raise ValueError(f"{type(plugin).__name__} has no `name`")
    schema = plugin.get_config_schema()
    if not isinstance(schema, Mapping):
        raise TypeError(f"get_config_schema gives {type(schema).__name__}, not a map")
    tasks = plugin.get_builtin_tasks()
    if not isinstance(tasks, Mapping):
        raise TypeError(f"get_builtin_tasks gives {type(tasks).__name__}, not a map")
    for name, function in tasks.items():
        if not callable(function):
            raise TypeError(f"task `{name}` is no function")


def _told(error: BaseException) -> str:
    """An exception in one line, with the place in the plugin's code where it is known."""
    text = str(error) or "no message"
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{type(error).__name__}: {error.msg} ({Path(error.filename).name}:{error.lineno})"
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f" ({Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno})" if at is not None else ""
    return f"{type(error).__name__}: {text}{place}"
