"""What the plugin writes for people: a configuration, an example flow, helpers for their own tasks."""

from __future__ import annotations

from typing import Final

CONFIG: Final = """\
  {name}:
    type: redis
    url: {url}
    max_connections: 50
    socket_timeout: 5
"""

EXAMPLE: Final = """\
flow: RedisExample
description: Looks a user up in the cache, computes it when it isn't there, and counts the visits.

inputs:
  - name: user_id
    type: integer
    default: 1

connections:
  CONNECTION:
    type: redis
    url: ${REDIS_URL:redis://localhost:6379/0}

steps:
  - redis_exists:
      id: known
      connection: CONNECTION
      key: flowlang:example:user:${inputs.user_id}

  - id: user
    if: ${known.exists}
    then:
      - redis_get:
          id: cached
          connection: CONNECTION
          key: flowlang:example:user:${inputs.user_id}
    else:
      - redis_set:
          id: remember
          connection: CONNECTION
          key: flowlang:example:user:${inputs.user_id}
          value: {id: "${inputs.user_id}", name: "User ${inputs.user_id}"}
          ex: 60
      - redis_get:
          id: cached
          connection: CONNECTION
          key: flowlang:example:user:${inputs.user_id}

  - redis_incr:
      id: visits
      connection: CONNECTION
      key: flowlang:example:visits:${inputs.user_id}

  - redis_expire:
      id: keep
      connection: CONNECTION
      key: flowlang:example:visits:${inputs.user_id}
      seconds: 60

outputs:
  - name: user
    value: ${cached.value}
  - name: from_cache
    value: ${known.exists}
  - name: visits
    value: ${visits.value}
"""

HELPERS: Final = '''\
"""Tasks around a Redis connection. Register them in flow.py: registry.register("CountUnique", count_unique)."""

from __future__ import annotations

from typing import Any


async def count_unique(key: str, value: str, connection: Any = None) -> dict[str, Any]:
    """Count how many different values there were, in little memory and nearly exactly.

    Args:
        key: The key of the counter
        value: The value that came
        connection: The connection (injected)

    Returns:
        count: How many different values there were

    Example YAML:
        - task: CountUnique
          connection: cache
          inputs: {key: visitors, value: ada}
    """
    await connection.pfadd(key, value)
    return {"count": await connection.pfcount(key)}


async def take_turn(key: str, limit: int, seconds: int, connection: Any = None) -> dict[str, Any]:
    """Tell whether something may happen once more within a time.

    Args:
        key: What is limited
        limit: How often it may happen
        seconds: Within how many seconds
        connection: The connection (injected)

    Returns:
        allowed: Whether it may happen
        count: How often it was asked for

    Example YAML:
        - task: TakeTurn
          connection: cache
          inputs: {key: "mails:ada", limit: 3, seconds: 60}
    """
    async with connection.pipeline(transaction=True) as pipeline:
        pipeline.set(key, 0, ex=seconds, nx=True)
        pipeline.incr(key)
        count = (await pipeline.execute())[-1]
    return {"allowed": count <= limit, "count": count}
'''
