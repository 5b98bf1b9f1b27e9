"""The client that steps get: the driver's own, with one more way to ask."""

from __future__ import annotations

from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from flowlang.connections.base import ResultMeter, ResultTooLarge, announce, statement, statement_gate
from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis.errors import failure
from flowlang_plugins.redis.guard import Guard
from flowlang_plugins.redis.metering import begin_metering, end_metering
from flowlang_plugins.redis.pool import RedisPool

#: How the wait for an answer is bounded when the command itself waits.
FOR_EVER: Final = float("inf")

#: Commands whose answer is a number of things that were touched.
_COUNTING: Final = frozenset(
    {"DEL", "EXISTS", "HSET", "LLEN", "SADD", "SREM", "UNLINK", "XACK", "XLEN", "ZADD", "ZREM", "HDEL"}
)


class RedisClient(Redis):  # type: ignore[type-arg, misc, unused-ignore]
    """A `redis.asyncio.Redis` whose pool belongs to a connection of a flow.

    A task can't close it: the connection does.
    """

    def __init__(self, *, connection_pool: RedisPool, **options: Any) -> None:
        super().__init__(connection_pool=connection_pool, **options)
        self.pool = connection_pool
        self.decode = bool(connection_pool.connection_kwargs.get("decode_responses"))

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Gives back what this client holds itself, and leaves the pool to whom it belongs."""
        if self.connection is not None:
            connection, self.connection = self.connection, None
            await self.pool.release(connection)

    async def close(self, close_connection_pool: bool | None = None) -> None:
        """Does the same as `aclose`."""
        await self.aclose()

    async def ask(self, *command: Any, waits: float = 0) -> Any:
        """Send one command, and its answer as the server gives it: texts, numbers, lists.

        What is no UTF-8 text stays bytes; all of it does where the connection doesn't decode. `waits` is how many
        seconds the command itself may wait at the server.
        """
        text, params = _shown(command), _parameters(command)
        if statement_gate.get() is not None:
            await announce(self, text, params)
        with statement(text, params) as sent:
            try:
                answer = await self._exchange(command, waits)
            except FlowExecutionError:
                raise
            except (RedisError, OSError) as error:
                raise failure(error) from error
            sent.rows = _rows(command[0], answer)
        return decoded(answer) if self.decode else answer

    async def reach(self) -> None:
        """Make sure that the server answers. Raises the driver's errors."""
        await self._exchange(("PING",), 0)

    async def learn_commands(self) -> None:
        """Ask the server which commands only read, and refuse all others from here on."""
        self.pool.guard = Guard(await self._exchange(("COMMAND",), 0))

    async def _exchange(self, command: tuple[Any, ...], waits: float) -> Any:
        connection = await self.pool.get_connection()
        patience = connection.socket_timeout
        try:
            if waits:
                connection.socket_timeout = None if waits == FOR_EVER or patience is None else patience + waits
            begin_metering(connection, ResultMeter(self.pool.max_result_mb))
            await connection.send_command(*command)
            return await connection.read_response(disable_decoding=True)
        except ResultTooLarge:
            connection.one_way = True
            raise
        except (ResponseError, FlowExecutionError):
            # the server answered, or nothing was sent: nothing is left over
            raise
        except BaseException:
            connection.one_way = True
            raise
        finally:
            end_metering(connection)
            connection.socket_timeout = patience
            await self.pool.release(connection)


def decoded(answer: Any) -> Any:
    """Texts out of an answer's bytes; bytes that are no UTF-8 text stay what they are."""
    if isinstance(answer, bytes):
        try:
            return answer.decode()
        except UnicodeDecodeError:
            return answer
    if isinstance(answer, list):
        return [decoded(item) for item in answer]
    return answer


def _shown(command: tuple[Any, ...]) -> str:
    return str(command[0]) if len(command) < 2 else f"{command[0]} {_word(command[1])}"


def _word(value: Any) -> Any:
    return decoded(value) if isinstance(value, bytes) else value


def _parameters(command: tuple[Any, ...]) -> list[Any] | None:
    return [_word(value) for value in command[2:]] or None


def _rows(name: str, answer: Any) -> int:
    if isinstance(answer, list):
        return len(answer)
    if name in _COUNTING and isinstance(answer, int):
        return answer
    return 0 if answer is None else 1
