"""Values on their way into and out of MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from bson import Binary, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.errors import BSONError

from flowlang.errors import FlowExecutionError
from flowlang.values import plain

_NATIVE: Final = frozenset({str, int, float, bool, bytes, type(None), datetime, ObjectId, UUID, Decimal128, Int64})
#: Types that data has no notation for, as MongoDB's extended JSON writes them: `{$date: "2024-02-29T12:00:00Z"}`.
_WRITTEN: Final = frozenset(
    {"$date", "$oid", "$numberDecimal", "$numberLong", "$numberInt", "$numberDouble", "$uuid", "$binary", "$timestamp"}
    | {"$minKey", "$maxKey", "$regularExpression"}
)


def stored(value: Any) -> Any:
    """A value of a flow as the driver takes it.

    A `Decimal` is stored as such, a date as its midnight in UTC, a time as text. Extended JSON is understood.
    """
    kind = type(value)
    if kind in _NATIVE:
        return value
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)) in _WRITTEN:
            return _read(value)
        return {_key(key): stored(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [stored(item) for item in value]
    if isinstance(value, Decimal):
        return Decimal128(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (datetime, Binary, Code, DBRef, MinKey, MaxKey, Regex, Timestamp)):
        return value
    return plain(value)


def document(value: Any, name: str) -> dict[str, Any]:
    """An argument that must be a map: a document, a filter."""
    if not isinstance(value, Mapping):
        raise FlowExecutionError(f"`{name}` must be a map, not {type(value).__name__}")
    converted = stored(value)
    if not isinstance(converted, dict):
        raise FlowExecutionError(f"`{name}` must be a document, but {next(iter(value))} is a single value")
    return converted


def documents(value: Any, name: str) -> list[dict[str, Any]]:
    """An argument that must be a list of maps."""
    if not isinstance(value, (list, tuple)):
        raise FlowExecutionError(f"`{name}` must be a list, not {type(value).__name__}")
    return [document(item, f"{name}[{index}]") for index, item in enumerate(value)]


def loaded(value: Any) -> Any:
    """A value from the server as plain data.

    An ObjectId is its text, a Decimal128 a `Decimal`, binary is bytes; dates are in UTC and say so.
    """
    kind = type(value)
    if kind is dict:
        return {key: loaded(item) for key, item in value.items()}
    if kind is list:
        return [loaded(item) for item in value]
    convert = _LOADING.get(kind)
    return value if convert is None else convert(value)


def _read(value: Mapping[str, Any]) -> Any:
    from bson.binary import UuidRepresentation
    from bson.json_util import JSONOptions, object_hook

    options = JSONOptions(tz_aware=True, tzinfo=UTC, uuid_representation=UuidRepresentation.STANDARD)
    ((key, content),) = value.items()
    if key == "$date" and isinstance(content, (datetime, date)):
        return stored(content)
    if key == "$date" and isinstance(content, str):
        return _date(content)
    try:
        return object_hook({key: stored(content) if key == "$date" else content}, options)
    except (ValueError, TypeError, KeyError, ArithmeticError, BSONError) as error:
        raise FlowExecutionError(f"{content!r} is no value for {key}: {error}") from error


def _date(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise FlowExecutionError(
            f"{text!r} is no date for $date", hint="write it as 2024-02-29 or 2024-02-29T12:00:00Z"
        ) from None
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(plain(key))


def _in_utc(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


_LOADING: Final[dict[type, Callable[[Any], Any]]] = {
    ObjectId: str,
    datetime: _in_utc,
    Decimal128: Decimal128.to_decimal,
    Binary: bytes,
    Int64: int,
    Regex: lambda value: value.pattern,
    Timestamp: Timestamp.as_datetime,
    Code: str,
    MinKey: lambda value: "MinKey",
    MaxKey: lambda value: "MaxKey",
    DBRef: lambda value: loaded(dict(value.as_doc())),
}
