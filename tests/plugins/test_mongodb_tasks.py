"""Every MongoDB task: what it takes, what it gives, what it leaves on the server."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from bson import Code, Decimal128, Int64, MinKey, ObjectId, Regex, Timestamp

from flowlang.connections.base import Statement
from flowlang.errors import FlowExecutionError
from flowlang_plugins.mongodb import MongoDBPlugin
from tests.plugins.connected import Connected, connected


def database_of(url: str) -> dict[str, str]:
    """The config for a database of the test's server, whose accounts are kept in another one."""
    server, _, rest = url.rpartition("/")
    return {"url": f"{server}/?authSource=admin", "database": rest.split("?")[0]}


@pytest.fixture
async def mongo(mongodb_database: str) -> AsyncIterator[Connected]:
    async with connected(MongoDBPlugin, "mongo", **database_of(mongodb_database)) as connection:
        yield connection


PEOPLE = [
    {"_id": 1, "name": "Ada", "born": 1815, "tags": ["a", "b"]},
    {"_id": 2, "name": "Grace", "born": 1906, "tags": ["b"]},
    {"_id": 3, "name": "Linus", "born": 1969, "tags": []},
]


@pytest.fixture
async def people(mongo: Connected) -> Connected:
    await mongo.call("insert", collection="people", documents=PEOPLE)
    return mongo


async def names(mongo: Connected, **arguments: Any) -> list[str]:
    found = await mongo.call("find", collection="people", **arguments)
    assert found["count"] == len(found["documents"])
    return [document["name"] for document in found["documents"]]


async def test_documents_are_found_by_filter_in_an_order(people: Connected) -> None:
    assert await names(people, sort={"_id": 1}) == ["Ada", "Grace", "Linus"]
    assert await names(people, filter={"born": {"$gt": 1900}}, sort={"born": -1}) == ["Linus", "Grace"]
    assert await names(people, filter={"tags": "b"}, sort="-name") == ["Grace", "Ada"]
    assert await names(people, sort={"name": 1}, limit=1) == ["Ada"]
    assert await names(people, sort={"name": 1}, skip=1, limit=1) == ["Grace"]
    assert await names(people, filter={"name": {"$regex": "^l", "$options": "i"}}) == ["Linus"]
    assert await names(people, filter={"name": "nobody"}) == []


@pytest.mark.parametrize(
    "sort",
    [
        {"born": "desc"},
        [["born", -1]],
        [{"born": -1}],
        ["-born"],
        ["born", -1],
        "-born",
        {"born": "-1"},
        [["born", "DESC"]],
    ],
)
async def test_an_order_can_be_written_in_several_ways(people: Connected, sort: Any) -> None:
    assert await names(people, sort=sort) == ["Linus", "Grace", "Ada"]


async def test_a_projection_chooses_fields(people: Connected) -> None:
    one = {"collection": "people", "filter": {"_id": 1}}
    for projection in ({"name": 1, "_id": 0}, {"born": 0, "tags": 0, "_id": 0}):
        assert (await people.call("find_one", **one, projection=projection))["document"] == {"name": "Ada"}
    assert (await people.call("find", **one, projection=["name"]))["documents"] == [{"_id": 1, "name": "Ada"}]


async def test_one_document_is_found_or_none(people: Connected) -> None:
    assert await people.call("find_one", collection="people", filter={"name": "Ada"}) == {
        "document": PEOPLE[0],
        "found": True,
    }
    assert await people.call("find_one", collection="people", filter={"name": "x"}) == {
        "document": None,
        "found": False,
    }
    assert (await people.call("find_one", collection="people"))["found"]


async def test_documents_are_inserted_one_or_many(mongo: Connected) -> None:
    one = await mongo.call("insert", collection="c", document={"a": 1})
    assert one["count"] == 1
    assert ObjectId.is_valid(one["inserted_ids"][0])
    assert (await mongo.call("insert", collection="c", documents={"_id": "x"}))["inserted_ids"] == ["x"]
    assert await mongo.call("insert", collection="c", documents=[{"_id": 1}, {"_id": 2}]) == {
        "inserted_ids": [1, 2],
        "count": 2,
    }
    assert await mongo.call("insert", collection="c", documents=[]) == {"inserted_ids": [], "count": 0}
    assert (await mongo.call("count", collection="c")) == {"count": 4}


