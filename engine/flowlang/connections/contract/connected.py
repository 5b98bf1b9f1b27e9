"""The life of a connection, on a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import CONNECT_SECONDS, Subject
from flowlang.connections.contract.traces import Traces, complaints
from flowlang.connections.limits import limited
from flowlang.connections.probe import probe


@check("connecting and disconnecting leaves nothing", live=True)
async def a_cycle_leaves_nothing(subject: Subject) -> None:
    for _ in range(2):
        # a driver may start threads of its own that stay, once for all connections
        await _cycle(subject)
    traces = Traces()
    # they are kept, so that nothing is tidied up by chance
    kept = [await _cycle(subject) for _ in range(3)]
    grown = await traces.left()
    require(not grown, f"{len(kept)} connections that were closed leave {grown}")


@check("disconnecting twice does no harm", live=True)
async def disconnecting_twice_is_harmless(subject: Subject) -> None:
    async with subject.connected() as plugin:
        await limited(plugin.disconnect(), CONNECT_SECONDS)


@check("disconnecting while a connection is lent ends, and leaves nothing", live=True)
async def disconnecting_takes_back_what_is_lent(subject: Subject) -> None:
    await _cycle(subject)
    traces = Traces()
    plugin = subject.fresh()
    await limited(plugin.connect(dict(subject.live_config)), CONNECT_SECONDS)
    connection = await limited(plugin.get_connection(), CONNECT_SECONDS)
    await limited(plugin.disconnect(), CONNECT_SECONDS)
    await limited(plugin.release_connection(connection), CONNECT_SECONDS)
    del connection
    grown = await traces.left()
    require(not grown, f"what was lent stays open: {grown}")


@check("a connect that is cancelled leaves nothing", live=True)
async def a_cancelled_connect_leaves_nothing(subject: Subject) -> None:
    await _cycle(subject)
    traces = Traces()
    with complaints() as heard:
        for turns in (0, 1, 2, 5, 10):
            await _cancelled_connect(subject, turns)
        grown = await traces.left()
    require(not grown, f"a connect that was cancelled leaves {grown}")
    require(not heard, f"a connect that was cancelled leaves a complaint of the event loop: {'; '.join(heard)}")


async def _cancelled_connect(subject: Subject, turns: int) -> None:
    """Connect, cancel that after a number of turns of the event loop, and disconnect."""
    plugin = subject.fresh()
    opening = asyncio.ensure_future(plugin.connect(dict(subject.live_config)))
    for _ in range(turns):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait((opening,), timeout=CONNECT_SECONDS)
    require(opening.done(), "connect goes on after it was cancelled")
    if not opening.cancelled():
        opening.exception()
    await limited(plugin.disconnect(), CONNECT_SECONDS)


@check("two instances don't disturb each other", live=True)
async def instances_live_apart(subject: Subject) -> None:
    async with subject.connected() as first:
        async with subject.connected() as second:
            await _usable(second)
        await _usable(first)


@check("after disconnecting no connection is given", live=True)
async def nothing_is_given_after_the_end(subject: Subject) -> None:
    async with subject.connected() as plugin:
        await limited(plugin.disconnect(), CONNECT_SECONDS)
        try:
            await limited(plugin.get_connection(), CONNECT_SECONDS)
        # any error will do
        except Exception:
            return
    raise Violation("get_connection after disconnect gives a connection")


@check("the check of a connection says what is there", live=True)
async def the_check_says_something(subject: Subject) -> None:
    if type(subject.plugin()).check is ConnectionPlugin.check:
        raise NotApplicable("the plugin has no check")
    async with subject.connected() as plugin:
        connection = await limited(plugin.get_connection(), CONNECT_SECONDS)
        told = [await limited(plugin.check(connection), CONNECT_SECONDS) for _ in range(2)]
        await limited(plugin.release_connection(connection), CONNECT_SECONDS)
    require(all(isinstance(words, str) and words for words in told), f"`check` gives {told[0]!r}; say what is there")


@check("the staged test passes", live=True)
async def the_staged_test_passes(subject: Subject) -> None:
    report = await probe(subject.plugin, subject.config, timeout=CONNECT_SECONDS, folder=Path.cwd())
    failed = report.failed
    require(failed is None, "" if failed is None else f"{failed.stage}: {failed.message}")


async def _cycle(subject: Subject) -> ConnectionPlugin:
    """An instance that was connected, used and disconnected."""
    async with subject.connected() as plugin:
        await _usable(plugin)
    return plugin


async def _usable(plugin: ConnectionPlugin) -> None:
    connection = await limited(plugin.get_connection(), CONNECT_SECONDS)
    try:
        await limited(plugin.check(connection), CONNECT_SECONDS)
    finally:
        await limited(plugin.release_connection(connection), CONNECT_SECONDS)
