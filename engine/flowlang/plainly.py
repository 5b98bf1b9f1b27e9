"""The JSON of plain values, quickly: most of what steps exchange are small flat maps."""

from __future__ import annotations

import json.encoder
from collections.abc import Callable
from typing import Any, Final

from flowlang.values import MAX_DEPTH

#: Whole numbers beyond so many bits have no JSON here: Python reads no decimal ones of that length.
LONGEST_INT: Final = 8192

_ATOMS: Final = frozenset({str, int, bool, type(None)})
_SHORT: Final = 8

quoted: Final = json.encoder.encode_basestring_ascii


def _encoder() -> Callable[[Any], str]:
    """What makes JSON text of plain data: the encoder in C itself, where Python has it, without what is around it."""
    usual = json.JSONEncoder(separators=(",", ":"), check_circular=False)
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    try:
        parts = make(None, usual.default, quoted, None, ":", ",", False, False, True)
    except TypeError:  # there is none, or it takes something else
        return usual.encode
    return lambda value: "".join(parts(value, 0))


to_text: Final = _encoder()


class _Keys(dict[str, str]):
    """The beginning of each key's entry: `"name":`."""

    def __missing__(self, key: str) -> str:
        if type(key) is not str:
            raise TypeError("JSON has no such key")
        text = f"{quoted(key)}:"
        if len(self) < 10_000:
            self[key] = text
        return text


_keys: Final = _Keys()


def flat(value: dict[Any, Any]) -> str | None:
    """The JSON of a small map of plain atoms, from which exactly this value is read; None for any other."""
    if len(value) > _SHORT:
        return None
    text, between = "", "{"
    try:
        for key, item in value.items():
            kind = type(item)
            if kind is int:
                text = f"{text}{between}{_keys[key]}{item}"
            elif kind is str:
                text = f"{text}{between}{_keys[key]}{quoted(item)}"
            elif item is None:
                text = f"{text}{between}{_keys[key]}null"
            elif kind is bool:
                text = f"{text}{between}{_keys[key]}{'true' if item else 'false'}"
            elif kind is float and item - item == 0.0:
                text = f"{text}{between}{_keys[key]}{item!r}"
            else:
                return None
            between = ","
    # a key that is no text, or a number too long to be written in decimals
    except (TypeError, ValueError):
        return None
    return f"{text}}}" if value else "{}"


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether JSON gives back exactly this value, types included."""
    kind = type(value)
    if kind in _ATOMS:
        return kind is not int or value.bit_length() <= LONGEST_INT
    if kind is float:
        return bool(value - value == 0.0)
    if depth > MAX_DEPTH:
        return False
    if kind is dict:
        for key in value:
            if type(key) is not str:
                return False
        value = value.values()
    elif kind is not list:
        return False
    for item in value:
        kind = type(item)
        if kind is int:
            if item.bit_length() > LONGEST_INT:
                return False
        elif kind not in _ATOMS and not is_plain(item, depth + 1):
            return False
    return True
