"""Tasks on sets."""

from __future__ import annotations

from typing import Any

from flowlang_plugins.redis.tasks.session import client_of
from flowlang_plugins.redis.values import listed, loaded, stored, stored_key


async def redis_sadd(
    key: str, members: list[Any] | None = None, member: Any = None, connection: Any = None
) -> dict[str, Any]:
    """Add members to a set.

    Args:
        key: The key
        members: The members; maps, lists, numbers and booleans are stored as JSON
        member: A single member, instead of `members`
        connection: The connection (injected)

    Returns:
        added_count: How many were not in the set before

    Example YAML:
        - redis_sadd:
            id: tag
            connection: cache
            key: tags:${inputs.article}
            members: [new, sale]
    """
    return {"added_count": await _with_members(connection, "SADD", key, members, member)}


async def redis_srem(
    key: str, members: list[Any] | None = None, member: Any = None, connection: Any = None
) -> dict[str, Any]:
    """Remove members from a set. One that isn't in it is no error.

    Args:
        key: The key
        members: The members
        member: A single member, instead of `members`
        connection: The connection (injected)

    Returns:
        removed_count: How many were in the set

    Example YAML:
        - redis_srem:
            id: untag
            connection: cache
            key: tags:${inputs.article}
            member: sale
    """
    return {"removed_count": await _with_members(connection, "SREM", key, members, member)}


async def redis_smembers(key: str, connection: Any = None) -> dict[str, Any]:
    """Read all members of a set.

    Args:
        key: The key
        connection: The connection (injected)

    Returns:
        members: The members, in no order
        count: How many there are

    Example YAML:
        - redis_smembers:
            id: tags
            connection: cache
            key: tags:${inputs.article}
    """
    found = await client_of(connection).ask("SMEMBERS", stored_key(key))
    return {"members": [loaded(member) for member in found], "count": len(found)}


async def redis_sismember(key: str, member: Any, connection: Any = None) -> dict[str, Any]:
    """Tell whether something is in a set.

    Args:
        key: The key
        member: What may be in it
        connection: The connection (injected)

    Returns:
        is_member: Whether it is

    Example YAML:
        - redis_sismember:
            id: on_sale
            connection: cache
            key: tags:${inputs.article}
            member: sale
    """
    answer = await client_of(connection).ask("SISMEMBER", stored_key(key), stored(member, "member"))
    return {"is_member": answer == 1}


async def _with_members(connection: Any, command: str, key: Any, members: Any, member: Any) -> int:
    given = listed(members, member, "members", "member")
    sent = [stored(item, f"members[{index}]") for index, item in enumerate(given)]
    count: int = await client_of(connection).ask(command, stored_key(key), *sent)
    return count