async def test_a_refused_document_is_named(mongo: Connected) -> None:
    with pytest.raises(FlowExecutionError, match=r"document 3 was refused: .*duplicate key.*; 2 before it stay"):
        await mongo.call("insert", collection="c", documents=[{"_id": 1}, {"_id": 2}, {"_id": 1}, {"_id": 3}])
    assert (await mongo.call("count", collection="c")) == {"count": 2}


async def test_documents_are_changed_one_or_many(people: Connected) -> None:
    change = {"collection": "people", "update": {"$set": {"old": True}}}
    assert await people.call("update", **change, filter={"born": {"$lt": 1950}}) == {
        "matched_count": 1,
        "modified_count": 1,
        "upserted_id": None,
    }
    result = await people.call("update", **change, filter={"born": {"$lt": 1950}}, many=True)
    assert (result["matched_count"], result["modified_count"]) == (2, 1)
    assert (await people.call("update", **change, filter={"_id": 9}))["matched_count"] == 0
    stages = [{"$set": {"age": {"$subtract": [2000, "$born"]}}}]
    await people.call("update", collection="people", filter={"_id": 1}, update=stages)
    assert (await people.call("find_one", collection="people", filter={"_id": 1}))["document"]["age"] == 185


async def test_a_missing_document_can_be_inserted_by_an_update(mongo: Connected) -> None:
    change = {"collection": "c", "update": {"$inc": {"n": 1}}, "upsert": True}
    assert await mongo.call("update", **change, filter={"_id": "k"}) == {
        "matched_count": 0,
        "modified_count": 0,
        "upserted_id": "k",
    }
    assert (await mongo.call("update", **change, filter={"_id": "k"}))["modified_count"] == 1
    some = (await mongo.call("update", **change, filter={"name": "x"}))["upserted_id"]
    assert ObjectId.is_valid(some)
    # an id that looks like an ObjectId is found if it is stored as one, and else inserted as it is given
    assert (await mongo.call("update", **change, filter={"_id": some}))["matched_count"] == 1
    other = str(ObjectId())
    assert (await mongo.call("update", **change, filter={"_id": other}))["upserted_id"] == other
    assert (await mongo.call("update", **change, filter={"_id": other}))["matched_count"] == 1
    assert (await mongo.call("count", collection="c")) == {"count": 3}


async def test_documents_are_deleted_one_or_many(people: Connected) -> None:
    assert await people.call("delete", collection="people", filter={"tags": "b"}) == {"deleted_count": 1}
    assert await people.call("delete", collection="people", filter={"tags": "x"}) == {"deleted_count": 0}
    assert await people.call("delete", collection="people", filter={}, many=True) == {"deleted_count": 2}


async def test_documents_are_counted_and_aggregated(people: Connected) -> None:
    assert await people.call("count", collection="people") == {"count": 3}
    assert await people.call("count", collection="people", filter={"tags": "b"}) == {"count": 2}
    pipeline = [{"$unwind": "$tags"}, {"$group": {"_id": "$tags", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}}]
    assert await people.call("aggregate", collection="people", pipeline=pipeline) == {
        "documents": [{"_id": "a", "n": 1}, {"_id": "b", "n": 2}],
        "count": 2,
    }


async def test_many_documents_come_back_whole(mongo: Connected) -> None:
    await mongo.call("insert", collection="c", documents=[{"_id": number} for number in range(2500)])
    found = await mongo.call("find", collection="c", sort={"_id": 1})
    assert [document["_id"] for document in found["documents"]] == list(range(2500))
    assert (await mongo.call("aggregate", collection="c", pipeline=[{"$match": {}}]))["count"] == 2500


async def test_a_result_that_would_take_too_much_memory_is_refused(mongodb_database: str) -> None:
    async with connected(MongoDBPlugin, "mongo", **database_of(mongodb_database), max_result_mb=1) as mongo:
        await mongo.call("insert", collection="c", documents=[{"t": "x" * 50_000} for _ in range(60)])
        for task, arguments in (("find", {}), ("aggregate", {"pipeline": [{"$match": {}}]})):
            with pytest.raises(FlowExecutionError, match="the result is larger than 1 MB"):
                await mongo.call(task, collection="c", **arguments)
        assert (await mongo.call("find", collection="c", limit=15))["count"] == 15


@pytest.fixture
async def two_ways(mongo: Connected) -> tuple[Connected, str, str]:
    """Two documents: one's id is an ObjectId, the other's is text that looks like one."""
    ids = [str(ObjectId("65e0aa000000000000000001")), "65e0aa000000000000000002"]
    await mongo.step(
        _insert, documents=[{"_id": ObjectId(ids[0]), "n": 1}, {"_id": ids[1], "n": 2}, {"_id": 3, "n": 3}]
    )
    return mongo, ids[0], ids[1]


