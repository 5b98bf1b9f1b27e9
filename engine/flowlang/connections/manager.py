"""Opens the connections of a run, and shares their pools with other runs.

Each connection name has its own plugin instance. Runs of one process and event loop whose connections of a
name are configured alike use one instance; it is opened once, however many runs ask at the same moment, and
closed when the last of them is done with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from flowlang.connections.base import ConnectionPlugin, statement_gate, statement_sink
from flowlang.connections.config import check_config
from flowlang.connections.pools import Pool, Pools, masking, process_pools
from flowlang.connections.shielded import shielded
from flowlang.errors import ConfigurationError
from flowlang.language.catalog import ConfigProblem
from flowlang.language.diagnostics import NOWHERE, Span

_log = logging.getLogger("flowlang.connections")

PluginClass = type[ConnectionPlugin]


class ConnectionSpec(NamedTuple):
    """A connection as a flow declares it, with every value resolved.

    `folder` is that of the flow: what relative paths in the config start from.
    """

    name: str
    type: str
    plugin_class: PluginClass
    config: dict[str, Any]
    span: Span = NOWHERE
    folder: Path | None = None


OnOpened = Callable[[ConnectionSpec, float], None]
#: Called with the names of a connection and of a step that asks for it while the flow runs.
OnAsked = Callable[[str, str], Awaitable[None]]


async def open_connections(
    specs: Sequence[ConnectionSpec],
    on_opened: OnOpened | None = None,
    *,
    idle_seconds: float = 0,
    pools: Pools | None = None,
) -> OpenConnections:
    """Open all connections at once; all of them are open, or none is.

    `on_opened` is called with each connection as soon as it is open, and the milliseconds that took. A pool
    that nobody uses any more is kept for `idle_seconds`. Raises `ConfigurationError` for a config that its
    plugin refuses, before anything is opened, and `ConnectionError` for a connection that can't be opened.
    """
    opened = OpenConnections(pools or process_pools, idle_seconds)
    # what goes on in threads goes on while others log in, which takes some milliseconds of computing each
    ready = sorted((prepared(spec) for spec in specs), key=lambda one: not one[1].threaded)
    try:
        if len(ready) == 1:
            await opened.open(*ready[0], on_opened)
        else:
            async with asyncio.TaskGroup() as group:
                for spec, plugin in ready:
                    group.create_task(opened.open(spec, plugin, on_opened))
    except BaseExceptionGroup as failures:
        await opened.close()
        raise failures.exceptions[0] from failures.exceptions[0].__cause__
    except BaseException:
        await opened.close()
        raise
    return opened


class OpenConnections:
    """The connections of one run, by name."""

    #: What receives the statements that are sent on them, and what is asked before.
    statement_sink = statement_sink
    statement_gate = statement_gate

    def __init__(self, pools: Pools, idle_seconds: float) -> None:
        self._pools = pools
        self._idle_seconds = idle_seconds
        self._open: dict[str, Pool] = {}
        self._lent: dict[tuple[str, int], Any] = {}
        #: Those on which steps that are exactly once have left marks.
        self.marked: set[str] = set()
        #: Told of the steps of which only their task knows which connections they use; None if nobody wants to know.
        self.on_asked: OnAsked | None = None

    @property
    def names(self) -> list[str]:
        """The names of the connections, in the order in which they were opened."""
        return list(self._open)

    def __contains__(self, name: object) -> bool:
        return name in self._open

    def plugin(self, name: str) -> ConnectionPlugin:
        """The instance behind a connection."""
        return self._open[name].plugin

    def task(self, name: str, task_name: str) -> Callable[..., Any]:
        """The task of that instance. Raises `KeyError` if its plugin has no such task."""
        return self._open[name].tasks[task_name]

    async def acquire(self, name: str) -> Any:
        """A connection for one attempt of one step; it has to be released."""
        connection = await self._open[name].plugin.get_connection()
        self._lent[name, id(connection)] = connection
        return connection

    async def release(self, name: str, connection: Any) -> None:
        """Give a connection back. Done to the end, even by a step that is being cancelled."""
        self._lent.pop((name, id(connection)), None)
        pool = self._open[name]
        unnecessary = type(pool.plugin).release_connection is ConnectionPlugin.release_connection
        if not unnecessary and not pool.plugin.try_release(connection):
            await shielded(_release(pool, connection))

    async def open(self, spec: ConnectionSpec, plugin: ConnectionPlugin, on_opened: OnOpened | None) -> None:
        """Open one more connection, with a fresh instance of its plugin that is used if no pool is shared."""
        started = perf_counter()
        self._open[spec.name] = await self._pools.lease(spec.name, spec.type, plugin, spec.config)
        if on_opened is not None:
            on_opened(spec, round((perf_counter() - started) * 1000, 3))

    async def close(self) -> None:
        """Release what is still lent and leave the pools; those that nobody else uses are closed."""
        await shielded(self._close())

    async def _close(self) -> None:
        for (name, _), connection in list(self._lent.items()):
            await self.release(name, connection)
        leaving = list(self._open.values())
        self._open.clear()
        idle = self._idle_seconds
        await asyncio.gather(*(self._pools.leave(pool, idle if pool.plugin.may_idle else 0) for pool in leaving))


async def _release(pool: Pool, connection: Any) -> None:
    try:
        await pool.plugin.release_connection(connection)
    # the step's work is done: that its connection can't be given back doesn't change how it ended
    except Exception as error:
        _log.warning("a connection of `%s` could not be released: %s", pool.name, pool.masked(error))


def prepared(spec: ConnectionSpec) -> tuple[ConnectionSpec, ConnectionPlugin]:
    """The spec with its config checked and complete, and a fresh instance of its plugin.

    Raises `ConfigurationError` for a config that its plugin refuses.
    """
    plugin = spec.plugin_class()
    plugin.folder = spec.folder
    config, problems = check_config(plugin.get_config_schema(), spec.config)
    if problems:
        raise ConfigurationError(f"connection `{spec.name}`: {'; '.join(map(_sentence, problems))}")
    _validated(spec, plugin, config)
    return spec._replace(config=plugin.normalise_config(config)), plugin


def _validated(spec: ConnectionSpec, plugin: ConnectionPlugin, config: Mapping[str, Any]) -> None:
    try:
        fits, why = plugin.validate_config(dict(config))
    # a plugin's own code may fail in any way on a config that it doesn't expect
    except Exception as error:
        fits, why = False, f"{type(error).__name__}: {error}"
    if not fits:
        reason = masking(plugin, config)(why or "the plugin refuses this configuration")
        raise ConfigurationError(f"connection `{spec.name}`: {reason}")


def _sentence(problem: ConfigProblem) -> str:
    text = problem.message
    return text if problem.suggestion is None else f"{text}; did you mean `{problem.suggestion}`?"
