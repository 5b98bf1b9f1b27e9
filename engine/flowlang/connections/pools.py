"""The plugin instances that are connected in this process, and who uses them."""

from __future__ import annotations

import asyncio
import builtins
import logging
from collections.abc import Callable, Hashable, Mapping
from contextvars import Context
from typing import Any, Final
from weakref import WeakKeyDictionary

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.config import secret_values
from flowlang.connections.shielded import shielded
from flowlang.errors import ConnectionError
from flowlang.redaction import Redactor

#: How many seconds a connection may take to open, if its config has no `timeout`.
CONNECT_SECONDS: Final = 30.0
#: How many seconds a connection may take to close before it is left to itself.
DISCONNECT_SECONDS: Final = 10.0

_log = logging.getLogger("flowlang.connections")


class Pool:
    """A plugin instance that is connected, or about to be, and the number of runs that use it."""

    def __init__(
        self,
        name: str,
        type: str,
        plugin: ConnectionPlugin,
        config: dict[str, Any],
        key: Hashable | None = None,
        *,
        sandbox: bool = False,
    ) -> None:
        self.name = name
        self.type = type
        self.plugin = plugin
        self.config = config
        self.key = key
        self._begin = plugin.begin_sandbox if sandbox else plugin.connect
        self.users = 0
        self.idle: asyncio.TimerHandle | None = None
        self.ending: asyncio.Task[None] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._tasks: Mapping[str, Callable[..., Any]] | None = None

    @property
    def tasks(self) -> Mapping[str, Callable[..., Any]]:
        """The tasks of this instance by name."""
        if self._tasks is None:
            self._tasks = self.plugin.get_builtin_tasks()
        return self._tasks

    @property
    def is_open(self) -> bool:
        """Whether it was connected."""
        opening = self._opening
        return opening is not None and opening.done() and not opening.cancelled() and opening.exception() is None

    async def opened(self) -> None:
        """Wait until it is connected, connecting it first if nobody did; raises `ConnectionError`.

        A caller that is cancelled doesn't disturb the others that wait for the same.
        """
        if self._opening is None:
            # an empty context: what the driver starts must not hold on to the run that came first
            self._opening = asyncio.get_running_loop().create_task(self._connect(), context=Context())
        await asyncio.wait((self._opening,))
        failure = None if self._opening.cancelled() else self._opening.exception()
        if failure is not None:
            raise self._told(failure) from failure

    async def closed(self) -> None:
        """Disconnect it, or stop connecting."""
        opening = self._opening
        if opening is not None and not opening.done():
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        elif self.is_open:
            await self._disconnect()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(_limit(self.config)):
                await self._begin(dict(self.config))
        except BaseException:
            await self._disconnect()
            raise

    async def _disconnect(self) -> None:
        try:
            async with asyncio.timeout(DISCONNECT_SECONDS):
                await self.plugin.disconnect()
        # the run is over: a connection that fails to close changes nothing about how it ended
        except Exception as error:
            _log.warning("connection `%s` did not close properly: %s", self.name, self.masked(error))

    def masked(self, error: BaseException) -> str:
        """What an error says, without the secrets of the configuration."""
        return masking(self.plugin, self.config)(str(error)) or type(error).__name__

    def _told(self, failure: BaseException) -> ConnectionError:
        """The error that a run gets: what failed, how far it had come, what to do; never a secret."""
        stage, hint = getattr(failure, "stage", None), getattr(failure, "hint", None)
        if isinstance(failure, ImportError):
            missing = self.plugin.check_dependencies()[1]
            stage = "dependencies"
            hint = hint or (f"pip install {' '.join(repr(name) for name in missing)}" if missing else None)
        elif type(failure) is TimeoutError and not failure.args:
            stage = stage or "timeout"
            reason = f"no answer within {_limit(self.config):g} s"
            return self._error(reason, stage, hint or "check host and port, or raise `timeout`")
        elif isinstance(failure, builtins.ConnectionRefusedError):
            stage = stage or "reach"
            hint = hint or "check that the server runs, and host and port"
        return self._error(self.masked(failure), stage or "connect", hint)

    def _error(self, reason: str, stage: str, hint: str | None) -> ConnectionError:
        mask = masking(self.plugin, self.config)
        return ConnectionError(
            f"connection `{self.name}` ({self.type}) could not be opened: {reason}",
            hint=None if hint is None else mask(hint),
            connection=self.name,
            type=self.type,
            stage=stage,
        )


