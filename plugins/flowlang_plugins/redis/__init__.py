"""Redis: values, hashes, lists, sets, streams, and every other command of the server."""

from __future__ import annotations

from flowlang_plugins.redis.provider import RedisPlugin

__all__ = ["RedisPlugin"]
