"""The life of Redis connections: opening, sharing, breaking, cancelling, read-only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from flowlang.errors import ConfigurationError, ConnectionError, FlowExecutionError
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.redis import RedisPlugin
from tests.plugins.connected import connected
from tests.services.proxy import Proxy
from tests.services.server import Server


async def clients(observer: Redis) -> int:
    """How many others are connected."""
    return len(await observer.client_list()) - 1


async def settled(observer: Redis, baseline: int) -> None:
    """Wait until the server has noticed that connections ended."""
    async with asyncio.timeout(5):
        while await clients(observer) > baseline:
            pass


@pytest.fixture
async def observer(redis_database: str) -> AsyncIterator[Any]:
    async with Redis.from_url(redis_database, decode_responses=True) as client:
        await client.ping()
        yield client


def other_user(url: str, password: str) -> str:
    return url.replace("only-for-tests", password)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "`url` is missing"),
        ({"url": ""}, "`url` is empty"),
        ({"url": "localhost:6379"}, "must begin with `redis://`"),
        ({"url": "http://localhost"}, "must begin with `redis://`"),
        ({"url": "redis://localhost:port"}, "`url` can't be read"),
        ({"url": "redis://localhost:99999"}, "`url` can't be read"),
        ({"url": "redis://localhost/users"}, "number of a database, not `users`"),
        ({"url": "unix://"}, "names no socket"),
        ({"url": "redis://localhost", "max_connections": 0}, "`max_connections` must be at least 1"),
        ({"url": "redis://localhost", "socket_timeout": 0}, "`socket_timeout` must be more than 0"),
        ({"url": "redis://localhost", "decode_response": True}, "did you mean `decode_responses`"),
    ],
)
async def test_a_config_that_cannot_work_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await connected(RedisPlugin, "redis", **config).__aenter__()


async def failing(**config: Any) -> ConnectionError:
    with pytest.raises(ConnectionError) as raised:
        await connected(RedisPlugin, "redis", **config).__aenter__()
    return raised.value


async def test_a_wrong_password_is_told_without_showing_it(redis_database: str) -> None:
    error = await failing(url=other_user(redis_database, "a-wrong-one"))
    assert error.stage == "authenticate"
    assert "a-wrong-one" not in str(error)
    assert "user and password" in str(error.hint)


async def test_an_unknown_host_is_told() -> None:
    error = await failing(url="redis://no-such-host.invalid")
    assert (error.stage, error.hint) == ("resolve", "check the host in `url`")


async def test_a_server_that_does_not_run_is_told() -> None:
    error = await failing(url="redis://127.0.0.1:1/0")
    assert error.stage == "reach"
    assert "127.0.0.1:1: connection refused" in str(error)


async def test_a_server_without_tls_is_told(redis_database: str) -> None:
    error = await failing(url=redis_database.replace("redis://", "rediss://"), socket_connect_timeout=0.2)
    assert error.stage in ("tls", "timeout")
    assert "`redis://` if the server has no TLS" in str(error.hint)


async def test_a_server_that_is_silent_is_told(redis_database: str, proxy: Callable[[str], Proxy]) -> None:
    silent = proxy(redis_database)
    silent.freeze()
    error = await failing(url=silent.url, socket_timeout=0.2, socket_connect_timeout=0.2)
    assert error.stage == "timeout"


async def test_a_database_that_is_not_there_is_told(redis_url: str) -> None:
    error = await failing(url=redis_url.rsplit("/", 1)[0] + "/9999")
    assert error.stage == "authorise"


async def test_another_kind_of_server_is_told() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await failing(url=f"redis://127.0.0.1:{port}")
    assert error.stage == "connect"


async def test_a_task_gets_the_drivers_client_and_cannot_close_it(redis_database: str) -> None:
    async def own(connection: Any) -> Any:
        async with connection as client, client.pipeline() as pipeline:
            pipeline.set("k", 1)
            pipeline.incr("k")
            return await pipeline.execute()

    async with connected(RedisPlugin, "redis", url=redis_database) as redis:
        assert await redis.step(own) == [True, 2]
        assert isinstance(await redis.opened.acquire("db"), Redis)
        assert (await redis.call("get", key="k"))["value"] == "2"


async def test_nothing_stays_open_behind_a_run(redis_database: str, observer: Any) -> None:
    baseline = await clients(observer)
    async with connected(RedisPlugin, "redis", url=redis_database) as redis:
        await asyncio.gather(*(redis.call("command", command="BLPOP", args=["none", 0.02]) for _ in range(20)))
        assert await clients(observer) >= 20
    await settled(observer, baseline)


async def test_there_are_never_more_connections_than_allowed(redis_database: str, observer: Any) -> None:
    baseline = await clients(observer)
    async with connected(RedisPlugin, "redis", url=redis_database, max_connections=3) as redis:
        steps = (redis.call("command", command="BLPOP", args=["none", 0.02]) for _ in range(12))
        running = asyncio.gather(*steps)
        while not running.done():
            assert await clients(observer) - baseline <= 3
        await running


@pytest.mark.parametrize("at_once", [1, 20])
async def test_failing_and_cancelled_commands_leave_nothing_behind(
    redis_database: str, observer: Any, at_once: int
) -> None:
    baseline = await clients(observer)

    async def fails(redis: Any) -> None:
        with pytest.raises(FlowExecutionError):
            await redis.call("command", command="NOSUCH")

    async def is_cancelled(redis: Any, number: int) -> None:
        waiting = asyncio.create_task(redis.call("command", command="BLPOP", args=["none", 0]))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def times_out(redis: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.002):
                await redis.call("command", command="BLPOP", args=["none", 0])

    async with connected(RedisPlugin, "redis", url=redis_database) as redis:
        for start in range(0, 200, at_once):
            numbers = range(start, start + at_once)
            await asyncio.gather(*(fails(redis) for _ in numbers))
            await asyncio.gather(*(is_cancelled(redis, number) for number in numbers))
            await asyncio.gather(*(times_out(redis) for _ in numbers))
        await redis.call("set", key="k", value="mine")
        assert (await redis.call("get", key="k"))["value"] == "mine"
        await settled(observer, baseline + at_once)
        blocked = [client for client in await observer.client_list() if "b" in client["flags"]]
        assert blocked == []
    await settled(observer, baseline)


async def test_answers_never_reach_another_step(redis_database: str) -> None:
    """Steps that are cancelled at every point of their exchange, among others that go on."""
    async with connected(RedisPlugin, "redis", url=redis_database, max_connections=2) as redis:
        for number in range(50):
            await redis.call("set", key=f"k{number}", value=f"v{number}")
        for delay in range(30):
            victims = [asyncio.create_task(redis.call("get", key=f"k{number}")) for number in range(20)]
            for _ in range(delay):
                await asyncio.sleep(0)
            for victim in victims:
                victim.cancel()
            got = await asyncio.gather(*(redis.call("get", key=f"k{number}") for number in range(50)))
            assert [each["value"] for each in got] == [f"v{number}" for number in range(50)]
            await asyncio.gather(*victims, return_exceptions=True)


async def test_a_lost_connection_is_told_and_the_next_step_has_a_new_one(
    redis_database: str, proxy: Callable[[str], Proxy], observer: Any
) -> None:
    between = proxy(redis_database)
    async with connected(RedisPlugin, "redis", url=between.url) as redis:
        waiting = asyncio.create_task(redis.call("command", command="BLPOP", args=["none", 0]))
        while "b" not in [client["flags"] for client in await observer.client_list()]:
            pass
        await redis.call("set", key="k", value=1)
        between.drop()
        with pytest.raises(ConnectionError, match="the connection was lost"):
            await waiting
        assert (await redis.call("get", key="k"))["value"] == "1"


async def test_no_answer_is_told_within_the_timeout(redis_database: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy(redis_database)
    async with connected(RedisPlugin, "redis", url=between.url, socket_timeout=0.2) as redis:
        await redis.call("incr", key="n")
        between.freeze()
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionError, match="no answer in time"):
                await redis.call("incr", key="n")
        between.thaw()
        # it may have arrived late, but it was sent only once
        assert (await redis.call("incr", key="n"))["value"] in (2, 3)


async def test_a_restarted_server_is_found_again(redis_database: str, redis_server: Server) -> None:
    async with connected(RedisPlugin, "redis", url=redis_database) as redis:
        await redis.call("set", key="k", value="kept")
        redis_server.stop()
        with pytest.raises(ConnectionError) as raised:
            await redis.call("get", key="k")
        assert raised.value.hint
        redis_server.start()
        assert (await redis.call("get", key="k"))["value"] == "kept"


FLOW = """
flow: TwoCaches
inputs:
  - {name: run, type: integer}
