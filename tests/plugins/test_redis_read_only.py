"""What a read-only Redis connection lets through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis import RedisPlugin
from tests.plugins.connected import Connected, connected


@pytest.fixture
async def admin(redis_database: str) -> AsyncIterator[Any]:
    async with Redis.from_url(redis_database, decode_responses=True) as client:
        await client.set("text", "a")
        await client.set("number", 1)
        await client.hset("hash", "f", "v")
        await client.rpush("list", "a", "b")
        await client.sadd("set", "a", "b")
        await client.zadd("zset", {"a": 1, "b": 2})
        await client.xadd("stream", {"f": "v"})
        await client.xgroup_create("stream", "g", "0")
        await client.geoadd("geo", (13.4, 52.5, "berlin"))
        await client.pfadd("pf", "a")
        # counting keeps its result beside the value, which is no change of the value
        await client.pfcount("pf")
        yield client


@pytest.fixture
async def reader(admin: Any, redis_database: str) -> AsyncIterator[Connected]:
    async with connected(RedisPlugin, "redis", url=redis_database, read_only=True) as connection:
        yield connection


async def everything(admin: Any) -> dict[str, Any]:
    return {key: await admin.execute_command("DUMP", key, NEVER_DECODE=True) for key in sorted(await admin.keys("*"))}


WRITES = """
SET text b|set text b|Set text b|GETSET text b|SETNX new 1|SETEX text 9 b|PSETEX text 9000 b|MSET text b
MSETNX new b|APPEND text b|SETRANGE text 0 b|SETBIT text 1 1|BITOP NOT text number|BITFIELD text SET u8 0 1
INCR number|INCRBY number 2|INCRBYFLOAT number 1.5|DECR number|DECRBY number 2|GETDEL text|GETEX text EX 9
GETEX text PERSIST|DEL text|UNLINK text|RENAME text other|RENAMENX text other|COPY text other|MOVE text 0
EXPIRE text 9|PEXPIRE text 9000|EXPIREAT text 1|PEXPIREAT text 1|PERSIST text|RESTORE other 0 x
SORT list ALPHA STORE other|SORT list ALPHA|HSET hash f w|HSETNX hash g w|HMSET hash f w|HDEL hash f
HINCRBY hash n 1|HINCRBYFLOAT hash n 1.5|LPUSH list c|LPUSHX list c|RPUSH list c|RPUSHX list c|LPOP list
RPOP list|LSET list 0 z|LREM list 0 a|LTRIM list 1 0|LINSERT list BEFORE a z|LMOVE list other LEFT LEFT
RPOPLPUSH list other|BLPOP list 1|BRPOP list 1|BLMOVE list other LEFT LEFT 1|BRPOPLPUSH list other 1
LMPOP 1 list LEFT|BLMPOP 1 1 list LEFT|SADD set c|SREM set a|SPOP set|SMOVE set other a|SINTERSTORE other set
SUNIONSTORE other set|SDIFFSTORE other set|ZADD zset 1 c|ZINCRBY zset 1 a|ZREM zset a|ZPOPMIN zset|ZPOPMAX zset
BZPOPMIN zset 1|BZPOPMAX zset 1|ZMPOP 1 zset MIN|ZRANGESTORE other zset 0 1|ZUNIONSTORE other 1 zset
ZINTERSTORE other 1 zset|ZDIFFSTORE other 1 zset|ZREMRANGEBYRANK zset 0 1|ZREMRANGEBYSCORE zset 0 9
ZREMRANGEBYLEX zset - +|XADD stream * f v|XDEL stream 1-1|XTRIM stream MAXLEN 0|XGROUP CREATE stream h 0
XGROUP DESTROY stream g|XREADGROUP GROUP g c STREAMS stream >|XACK stream g 1-1|XCLAIM stream g c 0 1-1
XAUTOCLAIM stream g c 0 0|XSETID stream 99999999999999-1|GEOADD geo 1 1 x|GEORADIUS geo 13 52 100 km STORE other
GEORADIUS geo 13 52 100 km|GEORADIUSBYMEMBER geo berlin 9 km STORE other
GEOSEARCHSTORE other geo FROMMEMBER berlin BYRADIUS 9 km|PFADD pf b|PFMERGE pf pf|PFDEBUG TODENSE pf|FLUSHDB
FLUSHALL|SWAPDB 0 1|MIGRATE 127.0.0.1 1 text 0 9|EVAL redis.call('set','text','b') 0|EVALSHA abc 0|SCRIPT FLUSH
SCRIPT LOAD return|FCALL f 0|FUNCTION FLUSH|FUNCTION LOAD x|EVAL_RO return(redis.call('set','text','b')) 0
EVAL_RO return(redis.call('publish','c','m')) 0|CONFIG SET appendonly no|CONFIG REWRITE|CONFIG RESETSTAT|SAVE
BGSAVE|BGREWRITEAOF|DEBUG RELOAD|DEBUG FLUSHALL|REPLICAOF 127.0.0.1 1|SLAVEOF 127.0.0.1 1|CLUSTER RESET
ACL SETUSER x on|ACL DELUSER x|MODULE LOAD x|PUBLISH c m|SPUBLISH c m|CLIENT KILL ID 1|CLIENT PAUSE 1
LATENCY RESET|SLOWLOG RESET|MEMORY PURGE|FAILOVER ABORT
"""


def each(commands: str) -> list[str]:
    return [command for line in commands.split("\n") if line for command in line.split("|")]


async def test_writes_have_no_effect(reader: Connected, admin: Any) -> None:
    before = await everything(admin)
    assert len(each(WRITES)) > 130
    for command in each(WRITES):
        with pytest.raises(FlowExecutionError):
            await reader.call("command", command=command)
        assert await everything(admin) == before, command


READS = """
GET text|MGET text number|STRLEN text|GETRANGE text 0 1|EXISTS text|TTL text|TYPE text|HGETALL hash|HSCAN hash 0
LRANGE list 0 -1|LLEN list|SMEMBERS set|SINTER set|ZRANGE zset 0 -1|ZSCORE zset a|XRANGE stream - +|XLEN stream
XREAD STREAMS stream 0|XINFO STREAM stream|KEYS *|SCAN 0|DBSIZE|SORT_RO list ALPHA
GEOSEARCH geo FROMMEMBER berlin BYRADIUS 9 km|GEORADIUS_RO geo 13 52 100 km|BITFIELD_RO text GET u8 0
OBJECT ENCODING text|MEMORY USAGE text|DUMP text|PING|ECHO a|TIME|INFO|COMMAND COUNT|SELECT 0|PFCOUNT pf
EVAL_RO return(redis.call('get','text')) 0|CLIENT ID|RANDOMKEY
"""


async def test_reading_passes(reader: Connected, admin: Any) -> None:
    before = await everything(admin)
    for command in each(READS):
        await reader.call("command", command=command)
    assert await everything(admin) == before


async def test_the_tasks_that_write_are_refused(reader: Connected, admin: Any) -> None:
    before = await everything(admin)
    for task, arguments in (
        ("set", {"key": "text", "value": 1}),
        ("incr", {"key": "number"}),
        ("decr", {"key": "number", "amount": 0.5}),
        ("delete", {"key": "text"}),
        ("expire", {"key": "text", "seconds": 1}),
        ("hset", {"key": "hash", "field": "f", "value": 1}),
        ("rpush", {"key": "list", "value": 1}),
        ("lpop", {"key": "list"}),
        ("sadd", {"key": "set", "member": 1}),
        ("zadd", {"key": "zset", "mapping": {"a": 5}}),
        ("xadd", {"key": "stream", "fields": {"a": 5}}),
        ("xreadgroup", {"key": "stream", "group": "g", "consumer": "c"}),
        ("publish", {"channel": "c", "message": 1}),
    ):
        with pytest.raises(FlowExecutionError, match="the connection is `read_only`"):
            await reader.call(task, **arguments)
    assert await everything(admin) == before
    assert (await reader.call("get", key="text"))["value"] == "a"


async def set_it(client: Any) -> None:
    await client.set("text", "b")


async def run_words(client: Any) -> None:
    await client.execute_command("SET text", "b")


async def run_bytes(client: Any) -> None:
    await client.execute_command(b"sEt", "text", "b")


async def pipeline(client: Any) -> None:
    async with client.pipeline(transaction=False) as pipe:
        await pipe.get("text").set("text", "b").execute()


async def transaction(client: Any) -> None:
    async with client.pipeline(transaction=True) as pipe:
        await pipe.get("text").set("text", "b").execute()


async def watched(client: Any) -> None:
    async with client.pipeline() as pipe:
        await pipe.watch("text")
        await pipe.set("text", "b")


async def script(client: Any) -> None:
    await client.register_script("redis.call('set', 'text', 'b')")()


async def lock(client: Any) -> None:
    await client.lock("lock").acquire()


async def pool_connection(client: Any) -> None:
    connection = await client.connection_pool.get_connection()
    try:
        await connection.send_command("SET", "text", "b")
        await connection.read_response()
    finally:
        await client.connection_pool.release(connection)


async def packed(client: Any) -> None:
    connection = await client.connection_pool.get_connection()
    try:
        await connection.send_packed_command(b"*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$4\r\ntext\r\n$1\r\nb\r\n")
    finally:
        await client.connection_pool.release(connection)


async def inline(client: Any) -> None:
    connection = await client.connection_pool.get_connection()
    try:
        await connection.send_packed_command("SET text b\r\n")
    finally:
        await client.connection_pool.release(connection)


async def single(client: Any) -> None:
    async with client.client() as one:
        await one.set("text", "b")


WAYS = [set_it, run_words, run_bytes, pipeline, transaction, watched, script, lock, pool_connection, packed, inline]


@pytest.mark.parametrize("way", [*WAYS, single], ids=lambda way: way.__name__)
async def test_a_task_of_ones_own_cannot_write_either(reader: Connected, admin: Any, way: Any) -> None:
    async def own(connection: Any) -> None:
        await way(connection)

    before = await everything(admin)
    with pytest.raises(FlowExecutionError):
        await reader.step(own)
    assert await everything(admin) == before


async def test_a_task_of_ones_own_can_read_in_a_transaction(reader: Connected) -> None:
    async def own(connection: Any) -> Any:
        async with connection.pipeline(transaction=True) as pipe:
            return await pipe.get("text").hgetall("hash").execute()

    assert await reader.step(own) == ["a", {"f": "v"}]
