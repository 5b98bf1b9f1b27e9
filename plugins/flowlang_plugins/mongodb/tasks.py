"""The MongoDB tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowlang.errors import FlowExecutionError


async def mongo_find(
    collection: str,
    filter: dict[str, Any] | None = None,
    projection: dict[str, Any] | list[str] | None = None,
    sort: dict[str, Any] | list[Any] | str | None = None,
    limit: int = 0,
    skip: int = 0,
    connection: Any = None,
) -> dict[str, Any]:
    """Find documents.

    Ids come back as text, and an `_id` that looks like one finds documents whichever way it is stored. A date in a
    filter is written as `{$date: "2024-02-29T12:00:00Z"}`.

    Args:
        collection: Name of the collection
        filter: Which documents, in MongoDB's query language; all of them without it
        projection: Which fields: a map of fields to 1 or 0, or a list of fields
        sort: The order: a map of fields to 1 or -1
        limit: How many documents at most; 0 is all of them
        skip: How many documents are left out at the start
        connection: The connection (injected)

    Returns:
        documents: The documents, a map each
        count: How many there are

    Example YAML:
        - mongo_find:
            id: open_orders
            connection: db
            collection: orders
            filter: {status: open, total: {$gte: 10}}
            sort: {total: -1}
            limit: 20
    """
    from flowlang_plugins.mongodb.client import fetched, operate
    from flowlang_plugins.mongodb.filters import filter_of, projection_of, sort_of
    from flowlang_plugins.mongodb.values import loaded

    name, condition, fields = _collection(collection), filter_of(filter), projection_of(projection)
    order, most, first = sort_of(sort), _count(limit, "limit"), _count(skip, "skip")
    found, sent = await operate(
        connection,
        f"find {name}",
        [condition],
        None,
        lambda database, session: fetched(
            database, database[name].find(condition, fields, skip=first, limit=most, sort=order, session=session)
        ),
    )
    sent.rows = len(found)
    return {"documents": [loaded(document) for document in found], "count": len(found)}


async def mongo_find_one(
    collection: str,
    filter: dict[str, Any] | None = None,
    projection: dict[str, Any] | list[str] | None = None,
    connection: Any = None,
) -> dict[str, Any]:
    """Find one document.

    Args:
        collection: Name of the collection
        filter: Which document, in MongoDB's query language
        projection: Which fields: a map of fields to 1 or 0, or a list of fields
        connection: The connection (injected)

    Returns:
        document: The document, null if there is none
        found: Whether there is one

    Example YAML:
        - mongo_find_one:
            id: user
            connection: db
            collection: users
            filter: {_id: "${inputs.user_id}"}
    """
    from flowlang_plugins.mongodb.client import operate
    from flowlang_plugins.mongodb.filters import filter_of, projection_of
    from flowlang_plugins.mongodb.values import loaded

    name, condition, fields = _collection(collection), filter_of(filter), projection_of(projection)
    found, sent = await operate(
        connection,
        f"find {name}",
        [condition],
        None,
        lambda database, session: database[name].find_one(condition, fields, session=session),
    )
    sent.rows = 0 if found is None else 1
    return {"document": loaded(found), "found": found is not None}


async def mongo_insert(
    collection: str,
    documents: list[Any] | dict[str, Any] | None = None,
    document: dict[str, Any] | None = None,
    connection: Any = None,
) -> dict[str, Any]:
    """Insert documents.

    They are inserted one after the other: if one is refused, those before it are there.

    Args:
        collection: Name of the collection
        documents: The documents, or a single one; one without `_id` gets one
        document: A single document, instead of `documents`
        connection: The connection (injected)

    Returns:
        inserted_ids: The ids of the documents
        count: How many there are

    Example YAML:
        - mongo_insert:
            id: add
            connection: db
            collection: orders
            documents:
              - {customer: Ada, total: 12.5, at: {$date: "2024-02-29T12:00:00Z"}}
              - {customer: Grace, total: 30}
    """
    from flowlang_plugins.mongodb.client import operate
    from flowlang_plugins.mongodb.values import documents as checked
    from flowlang_plugins.mongodb.values import loaded

    if (documents is None) == (document is None):
        raise FlowExecutionError("give either `documents`, or a single `document`")
    given = [document] if document is not None else [documents] if isinstance(documents, Mapping) else documents
    new = checked(given, "documents")
    name = _collection(collection)
    if not new:
        return {"inserted_ids": [], "count": 0}
    result, sent = await operate(
        connection,
        f"insert {name}",
        [],
        given,
        lambda database, session: database[name].insert_many(new, session=session),
    )
    sent.rows = len(result.inserted_ids)
    return {"inserted_ids": [loaded(each) for each in result.inserted_ids], "count": len(result.inserted_ids)}


async def mongo_update(
    collection: str,
    filter: dict[str, Any],
    update: dict[str, Any] | list[Any],
    many: bool = False,
    upsert: bool = False,
    connection: Any = None,
) -> dict[str, Any]:
    """Change documents.

    Args:
        collection: Name of the collection
        filter: Which documents, in MongoDB's query language
        update: The change: `$set`, `$inc`, `$push` and so on, or a list of stages
        many: Whether all documents that the filter finds are changed, or only the first
        upsert: Whether a document is inserted if the filter finds none
        connection: The connection (injected)

    Returns:
        matched_count: How many documents the filter found, at most 1 without `many`
        modified_count: How many of them are different now
        upserted_id: The id of the document that was inserted, null if none was

    Example YAML:
        - mongo_update:
            id: ship
            connection: db
            collection: orders
            filter: {customer: Ada}
            update: {$set: {status: shipped}}
            many: true
    """
    from flowlang_plugins.mongodb.client import operate
    from flowlang_plugins.mongodb.filters import filter_of, is_one_id
    from flowlang_plugins.mongodb.values import document as checked
    from flowlang_plugins.mongodb.values import loaded

    name, change = _collection(collection), _change(update)
    exact, either = checked(filter, "filter"), filter_of(filter)

    async def apply(condition: Any, inserting: bool) -> Any:
        result, sent = await operate(
            connection,
            f"update {name}",
            [condition, change],
            None,
            lambda database, session: (database[name].update_many if many else database[name].update_one)(
                condition, change, upsert=inserting, session=session
            ),
        )
        sent.rows = result.matched_count + (result.upserted_id is not None)
        return result

    # a document is inserted with the id that the filter names, so that must be one and not one of two
    split = upsert and is_one_id(exact)
    result = await apply(either, upsert and not split)
    if split and not result.matched_count:
        result = await apply(exact, True)
    return {
        "matched_count": result.matched_count,
        "modified_count": result.modified_count,
        "upserted_id": loaded(result.upserted_id),
    }


async def mongo_delete(
    collection: str, filter: dict[str, Any], many: bool = False, connection: Any = None
) -> dict[str, Any]:
    """Delete documents.

    Args:
        collection: Name of the collection
        filter: Which documents, in MongoDB's query language; an empty map is any
        many: Whether all documents that the filter finds are deleted, or only the first
        connection: The connection (injected)

    Returns:
        deleted_count: How many documents were deleted

    Example YAML:
        - mongo_delete:
            id: clean
            connection: db
            collection: sessions
            filter: {expires: {$lt: {$date: "${context.started_at}"}}}
            many: true
    """
    from flowlang_plugins.mongodb.client import operate
    from flowlang_plugins.mongodb.filters import filter_of
    from flowlang_plugins.mongodb.values import document as checked

    name, condition = _collection(collection), filter_of(checked(filter, "filter"))
    result, sent = await operate(
        connection,
        f"delete {name}",
        [condition],
        None,
        lambda database, session: (database[name].delete_many if many else database[name].delete_one)(
            condition, session=session
        ),
    )
    sent.rows = result.deleted_count
    return {"deleted_count": result.deleted_count}


async def mongo_count(collection: str, filter: dict[str, Any] | None = None, connection: Any = None) -> dict[str, Any]:
    """Count documents.

    Args:
        collection: Name of the collection
        filter: Which documents, in MongoDB's query language; all of them without it
        connection: The connection (injected)

    Returns:
        count: How many there are

    Example YAML:
        - mongo_count:
            id: open
            connection: db
            collection: orders
            filter: {status: open}
    """
    from flowlang_plugins.mongodb.client import operate
    from flowlang_plugins.mongodb.filters import filter_of

    name, condition = _collection(collection), filter_of(filter)
    count, sent = await operate(
        connection,
        f"count {name}",
        [condition],
        None,
        lambda database, session: database[name].count_documents(condition, session=session),
    )
    sent.rows = 1
    return {"count": count}


async def mongo_aggregate(collection: str, pipeline: list[Any], connection: Any = None) -> dict[str, Any]:
    """Run an aggregation.

    Args:
        collection: Name of the collection
        pipeline: The stages, in MongoDB's aggregation language
        connection: The connection (injected)

    Returns:
        documents: What comes out of the last stage
        count: How many documents that are

    Example YAML:
        - mongo_aggregate:
            id: by_customer
            connection: db
            collection: orders
            pipeline:
              - {$match: {status: open}}
              - {$group: {_id: $customer, total: {$sum: $total}}}
              - {$sort: {total: -1}}
    """
    from flowlang_plugins.mongodb.client import fetched, operate
    from flowlang_plugins.mongodb.filters import pipeline_of
    from flowlang_plugins.mongodb.values import loaded

    name, stages = _collection(collection), pipeline_of(pipeline)
    found, sent = await operate(
        connection,
        f"aggregate {name}",
        [stages],
        None,
        lambda database, session: fetched(database, database[name].aggregate(stages, session=session)),
    )
    sent.rows = len(found)
    return {"documents": [loaded(document) for document in found], "count": len(found)}


def _collection(name: Any) -> str:
    if not isinstance(name, str) or not name or "\0" in name or "$" in name or name.strip(".") != name or ".." in name:
        raise FlowExecutionError(f"{name!r} is no name of a collection")
    return name


def _count(value: Any, name: str) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or value < 0:
        raise FlowExecutionError(f"`{name}` must be a whole number from 0, not {value!r}")
    return int(value)


def _change(update: Any) -> dict[str, Any] | list[dict[str, Any]]:
    from flowlang_plugins.mongodb.values import document as checked
    from flowlang_plugins.mongodb.values import documents

    if isinstance(update, (list, tuple)):
        return documents(update, "update")
    change = checked(update, "update")
    if not change:
        raise FlowExecutionError("`update` is empty", hint="say what changes: {$set: {status: shipped}}")
    plain_fields = [key for key in change if not key.startswith("$")]
    if plain_fields:
        raise FlowExecutionError(
            f"`update` has the field `{plain_fields[0]}` beside no operator", hint="put the fields under `$set`"
        )
    return change
