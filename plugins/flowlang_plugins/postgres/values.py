"""Values on their way into PostgreSQL, which wants each parameter in the type of its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from json import dumps, loads
from typing import Any, Final, NamedTuple

from flowlang.errors import FlowExecutionError
from flowlang.values import plain, to_json

Coercion = Callable[[Any], Any]


class Coercer(NamedTuple):
    """How a parameter becomes what the driver takes: values of the `native` types go as they are.

    Of a `strict` type the driver takes no others; of another one it takes some and means them differently.

    `coerce` raises `ValueError` or `TypeError` for what doesn't fit; text that it refuses is left to the server.
    """

    native: frozenset[type]
    coerce: Coercion
    strict: bool = False

    def __call__(self, value: Any) -> Any:
        if value is None or type(value) in self.native:
            return value
        try:
            return self.coerce(value)
        except (ValueError, TypeError, ArithmeticError, KeyError):
            return value


def json_text(value: Any) -> str:
    """What is stored in a `json` or `jsonb` column: text that is a JSON object or list is meant as such."""
    if isinstance(value, str):
        if value.lstrip()[:1] in ("{", "["):
            try:
                loads(value)
            except ValueError:
                return dumps(value, ensure_ascii=False)
            return value
        return dumps(value, ensure_ascii=False)
    return to_json(value)


def _json_bytes(value: Any) -> bytes:
    return json_text(value).encode()


def _jsonb_bytes(value: Any) -> bytes:
    return b"\1" + _json_bytes(value)


def _from_jsonb(value: bytes) -> Any:
    return loads(value[1:])


#: By type what writes and reads the binary form, which COPY needs; that of `jsonb` begins with its version.
JSON_CODECS: Final = {"json": (_json_bytes, loads), "jsonb": (_jsonb_bytes, _from_jsonb)}


def _whole(value: Any) -> int:
    if isinstance(value, str):
        return int(value)
    whole = int(value)
    if whole != value:
        raise ValueError("not a whole number")
    return whole


def _decimal(value: Any) -> Decimal:
    return Decimal(str(value).strip())


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return _TRUTH[value.strip().lower()]
    return bool(value) if value in (0, 1) else _no(value)


_TRUTH: Final = {"true": True, "false": False}


def _no(value: Any) -> Any:
    raise ValueError(f"{type(value).__name__} doesn't fit")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode()
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return to_json(value)
    converted = plain(value)
    return converted if isinstance(converted, str) else to_json(converted)


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return bytes.fromhex(value[2:]) if value.startswith("\\x") else value.encode()
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else _no(value)


def _date(value: Any) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value.strip())
    return value.date() if isinstance(value, datetime) else _no(value)


def _time(value: Any) -> time:
    return time.fromisoformat(value.strip()) if isinstance(value, str) else _no(value)


def _interval(value: Any) -> timedelta:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return timedelta(seconds=float(value))
    raise ValueError("no number of seconds")


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip())
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else _no(value)


def _local(zone: tzinfo) -> Coercion:
    """For `timestamp`: the clock of the session's time zone, as the server converts."""

    def coerce(value: Any) -> datetime:
        moment = _moment(value)
        return moment if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None)

    return coerce


def _absolute(zone: tzinfo) -> Coercion:
    """For `timestamptz`: a time without a zone is meant in the session's, as the server understands it."""

    def coerce(value: Any) -> datetime:
        moment = _moment(value)
        return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment

    return coerce


_NONE: Final[frozenset[type]] = frozenset()
_WHOLE: Final = Coercer(frozenset({int}), _whole, strict=True)
_FLOAT: Final = Coercer(frozenset({float, int}), float, strict=True)
_TEXT: Final = Coercer(frozenset({str}), _text, strict=True)
_COERCERS: Final[Mapping[str, Coercer]] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), _WHOLE),
    **dict.fromkeys(("float4", "float8"), _FLOAT),
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext"), _TEXT),
    "numeric": Coercer(frozenset({Decimal, int}), _decimal),
    "bool": Coercer(frozenset({bool}), _truth, strict=True),
    "bytea": Coercer(frozenset({bytes}), _bytes, strict=True),
    "date": Coercer(frozenset({date}), _date),
    "time": Coercer(frozenset({time}), _time),
    "timetz": Coercer(_NONE, _time),
    "interval": Coercer(frozenset({timedelta}), _interval),
}


def coercer(kind: str, name: str, zone: tzinfo) -> Coercer | None:
    """What makes parameters of a type fit; None for types that are left to the driver."""
    if kind == "array":
        return _array(coercer("scalar", name.removesuffix("[]"), zone))
    if name == "timestamp":
        return Coercer(_NONE, _local(zone))
    if name == "timestamptz":
        return Coercer(_NONE, _absolute(zone))
    return _COERCERS.get(name)


def _array(element: Coercer | None) -> Coercer:
    def coerce(value: Any) -> Any:
        if isinstance(value, str):
            value = loads(value)
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise TypeError("not a list")
        return [item if item is None or element is None else _item(item) for item in value]

    def _item(item: Any) -> Any:
        if isinstance(item, (list, tuple)):
            return coerce(item)
        return item if element is None else element(item)

    return Coercer(_NONE, coerce)


def zone_named(name: str | None) -> tzinfo:
    """The time zone of a session; UTC if this system doesn't know it."""
    from zoneinfo import ZoneInfo

    if name is None or name.upper() in ("UTC", "ETC/UTC", "GMT"):
        return UTC
    try:
        return ZoneInfo(name)
    # `ZoneInfoNotFoundError`, `ValueError` or an `OSError`, depending on what is odd about the name
    except (KeyError, ValueError, OSError):
        return UTC


#: Types whose values come back as they are; all others are looked at.
_PLAIN: Final = frozenset({"json", "jsonb", "uuid", "xml", "timestamp", "timestamptz", *_COERCERS})


def needs_converting(kind: str, name: str) -> bool:
    """Whether values of a type come back from the driver in a form of its own."""
    return name.removesuffix("[]") not in _PLAIN if kind in ("scalar", "array") else True


def converted(value: Any) -> Any:
    """A value of the driver as plain data: ranges and bits as text, composites as maps, points as lists."""
    if value is None or isinstance(value, (str, int, float, Decimal)):
        return value
    kind = type(value).__name__
    if kind == "Record":
        return {name: converted(item) for name, item in value.items()}
    if kind == "Range":
        return _range(value)
    if kind == "BitString":
        return value.as_string().replace(" ", "")
    if isinstance(value, (list, tuple)):
        return [converted(item) for item in value]
    if kind in ("Box", "LineSegment", "Circle", "Line"):
        return [converted(item) for item in value]
    return str(value) if kind.startswith("IPv") else value


def _range(value: Any) -> str:
    if value.isempty:
        return "empty"
    lower, upper = ("" if edge is None else str(plain(edge)) for edge in (value.lower, value.upper))
    return f"{'[' if value.lower_inc else '('}{lower},{upper}{']' if value.upper_inc else ')'}"


def by_position(params: Any) -> list[Any]:
    """The parameters of a statement; PostgreSQL has them by position only."""
    if params is None:
        return []
    if isinstance(params, (list, tuple)):
        return list(params)
    if isinstance(params, Mapping):
        raise FlowExecutionError(
            "PostgreSQL has no named parameters", hint="give `params` as a list; `$1` is its first entry"
        )
    raise FlowExecutionError(f"`params` must be a list, not {type(params).__name__}")