async def _insert(documents: Any, connection: Any) -> None:
    await connection.c.insert_many(documents)


async def test_an_id_finds_its_document_whichever_way_it_is_stored(two_ways: tuple[Connected, str, str]) -> None:
    mongo, first, second = two_ways

    async def numbers(condition: Any) -> list[int]:
        found = await mongo.call("find", collection="c", filter=condition, sort={"n": 1})
        return [document["n"] for document in found["documents"]]

    assert await numbers({"_id": first}) == [1]
    assert await numbers({"_id": second}) == [2]
    assert await numbers({"_id": first.upper()}) == [1]
    assert await numbers({"_id": {"$eq": first}}) == [1]
    assert await numbers({"_id": {"$in": [first, second, 3]}}) == [1, 2, 3]
    assert await numbers({"_id": {"$nin": [first, second]}}) == [3]
    assert await numbers({"_id": {"$ne": first}}) == [2, 3]
    assert await numbers({"_id": {"$not": {"$in": [first]}}}) == [2, 3]
    assert await numbers({"$or": [{"_id": first}, {"$and": [{"_id": second}, {"n": 2}]}]}) == [1, 2]
    assert await numbers({"$nor": [{"_id": first}, {"_id": second}]}) == [3]
    assert await numbers({"_id": {"$gte": first}}) == [1, 2]
    assert await numbers({"_id": {"$gt": first}}) == [2]
    assert await numbers({"_id": {"$lt": second}, "n": {"$lt": 9}}) == [1]
    assert await numbers({"_id": {"$oid": first}}) == [1]
    assert await numbers({"_id": {"$oid": second}}) == []
    match = {"$match": {"$or": [{"_id": first}, {"_id": second}]}}
    for pipeline in ([match], [{"$facet": {"a": [match]}}, {"$unwind": "$a"}]):
        assert (await mongo.call("aggregate", collection="c", pipeline=pipeline))["count"] == 2
    assert (await mongo.call("find", collection="c", filter={"_id": first}))["documents"] == [{"_id": first, "n": 1}]
    assert await mongo.call("update", collection="c", filter={"_id": first}, update={"$set": {"m": 1}}) == {
        "matched_count": 1,
        "modified_count": 1,
        "upserted_id": None,
    }
    assert await mongo.call("count", collection="c", filter={"_id": second}) == {"count": 1}
    assert await mongo.call("delete", collection="c", filter={"_id": second}) == {"deleted_count": 1}
    assert await mongo.call("delete", collection="c", filter={"_id": first}) == {"deleted_count": 1}


NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "returned"),
    [
        (None, None),
        (True, True),
        (1.5, 1.5),
        (2**62, 2**62),
        ("ü🎉\0", "ü🎉\0"),
        (b"\x00\xff", b"\x00\xff"),
        (Decimal("1.10"), Decimal("1.10")),
        (NOON, NOON),
        (NOON.replace(tzinfo=None), NOON),
        (NOON.astimezone(timezone(timedelta(hours=2))), NOON),
        (date(2024, 2, 29), datetime(2024, 2, 29, tzinfo=UTC)),
        (UUID(int=5), UUID(int=5)),
        (ObjectId("65e0aa000000000000000001"), "65e0aa000000000000000001"),
        (Regex("^a", "i"), "^a"),
        (Timestamp(1, 1), datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (Code("x"), "x"),
        (MinKey(), "MinKey"),
        (Decimal128("2.5"), Decimal("2.5")),
        (Int64(7), 7),
        ((1, [2, {"a": {3}}]), [1, [2, {"a": [3]}]]),
        ({"$date": "2024-02-29T12:00:00Z"}, NOON),
        ({"$date": "2024-02-29T14:00:00+02:00"}, NOON),
        ({"$date": "2024-02-29"}, datetime(2024, 2, 29, tzinfo=UTC)),
        ({"$date": 1709208000000}, NOON),
        ({"$date": {"$numberLong": "1709208000000"}}, NOON),
        ({"$date": date(2024, 2, 29)}, datetime(2024, 2, 29, tzinfo=UTC)),
        ({"$oid": "65e0aa000000000000000001"}, "65e0aa000000000000000001"),
        ({"$numberDecimal": "1.10"}, Decimal("1.10")),
        ({"$numberLong": "5"}, 5),
        ({"$uuid": str(UUID(int=5))}, UUID(int=5)),
        ({"$binary": {"base64": "AP8=", "subType": "00"}}, b"\x00\xff"),
    ],
)
async def test_values_are_stored_and_come_back_as_plain_data(mongo: Connected, given: Any, returned: Any) -> None:
    await mongo.call("insert", collection="c", document={"_id": 1, "v": given})
    value = (await mongo.call("find_one", collection="c"))["document"]["v"]
    assert value == returned
    assert type(value) is type(returned)