connections:
  one: {type: redis, url: "${env.ONE}"}
  two: {type: redis, url: "${env.TWO}"}
steps:
  - for_each: ${range(10)}
    as: number
    concurrency: 5
    do:
      - redis_set: {connection: one, key: "k:${inputs.run}:${number}", value: "one ${inputs.run} ${number}"}
      - redis_set: {connection: two, key: "k:${inputs.run}:${number}", value: "two ${inputs.run} ${number}"}
  - redis_keys: {id: ones, connection: one, pattern: "k:${inputs.run}:*"}
outputs:
  count: ${ones.count}
"""


async def test_two_connections_keep_their_databases_apart(redis_databases: Callable[[], str], observer: Any) -> None:
    one, two = redis_databases(), redis_databases()
    baseline = await clients(observer)
    executor = FlowExecutor(env={"ONE": one, "TWO": two})
    results = await asyncio.gather(*(executor.execute_flow(FLOW, {"run": run}) for run in range(20)))
    assert [result.error for result in results] == [None] * 20
    assert all(result.outputs == {"count": 10} for result in results)
    await executor.close()
    for url, name in ((one, "one"), (two, "two")):
        async with Redis.from_url(url, decode_responses=True) as client:
            keys = await client.keys("*")
            assert len(keys) == 200
            for key in keys:
                _, run, number = key.split(":")
                assert await client.get(key) == f"{name} {run} {number}"
    await settled(observer, baseline)
