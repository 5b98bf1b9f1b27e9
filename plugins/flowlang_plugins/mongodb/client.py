"""The driver's client, and operations that end at the server when their step ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from flowlang.connections.base import (
    ResultMeter,
    ResultTooLarge,
    Statement,
    announce,
    size_of,
    statement,
    statement_gate,
    statement_sink,
)
from flowlang.errors import ConnectionError, FlowExecutionError
from flowlang.values import to_json
from flowlang_plugins.mongodb.errors import failure

T = TypeVar("T")

#: How many documents are counted at a time: few enough that even the largest ones, of 16 MB, find room.
_BATCH: Final = 8

#: How many seconds a step waits for its operation that was cancelled, whatever the server does.
_PATIENCE: Final = 0.4
#: How many seconds the server is asked to end it.
_STOP_SECONDS: Final = 3.0
#: How many seconds the server may take for one thing about the connection itself.
_ANSWER_SECONDS: Final = 1.0


def _may_be_written(record: logging.LogRecord) -> bool:
    """Whether a line of the driver's log of commands may be written. They hold all values; runs tell them masked."""
    return False


logging.getLogger("pymongo.command").addFilter(_may_be_written)


class Database(AsyncIOMotorDatabase[dict[str, Any]]):
    """A Motor database, with a limit to what one operation may fetch."""

    def __init__(self, client: AsyncIOMotorClient[dict[str, Any]], name: str, max_result_mb: float) -> None:
        super().__init__(client, name)
        self.max_result_mb = max_result_mb
        #: What is under way: a thread of the driver waits for the server, also when nobody waits for the thread.
        self.running: set[asyncio.Future[Any]] = set()

    def run(self, work: Awaitable[T]) -> asyncio.Future[T]:
        """Begin something that goes on to its end even if nobody waits for it."""
        running = asyncio.ensure_future(work)
        self.running.add(running)
        running.add_done_callback(self._ended)
        return running

    def _ended(self, running: asyncio.Future[Any]) -> None:
        self.running.discard(running)
        # looked at: an error that nobody waits for any more isn't reported as one that was lost
        running.cancelled() or running.exception()


#: What is done in a database, in a session of the driver (whose Motor twin would cost a thread's turn to make).
Operation = Callable[[Database, Any], Awaitable[T]]


def open_database(config: Mapping[str, Any], name: str) -> Database:
    """A database, with a client of its own, for a checked configuration. It connects when it is used."""
    options: dict[str, Any] = {}
    if config.get("read_only"):
        from flowlang_plugins.mongodb.guard import ReadingPool

        # a compressed message can't be looked into
        options = {"_pool_class": ReadingPool, "compressors": []}
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        config["url"],
        maxPoolSize=config.get("max_pool_size", 100),
        minPoolSize=config.get("min_pool_size", 0),
        serverSelectionTimeoutMS=config.get("server_selection_timeout_ms", 5000),
        connectTimeoutMS=config.get("connect_timeout_ms", 5000),
        uuidRepresentation="standard",
        appname="flowlang",
        **options,
    )
    return Database(client, name, config.get("max_result_mb", 256))


async def greet(database: Database, config: Mapping[str, Any]) -> None:
    """Make sure that a server answers, and that a read-only client sends it nothing but reading commands."""
    milliseconds = config.get("server_selection_timeout_ms", 5000) + config.get("connect_timeout_ms", 5000)
    with pymongo.timeout(milliseconds / 1000):
        await database.command("ping")
        if config.get("read_only"):
            await prove_read_only(database)


async def prove_read_only(database: Database) -> None:
    """Make sure that nothing but reading gets through: a command that no server knows must not reach one."""
    try:
        await database.command("flowlangWriteProbe")
    except FlowExecutionError:
        return
    except PyMongoError:
        pass
    raise ConnectionError(
        "`read_only` can't be enforced with this version of the driver",
        hint="use a version of pymongo that this one was tested with, or a user of the database who may only read",
        stage="authorise",
    )


async def close_database(database: Database) -> None:
    """Close every connection of its client, also those on which the server owes an answer."""
    # it says good-bye to the server, so it isn't done in the event loop
    await asyncio.to_thread(_close, database, bool(database.running))
    if database.running:
        await asyncio.wait(database.running, timeout=_ANSWER_SECONDS)
        # what was under way may have opened the client again
        await asyncio.to_thread(_close, database, bool(database.running))


def _close(database: Database, interrupt: bool) -> None:
    client = database.client.delegate
    if interrupt:
        # threads of the driver that wait for an answer would go on waiting, and keep the process alive
        for server in list(client._topology._servers.values()):
            server.pool.reset(interrupt_connections=True)
    with pymongo.timeout(_ANSWER_SECONDS):
        client.close()


async def operate(connection: Any, what: str, shown: list[Any], params: Any, call: Operation[T]) -> tuple[T, Statement]:
    """Run one operation in a session of its own, and report it as a statement whose rows the caller fills in.

    Cancelled, the session is ended at the server, and with it what runs there.
    """
    if not isinstance(connection, Database):
        raise FlowExecutionError("this task needs a connection of type `mongodb`")
    asked = statement_gate.get() is not None
    text = " ".join([what, *map(to_json, shown)]) if asked or statement_sink.get() is not None else what
    if asked:
        await announce(connection, text, params)
    session = connection.client.delegate.start_session(causal_consistency=False)
    with statement(text, params) as sent:
        try:
            result = await _to_its_end(connection, session, call)
        except (PyMongoError, OverflowError, TypeError, ValueError, OSError) as error:
            if isinstance(error, FlowExecutionError):
                raise
            raise failure(error) from error
    return result, sent


async def fetched(database: Database, cursor: Any) -> list[dict[str, Any]]:
    """All that a cursor has. Raises `ResultTooLarge` before it takes too much memory."""
    meter = ResultMeter(database.max_result_mb)
    found: list[dict[str, Any]] = []
    try:
        while True:
            batch = await cursor.to_list(_BATCH)
            for document in batch:
                meter.add(size_of(document))
            found += batch
            if not cursor.alive:
                return found
    except ResultTooLarge:
        await cursor.close()
        raise


async def _to_its_end(database: Database, session: ClientSession, call: Operation[T]) -> T:
    working = database.run(call(database, session))
    working.add_done_callback(lambda _: session.end_session())
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        if not working.done():
            await asyncio.wait((database.run(_stop(database, session, working)),), timeout=_PATIENCE)
        raise


async def _stop(database: Database, session: ClientSession, working: asyncio.Future[Any]) -> None:
    """End what runs in a session. An operation that is just being sent isn't known there, so once may not be enough."""
    deadline = asyncio.get_running_loop().time() + _STOP_SECONDS
    pause = 0.01
    while not working.done() and asyncio.get_running_loop().time() < deadline:
        await asyncio.wait((working,), timeout=pause)
        if not working.done():
            pause = min(pause * 2, 0.5)
            await _kill(database, session)


async def _kill(database: Database, session: ClientSession) -> None:
    try:
        with pymongo.timeout(_ANSWER_SECONDS):
            await database.client.admin.command("killSessions", [dict(session.session_id)])
    # a server that can't be reached, or doesn't let this user, ends the operation in its own time
    except (PyMongoError, TimeoutError, OSError):
        pass
