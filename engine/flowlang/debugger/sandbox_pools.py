"""The connections of a sandbox run: of each configuration one, of which everything is undone at the run's end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Mapping
from typing import Any, Final, NamedTuple

from flowlang.connections.base import ConnectionPlugin, Lasting
from flowlang.connections.pools import Pool, Pools, canonical, process_pools

#: How many seconds undoing may take before the connection is closed, which has the server do it.
UNDO_SECONDS: Final = 30.0

_log = logging.getLogger("flowlang.connections")


class Undone(NamedTuple):
    """A connection whose changes were undone: the names that it went by, its type, and what stays."""

    names: tuple[str, ...]
    type: str
    lasting: tuple[Lasting, ...]


class SandboxPools(Pools):
    """Pools of one run. Names that lead to the same place share one session, also in the flows that are called.

    Connections that can't be undone, and those that can't write, are the ordinary ones of the process.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sandboxes: dict[Hashable, Pool] = {}
        self._names: dict[Pool, dict[str, None]] = {}
        self._undone: list[Undone] = []

    async def lease(self, name: str, type: str, plugin: ConnectionPlugin, config: dict[str, Any]) -> Pool:
        if not plugin.sandbox or config.get("read_only"):
            return await process_pools.lease(name, type, plugin, config)
        key: Hashable = (plugin.__class__, canonical(config)) if plugin.shareable(config) else object()
        pool = self._sandboxes.get(key)
        if pool is None:
            pool = self._sandboxes[key] = Pool(name, type, plugin, config, key, sandbox=True)
        try:
            await pool.opened()
        except BaseException:
            self._sandboxes.pop(key, None)
            await pool.closed()
            raise
        self._names.setdefault(pool, {})[name] = None
        return pool

    async def leave(self, pool: Pool, idle_seconds: float = 0) -> None:
        names = self._names.get(pool)
        if names is None:
            await process_pools.leave(pool, idle_seconds)
        elif not pool.plugin.shareable(pool.config):
            # nobody comes back to it, and there may be one for each call of a subflow
            del self._names[pool], self._sandboxes[pool.key]
            self._undone.append(await self._ended(pool, names))

    def undoes(self, plugin: ConnectionPlugin) -> bool:
        """Whether what is done on this connection will be undone."""
        return any(pool.plugin is plugin for pool in self._names)

    async def end(self) -> list[Undone]:
        """Undo everything, and close the connections."""
        ended = await asyncio.gather(*(self._ended(pool, names) for pool, names in self._names.items()))
        return [*self._undone, *ended]

    async def _ended(self, pool: Pool, names: Mapping[str, None]) -> Undone:
        lasting: tuple[Lasting, ...] = ()
        try:
            async with asyncio.timeout(UNDO_SECONDS):
                lasting = tuple(await pool.plugin.end_sandbox())
        # closing undoes it too, whatever kept the plugin from it
        except Exception as error:
            _log.warning("the sandbox of `%s` was undone by closing it: %s", pool.name, pool.masked(error))
        finally:
            await pool.closed()
        return Undone(tuple(names), pool.type, lasting)
