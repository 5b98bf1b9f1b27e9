"""Tasks on sorted sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis.tasks.session import client_of, text
from flowlang_plugins.redis.values import listed, loaded, stored, stored_key


async def redis_zadd(
    key: str,
    mapping: dict[str, float] | None = None,
    member: Any = None,
    score: float | None = None,
    nx: bool = False,
    xx: bool = False,
    connection: Any = None,
) -> dict[str, Any]:
    """Add members to a sorted set, or give new scores to those that are in it.

    Args:
        key: The key
        mapping: The members and their scores
        member: A single member, with its `score`, instead of `mapping`
        score: The score of that member
        nx: Only add members, and leave the scores of others
        xx: Only change scores, and add no members
        connection: The connection (injected)

    Returns:
        added_count: How many were not in the set before

    Example YAML:
        - redis_zadd:
            id: rank
            connection: cache
            key: highscores
            mapping: {ada: 120, grace: 95.5}
    """
    if nx and xx:
        raise FlowExecutionError("`nx` and `xx` exclude each other")
    options = [word for word, wanted in (("NX", nx), ("XX", xx)) if wanted]
    sent = _scored(mapping, member, score)
    return {"added_count": await client_of(connection).ask("ZADD", stored_key(key), *options, *sent)}


async def redis_zrange(
    key: str,
    start: float | str = 0,
    stop: float | str = -1,
    by_score: bool = False,
    desc: bool = False,
    connection: Any = None,
) -> dict[str, Any]:
    """Read members of a sorted set in the order of their scores.

    Args:
        key: The key
        start: Position of the first member, from 0; negative ones count from the end. The lowest score with `by_score`
        stop: Position of the last member, which is included; with `by_score` the highest score
        by_score: Whether `start` and `stop` are scores: numbers, `-inf`, `+inf`, `(5` for above 5
        desc: Whether the highest score comes first
        connection: The connection (injected)

    Returns:
        members: The members
        items: The members with their scores, a map of `member` and `score` each
        count: How many there are

    Example YAML:
        - redis_zrange:
            id: best
            connection: cache
            key: highscores
            stop: 9
            desc: true
    """
    first, last = (stop, start) if by_score and desc else (start, stop)
    command = ("ZREVRANGE" if desc else "ZRANGE") + ("BYSCORE" if by_score else "")
    answer = await client_of(connection).ask(command, stored_key(key), first, last, "WITHSCORES")
    members = [loaded(member) for member in answer[::2]]
    items = [{"member": member, "score": number(score)} for member, score in zip(members, answer[1::2], strict=True)]
    return {"members": members, "items": items, "count": len(members)}


async def redis_zrem(
    key: str, members: list[Any] | None = None, member: Any = None, connection: Any = None
) -> dict[str, Any]:
    """Remove members from a sorted set. One that isn't in it is no error.

    Args:
        key: The key
        members: The members
        member: A single member, instead of `members`
        connection: The connection (injected)

    Returns:
        removed_count: How many were in the set

    Example YAML:
        - redis_zrem:
            id: disqualify
            connection: cache
            key: highscores
            member: mallory
    """
    given = listed(members, member, "members", "member")
    sent = [stored(item, f"members[{index}]") for index, item in enumerate(given)]
    return {"removed_count": await client_of(connection).ask("ZREM", stored_key(key), *sent)}


async def redis_zscore(key: str, member: Any, connection: Any = None) -> dict[str, Any]:
    """Read the score of a member of a sorted set.

    Args:
        key: The key
        member: The member
        connection: The connection (injected)

    Returns:
        score: The score, null if it isn't in the set
        exists: Whether it is in the set

    Example YAML:
        - redis_zscore:
            id: points
            connection: cache
            key: highscores
            member: ada
    """
    answer = await client_of(connection).ask("ZSCORE", stored_key(key), stored(member, "member"))
    return {"score": None if answer is None else number(answer), "exists": answer is not None}


def number(score: Any) -> int | float:
    """A score; a whole one is an integer."""
    value = float(text(score))
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _scored(mapping: Any, member: Any, score: Any) -> list[Any]:
    if mapping is not None and member is not None:
        raise FlowExecutionError("give either `mapping`, or `member` and `score`")
    if mapping is None:
        if member is None or score is None:
            raise FlowExecutionError("give a `mapping` of members to scores, or `member` and `score`")
        return [_score(score, "score"), stored(member, "member")]
    if not isinstance(mapping, Mapping) or not mapping:
        raise FlowExecutionError("`mapping` must be a map with at least one member and its score")
    return [part for name, value in mapping.items() for part in (_score(value, f"mapping.{name}"), stored(name))]


def _score(value: Any, name: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise FlowExecutionError(f"`{name}` must be a number, not {type(value).__name__}")
    return value
