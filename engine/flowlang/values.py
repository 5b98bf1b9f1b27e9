"""Plain data: the form in which values leave a run, always expressible as JSON.

Lossless where JSON has no type of its own: a date, time or datetime is ISO 8601 text, a `Decimal`, UUID or
ObjectId is its text, bytes are base64 text, a timedelta is seconds, a number that is not finite is its name as
text (`NaN`, `Infinity`, `-Infinity`). Keys of maps are text.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, NamedTuple

#: How deep a value may nest before the rest is shown as `…`; a value that contains itself ends here too.
MAX_DEPTH = 100

_EXACT = frozenset({str, int, bool, type(None)})


class ErrorValue(dict[str, Any]):
    """An error as flows see it: a map with `type`, `message` and `attempts`. Inside text it is its message."""

    __slots__ = ()

    def __str__(self) -> str:
        return str(self.get("message", ""))


class NotKept(NamedTuple):
    """In place of a value that there was once: what was shown of it, and why it is not kept."""

    shown: Any
    why: str


def plain(value: Any, mask: Callable[[Any], Any] | None = None, depth: int = 0) -> Any:
    """`value` as JSON-ready data, copied; `mask` may replace any text or number on the way (keys included)."""
    kind = type(value)
    if kind in _EXACT:
        return value if mask is None or value is None or kind is bool else mask(value)
    if kind is float and value - value == 0.0:
        return value if mask is None else mask(value)
    if depth > MAX_DEPTH:
        return "…"
    depth += 1
    if kind is dict:
        if mask is None:
            return {
                key if type(key) is str else _key(key): item if type(item) in _EXACT else plain(item, None, depth)
                for key, item in value.items()
            }
        return {mask(key if type(key) is str else _key(key)): plain(item, mask, depth) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [plain(item, mask, depth) for item in value]
    return _converted(value, mask, depth)


def _converted(value: Any, mask: Callable[[Any], Any] | None, depth: int) -> Any:
    if isinstance(value, float):
        if value == value and value not in (float("inf"), float("-inf")):
            return float(value) if mask is None else mask(float(value))
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Enum):
        return plain(value.value, mask, depth)
    if isinstance(value, (str, int)):
        exact = str.__str__(value) if isinstance(value, str) else int(value)
        return exact if mask is None else mask(exact)
    if isinstance(value, Mapping):
        return plain(dict(value), mask, depth)
    if isinstance(value, (datetime, date, time)):
        text = value.isoformat()
    elif isinstance(value, timedelta):
        return value.total_seconds()
    elif isinstance(value, (bytes, bytearray, memoryview)):
        text = b64encode(bytes(value)).decode("ascii")
    elif isinstance(value, (list, tuple, set, frozenset, range)) or _is_deque(value):
        return plain(list(value), mask, depth)
    elif hasattr(type(value), "__dataclass_fields__"):
        return plain({name: getattr(value, name, None) for name in type(value).__dataclass_fields__}, mask, depth)
    else:
        text = str(value)
    return text if mask is None else mask(text)


def _is_deque(value: Any) -> bool:
    return type(value).__name__ in ("deque", "dict_values", "dict_keys", "dict_items") and isinstance(value, Iterable)


def _key(key: Any) -> str:
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    text = plain(key)
    return text if isinstance(text, str) else str(text)


def to_json(value: Any, *, indent: int | None = None) -> str:
    """`value` as JSON text, with characters beyond ASCII as they are.

    Raises ValueError for a number of so many digits that Python writes none of them.
    """
    from json import dumps

    return dumps(plain(value), ensure_ascii=False, indent=indent)
