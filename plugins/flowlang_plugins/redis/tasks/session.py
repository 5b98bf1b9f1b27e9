"""What the tasks have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flowlang.errors import FlowExecutionError

if TYPE_CHECKING:
    from flowlang_plugins.redis.client import RedisClient


def client_of(connection: Any) -> RedisClient:
    """The connection of a step, which must be one of Redis."""
    from flowlang_plugins.redis.client import RedisClient

    if not isinstance(connection, RedisClient):
        raise FlowExecutionError("this task needs a connection of type `redis`")
    return connection


def whole(value: Any, name: str) -> int:
    """An argument that must be a whole number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise FlowExecutionError(f"`{name}` must be a whole number, not {value!r}")
    return int(value)


def text(value: Any) -> Any:
    """An answer's text where it is bytes only because the connection doesn't decode."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