async def test_dates_in_filters_compare_as_dates(mongo: Connected) -> None:
    days = [{"_id": day, "at": {"$date": f"2024-01-{day:02}"}} for day in (1, 10, 20)]
    await mongo.call("insert", collection="c", documents=days)
    condition = {"at": {"$gte": {"$date": "2024-01-10"}, "$lt": datetime(2024, 1, 20, tzinfo=UTC)}}
    assert await mongo.call("count", collection="c", filter=condition) == {"count": 1}
    pipeline = [{"$match": {"at": {"$gt": {"$date": "2024-01-01T00:00:00Z"}}}}]
    assert (await mongo.call("aggregate", collection="c", pipeline=pipeline))["count"] == 2


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("find", {"collection": ""}, "'' is no name of a collection"),
        ("find", {"collection": "a$b"}, "is no name of a collection"),
        ("find", {"collection": "c", "filter": [1]}, "`filter` must be a map, not list"),
        ("find", {"collection": "c", "filter": {"$nope": 1}}, r"\$nope"),
        ("find", {"collection": "c", "limit": -1}, "`limit` must be a whole number from 0"),
        ("find", {"collection": "c", "sort": {"a": 2}}, "`sort` of `a` must be 1 or -1"),
        ("find", {"collection": "c", "filter": {"at": {"$date": "soon"}}}, r"'soon' is no date for \$date"),
        ("find_one", {"collection": "c", "filter": {"_id": {"$oid": "x"}}}, r"'x' is no value for \$oid"),
        ("insert", {"collection": "c"}, "either `documents`, or a single `document`"),
        ("insert", {"collection": "c", "documents": [1]}, r"`documents\[0\]` must be a map, not int"),
        ("insert", {"collection": "c", "documents": {"n": 2**70}}, "64 bits"),
        ("update", {"collection": "c", "filter": {}, "update": {"a": 1}}, "has the field `a` beside no operator"),
        ("update", {"collection": "c", "filter": {}, "update": {}}, "`update` is empty"),
        ("delete", {"collection": "c", "filter": None}, "`filter` must be a map"),
        ("aggregate", {"collection": "c", "pipeline": {}}, "`pipeline` must be a list"),
        ("aggregate", {"collection": "c", "pipeline": [{"$nope": 1}]}, r"\$nope"),
    ],
)
async def test_what_cannot_be_done_is_told(mongo: Connected, task: str, arguments: Any, message: str) -> None:
    with pytest.raises(FlowExecutionError, match=message):
        await mongo.call(task, **arguments)


async def test_each_operation_is_reported(people: Connected, statements: list[Statement]) -> None:
    await people.call("find", collection="people", filter={"born": {"$gt": 1900}})
    await people.call("find_one", collection="people", filter={"_id": 9})
    await people.call("insert", collection="people", document={"_id": 4})
    await people.call("update", collection="people", filter={}, update={"$set": {"x": 1}}, many=True)
    await people.call("delete", collection="people", filter={"_id": 4})
    await people.call("count", collection="people")
    await people.call("aggregate", collection="people", pipeline=[{"$match": {"_id": 1}}])
    with pytest.raises(FlowExecutionError):
        await people.call("find", collection="people", filter={"$nope": 1})

    assert [(sent.text, sent.params, sent.rows) for sent in statements[:-1]] == [
        ('find people {"born": {"$gt": 1900}}', None, 2),
        ('find people {"_id": 9}', None, 0),
        ("insert people", [{"_id": 4}], 1),
        ('update people {} {"$set": {"x": 1}}', None, 4),
        ('delete people {"_id": 4}', None, 1),
        ("count people {}", None, 1),
        ('aggregate people [{"$match": {"_id": 1}}]', None, 1),
    ]
    assert "$nope" in str(statements[-1].error)
    assert all(sent.duration_ms > 0 for sent in statements)


async def test_the_drivers_own_log_tells_nothing_of_commands(
    mongo: Connected, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await mongo.call("insert", collection="people", documents=[{"name": "canary-4711"}])
        await mongo.call("find", collection="people", filter={"name": "canary-4711"})
    assert "canary-4711" not in caplog.text
