"""Every Redis task: what it takes, what it gives, what it leaves on the server."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from flowlang.connections.base import Statement
from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis import RedisPlugin
from tests.plugins.connected import Connected, connected


@pytest.fixture
async def redis(redis_database: str) -> AsyncIterator[Connected]:
    async with connected(RedisPlugin, "redis", url=redis_database) as connection:
        yield connection


@pytest.fixture
async def raw(redis_database: str) -> AsyncIterator[Connected]:
    async with connected(RedisPlugin, "redis", url=redis_database, decode_responses=False) as connection:
        yield connection


JSON = [{}, [], {"a": [1, 2.5, None, True, {"ü": "🎉"}]}, [{"id": 1}], [[["deep"]]], {"n": 12345678901234567890}]
TEXTS = [
    "",
    "plain",
    "5",
    "1.50",
    "007",
    "true",
    "null",
    '"quoted"',
    "{broken",
    "[1, 2",
    "{not: json}",
    "ü🎉\0\r\n",
    " ",
]


@pytest.mark.parametrize("value", JSON)
async def test_json_comes_back_as_what_it_was(redis: Connected, value: Any) -> None:
    assert await redis.call("set", key="k", value=value) == {"success": True}
    assert await redis.call("get", key="k") == {"value": value, "exists": True}


@pytest.mark.parametrize("text", TEXTS)
async def test_text_stays_text_whatever_it_looks_like(redis: Connected, text: str) -> None:
    await redis.call("set", key="k", value=text)
    assert await redis.call("get", key="k") == {"value": text, "exists": True}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        (-1.5, "-1.5"),
        (True, "true"),
        (False, "false"),
        (decimal.Decimal("1.10"), "1.10"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"at": datetime.date(2024, 2, 29)}, {"at": "2024-02-29"}),
    ],
)
async def test_other_values_are_stored_as_their_text(redis: Connected, value: Any, text: Any) -> None:
    await redis.call("set", key="k", value=value)
    assert (await redis.call("get", key="k"))["value"] == text


async def test_bytes_that_are_no_text_stay_bytes(redis: Connected) -> None:
    binary = bytes(range(256))
    await redis.call("set", key="k", value=binary)
    assert (await redis.call("get", key="k"))["value"] == binary
    await redis.call("set", key="k", value=b"text")
    assert (await redis.call("get", key="k"))["value"] == "text"


async def test_without_decoding_values_are_bytes(raw: Connected) -> None:
    await raw.call("set", key="k", value={"a": 1})
    assert (await raw.call("get", key="k"))["value"] == b'{"a": 1}'
    await raw.call("hset", key="h", mapping={"f": "v"})
    assert (await raw.call("hgetall", key="h"))["hash"] == {b"f": b"v"}
    await raw.call("zadd", key="z", mapping={"m": 1.5})
    assert (await raw.call("zrange", key="z"))["items"] == [{"member": b"m", "score": 1.5}]
    assert (await raw.call("keys", pattern="?"))["count"] == 3
    entry = (await raw.call("xadd", key="s", fields={"f": 1}))["entry_id"]
    assert (await raw.call("xread", key="s"))["entries"] == [{"stream": "s", "id": entry, "fields": {b"f": b"1"}}]
    assert await raw.call("incr", key="n", amount=0.5) == {"value": 0.5}


async def test_what_is_not_there_is_null(redis: Connected) -> None:
    assert await redis.call("get", key="none") == {"value": None, "exists": False}
    assert await redis.call("hgetall", key="none") == {"hash": {}}
    assert await redis.call("lpop", key="none") == {"value": None, "values": []}
    assert await redis.call("rpop", key="none", count=3) == {"value": None, "values": []}
    assert await redis.call("lrange", key="none") == {"values": [], "count": 0}
    assert await redis.call("zscore", key="none", member="m") == {"score": None, "exists": False}
    assert await redis.call("ttl", key="none") == {"ttl": None, "exists": False}
    assert await redis.call("smembers", key="none") == {"members": [], "count": 0}
    assert await redis.call("xread", key="none") == {"entries": [], "count": 0, "last_ids": {}}
    assert await redis.call("expire", key="none", seconds=5) == {"success": False}
    assert await redis.call("delete", key="none") == {"deleted_count": 0}


async def test_set_keeps_to_its_conditions(redis: Connected) -> None:
    assert await redis.call("set", key="k", value="a", xx=True) == {"success": False}
    assert await redis.call("set", key="k", value="a", nx=True) == {"success": True}
    assert await redis.call("set", key="k", value="b", nx=True) == {"success": False}
    assert await redis.call("set", key="k", value="c", xx=True) == {"success": True}
    assert (await redis.call("get", key="k"))["value"] == "c"


async def test_keys_end_when_they_are_told_to(redis: Connected) -> None:
    await redis.call("set", key="k", value=1)
    assert await redis.call("ttl", key="k") == {"ttl": None, "exists": True}
    await redis.call("set", key="k", value=1, ex=100)
    assert 98 <= (await redis.call("ttl", key="k"))["ttl"] <= 100
    await redis.call("set", key="k", value=1, px=50_000)
    assert 48 <= (await redis.call("ttl", key="k"))["ttl"] <= 50
    await redis.call("set", key="k", value=1, ex=20.5)
    assert 20_000 < (await redis.call("command", command="PTTL", args=["k"]))["result"] <= 20_500
    assert await redis.call("expire", key="k", seconds=200) == {"success": True}
    assert 198 <= (await redis.call("ttl", key="k"))["ttl"] <= 200
    await redis.call("expire", key="k", seconds=30.25)
    assert 30_000 < (await redis.call("command", command="PTTL k"))["result"] <= 30_250
    assert await redis.call("expire", key="k", seconds=0) == {"success": True}
    assert (await redis.call("exists", key="k")) == {"count": 0, "exists": False}


async def test_keys_are_counted_and_deleted(redis: Connected) -> None:
    for key in "abc":
        await redis.call("set", key=key, value=key)
    assert await redis.call("exists", keys=["a", "b", "x"]) == {"count": 2, "exists": True}
    assert await redis.call("exists", keys="a") == {"count": 1, "exists": True}
    assert await redis.call("delete", keys=["a", "b", "x"]) == {"deleted_count": 2}
    assert await redis.call("delete", key="c") == {"deleted_count": 1}


async def test_counters_count_in_whole_numbers_and_with_decimals(redis: Connected) -> None:
    assert await redis.call("incr", key="n") == {"value": 1}
    assert await redis.call("incr", key="n", amount=41) == {"value": 42}
    assert await redis.call("decr", key="n", amount=2) == {"value": 40}
    assert await redis.call("decr", key="n") == {"value": 39}
    assert await redis.call("incr", key="n", amount=0.5) == {"value": 39.5}
    assert await redis.call("decr", key="n", amount=1.25) == {"value": 38.25}


async def test_hashes_keep_fields(redis: Connected) -> None:
    assert await redis.call("hset", key="h", mapping={"name": "Ada", "tags": ["a", 1], "n": 5}) == {"fields_set": 3}
    assert await redis.call("hset", key="h", field="n", value={"x": 1}) == {"fields_set": 0}
    assert await redis.call("hset", key="h", mapping={"a": 1}, field="b", value=2) == {"fields_set": 2}
    assert (await redis.call("hgetall", key="h"))["hash"] == {
        "name": "Ada",
        "tags": ["a", 1],
        "n": {"x": 1},
        "a": "1",
        "b": "2",
    }


async def test_lists_are_pushed_popped_and_read(redis: Connected) -> None:
    assert await redis.call("rpush", key="l", values=["b", {"c": 1}, 3]) == {"length": 3}
    assert await redis.call("lpush", key="l", value="a") == {"length": 4}
    assert await redis.call("lpush", key="l", values=["y", "x"]) == {"length": 6}
    assert await redis.call("llen", key="l") == {"length": 6}
    assert await redis.call("lrange", key="l") == {"values": ["x", "y", "a", "b", {"c": 1}, "3"], "count": 6}
    assert (await redis.call("lrange", key="l", start=-2))["values"] == [{"c": 1}, "3"]
    assert (await redis.call("lrange", key="l", start=1, stop=2))["values"] == ["y", "a"]
    assert await redis.call("lpop", key="l") == {"value": "x", "values": ["x"]}
    assert await redis.call("rpop", key="l", count=2) == {"value": "3", "values": ["3", {"c": 1}]}
    assert await redis.call("lpop", key="l", count=9) == {"value": "y", "values": ["y", "a", "b"]}


async def test_sets_have_each_member_once(redis: Connected) -> None:
    assert await redis.call("sadd", key="s", members=["a", "b", "a", {"c": 1}]) == {"added_count": 3}
    assert await redis.call("sadd", key="s", member="a") == {"added_count": 0}
    found = await redis.call("smembers", key="s")
    assert found["count"] == 3
    assert all(member in found["members"] for member in ("a", "b", {"c": 1}))
    assert await redis.call("sismember", key="s", member={"c": 1}) == {"is_member": True}
    assert await redis.call("sismember", key="s", member="x") == {"is_member": False}
    assert await redis.call("srem", key="s", members=["a", "x"]) == {"removed_count": 1}
    assert await redis.call("srem", key="s", member="b") == {"removed_count": 1}


async def test_sorted_sets_are_read_by_position_and_score(redis: Connected) -> None:
    assert await redis.call("zadd", key="z", mapping={"a": 1, "b": 2.5, "c": 10}) == {"added_count": 3}
    assert await redis.call("zadd", key="z", member="a", score=3, nx=True) == {"added_count": 0}
    assert await redis.call("zadd", key="z", member="d", score=3, xx=True) == {"added_count": 0}
    assert await redis.call("zrange", key="z") == {
        "members": ["a", "b", "c"],
        "items": [{"member": "a", "score": 1}, {"member": "b", "score": 2.5}, {"member": "c", "score": 10}],
        "count": 3,
    }
    assert (await redis.call("zrange", key="z", stop=1, desc=True))["members"] == ["c", "b"]
    assert (await redis.call("zrange", key="z", start=2, stop="+inf", by_score=True))["members"] == ["b", "c"]
    assert (await redis.call("zrange", key="z", start=1, stop="(10", by_score=True, desc=True))["members"] == ["b", "a"]
    assert await redis.call("zscore", key="z", member="b") == {"score": 2.5, "exists": True}
    assert await redis.call("zrem", key="z", members=["a", "x"]) == {"removed_count": 1}
    assert await redis.call("zrem", key="z", member="b") == {"removed_count": 1}


async def test_keys_are_listed_by_pattern(redis: Connected) -> None:
    for number in range(2500):
        await redis.call("set", key=f"k:{number}", value="")
    await redis.call("set", key="other", value="")
    found = await redis.call("keys", pattern="k:*")
    assert found["count"] == 2500
    assert set(found["keys"]) == {f"k:{number}" for number in range(2500)}
    assert (await redis.call("keys"))["count"] == 2501
    assert (await redis.call("keys", pattern="k:*", limit=7))["count"] == 7


async def test_any_command_can_be_sent(redis: Connected) -> None:
    run = redis.call
    assert await run("command", command="PING") == {"result": "PONG"}
    assert await run("command", command="set", args=["k", {"a": "b c"}]) == {"result": "OK"}
    assert await run("command", command="GET k") == {"result": '{"a": "b c"}'}
    assert await run("command", command="TYPE", args=["k"]) == {"result": "string"}
    assert await run("command", command="GET", args=["none"]) == {"result": None}
    assert await run("command", command="EVAL", args=["return {1, ARGV[1], {2}}", 0, "x"]) == {"result": [1, "x", [2]]}
    assert await run("command", command="CONFIG GET", args=["databases"]) == {"result": ["databases", "64"]}


async def test_a_command_may_wait_longer_than_the_socket_timeout(redis_database: str) -> None:
    async with connected(RedisPlugin, "redis", url=redis_database, socket_timeout=0.4) as redis:
        assert await redis.call("command", command="BLPOP", args=["none", 0.5]) == {"result": None}
        assert (await redis.call("xread", key="none", block=500))["count"] == 0


async def test_what_a_command_does_to_its_connection_ends_with_it(redis: Connected) -> None:
    await redis.call("set", key="k", value="here")
    for command in ("SELECT 63", "MULTI", "CLIENT SETNAME x", "WATCH k", "SUBSCRIBE c", "MONITOR"):
        await redis.call("command", command=command)
        assert (await redis.call("get", key="k"))["value"] == "here", command
    assert (await redis.call("command", command="CLIENT GETNAME"))["result"] in (None, "")


async def test_a_result_that_would_take_too_much_memory_is_refused(redis_database: str) -> None:
    async with connected(RedisPlugin, "redis", url=redis_database, max_result_mb=1) as redis:
        await redis.call("set", key="large", value="x" * 1_100_000)
        await redis.call("set", key="small", value="x" * 900_000)
        await redis.call("rpush", key="many", values=list(range(20_000)))
        for task, key in (("get", "large"), ("lrange", "many")):
            with pytest.raises(FlowExecutionError, match="the result is larger than 1 MB"):
                await redis.call(task, key=key)
        for _ in range(3):
            assert len((await redis.call("get", key="small"))["value"]) == 900_000
        assert (await redis.call("lrange", key="many", stop=99))["count"] == 100


async def test_messages_reach_who_listens(redis: Connected) -> None:
    assert await redis.call("publish", channel="c", message="nobody") == {"receivers": 0}

    async def listen(connection: Any) -> Any:
        async with connection.pubsub() as listener:
            await listener.subscribe("c")
            assert (await listener.get_message(timeout=5))["type"] == "subscribe"
            assert await redis.call("publish", channel="c", message={"id": 1}) == {"receivers": 1}
            return (await listener.get_message(timeout=5))["data"]

    assert await redis.step(listen) == '{"id": 1}'


async def test_streams_are_written_and_read(redis: Connected) -> None:
    first = (await redis.call("xadd", key="s", fields={"n": 1, "tags": ["a"]}))["entry_id"]
    assert await redis.call("xadd", key="s", fields={"n": 2}, entry_id="99999999999999-1") == {
        "entry_id": "99999999999999-1"
    }
    assert await redis.call("xlen", key="s") == {"length": 2}
    everything = await redis.call("xread", key="s")
    assert everything["entries"][0] == {"stream": "s", "id": first, "fields": {"n": "1", "tags": ["a"]}}
    assert everything["last_ids"] == {"s": "99999999999999-1"}
    assert (await redis.call("xread", key="s", after=first))["count"] == 1
    assert (await redis.call("xread", key="s", count=1))["count"] == 1
    await redis.call("xadd", key="t", fields={"m": 1})
    both = await redis.call("xread", streams={"s": first, "t": "0"})
    assert [entry["stream"] for entry in both["entries"]] == ["s", "t"]
    for number in range(300):
        await redis.call("xadd", key="u", fields={"n": number}, maxlen=10)
    assert (await redis.call("xlen", key="u"))["length"] < 300


async def test_a_group_shares_the_entries_of_a_stream(redis: Connected) -> None:
    await redis.call("command", command="XGROUP CREATE s g 0 MKSTREAM")
    ids = [(await redis.call("xadd", key="s", fields={"n": number}))["entry_id"] for number in range(3)]
    one = await redis.call("xreadgroup", group="g", consumer="one", key="s", count=2)
    two = await redis.call("xreadgroup", group="g", consumer="two", streams={"s": ">"}, block=50)
    assert [entry["id"] for entry in one["entries"]] == ids[:2]
    assert [entry["id"] for entry in two["entries"]] == ids[2:]
    assert await redis.call("xack", key="s", group="g", ids=ids[:1]) == {"acknowledged_count": 1}
    left = await redis.call("xreadgroup", group="g", consumer="one", key="s", after="0")
    assert [entry["id"] for entry in left["entries"]] == ids[1:2]
    assert await redis.call("xack", key="s", group="g", ids=ids[1]) == {"acknowledged_count": 1}
    await redis.call("xadd", key="s", fields={"n": 4})
    assert (await redis.call("xreadgroup", group="g", consumer="one", key="s", noack=True))["count"] == 1
    assert (await redis.call("xreadgroup", group="g", consumer="one", key="s", after="0"))["count"] == 0


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("get", {"key": ""}, "`key` must be text, but it is empty"),
        ("get", {"key": None}, "`key` must be text, but it is null"),
        ("set", {"key": "k", "value": None}, "`value` is null, which Redis can't store"),
        ("set", {"key": "k", "value": 1, "ex": 1, "px": 1}, "either `ex` or `px`"),
        ("set", {"key": "k", "value": 1, "nx": True, "xx": True}, "exclude each other"),
        ("set", {"key": "k", "value": 1, "ex": 0}, "invalid expire time"),
        ("set", {"key": "k", "value": 1, "ex": "soon"}, "`ex` must be a number of seconds, not str"),
        ("delete", {}, "`keys` is missing"),
        ("delete", {"keys": []}, "`keys` is empty"),
        ("delete", {"keys": ["a"], "key": "b"}, "either `keys` or `key`"),
        ("incr", {"key": "k", "amount": "1"}, "`amount` must be a number"),
        ("hset", {"key": "h"}, "give a `mapping`"),
        ("hset", {"key": "h", "mapping": {}}, "at least one entry"),
        ("hset", {"key": "h", "value": 1}, "not the `field`"),
        ("hset", {"key": "h", "mapping": {"f": None}}, "`mapping.f` is null"),
        ("zadd", {"key": "z"}, "`mapping` of members to scores"),
        ("zadd", {"key": "z", "mapping": {"a": "x"}}, "not a valid float"),
        ("zadd", {"key": "z", "mapping": {"a": True}}, "`mapping.a` must be a number"),
        ("lrange", {"key": "l", "start": 0.5}, "`start` must be a whole number"),
        ("command", {"command": " "}, "`command` must be a command's name"),
        ("command", {"command": "GET", "args": "k"}, "`args` must be a list"),
        ("command", {"command": "NOSUCH"}, "unknown command"),
        ("xread", {}, "either `key`, or several `streams`"),
        ("xreadgroup", {"group": "g", "consumer": "c", "key": "s"}, "NOGROUP"),
        ("keys", {"limit": 0}, "`limit` must be at least 1"),
    ],
)
async def test_what_cannot_be_done_is_told(redis: Connected, task: str, arguments: Any, message: str) -> None:
    with pytest.raises(FlowExecutionError, match=message):
        await redis.call(task, **arguments)


async def test_a_key_of_another_kind_is_told(redis: Connected) -> None:
    await redis.call("rpush", key="l", value=1)
    with pytest.raises(FlowExecutionError, match="WRONGTYPE") as raised:
        await redis.call("get", key="l")
    assert "another kind of value" in str(raised.value.hint)


async def test_each_command_is_reported(redis: Connected, statements: list[Statement]) -> None:
    await redis.call("set", key="user:1", value={"a": 1}, ex=60)
    await redis.call("get", key="user:1")
    await redis.call("get", key="none")
    await redis.call("delete", keys=["user:1", "x"])
    with pytest.raises(FlowExecutionError):
        await redis.call("command", command="NOSUCH")

    assert [(sent.text, sent.params, sent.rows) for sent in statements[:4]] == [
        ("SET user:1", ['{"a": 1}', "EX", 60], 1),
        ("GET user:1", None, 1),
        ("GET none", None, 0),
        ("DEL user:1", ["x"], 1),
    ]
    assert "unknown command" in str(statements[4].error)
    assert all(sent.duration_ms > 0 for sent in statements)
