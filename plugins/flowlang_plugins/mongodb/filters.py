"""Filters, orders and projections as flows write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bson import ObjectId

from flowlang.errors import FlowExecutionError
from flowlang_plugins.mongodb.values import document, documents

_ORDERING: Final = frozenset({"$gt", "$gte", "$lt", "$lte"})
_LISTS: Final = frozenset({"$and", "$or", "$nor"})
_DIRECTIONS: Final = {1: 1, -1: -1, "1": 1, "-1": -1, "asc": 1, "desc": -1, "ascending": 1, "descending": -1}


def filter_of(value: Any) -> dict[str, Any]:
    """A filter whose `_id` finds documents whichever way the id is stored: as an ObjectId or as its text."""
    condition: dict[str, Any] = _either(document({} if value is None else value, "filter"))
    return condition


def pipeline_of(value: Any) -> list[dict[str, Any]]:
    """The stages of an aggregation; those that filter find ids as `filter_of` says."""
    return [_stage(stage) for stage in documents(value, "pipeline")]


def is_one_id(condition: Mapping[str, Any]) -> bool:
    """Whether a filter asks for an `_id` that may be stored in two ways."""
    return _looks_like_id(condition.get("_id"))


def sort_of(value: Any) -> list[tuple[str, int]] | None:
    """An order: a map of fields to 1 or -1, a list of fields and directions, or a field; `-field` is descending."""
    if not value:
        return None
    if isinstance(value, str):
        value = [value]
    if isinstance(value, Mapping):
        return [_ordered(field, direction) for field, direction in value.items()]
    if not isinstance(value, (list, tuple)):
        raise FlowExecutionError(f"`sort` must be a map, a list or a field's name, not {type(value).__name__}")
    if len(value) == 2 and isinstance(value[0], str) and value[1] in (1, -1):
        return [_ordered(*value)]
    return [order for entry in value for order in _entry(entry)]


def projection_of(value: Any) -> dict[str, Any] | list[str] | None:
    """Which fields come back: a map of fields to 1 or 0, or a list of fields."""
    if not value:
        return None
    if isinstance(value, (list, tuple)):
        return [str(field) for field in value]
    return document(value, "projection")


def _entry(entry: Any) -> list[tuple[str, int]]:
    if isinstance(entry, str):
        return [(entry[1:], -1)] if entry.startswith("-") else [(entry, 1)]
    if isinstance(entry, Mapping):
        return [_ordered(field, direction) for field, direction in entry.items()]
    if isinstance(entry, (list, tuple)) and len(entry) == 2:
        return [_ordered(*entry)]
    raise FlowExecutionError(f"`sort` has an entry that is no field and direction: {entry!r}")


def _ordered(field: Any, direction: Any) -> tuple[str, Any]:
    if isinstance(direction, Mapping):
        return str(field), dict(direction)
    known = _DIRECTIONS.get(direction.lower() if isinstance(direction, str) else direction)
    if known is None or isinstance(direction, bool):
        raise FlowExecutionError(f"`sort` of `{field}` must be 1 or -1, not {direction!r}")
    return str(field), known


def _stage(stage: dict[str, Any]) -> dict[str, Any]:
    """A stage, with the filters in it and in the pipelines inside it."""
    return {name: _either(body) if name == "$match" else _inside(body) for name, body in stage.items()}


def _inside(body: Any) -> Any:
    if isinstance(body, dict):
        return {
            key: [_stage(stage) if isinstance(stage, dict) else stage for stage in item]
            if isinstance(item, list)
            else _inside(item)
            for key, item in body.items()
        }
    return body


def _either(condition: Any) -> Any:
    if not isinstance(condition, dict):
        return condition
    found: dict[str, Any] = {}
    further: list[dict[str, Any]] = []
    for key, value in condition.items():
        if key in _LISTS and isinstance(value, list):
            found[key] = [_either(part) for part in value]
        elif key == "_id" and isinstance(value, dict) and any(_looks_like_id(value.get(order)) for order in _ORDERING):
            # values of two types have no order among each other, so each way is a condition of its own
            further.append({"$or": [{"_id": _ways(value, as_ids=True)}, {"_id": _ways(value, as_ids=False)}]})
        elif key == "_id":
            found[key] = _id(value)
        else:
            found[key] = value
    return found if not further else {"$and": [*further, found]} if found else further[0]


def _id(value: Any) -> Any:
    if _looks_like_id(value):
        return {"$in": [ObjectId(value), value]}
    return _ways(value) if isinstance(value, dict) else value


def _ways(operators: dict[str, Any], as_ids: bool | None = None) -> dict[str, Any]:
    """The operators on `_id`; those that order compare with the ids, or with their text."""
    ways: dict[str, Any] = {}
    for operator, value in operators.items():
        if operator in ("$in", "$nin") and isinstance(value, list):
            ways.setdefault(operator, []).extend(way for item in value for way in _both(item))
        elif operator == "$eq" and _looks_like_id(value) and "$in" not in operators:
            ways["$in"] = _both(value)
        elif operator == "$ne" and _looks_like_id(value):
            ways.setdefault("$nin", []).extend(_both(value))
        elif operator in _ORDERING and as_ids and _looks_like_id(value):
            ways[operator] = ObjectId(value)
        elif operator == "$not" and isinstance(value, dict):
            ways[operator] = _ways(value)
        else:
            ways[operator] = value
    return ways


def _both(value: Any) -> list[Any]:
    return [ObjectId(value), value] if _looks_like_id(value) else [value]


def _looks_like_id(value: Any) -> bool:
    return type(value) is str and len(value) == 24 and ObjectId.is_valid(value)
