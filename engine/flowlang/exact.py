"""Values written down so that their types come back: JSON where it suffices, tagged JSON where it doesn't.

A tagged value is an object with one key that begins with `$`: `{"$decimal": "1.50"}`, `{"$tuple": [1, 2]}`. What
cannot come back (a secret, an object of a class that only its program knows) is kept as it was shown, with the reason.
"""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any, Final, NamedTuple
from uuid import UUID

from flowlang.plainly import LONGEST_INT, is_plain, to_text
from flowlang.values import MAX_DEPTH, ErrorValue, NotKept, plain

Redact = Callable[[Any], Any]

_LONGEST_RANGE: Final = 10_000_000

_ATOMS: Final = frozenset({str, int, bool, type(None)})
_ADDRESSES: Final = (IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network)

HIDDEN: Final = "$hidden"
SHOWN: Final = "$shown"
#: In place of a value that is kept elsewhere, by its hash; the journal's reader puts it back.
BLOB: Final = "$blob"
LARGE: Final = "$large"

SECRET: Final = "it holds a secret, which nobody keeps"


class Decoded(NamedTuple):
    """A value that was read, and why it is not the one that there was; None where it is."""

    value: Any
    why_not: str | None


def encode(value: Any, shown: Any, redact: Redact) -> tuple[str, bool]:
    """A value as JSON text, and whether that is tagged. `shown` is the value masked and plain, by `redact`."""
    if is_plain(value) and value == shown:
        return to_text(value), False
    return to_text(_tagged(value, None if plain(value) == shown else redact, 0)), True


def decode(tagged: Any) -> Decoded:
    """The value of a tagged text, once JSON was read. What makes no sense there is given back as it stands."""
    reasons: list[str] = []
    value = _value(tagged, reasons)
    return Decoded(value, reasons[0] if reasons else None)


def shown(tagged: Any) -> Any:
    """A tagged value as plain data, the way events show it."""
    if type(tagged) is list:
        return [shown(item) for item in tagged]
    if type(tagged) is not dict:
        return tagged
    tag = _tag_of(tagged)
    if tag is None:
        return {key: shown(item) for key, item in tagged.items()}
    content = tagged[tag]
    if tag in _SEQUENCES and type(content) is list:
        return [shown(item) for item in content]
    if tag == "$map" and type(content) is list:
        return plain({_hashable(decode(key).value): shown(item) for key, item in content})
    return plain(decode(tagged).value)


def why_large(size: int) -> str:
    """The reason why a value of so many bytes was not kept."""
    return f"it is too large to be kept ({size / 1_000_000:,.1f} MB as JSON)"


def large(size: int) -> str:
    """The text that stands for a value that was not kept."""
    return to_text({LARGE: size})


def _tagged(value: Any, redact: Redact | None, depth: int) -> Any:
    kind = type(value)
    if kind is NotKept:
        return {SHOWN: [value.shown, value.why]}
    if depth > MAX_DEPTH:
        return {SHOWN: ["…", f"it nests deeper than {MAX_DEPTH} levels"]}
    if kind is dict or kind is ErrorValue:
        return _tagged_map(value, redact, depth + 1)
    if kind in _TAGS:
        items = [_tagged(item, redact, depth + 1) for item in value]
        if kind is set or kind is frozenset:
            items.sort(key=to_text)
        return {_TAGS[kind]: items} if kind is not list else items
    if redact is not None and kind is not bool and value is not None:
        seen = redact(value)
        if seen != plain(value):
            return {HIDDEN: seen}
    if kind in _ATOMS:
        return {"$int": hex(value)} if kind is int and value.bit_length() > LONGEST_INT else value
    if kind is float:
        return value if value - value == 0.0 else {"$float": plain(value)}
    encoder = _ENCODERS.get(kind) or _foreign_encoder(kind)
    if encoder is None:
        why = f"an object of type `{kind.__name__}` cannot be written down exactly"
        return {SHOWN: [plain(value) if redact is None else redact(value), why]}
    tag, encoded = encoder
    return {tag: encoded(value)}


def _tagged_map(value: dict[Any, Any], redact: Redact | None, depth: int) -> Any:
    if redact is not None and any(redact(key) != plain(key) for key in value):
        return {HIDDEN: redact(value)}
    if type(value) is ErrorValue:
        return {"$error": _tagged_map(dict(value), redact, depth)}
    if all(type(key) is str for key in value) and not (len(value) == 1 and next(iter(value))[:1] == "$"):
        return {key: _tagged(item, redact, depth) for key, item in value.items()}
    pairs = ([_tagged(key, redact, depth), _tagged(item, redact, depth)] for key, item in value.items())
    return {"$map": list(pairs)}


