"""What an expression may do: bounds on the work, on the size of what it makes, and on its numbers.

Work is counted, not timed, so that a slow machine never fails a good flow. A unit is about 50 nanoseconds: an
element that is looked at, or 64 characters that are copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, Final

from flowlang.errors import ExpressionError
from flowlang.values import MAX_DEPTH

MAX_WORK: Final = 200_000
MAX_CHARACTERS: Final = 1 << 20
MAX_ITEMS: Final = MAX_CHARACTERS // 8
MAX_BITS: Final = 4096

#: The units that are left, in a list of one.
Work = list[int]


def spend(work: Work, units: int) -> None:
    """Take units away. Raises ExpressionError when none are left."""
    work[0] -= units
    if work[0] < 0:
        raise ExpressionError("this is too much work for an expression", hint="do it in a task")


def check_size(characters: int) -> None:
    """Refuse to make a text that is too long."""
    if characters > MAX_CHARACTERS:
        raise ExpressionError(
            f"this text would be longer than {MAX_CHARACTERS:,} characters", hint="make a text of that size in a task"
        )


def check_items(count: int) -> None:
    """Refuse to make a list that is too long."""
    if count > MAX_ITEMS:
        raise ExpressionError(
            f"this list would have more than {MAX_ITEMS:,} items", hint="make a list of that size in a task"
        )


def check_number(number: Any) -> Any:
    """`number`, unless it is a whole number too large."""
    if type(number) is int and number.bit_length() > MAX_BITS:
        raise ExpressionError(f"this number has more than {MAX_BITS:,} bits")
    return number


def measure(value: Any, work: Work) -> None:
    """Spend work on everything inside a value, and refuse one whose text would be too long."""
    characters = 0
    waiting: list[tuple[Any, int]] = [([value], 0)]
    while waiting:
        container, depth = waiting.pop()
        items = _inside(container)
        spend(work, 5 + len(items))
        for item in items:
            kind = type(item)
            if kind is str:
                characters += len(item)
            elif kind not in _SMALL:
                if isinstance(item, (str, bytes, bytearray)):
                    characters += len(item)
                elif depth <= MAX_DEPTH:
                    waiting.append((item, depth + 1))
        characters += len(items)
        check_size(characters)
    spend(work, characters >> 6)


_SMALL: Final = frozenset({int, float, bool, type(None)})


def _inside(item: Any) -> list[Any]:
    if isinstance(item, (list, tuple, set, frozenset, range)):
        check_items(len(item))
        return list(item)
    if isinstance(item, Mapping):
        check_items(len(item))
        return [*item.keys(), *item.values()]
    if is_dataclass(item) and not isinstance(item, type):
        return [getattr(item, field, None) for field in item.__dataclass_fields__]
    return []
