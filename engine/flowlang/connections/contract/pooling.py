"""Taking connections and giving them back, on a real server."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.contract.core import NotApplicable, Violation, check, require
from flowlang.connections.contract.subject import CONNECT_SECONDS, Subject
from flowlang.connections.contract.traces import Traces
from flowlang.connections.limits import limited

#: How often a connection is taken where a leak would use up the pool.
_TIMES: Final = 20
_MOMENT: Final = 0.2


@check("a connection can be taken and given back any number of times", live=True)
async def connections_come_back(subject: Subject) -> None:
    async with subject.connected() as plugin:
        for _ in range(_TIMES):
            await _give_back(plugin, await _taken(plugin))


@check("taking and giving back opens nothing more and more", live=True)
async def taking_leaves_nothing(subject: Subject) -> None:
    async with subject.connected() as plugin:
        await _give_back(plugin, await _taken(plugin))
        traces = Traces()
        for _ in range(_TIMES):
            await _give_back(plugin, await _taken(plugin))
        grown = await traces.left()
    require(not grown, f"{_TIMES} times leave {grown}")


@check("no more connections are lent than the pool has", live=True)
async def the_pool_is_bounded(subject: Subject) -> None:
    size = subject.pool_size
    if size is None:
        raise NotApplicable("the configuration has no size of a pool")
    async with subject.connected() as plugin:
        lent = [await _taken(plugin) for _ in range(size)]
        waiting = asyncio.ensure_future(plugin.get_connection())
        await asyncio.wait((waiting,), timeout=_MOMENT)
        if waiting.done():
            further = waiting.result()
            shared = any(further is one for one in lent)
            for one in (*lent, further):
                await _give_back(plugin, one)
            if not shared:
                raise Violation(f"with a pool of {size}, connection {size + 1} is lent at once")
            return
        await _give_back(plugin, lent.pop())
        await asyncio.wait((waiting,), timeout=CONNECT_SECONDS)
        require(waiting.done(), "who waits for a connection doesn't get the one that came back")
        for one in (*lent, waiting.result()):
            await _give_back(plugin, one)


@check("who stops waiting for a connection takes none with them", live=True)
async def cancelled_waiting_loses_nothing(subject: Subject) -> None:
    size = subject.pool_size or 1
    async with subject.connected() as plugin:
        for _ in range(size + 2):
            lent = [await _taken(plugin) for _ in range(size)]
            waiting = asyncio.ensure_future(plugin.get_connection())
            await asyncio.sleep(0)
            if not waiting.done():
                waiting.cancel()
            await asyncio.wait((waiting,))
            if not waiting.cancelled() and waiting.exception() is None:
                lent.append(waiting.result())
            for one in lent:
                await _give_back(plugin, one)
        lent = [await _taken(plugin) for _ in range(size)]
        for one in lent:
            await _give_back(plugin, one)


@check("a connection comes back after its work failed", live=True)
async def connections_come_back_after_failures(subject: Subject) -> None:
    async with subject.connected() as plugin:
        tasks = plugin.get_builtin_tasks()
        for task in tasks.values():
            for _ in range((subject.pool_size or 2) + 1):
                connection = await _taken(plugin)
                try:
                    await limited(task(connection=connection), CONNECT_SECONDS)
                # most tasks lack an argument here; that it fails is what is wanted
                except Exception:
                    pass
                finally:
                    await _give_back(plugin, connection)
        await _still_good(plugin)


@check("a connection comes back after its work was cancelled", live=True)
async def connections_come_back_after_cancellations(subject: Subject) -> None:
    if type(subject.plugin()).check is ConnectionPlugin.check:
        raise NotApplicable("the plugin has no check to cancel")
    async with subject.connected() as plugin:
        for turns in range(_TIMES):
            connection = await _taken(plugin)
            working = asyncio.ensure_future(plugin.check(connection))
            for _ in range(turns % 7):
                await asyncio.sleep(0)
            working.cancel()
            await asyncio.wait((working,), timeout=CONNECT_SECONDS)
            require(working.done(), "work goes on after it was cancelled")
            if not working.cancelled():
                working.exception()
            await _give_back(plugin, connection)
        await _still_good(plugin)


@check("giving back at once leaves nothing half done", live=True)
async def shortcuts_agree(subject: Subject) -> None:
    async with subject.connected() as plugin:
        for _ in range(_TIMES):
            connection = await _taken(plugin)
            if not plugin.try_release(connection):
                await _give_back(plugin, connection)
        await _still_good(plugin)


async def _taken(plugin: ConnectionPlugin) -> Any:
    try:
        return await limited(plugin.get_connection(), CONNECT_SECONDS)
    except TimeoutError as error:
        raise Violation("no connection is left: one that was given back is not lent again") from error


async def _give_back(plugin: ConnectionPlugin, connection: Any) -> None:
    await limited(plugin.release_connection(connection), CONNECT_SECONDS)


async def _still_good(plugin: ConnectionPlugin) -> None:
    """Make sure that what came back can be used."""
    for _ in range(3):
        connection = await _taken(plugin)
        try:
            await limited(plugin.check(connection), CONNECT_SECONDS)
        # a connection that was given back broken shows here in the driver's own way
        except Exception as error:
            raise Violation(f"a connection that came back is not good: {type(error).__name__}: {error}") from error
        finally:
            await _give_back(plugin, connection)