def _value(tagged: Any, reasons: list[str]) -> Any:
    if type(tagged) is list:
        return [_value(item, reasons) for item in tagged]
    if type(tagged) is not dict:
        return tagged
    tag = _tag_of(tagged)
    if tag is None:
        return {key: _value(item, reasons) for key, item in tagged.items()}
    content = tagged[tag]
    try:
        if tag == HIDDEN:
            reasons.append(SECRET)
            return content
        if tag == SHOWN:
            value, why = content
            reasons.append(str(why))
            return value
        if tag == LARGE:
            reasons.append(why_large(content))
            return f"… {content / 1_000_000:,.1f} MB, not kept"
        if tag in _SEQUENCES:
            return _SEQUENCES[tag](_value(item, reasons) for item in content)
        if tag == "$map":
            return {_value(key, reasons): _value(item, reasons) for key, item in content}
        if tag == "$error":
            return ErrorValue(_value(content, reasons))
        return _DECODERS[tag](content)
    # a record from elsewhere may hold anything under a tag: it is shown, and said not to be the value
    except (ValueError, TypeError, ArithmeticError, LookupError, ImportError, AttributeError):
        reasons.append(f"what the journal has under `{tag}` cannot be read")
        return tagged


def _tag_of(tagged: dict[str, Any]) -> str | None:
    if len(tagged) == 1:
        [key] = tagged
        if key[:1] == "$":
            return key
    return None


def _hashable(key: Any) -> Any:
    try:
        hash(key)
    except TypeError:
        return str(key)
    return key


_SEQUENCES: Final[dict[str, Callable[[Any], Any]]] = {"$tuple": tuple, "$set": set, "$frozenset": frozenset}
_TAGS: Final[dict[type, str]] = {list: "", tuple: "$tuple", set: "$set", frozenset: "$frozenset"}

_ENCODERS: Final[dict[type, tuple[str, Callable[[Any], Any]]]] = {
    Decimal: ("$decimal", str),
    date: ("$date", date.isoformat),
    time: ("$time", lambda value: _moment(value)),
    datetime: ("$datetime", lambda value: _moment(value)),
    timedelta: ("$timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    UUID: ("$uuid", str),
    bytes: ("$bytes", lambda value: b64encode(value).decode("ascii")),
    bytearray: ("$bytearray", lambda value: b64encode(value).decode("ascii")),
    range: ("$range", lambda value: [value.start, value.stop, value.step]),
    **{kind: ("$ip", lambda value: [type(value).__name__, str(value)]) for kind in _ADDRESSES},
}

_DECODERS: Final[dict[str, Callable[[Any], Any]]] = {
    "$decimal": Decimal,
    "$date": date.fromisoformat,
    "$time": lambda content: _read_moment(time, content),
    "$datetime": lambda content: _read_moment(datetime, content),
    "$timedelta": lambda content: timedelta(*content),
    "$uuid": UUID,
    "$bytes": lambda content: b64decode(content, validate=True),
    "$bytearray": lambda content: bytearray(b64decode(content, validate=True)),
    "$range": lambda content: _read_range(*content),
    "$int": lambda content: int(content, 16),
    "$float": float,
    "$ip": lambda content: _read_address(*content),
    "$oid": lambda content: _foreign("bson.objectid", "ObjectId")(content),
    "$int64": lambda content: _foreign("bson.int64", "Int64")(content),
    "$decimal128": lambda content: _foreign("bson.decimal128", "Decimal128")(content),
}

#: Types of libraries that may not be there, by module and name.
_FOREIGN: Final[dict[tuple[str, str], tuple[str, Callable[[Any], Any]]]] = {
    ("bson.objectid", "ObjectId"): ("$oid", str),
    ("bson.int64", "Int64"): ("$int64", int),
    ("bson.decimal128", "Decimal128"): ("$decimal128", str),
}


def _foreign_encoder(kind: type) -> tuple[str, Callable[[Any], Any]] | None:
    key = (kind.__module__, kind.__name__)
    known = _FOREIGN.get(key)
    # another class may call itself the same
    return known if known is not None and getattr(sys.modules.get(key[0]), key[1], None) is kind else None


def _foreign(module: str, name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(module), name)


def _moment(value: datetime | time) -> Any:
    """ISO text, and where it doesn't say all: the name of the zone, and which of two equal hours it is."""
    zone = getattr(value.tzinfo, "key", None)
    return [value.isoformat(), zone, value.fold] if zone or value.fold else value.isoformat()


def _read_moment(kind: type[datetime] | type[time], content: Any) -> datetime | time:
    if isinstance(content, str):
        return kind.fromisoformat(content)
    text, zone, fold = content
    value = kind.fromisoformat(text).replace(fold=int(fold))
    if not zone:
        return value
    from zoneinfo import ZoneInfo

    return value.replace(tzinfo=ZoneInfo(zone))


def _read_range(start: int, stop: int, step: int) -> range:
    read = range(start, stop, step)
    if len(read) > _LONGEST_RANGE:  # to show it would take all memory; one that was recorded has been shown
        raise ValueError("too long")
    return read


def _read_address(name: str, text: str) -> Any:
    return {kind.__name__: kind for kind in _ADDRESSES}[name](text)
