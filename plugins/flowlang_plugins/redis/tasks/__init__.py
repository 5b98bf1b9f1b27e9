"""The Redis tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flowlang_plugins.redis.tasks import commands, hashes, keys, lists, sets, sorted_sets, streams, values

TASKS: Final[tuple[Callable[..., Any], ...]] = (
    values.redis_get,
    values.redis_set,
    values.redis_incr,
    values.redis_decr,
    keys.redis_delete,
    keys.redis_exists,
    keys.redis_expire,
    keys.redis_ttl,
    keys.redis_keys,
    commands.redis_command,
    commands.redis_publish,
    hashes.redis_hgetall,
    hashes.redis_hset,
    lists.redis_lpush,
    lists.redis_rpush,
    lists.redis_lpop,
    lists.redis_rpop,
    lists.redis_lrange,
    lists.redis_llen,
    sets.redis_sadd,
    sets.redis_srem,
    sets.redis_smembers,
    sets.redis_sismember,
    sorted_sets.redis_zadd,
    sorted_sets.redis_zrange,
    sorted_sets.redis_zrem,
    sorted_sets.redis_zscore,
    streams.redis_xadd,
    streams.redis_xread,
    streams.redis_xreadgroup,
    streams.redis_xack,
    streams.redis_xlen,
)