class Pools:
    """Every open pool of this process, by event loop and configuration."""

    def __init__(self) -> None:
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, Pool]] = WeakKeyDictionary()

    async def lease(self, name: str, type: str, plugin: ConnectionPlugin, config: dict[str, Any]) -> Pool:
        """The pool for this connection, opened. `plugin` is connected if there is none to share."""
        pool = await self._pool(name, type, plugin, config)
        pool.users += 1
        if pool.idle is not None:
            pool.idle.cancel()
            pool.idle = None
        try:
            await pool.opened()
        except BaseException:
            await shielded(self.leave(pool))
            raise
        return pool

    async def leave(self, pool: Pool, idle_seconds: float = 0) -> None:
        """One user less. The last one closes the pool, now or in `idle_seconds`."""
        pool.users -= 1
        if pool.users:
            return
        if idle_seconds > 0 and pool.key is not None and pool.is_open:
            pool.idle = asyncio.get_running_loop().call_later(idle_seconds, self._end, pool)
        else:
            await asyncio.wait((self._end(pool),))

    async def close_idle(self) -> None:
        """Close the pools of the running event loop that nobody uses at the moment."""
        endings = [self._end(pool) for pool in self._here().values() if not pool.users]
        if endings:
            await asyncio.wait(endings)

    def count(self) -> int:
        """How many shared pools are open in the running event loop."""
        return len(self._here())

    def _here(self) -> dict[Hashable, Pool]:
        return self._by_loop.setdefault(asyncio.get_running_loop(), {})

    async def _pool(self, name: str, type: str, plugin: ConnectionPlugin, config: dict[str, Any]) -> Pool:
        if not plugin.shareable(config):
            return Pool(name, type, plugin, config)
        key = (plugin.__class__, name, canonical(config))
        pools = self._here()
        # one that is closing still holds its sessions: a second pool beside it would exceed the pool's size
        while key in pools and (ending := pools[key].ending) is not None:
            await asyncio.wait((ending,))
        if key not in pools:
            pools[key] = Pool(name, type, plugin, config, key)
        return pools[key]

    def _end(self, pool: Pool) -> asyncio.Task[None]:
        """Close a pool that nobody uses; it is forgotten when that is done."""
        if pool.idle is not None:
            pool.idle.cancel()
            pool.idle = None
        if pool.ending is None:
            pool.ending = asyncio.get_running_loop().create_task(self._closing(pool))
        return pool.ending

    async def _closing(self, pool: Pool) -> None:
        try:
            await pool.closed()
        finally:
            if pool.key is not None:
                del self._here()[pool.key]


#: The pools that all runs of this process share.
process_pools: Final = Pools()


def masking(plugin: ConnectionPlugin, config: Mapping[str, Any]) -> Callable[[str], str]:
    """Masks the secrets of a connection's config in a text."""
    return Redactor(secret_values(plugin.get_config_schema(), config)).text


def _limit(config: Mapping[str, Any]) -> float:
    timeout = config.get("timeout")
    usable = isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and timeout > 0
    return float(timeout) if usable and timeout is not None else CONNECT_SECONDS


def canonical(config: Mapping[str, Any]) -> str:
    """The same text for configurations that are equal."""
    from json import dumps

    from flowlang.values import plain

    return dumps(plain(config), sort_keys=True, ensure_ascii=False)
