"""Tasks on streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowlang.errors import FlowExecutionError
from flowlang_plugins.redis.tasks.session import client_of, text, whole
from flowlang_plugins.redis.values import listed, loaded, pairs, stored_key


async def redis_xadd(
    key: str, fields: dict[str, Any], entry_id: str = "*", maxlen: int | None = None, connection: Any = None
) -> dict[str, Any]:
    """Add an entry to a stream.

    Args:
        key: The stream
        fields: What the entry says; maps, lists, numbers and booleans are stored as JSON
        entry_id: The entry's id; `*` lets the server choose it
        maxlen: About how many entries the stream keeps at most, the newest ones
        connection: The connection (injected)

    Returns:
        entry_id: The id of the entry

    Example YAML:
        - redis_xadd:
            id: record
            connection: cache
            key: orders
            fields: {order: 17, status: shipped}
            maxlen: 10000
    """
    trimming = [] if maxlen is None else ["MAXLEN", "~", whole(maxlen, "maxlen")]
    sent = [stored_key(key), *trimming, stored_key(entry_id, "entry_id"), *pairs(fields, "fields")]
    return {"entry_id": text(await client_of(connection).ask("XADD", *sent))}


async def redis_xread(
    key: str | None = None,
    after: str = "0",
    streams: dict[str, str] | None = None,
    count: int | None = None,
    block: int | None = None,
    connection: Any = None,
) -> dict[str, Any]:
    """Read entries of streams that came after those with given ids.

    Args:
        key: The stream
        after: The id after which entries are read: `0` for all, `$` for those that are added from now on
        streams: Several streams and the id for each, instead of `key` and `after`
        count: How many entries of each stream at most
        block: Milliseconds to wait if there is none; 0 waits for ever
        connection: The connection (injected)

    Returns:
        entries: The entries, a map of `stream`, `id` and `fields` each
        count: How many there are
        last_ids: For each stream the id of its last entry here, to go on from

    Example YAML:
        - redis_xread:
            id: news
            connection: cache
            key: orders
            after: ${inputs.last_id}
            count: 100
    """
    options, waits = _reading(count, block)
    sent = [*options, "STREAMS", *_streams(key, after, streams)]
    return _entries(await client_of(connection).ask("XREAD", *sent, waits=waits))


async def redis_xreadgroup(
    group: str,
    consumer: str,
    key: str | None = None,
    after: str = ">",
    streams: dict[str, str] | None = None,
    count: int | None = None,
    block: int | None = None,
    noack: bool = False,
    connection: Any = None,
) -> dict[str, Any]:
    """Read entries of streams as one of a group of consumers: each entry goes to one of them.

    The group must exist; redis_command makes it with `XGROUP CREATE orders billing 0 MKSTREAM`.

    Args:
        group: The group
        consumer: The name of this consumer
        key: The stream
        after: `>` for entries that nobody of the group got yet, `0` for those that this consumer didn't acknowledge
        streams: Several streams and the id for each, instead of `key` and `after`
        count: How many entries of each stream at most
        block: Milliseconds to wait if there is none; 0 waits for ever
        noack: Whether entries count as acknowledged at once
        connection: The connection (injected)

    Returns:
        entries: The entries, a map of `stream`, `id` and `fields` each
        count: How many there are
        last_ids: For each stream the id of its last entry here

    Example YAML:
        - redis_xreadgroup:
            id: work
            connection: cache
            group: billing
            consumer: worker-1
            key: orders
            count: 10
    """
    options, waits = _reading(count, block)
    who = ["GROUP", stored_key(group, "group"), stored_key(consumer, "consumer")]
    sent = [*who, *options, *(["NOACK"] if noack else []), "STREAMS", *_streams(key, after, streams)]
    return _entries(await client_of(connection).ask("XREADGROUP", *sent, waits=waits))


async def redis_xack(key: str, group: str, ids: list[str] | str, connection: Any = None) -> dict[str, Any]:
    """Tell that a group of consumers is done with entries of a stream.

    Args:
        key: The stream
        group: The group
        ids: The ids of the entries, or one of them
        connection: The connection (injected)

    Returns:
        acknowledged_count: How many were waiting for that

    Example YAML:
        - redis_xack:
            id: done
            connection: cache
            key: orders
            group: billing
            ids: "${work.entries.*.id}"
    """
    sent = [stored_key(entry, "ids") for entry in listed(ids, None, "ids", "ids")]
    count = await client_of(connection).ask("XACK", stored_key(key), stored_key(group, "group"), *sent)
    return {"acknowledged_count": count}


async def redis_xlen(key: str, connection: Any = None) -> dict[str, Any]:
    """Tell how many entries a stream has.

    Args:
        key: The stream
        connection: The connection (injected)

    Returns:
        length: How many entries it has, 0 if it doesn't exist

    Example YAML:
        - redis_xlen:
            id: backlog
            connection: cache
            key: orders
    """
    return {"length": await client_of(connection).ask("XLEN", stored_key(key))}


def _reading(count: Any, block: Any) -> tuple[list[Any], float]:
    """The options of a reading command, and how many seconds it waits at the server."""
    options: list[Any] = [] if count is None else ["COUNT", whole(count, "count")]
    if block is None:
        return options, 0.0
    milliseconds = whole(block, "block")
    return [*options, "BLOCK", milliseconds], milliseconds / 1000 or float("inf")


def _streams(key: Any, after: Any, streams: Any) -> list[Any]:
    if (key is None) == (streams is None):
        raise FlowExecutionError("give either `key`, or several `streams`")
    wanted = {key: after} if streams is None else streams
    if not isinstance(wanted, Mapping) or not wanted:
        raise FlowExecutionError("`streams` must be a map of streams, with the id for each")
    names = [stored_key(name) for name in wanted]
    return [*names, *(stored_key(entry, "after") for entry in wanted.values())]


def _entries(answer: Any) -> dict[str, Any]:
    entries = []
    last_ids = {}
    for stream, found in answer or ():
        for entry, parts in found:
            entries.append({"stream": text(stream), "id": text(entry), "fields": _fields(parts)})
            last_ids[text(stream)] = text(entry)
    return {"entries": entries, "count": len(entries), "last_ids": last_ids}


def _fields(parts: Any) -> dict[Any, Any]:
    """The fields of an entry; none if it was deleted while it waited to be acknowledged."""
    if parts is None:
        return {}
    return {field: loaded(value) for field, value in zip(parts[::2], parts[1::2], strict=True)}
