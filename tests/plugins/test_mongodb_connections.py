"""The life of MongoDB connections: opening, sharing, breaking, cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import MongoClient

from flowlang.errors import ConfigurationError, ConnectionError, FlowExecutionError
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.mongodb import MongoDBPlugin
from tests.plugins.connected import connected
from tests.plugins.test_mongodb_tasks import database_of
from tests.services.proxy import Proxy
from tests.services.server import Server


@pytest.fixture
def admin(mongodb_url: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient(mongodb_url) as client:
        client.admin.command("ping")
        yield client


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "`url` is missing"),
        ({"url": "localhost"}, "must be like `mongodb://"),
        ({"url": "http://localhost/x"}, "must be like `mongodb://"),
        ({"url": "mongodb://u:p@ss@/x"}, "must be like `mongodb://"),
        ({"url": "mongodb://localhost"}, "`database` is missing"),
        ({"url": "mongodb://localhost/?authSource=admin"}, "`database` is missing"),
        ({"url": "mongodb://localhost", "database": "a.b"}, "`a.b` is no name of a database"),
        ({"url": "mongodb://localhost/d", "max_pool_size": 0}, "`max_pool_size` must be at least 1"),
        ({"url": "mongodb://localhost/d", "min_pool_size": 5, "max_pool_size": 2}, "larger than `max_pool_size`"),
        ({"url": "mongodb://localhost/d", "databse": "x"}, "did you mean `database`"),
    ],
)
async def test_a_config_that_cannot_work_is_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await connected(MongoDBPlugin, "mongo", **config).__aenter__()


async def failing(**config: Any) -> ConnectionError:
    with pytest.raises(ConnectionError) as raised:
        await connected(MongoDBPlugin, "mongo", **config).__aenter__()
    return raised.value


async def test_a_wrong_password_is_told_without_showing_it(mongodb_database: str) -> None:
    config = database_of(mongodb_database)
    error = await failing(url=config["url"].replace("only-for-tests", "a-wrong-one"), database="d")
    assert error.stage == "authenticate"
    assert "a-wrong-one" not in str(error)
    assert "user and password" in str(error.hint)


async def test_a_server_that_does_not_run_is_told() -> None:
    error = await failing(url="mongodb://127.0.0.1:1/d", server_selection_timeout_ms=100)
    assert error.stage == "reach"
    assert "127.0.0.1:1: connection refused" in str(error)


async def test_an_unknown_host_is_told() -> None:
    error = await failing(url="mongodb://no-such-host.invalid/d", server_selection_timeout_ms=500)
    assert (error.stage, error.hint) == ("resolve", "check the host in `url`")


async def test_a_server_that_is_silent_is_told(mongodb_database: str, proxy: Callable[[str], Proxy]) -> None:
    silent = proxy(mongodb_database)
    silent.freeze()
    config = through(silent)
    error = await failing(**config, server_selection_timeout_ms=300, connect_timeout_ms=100)
    assert error.stage == "timeout"
    silent.thaw()


async def test_options_that_the_driver_refuses_are_told() -> None:
    error = await failing(url="mongodb://a.invalid,b.invalid/d?directConnection=true", server_selection_timeout_ms=100)
    assert error.stage == "resolve"


async def test_a_task_gets_the_drivers_database(mongodb_database: str) -> None:
    async def own(connection: Any) -> Any:
        assert isinstance(connection, AsyncIOMotorDatabase)
        await connection.things.insert_one({"_id": 1})
        return await connection.client[connection.name].things.find_one({})

    async with connected(MongoDBPlugin, "mongo", **database_of(mongodb_database)) as mongo:
        assert await mongo.step(own) == {"_id": 1}


def through(between: Proxy) -> dict[str, str]:
    """The config for what is behind a proxy, without the driver asking the server where else it can be reached."""
    config = database_of(between.url)
    return {**config, "url": f"{config['url']}&directConnection=true"}


async def gone(between: Proxy) -> None:
    """Wait until no connection is left."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        while await loop.run_in_executor(None, lambda: between.connections):
            pass


