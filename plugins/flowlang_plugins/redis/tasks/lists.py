"""Tasks on lists."""

from __future__ import annotations

from typing import Any

from flowlang_plugins.redis.tasks.session import client_of, whole
from flowlang_plugins.redis.values import listed, loaded, stored, stored_key


async def redis_lpush(
    key: str, values: list[Any] | None = None, value: Any = None, connection: Any = None
) -> dict[str, Any]:
    """Put values at the front of a list, one after the other, so that the last one is first.

    Args:
        key: The key
        values: The values; maps, lists, numbers and booleans are stored as JSON
        value: A single value, instead of `values`
        connection: The connection (injected)

    Returns:
        length: How long the list is then

    Example YAML:
        - redis_lpush:
            id: recent
            connection: cache
            key: recent
            value: {page: "${inputs.page}"}
    """
    return {"length": await _pushed(connection, "LPUSH", key, values, value)}


async def redis_rpush(
    key: str, values: list[Any] | None = None, value: Any = None, connection: Any = None
) -> dict[str, Any]:
    """Put values at the end of a list.

    Args:
        key: The key
        values: The values; maps, lists, numbers and booleans are stored as JSON
        value: A single value, instead of `values`
        connection: The connection (injected)

    Returns:
        length: How long the list is then

    Example YAML:
        - redis_rpush:
            id: enqueue
            connection: cache
            key: jobs
            values: "${inputs.jobs}"
    """
    return {"length": await _pushed(connection, "RPUSH", key, values, value)}


async def redis_lpop(key: str, count: int = 1, connection: Any = None) -> dict[str, Any]:
    """Take values from the front of a list.

    Args:
        key: The key
        count: How many values at most
        connection: The connection (injected)

    Returns:
        value: The first value that was taken, null if the list was empty
        values: All values that were taken

    Example YAML:
        - redis_lpop:
            id: job
            connection: cache
            key: jobs
    """
    return await _popped(connection, "LPOP", key, count)


async def redis_rpop(key: str, count: int = 1, connection: Any = None) -> dict[str, Any]:
    """Take values from the end of a list.

    Args:
        key: The key
        count: How many values at most
        connection: The connection (injected)

    Returns:
        value: The first value that was taken, null if the list was empty
        values: All values that were taken, the last of the list first

    Example YAML:
        - redis_rpop:
            id: newest
            connection: cache
            key: jobs
            count: 10
    """
    return await _popped(connection, "RPOP", key, count)


async def redis_lrange(key: str, start: int = 0, stop: int = -1, connection: Any = None) -> dict[str, Any]:
    """Read a part of a list, or all of it.

    Args:
        key: The key
        start: Position of the first value, from 0; negative ones count from the end
        stop: Position of the last value, which is included
        connection: The connection (injected)

    Returns:
        values: The values
        count: How many there are

    Example YAML:
        - redis_lrange:
            id: ten_latest
            connection: cache
            key: recent
            stop: 9
    """
    found = await client_of(connection).ask("LRANGE", stored_key(key), whole(start, "start"), whole(stop, "stop"))
    return {"values": [loaded(value) for value in found], "count": len(found)}


async def redis_llen(key: str, connection: Any = None) -> dict[str, Any]:
    """Tell how long a list is.

    Args:
        key: The key
        connection: The connection (injected)

    Returns:
        length: How many values the list has, 0 if it doesn't exist

    Example YAML:
        - redis_llen:
            id: waiting
            connection: cache
            key: jobs
    """
    return {"length": await client_of(connection).ask("LLEN", stored_key(key))}


async def _pushed(connection: Any, command: str, key: Any, values: Any, value: Any) -> int:
    given = listed(values, value, "values", "value")
    sent = [stored(item, f"values[{index}]") for index, item in enumerate(given)]
    length: int = await client_of(connection).ask(command, stored_key(key), *sent)
    return length


async def _popped(connection: Any, command: str, key: Any, count: Any) -> dict[str, Any]:
    number = whole(count, "count")
    # before 6.2 the server takes no count
    arguments = () if number == 1 else (number,)
    answer = await client_of(connection).ask(command, stored_key(key), *arguments)
    taken = [] if answer is None else answer if isinstance(answer, list) else [answer]
    values = [loaded(value) for value in taken]
    return {"value": values[0] if values else None, "values": values}
