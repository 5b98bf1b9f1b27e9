"""The connections of one plugin instance: never more than allowed, never one that is in an odd state."""

from __future__ import annotations

import asyncio
import builtins
from functools import cache
from typing import Any, Final

from redis import exceptions
from redis.asyncio.connection import AbstractConnection, Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from flowlang.errors import ConnectionError
from flowlang_plugins.redis.guard import Guard

#: How many seconds a command waits for a connection when all are in use.
WAIT_SECONDS: Final = 20.0

#: How many bytes can be sent without waiting, on a connection on which nothing else is under way.
_BUFFER: Final = 32_768

#: Commands that leave a connection in a state of its own, so that it can't serve anything else.
_ONE_WAY: Final = frozenset(
    {"ASKING", "AUTH", "CLIENT", "HELLO", "MONITOR", "MULTI", "PSUBSCRIBE", "PSYNC", "QUIT", "READONLY", "RESET"}
    | {"SELECT", "SSUBSCRIBE", "SUBSCRIBE", "SYNC", "WATCH"}
)


class RedisPool(ConnectionPool):  # type: ignore[type-arg, misc, unused-ignore]
    """Lends connections for one command or pipeline at a time, and notices those that broke meanwhile.

    Nothing that was sent is ever sent again: a command whose answer got lost may have taken effect.
    """

    def __init__(
        self,
        connection_class: type[AbstractConnection] = Connection,
        max_connections: int = 50,
        max_result_mb: float = 256,
        **options: Any,
    ) -> None:
        options.update(protocol=2, retry=Retry(NoBackoff(), 0), **_identity())
        super().__init__(connection_class=_watched(connection_class), max_connections=max_connections, **options)
        self.max_result_mb = max_result_mb
        #: Refuses writing, on a read-only connection.
        self.guard: Guard | None = None
        self._free = asyncio.Semaphore(max_connections)
        self._idle: list[Any] = []
        self._lent: set[Any] = set()

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> Any:
        """A connection that is ready to send a command, waiting for one if all are in use."""
        await self._place()
        connection: Any = self._idle.pop() if self._idle else self.connection_class(**self.connection_kwargs)
        self._lent.add(connection)
        try:
            await connection.connect()
            if await _broken(connection):
                await connection.disconnect(nowait=True)
                await connection.connect()
        except BaseException:
            connection.one_way = True
            await self.release(connection)
            raise
        connection.one_way = False
        connection.guard = self.guard
        return connection

    async def _place(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise ConnectionError(
                f"all {self.max_connections} connections are in use, also after {WAIT_SECONDS:g} s",
                hint="raise `max_connections`, or let fewer steps run at once",
            ) from None

    async def release(self, connection: Any) -> None:
        """Take a connection back. One in a state of its own is closed, and opened anew when it is needed."""
        if connection not in self._lent:
            return
        self._lent.discard(connection)
        try:
            connection.guard = None
            if connection.one_way:
                await connection.disconnect(nowait=True)
        finally:
            self._idle.append(connection)
            self._free.release()

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close the connections; they are opened anew when they are needed again."""
        connections = [*self._idle, *(self._lent if inuse_connections else ())]
        await asyncio.gather(*(connection.disconnect() for connection in connections), return_exceptions=True)


class _Watched:
    """What is added to the driver's connections: everything that is sent passes here."""

    guard: Guard | None = None
    one_way: bool = False
    socket_timeout: float | None = None
    is_connected: bool

    def pack_command(self, *args: Any) -> Any:
        if _first_word(args[0]) in _ONE_WAY:
            self.one_way = True
        return super().pack_command(*args)  # type: ignore[misc]

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        command = _chunks(command)
        if self.guard is not None:
            self.guard.check(b"".join(command))
        patience, self.socket_timeout = self.socket_timeout, None
        # what fits into the buffer is written without waiting
        waits = not self.is_connected or sum(map(len, command)) > _BUFFER
        try:
            # with a timeout of its own the driver uses `asyncio.wait_for`, which before Python 3.12 may lose a
            # cancellation
            if waits:
                async with asyncio.timeout(patience):
                    await super().send_packed_command(command, check_health=check_health)  # type: ignore[misc]
            else:
                await super().send_packed_command(command, check_health=check_health)  # type: ignore[misc]
        except builtins.TimeoutError as error:
            raise exceptions.TimeoutError("Timeout writing to socket") from error
        finally:
            self.socket_timeout = patience


@cache
def _identity() -> dict[str, Any]:
    """How the driver introduces itself to servers. For each connection anew it would read its package's metadata."""
    try:
        from redis.driver_info import DriverInfo
    except ImportError:
        # older versions take no such argument
        return {}
    return {"driver_info": DriverInfo()}


def _watched(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(f"Watched{kind.__name__}", (_Watched, kind), {})


def _first_word(command: Any) -> str:
    text = command.decode("utf-8", "replace") if isinstance(command, bytes) else str(command)
    return text.split(" ", 1)[0].upper()


def _chunks(command: Any) -> list[bytes]:
    if isinstance(command, list):
        return command
    if isinstance(command, str):
        return [command.encode()]
    return [command] if isinstance(command, bytes) else list(command)


async def _broken(connection: Any) -> bool:
    """Whether the server closed the connection, or sent something that nobody waits for."""
    readable = getattr(connection, "can_read", None) or connection.can_read_destructive
    try:
        return bool(await readable())
    except (OSError, exceptions.RedisError):
        return True
