"""What a read-only MongoDB connection lets through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pymongo import DeleteOne, InsertOne, MongoClient, WriteConcern

from flowlang.errors import FlowExecutionError
from flowlang_plugins.mongodb import MongoDBPlugin
from tests.plugins.connected import Connected, connected
from tests.plugins.test_mongodb_tasks import database_of


@pytest.fixture
def admin(mongodb_database: str) -> Iterator[Any]:
    config = database_of(mongodb_database)
    with MongoClient[dict[str, Any]](config["url"]) as client:
        database = client[config["database"]]
        database.c.insert_many([{"_id": number, "n": number} for number in range(3)])
        yield database


@pytest.fixture
async def reader(admin: Any, mongodb_database: str) -> AsyncIterator[Connected]:
    async with connected(MongoDBPlugin, "mongo", **database_of(mongodb_database), read_only=True) as connection:
        yield connection


def everything(admin: Any) -> dict[str, Any]:
    return {name: sorted(admin[name].find(), key=str) for name in sorted(admin.list_collection_names())}


OUT: list[dict[str, Any]] = [
    {"$out": "d"},
    {"$out": {"db": "other", "coll": "d"}},
    {"$merge": "d"},
    {"$merge": {"into": "c", "whenMatched": "replace"}},
    {"$facet": {"a": [{"$out": "d"}]}},
    {"$lookup": {"from": "c", "pipeline": [{"$merge": {"into": "d"}}], "as": "x"}},
    {"$unionWith": {"coll": "c", "pipeline": [{"$out": "d"}]}},
]
INSERT = {"insert": "c", "documents": [{"_id": 9}]}
COMMANDS: list[dict[str, Any]] = [
    INSERT,
    {"update": "c", "updates": [{"q": {}, "u": {"$set": {"n": 9}}}]},
    {"delete": "c", "deletes": [{"q": {}, "limit": 0}]},
    {"findAndModify": "c", "query": {}, "remove": True},
    {"findandmodify": "c", "query": {}, "update": {"$set": {"n": 9}}},
    {"bulkWrite": 1, "ops": [{"insert": 0, "document": {"_id": 9}}], "nsInfo": [{"ns": "x.c"}]},
    *({"aggregate": "c", "pipeline": [stage], "cursor": {}} for stage in OUT),
    *({"aggregate": "c", "pipeline": [{"$match": {}}, stage], "cursor": {}} for stage in OUT),
    *({"aggregate": "c", "pipeline": (stage,), "cursor": {}} for stage in OUT),
    *({"explain": {"aggregate": "c", "pipeline": [stage], "cursor": {}}} for stage in OUT),
    {"explain": INSERT},
    {"explain": {"explain": INSERT}},
    {"mapReduce": "c", "map": "x", "reduce": "y", "out": "d"},
    {"mapReduce": "c", "map": "x", "reduce": "y", "out": {"replace": "d"}},
    {"mapreduce": "c", "map": "x", "reduce": "y", "out": {"inline": 1, "merge": "d"}},
    {"mapReduce": "c", "map": "x", "reduce": "y"},
    {"$query": INSERT},
    {"query": INSERT},
    {"create": "d"},
    {"drop": "c"},
    {"dropDatabase": 1},
    {"renameCollection": "x.c", "to": "x.d"},
    {"createIndexes": "c", "indexes": [{"key": {"n": 1}, "name": "n"}]},
    {"dropIndexes": "c", "index": "*"},
    {"reIndex": "c"},
    {"collMod": "c", "validator": {}},
    {"convertToCapped": "c", "size": 1},
    {"cloneCollectionAsCapped": "c", "toCollection": "d", "size": 1},
    {"compact": "c"},
    {"emptycapped": "c"},
    {"createUser": "u", "pwd": "p", "roles": []},
    {"updateUser": "tester", "roles": []},
    {"dropUser": "tester"},
    {"grantRolesToUser": "tester", "roles": []},
    {"createRole": "r", "privileges": [], "roles": []},
    {"applyOps": [{"op": "i", "ns": "x.c", "o": {"_id": 9}}]},
    {"eval": "db.c.drop()"},
    {"$eval": "db.c.drop()"},
    {"shutdown": 1},
    {"fsync": 1},
    {"setParameter": 1, "logLevel": 1},
    {"killOp": 1, "op": 1},
    {"killAllSessions": []},
    {"configureFailPoint": "failCommand", "mode": "off"},
    {"validate": "c"},
    {"godinsert": "c"},
    {"INSERT": "c", "documents": [{"_id": 9}]},
    {"noSuchCommand": 1},
]


async def test_commands_that_write_have_no_effect(reader: Connected, admin: Any) -> None:
    async def send(command: dict[str, Any], connection: Any) -> None:
        await connection.command(command)

    async def send_to_admin(command: dict[str, Any], connection: Any) -> None:
        await connection.client.admin.command(command)

    before = everything(admin)
    assert len(COMMANDS) > 50
    for command in COMMANDS:
        for way in (send, send_to_admin):
            with pytest.raises(FlowExecutionError, match="the connection is `read_only`"):
                await reader.step(way, command=command)
    assert everything(admin) == before


async def test_tasks_that_write_are_refused(reader: Connected, admin: Any) -> None:
    before = everything(admin)
    for task, arguments in (
        ("insert", {"document": {"_id": 9}}),
        ("insert", {"documents": [{"_id": 9}, {"_id": 10}]}),
        ("update", {"filter": {}, "update": {"$set": {"n": 9}}}),
        ("update", {"filter": {"_id": 9}, "update": {"$set": {"n": 9}}, "upsert": True, "many": True}),
        ("delete", {"filter": {}, "many": True}),
        ("delete", {"filter": {}}),
        *(("aggregate", {"pipeline": [stage]}) for stage in OUT),
    ):
        with pytest.raises(FlowExecutionError, match="the connection is `read_only`"):
            await reader.call(task, collection="c", **arguments)
    assert everything(admin) == before


async def bulk(database: Any) -> None:
    await database.c.bulk_write([InsertOne({"_id": 9}), DeleteOne({"_id": 1})])


async def unacknowledged(database: Any) -> None:
    await database.c.with_options(write_concern=WriteConcern(w=0)).insert_one({"_id": 9})


async def unacknowledged_bulk(database: Any) -> None:
    collection = database.c.with_options(write_concern=WriteConcern(w=0))
    await collection.bulk_write([InsertOne({"_id": 9})], ordered=False)


async def find_and_change(database: Any) -> None:
    await database.c.find_one_and_update({}, {"$set": {"n": 9}})


async def replace(database: Any) -> None:
    await database.c.replace_one({"_id": 1}, {"n": 9})


async def out(database: Any) -> None:
    await database.c.aggregate([{"$out": "d"}]).to_list(None)


async def drop(database: Any) -> None:
    await database.drop_collection("c")


async def drop_all(database: Any) -> None:
    await database.client.drop_database(database.name)


async def index(database: Any) -> None:
    await database.c.create_index("n")


async def rename(database: Any) -> None:
    await database.c.rename("d")


async def below_motor(database: Any) -> None:
    database.delegate.c.insert_one({"_id": 9})


async def transaction(database: Any) -> None:
    async with await database.client.start_session() as session, session.start_transaction():
        await database.c.insert_one({"_id": 9}, session=session)


WAYS = [bulk, unacknowledged, unacknowledged_bulk, find_and_change, replace, out, drop, drop_all, index, rename]


@pytest.mark.parametrize("way", [*WAYS, below_motor, transaction], ids=lambda way: way.__name__)
async def test_a_task_of_ones_own_cannot_write_either(reader: Connected, admin: Any, way: Any) -> None:
    async def own(connection: Any) -> None:
        await way(connection)

    before = everything(admin)
    with pytest.raises(FlowExecutionError, match="the connection is `read_only`"):
        await reader.step(own)
    assert everything(admin) == before
    assert (await reader.call("count", collection="c")) == {"count": 3}


async def test_reading_passes(reader: Connected) -> None:
    async def own(connection: Any) -> Any:
        await connection.command("dbStats")
        await connection.command({"explain": {"find": "c"}})
        await connection.c.distinct("n")
        await connection.c.estimated_document_count()
        await connection.c.index_information()
        await connection.client.list_database_names()
        return [document["n"] async for document in connection.c.find(batch_size=1).sort("n")]

    assert await reader.step(own) == [0, 1, 2]
    assert (await reader.call("find", collection="c", filter={"_id": {"$gte": 1}}))["count"] == 2
    assert (await reader.call("find_one", collection="c", filter={"_id": 1}))["found"]
    grouped = [
        {"$match": {"n": {"$gt": 0}}},
        {"$lookup": {"from": "c", "localField": "n", "foreignField": "n", "as": "x"}},
    ]
    assert (await reader.call("aggregate", collection="c", pipeline=grouped))["count"] == 2
