"""Values on their way into and out of Redis, which itself knows only bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowlang.errors import FlowExecutionError
from flowlang.values import plain, to_json


def stored(value: Any, name: str = "value") -> str | bytes | int:
    """A value as Redis stores it: text and bytes as they are, maps, lists, numbers and booleans as JSON.

    A date, `Decimal` or UUID is its text. Null can't be stored.
    """
    kind = type(value)
    if kind is str or kind is bytes or kind is int:
        return value  # type: ignore[no-any-return]
    if value is None:
        raise FlowExecutionError(
            f"`{name}` is null, which Redis can't store", hint="delete the key instead, or store the text `null`"
        )
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (bool, float, Mapping, list, tuple, set, frozenset)):
        return to_json(value)
    converted = plain(value)
    return converted if isinstance(converted, str) else to_json(converted)


def loaded(value: Any) -> Any:
    """A stored value as a flow gets it: a JSON object or list as one, anything else as it is.

    Text that only looks like a number stays text.
    """
    if type(value) is not str or value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    # digits or nesting beyond Python's limits, or no JSON at all
    except (ValueError, RecursionError):
        return value


def stored_key(value: Any, name: str = "key") -> str | bytes:
    """The name of a key or field."""
    if isinstance(value, (str, bytes)) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    said = "empty" if value in ("", b"") else "null" if value is None else type(value).__name__
    raise FlowExecutionError(f"`{name}` must be text, but it is {said}")


def listed(several: Any, one: Any, name: str, singular: str) -> list[Any]:
    """What was given as a list, or as a single thing; at least one."""
    if several is not None and one is not None:
        raise FlowExecutionError(f"give either `{name}` or `{singular}`, not both")
    if one is not None:
        return [one]
    if several is None:
        raise FlowExecutionError(f"`{name}` is missing: a list, or `{singular}` for a single one")
    values = list(several) if isinstance(several, (list, tuple, set, frozenset)) else [several]
    if not values:
        raise FlowExecutionError(f"`{name}` is empty")
    return values


def pairs(mapping: Any, name: str) -> list[Any]:
    """A map's keys and values, one after the other, as commands take them."""
    if not isinstance(mapping, Mapping) or not mapping:
        raise FlowExecutionError(f"`{name}` must be a map with at least one entry")
    return [part for key, value in mapping.items() for part in (stored_key(key, name), stored(value, f"{name}.{key}"))]
