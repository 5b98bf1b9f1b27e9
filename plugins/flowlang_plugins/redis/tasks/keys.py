"""Tasks on keys, whatever they hold."""

from __future__ import annotations

from typing import Any

from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis.tasks.session import client_of, text, whole
from flowlang_plugins.redis.tasks.values import expiry
from flowlang_plugins.redis.values import listed, stored_key


async def redis_delete(
    keys: list[str] | str | None = None, key: str | None = None, connection: Any = None
) -> dict[str, Any]:
    """Delete keys. One that doesn't exist is no error.

    Args:
        keys: The keys
        key: A single key, instead of `keys`
        connection: The connection (injected)

    Returns:
        deleted_count: How many keys were deleted

    Example YAML:
        - redis_delete:
            id: forget
            connection: cache
            keys: ["user:${inputs.user_id}", "session:${inputs.user_id}"]
    """
    names = [stored_key(name) for name in listed(keys, key, "keys", "key")]
    return {"deleted_count": await client_of(connection).ask("DEL", *names)}


async def redis_exists(
    keys: list[str] | str | None = None, key: str | None = None, connection: Any = None
) -> dict[str, Any]:
    """Tell whether keys exist.

    Args:
        keys: The keys
        key: A single key, instead of `keys`
        connection: The connection (injected)

    Returns:
        count: How many of the keys exist
        exists: Whether any of them does

    Example YAML:
        - redis_exists:
            id: known
            connection: cache
            key: user:${inputs.user_id}
            outputs: [exists]
    """
    names = [stored_key(name) for name in listed(keys, key, "keys", "key")]
    count = await client_of(connection).ask("EXISTS", *names)
    return {"count": count, "exists": count > 0}


async def redis_expire(key: str, seconds: float, connection: Any = None) -> dict[str, Any]:
    """Let a key be gone after some time.

    Args:
        key: The key
        seconds: The time; 0 or less deletes the key at once
        connection: The connection (injected)

    Returns:
        success: Whether the key exists

    Example YAML:
        - redis_expire:
            id: keep_an_hour
            connection: cache
            key: session:${inputs.user_id}
            seconds: 3600
    """
    unit, time = expiry(seconds, "seconds")
    command = "EXPIRE" if unit == "EX" else "PEXPIRE"
    return {"success": await client_of(connection).ask(command, stored_key(key), time) == 1}


async def redis_ttl(key: str, connection: Any = None) -> dict[str, Any]:
    """Tell how long a key will still exist.

    Args:
        key: The key
        connection: The connection (injected)

    Returns:
        ttl: Seconds that are left, null if the key never expires or doesn't exist
        exists: Whether the key exists

    Example YAML:
        - redis_ttl:
            id: left
            connection: cache
            key: session:${inputs.user_id}
    """
    seconds = await client_of(connection).ask("TTL", stored_key(key))
    return {"ttl": seconds if seconds >= 0 else None, "exists": seconds != -2}


async def redis_keys(pattern: str = "*", limit: int | None = None, connection: Any = None) -> dict[str, Any]:
    """List the keys that match a pattern, without keeping the server from other work meanwhile.

    Args:
        pattern: The pattern: `*` is anything, `?` one character, `[ab]` one of those
        limit: How many keys at most; all of them without it
        connection: The connection (injected)

    Returns:
        keys: The keys, in no order
        count: How many there are

    Example YAML:
        - redis_keys:
            id: sessions
            connection: cache
            pattern: session:*
    """
    most = None if limit is None else whole(limit, "limit")
    if most is not None and most < 1:
        raise FlowExecutionError(f"`limit` must be at least 1, not {most}")
    client = client_of(connection)
    found: dict[Any, None] = {}
    cursor = "0"
    while most is None or len(found) < most:
        cursor, names = await client.ask("SCAN", text(cursor), "MATCH", stored_key(pattern, "pattern"), "COUNT", 1000)
        found.update(dict.fromkeys(names))
        if text(cursor) == "0":
            break
    keys = list(found)[:most]
    return {"keys": keys, "count": len(keys)}
