"""Values as JSON for people and programs that read what a command prints: nothing stops it from being printed."""

from __future__ import annotations

from typing import Any, Final

from flowlang.values import plain, to_json

#: Whole numbers of fewer bits are written by Python, whose limit of digits is never below 640.
_WRITTEN: Final = 2_000
#: Larger ones take too long to be written out.
_LARGEST: Final = 1_000_000


def json_of(value: Any, *, indent: int | None = None) -> str:
    """`value` as JSON. A number with more digits than Python writes is a text of them, or of how many there are."""
    try:
        return to_json(value, indent=indent)
    except ValueError:
        return to_json(_spelled_out(plain(value)), indent=indent)


def _spelled_out(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _spelled_out(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_spelled_out(item) for item in data]
    if type(data) is not int or data.bit_length() < _WRITTEN:
        return data
    if data.bit_length() > _LARGEST:
        return f"… a number of {data.bit_length() * 0.30103:,.0f} digits"
    from decimal import Decimal

    return str(Decimal(data))
