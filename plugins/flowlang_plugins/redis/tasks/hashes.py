"""Tasks on hashes."""

from __future__ import annotations

from typing import Any

from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis.tasks.session import client_of
from flowlang_plugins.redis.values import loaded, pairs, stored, stored_key


async def redis_hgetall(key: str, connection: Any = None) -> dict[str, Any]:
    """Read all fields of a hash.

    A field that holds a JSON object or list comes back as a map or list.

    Args:
        key: The key
        connection: The connection (injected)

    Returns:
        hash: The fields and their values, an empty map if the key doesn't exist

    Example YAML:
        - redis_hgetall:
            id: profile
            connection: cache
            key: profile:${inputs.user_id}
    """
    answer = await client_of(connection).ask("HGETALL", stored_key(key))
    return {"hash": {field: loaded(value) for field, value in zip(answer[::2], answer[1::2], strict=True)}}


async def redis_hset(
    key: str,
    mapping: dict[str, Any] | None = None,
    field: str | None = None,
    value: Any = None,
    connection: Any = None,
) -> dict[str, Any]:
    """Set fields of a hash; its other fields stay as they are.

    Maps, lists, numbers and booleans are stored as JSON, text and bytes as they are.

    Args:
        key: The key
        mapping: The fields and their values
        field: A single field, with its `value`, instead of `mapping` or beside it
        value: The value of that field
        connection: The connection (injected)

    Returns:
        fields_set: How many of the fields are new; others were overwritten

    Example YAML:
        - redis_hset:
            id: save
            connection: cache
            key: profile:${inputs.user_id}
            mapping: {name: Ada, tags: [mathematics, poetry]}
    """
    if field is None and value is not None:
        raise FlowExecutionError("`value` is given, but not the `field` that it belongs to")
    if mapping is None and field is None:
        raise FlowExecutionError("give a `mapping`, or a `field` and its `value`")
    parts = pairs(mapping, "mapping") if mapping is not None else []
    if field is not None:
        parts += [stored_key(field, "field"), stored(value)]
    return {"fields_set": await client_of(connection).ask("HSET", stored_key(key), *parts)}
