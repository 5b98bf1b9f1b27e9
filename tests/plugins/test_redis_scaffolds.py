"""What the Redis plugin writes for people."""

from __future__ import annotations

import runpy
from pathlib import Path

import flowlang
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.redis import RedisPlugin
from tests.plugins.connected import connected


async def test_the_example_flow_checks_clean_and_gives_the_same_fresh_and_cached(
    tmp_path: Path, redis_database: str
) -> None:
    path = Path(RedisPlugin().scaffold_example_flow(str(tmp_path / "new"), connection_name="kept"))

    assert flowlang.check(path) == []
    executor = FlowExecutor(env={"REDIS_URL": redis_database})
    fresh = await executor.execute_flow(path, {"user_id": 7})
    cached = await executor.execute_flow(path, {"user_id": 7})
    assert fresh.outputs == {"user": {"id": 7, "name": "User 7"}, "from_cache": False, "visits": 1}
    assert cached.outputs == {**fresh.outputs, "from_cache": True, "visits": 2}
    await executor.close()


CACHE_ASIDE = """
flow: CacheAside
inputs:
  - {name: user_id, type: integer}
connections:
  cache: {type: redis, url: "${env.REDIS_URL}"}
steps:
  - redis_exists:
      id: check_cache
      connection: cache
      keys: ["user:${inputs.user_id}"]
      outputs: [exists]
  - redis_get:
      id: get_cached
      connection: cache
      key: user:${inputs.user_id}
      if: ${check_cache.exists}
      outputs: [value]
  - redis_set:
      id: save
      connection: cache
      key: user:${inputs.user_id}
      value: {id: "${inputs.user_id}", name: Ada, roles: [admin, {since: 2020}], note: null}
      ex: 3600
      if: "not ${check_cache.exists}"
  - redis_get:
      id: computed
      connection: cache
      key: user:${inputs.user_id}
      if: "not ${check_cache.exists}"
  - redis_incr:
      id: views
      connection: cache
      key: views:${inputs.user_id}
outputs:
  user: "${get_cached.value if check_cache.exists else computed.value}"
  views: ${views.value}
"""


async def test_a_cached_value_is_the_one_that_was_computed(redis_database: str) -> None:
    executor = FlowExecutor(env={"REDIS_URL": redis_database})
    results = [await executor.execute_flow(CACHE_ASIDE, {"user_id": 3}) for _ in range(3)]
    await executor.close()

    user = {"id": 3, "name": "Ada", "roles": ["admin", {"since": 2020}], "note": None}
    assert [result.error for result in results] == [None] * 3
    assert [result.outputs for result in results] == [{"user": user, "views": number} for number in (1, 2, 3)]


async def test_the_helpers_work_with_a_connection(tmp_path: Path, redis_database: str) -> None:
    helpers = runpy.run_path(RedisPlugin().scaffold_task_helpers(str(tmp_path)))
    async with connected(RedisPlugin, "redis", url=redis_database) as redis:
        counts = [await redis.step(helpers["count_unique"], key="u", value=value) for value in "aab"]
        assert counts == [{"count": 1}, {"count": 1}, {"count": 2}]
        turns = [await redis.step(helpers["take_turn"], key="t", limit=2, seconds=60) for _ in range(3)]
        assert [turn["allowed"] for turn in turns] == [True, True, False]


async def test_a_test_of_the_connection_says_where_it_leads(redis_database: str) -> None:
    async with connected(RedisPlugin, "redis", url=redis_database) as redis:
        plugin = redis.opened.plugin("db")
        answer = await plugin.check(await plugin.get_connection())
        assert answer is not None
        assert answer.startswith("Redis ")
        assert answer.endswith(f", database {redis_database.rpartition('/')[2]}")
