"""Tasks on single values."""

from __future__ import annotations

from typing import Any

from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis.tasks.session import client_of, text
from flowlang_plugins.redis.values import loaded, stored, stored_key


async def redis_get(key: str, connection: Any = None) -> dict[str, Any]:
    """Read the value of a key.

    A JSON object or list comes back as a map or list; text that only looks like a number stays text. Bytes that are
    no UTF-8 text stay bytes.

    Args:
        key: The key
        connection: The connection (injected)

    Returns:
        value: The value, null if there is none
        exists: Whether the key exists

    Example YAML:
        - redis_get:
            id: cached
            connection: cache
            key: user:${inputs.user_id}
            outputs: [value, exists]
    """
    value = await client_of(connection).ask("GET", stored_key(key))
    return {"value": loaded(value), "exists": value is not None}


async def redis_set(
    key: str,
    value: Any,
    ex: float | None = None,
    px: int | None = None,
    nx: bool = False,
    xx: bool = False,
    connection: Any = None,
) -> dict[str, Any]:
    """Store a value under a key.

    Maps, lists, numbers and booleans are stored as JSON, text and bytes as they are.

    Args:
        key: The key
        value: The value; null can't be stored
        ex: Seconds after which the key is gone
        px: Milliseconds after which the key is gone, instead of `ex`
        nx: Only if the key doesn't exist yet
        xx: Only if the key exists
        connection: The connection (injected)

    Returns:
        success: Whether the value was stored; false where `nx` or `xx` forbade it

    Example YAML:
        - redis_set:
            id: remember
            connection: cache
            key: user:${inputs.user_id}
            value: {id: "${inputs.user_id}", name: Ada}
            ex: 3600
    """
    if ex is not None and px is not None:
        raise FlowExecutionError("give either `ex` or `px`, not both")
    if nx and xx:
        raise FlowExecutionError("`nx` and `xx` exclude each other")
    command = ["SET", stored_key(key), stored(value)]
    if ex is not None:
        command += expiry(ex, "ex")
    if px is not None:
        command += ["PX", milliseconds(px, "px")]
    command += [word for word, wanted in (("NX", nx), ("XX", xx)) if wanted]
    answer = await client_of(connection).ask(*command)
    return {"success": answer is not None}


async def redis_incr(key: str, amount: float = 1, connection: Any = None) -> dict[str, Any]:
    """Add to the number stored under a key, which counts as 0 if it doesn't exist.

    Args:
        key: The key
        amount: What is added; a whole number unless the value may have decimals
        connection: The connection (injected)

    Returns:
        value: The new number

    Example YAML:
        - redis_incr:
            id: views
            connection: cache
            key: views:${inputs.page}
    """
    return {"value": await _added(connection, "INCRBY", key, amount, 1)}


async def redis_decr(key: str, amount: float = 1, connection: Any = None) -> dict[str, Any]:
    """Subtract from the number stored under a key, which counts as 0 if it doesn't exist.

    Args:
        key: The key
        amount: What is subtracted; a whole number unless the value may have decimals
        connection: The connection (injected)

    Returns:
        value: The new number

    Example YAML:
        - redis_decr:
            id: stock
            connection: cache
            key: stock:${inputs.article}
            amount: 2
    """
    return {"value": await _added(connection, "DECRBY", key, amount, -1)}


async def _added(connection: Any, command: str, key: Any, amount: Any, sign: int) -> int | float:
    if isinstance(amount, bool) or not isinstance(amount, (int, float)):
        raise FlowExecutionError(f"`amount` must be a number, not {type(amount).__name__}")
    client = client_of(connection)
    if amount == int(amount):
        return int(await client.ask(command, stored_key(key), int(amount)))
    return float(text(await client.ask("INCRBYFLOAT", stored_key(key), repr(sign * amount))))


def expiry(seconds: Any, name: str) -> list[Any]:
    """How a command is told after which time a key is gone: in seconds, or if there is a fraction milliseconds."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise FlowExecutionError(f"`{name}` must be a number of seconds, not {type(seconds).__name__}")
    if seconds == int(seconds):
        return ["EX", int(seconds)]
    return ["PX", milliseconds(seconds * 1000, name)]


def milliseconds(value: Any, name: str) -> int:
    """A time in milliseconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FlowExecutionError(f"`{name}` must be a number, not {type(value).__name__}")
    return round(value)