@pytest.mark.parametrize("at_once", [1, 20])
async def test_failing_and_cancelled_operations_leave_nothing_behind(
    mongodb_database: str, proxy: Callable[[str], Proxy], at_once: int
) -> None:
    between = proxy(mongodb_database)

    async def fails(mongo: Any) -> None:
        with pytest.raises(FlowExecutionError):
            await mongo.call("find", collection="c", filter={"$nope": 1})

    async def is_cancelled(mongo: Any, number: int) -> None:
        finding = asyncio.create_task(mongo.call("find", collection="c"))
        for _ in range(1 + number % 7):
            await asyncio.sleep(0)
        finding.cancel()
        # it may have been done before
        (outcome,) = await asyncio.gather(finding, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError) or outcome["count"] == 5

    async def times_out(mongo: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await mongo.call("count", collection="c")

    async with connected(MongoDBPlugin, "mongo", **through(between)) as mongo:
        await mongo.call("insert", collection="c", documents=[{"_id": number} for number in range(5)])
        for start in range(0, 200, at_once):
            numbers = range(start, start + at_once)
            await asyncio.gather(*(fails(mongo) for _ in numbers))
            await asyncio.gather(*(is_cancelled(mongo, number) for number in numbers))
            await asyncio.gather(*(times_out(mongo) for _ in numbers))
        assert (await mongo.call("count", collection="c")) == {"count": 5}
        # three belong to the driver's monitoring, and it runs ten operations at a time on two processors
        assert between.connections <= 100
    await gone(between)


async def test_a_cancelled_step_ends_even_where_nobody_answers(
    mongodb_database: str, proxy: Callable[[str], Proxy]
) -> None:
    between = proxy(mongodb_database)
    async with connected(MongoDBPlugin, "mongo", **through(between)) as mongo:
        between.freeze()
        finding = asyncio.create_task(mongo.call("find", collection="c"))
        await asyncio.wait((finding,), timeout=0.05)
        started = monotonic()
        finding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await finding
        assert monotonic() - started < 5
        between.thaw()
        assert (await mongo.call("count", collection="c")) == {"count": 0}


async def test_what_was_given_up_ends_with_the_connection(mongodb_database: str, proxy: Callable[[str], Proxy]) -> None:
    between = proxy(mongodb_database)
    async with connected(MongoDBPlugin, "mongo", **through(between)) as mongo:
        await mongo.call("count", collection="c")
        database = await mongo.opened.acquire("db")
        between.freeze()
        finding = asyncio.create_task(mongo.call("find", collection="c"))
        await asyncio.wait((finding,), timeout=0.05)
        finding.cancel()
        await asyncio.gather(finding, return_exceptions=True)
        assert database.running
    assert not database.running


async def test_a_cancelled_operation_ends_its_session_at_the_server(
    mongodb_database: str, proxy: Callable[[str], Proxy]
) -> None:
    """The server is asked to end the session of what is still under way, and nothing else."""
    from pymongo.monitoring import CommandListener

    class Heard(CommandListener):
        def __init__(self) -> None:
            self.commands: list[tuple[str, Any]] = []

        def started(self, event: Any) -> None:
            self.commands.append((event.command_name, event.command))

        def succeeded(self, event: Any) -> None: ...
        def failed(self, event: Any) -> None: ...

    from pymongo import monitoring

    heard = Heard()
    monitoring.register(heard)
    try:
        async with connected(MongoDBPlugin, "mongo", **database_of(mongodb_database)) as mongo:
            await mongo.call("insert", collection="c", document={"_id": 1})
            waiting = {"collection": "c", "pipeline": [{"$changeStream": {}}]}
            watching = asyncio.create_task(mongo.call("aggregate", **waiting))
            async with asyncio.timeout(5):
                while "getMore" not in [name for name, _ in heard.commands]:
                    await asyncio.wait((watching,), timeout=0.01)
            watching.cancel()
            with pytest.raises(asyncio.CancelledError):
                await watching
            session = next(command["lsid"]["id"] for name, command in heard.commands if name == "aggregate")
            killed = [command["killSessions"] for name, command in heard.commands if name == "killSessions"]
            assert killed
            assert all([each["id"] for each in sessions] == [session] for sessions in killed)
    finally:
        monitoring._LISTENERS.command_listeners.remove(heard)


async def test_a_lost_connection_is_told_and_the_next_step_has_a_new_one(
    mongodb_database: str, proxy: Callable[[str], Proxy]
) -> None:
    between = proxy(mongodb_database)
    config = {**through(between), "server_selection_timeout_ms": 2000}
    async with connected(MongoDBPlugin, "mongo", **config) as mongo:
        await mongo.call("insert", collection="c", document={"_id": 1})
        between.freeze()
        updating = asyncio.create_task(
            mongo.call("update", collection="c", filter={"_id": 1}, update={"$inc": {"n": 1}}, many=True)
        )
        await asyncio.wait((updating,), timeout=0.1)
        between.drop()
        with pytest.raises(ConnectionError, match="the connection was lost"):
            await updating
        between.thaw()
        document = (await mongo.call("find_one", collection="c"))["document"]
        assert document.get("n", 0) <= 1


async def test_a_restarted_server_is_found_again(mongodb_database: str, mongodb_server: Server) -> None:
    config = {**database_of(mongodb_database), "server_selection_timeout_ms": 300}
    async with connected(MongoDBPlugin, "mongo", **config) as mongo:
        await mongo.call("insert", collection="c", document={"_id": 1})
        mongodb_server.stop()
        with pytest.raises(ConnectionError) as raised:
            await mongo.call("count", collection="c")
        assert raised.value.hint
        mongodb_server.start()
        assert (await mongo.call("count", collection="c")) == {"count": 1}


FLOW = """
flow: TwoDatabases
inputs:
  - {name: run, type: integer}
connections:
  one: {type: mongodb, url: "${env.URL}", database: "${env.ONE}"}
  two: {type: mongo, url: "${env.URL}", database: "${env.TWO}"}
steps:
  - for_each: ${range(5)}
    as: number
    concurrency: 5
    do:
      - mongo_insert: {connection: one, collection: c, document: {where: one, run: "${inputs.run}", n: "${number}"}}
      - mongo_insert: {connection: two, collection: c, document: {where: two, run: "${inputs.run}", n: "${number}"}}
  - mongo_count: {id: ones, connection: one, collection: c, filter: {run: "${inputs.run}"}}
outputs:
  count: ${ones.count}
"""


async def test_two_connections_keep_their_databases_apart(
    mongodb_databases: Callable[[], str], admin: MongoClient[dict[str, Any]]
) -> None:
    one, two = database_of(mongodb_databases()), database_of(mongodb_databases())
    executor = FlowExecutor(env={"URL": one["url"], "ONE": one["database"], "TWO": two["database"]})
    results = await asyncio.gather(*(executor.execute_flow(FLOW, {"run": run}) for run in range(20)))
    await executor.close()
    assert [result.error for result in results] == [None] * 20
    assert all(result.outputs == {"count": 5} for result in results)
    for config, name in ((one, "one"), (two, "two")):
        stored = list(admin[config["database"]].c.find())
        assert sorted((each["run"], each["n"]) for each in stored) == [(run, n) for run in range(20) for n in range(5)]
        assert {each["where"] for each in stored} == {name}
