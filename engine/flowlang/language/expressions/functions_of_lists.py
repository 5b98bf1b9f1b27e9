"""The functions that take lists and maps. Null is an empty list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flowlang.errors import ExpressionError
from flowlang.language.expressions.fields import field
from flowlang.language.expressions.operators import add, is_number
from flowlang.language.expressions.signature import (
    LISTS,
    function,
    items_of,
    map_of,
    orderly,
    text_of,
)
from flowlang.language.expressions.text import truth
from flowlang.language.expressions.wording import kind_of
from flowlang.language.expressions.work import Work, check_items, spend
from flowlang.values import MAX_DEPTH

#: Up to here `range` gives a list; a longer one is counted only as it is read.
_LONGEST_COUNTED: Final = 10_000
#: Numbers below this are added so fast that adding them is no work of its own.
_SMALL: Final = 1 << 64


@function("length(value)")
@function("len(value)")
def length(work: Work, value: Any) -> int:
    """How many characters a text has, or entries a list or map; 0 for null."""
    if value is None:
        return 0
    if not isinstance(value, (str, Mapping, *LISTS)):
        raise ExpressionError(f"`len` takes text, a list or a map; this is {kind_of(value)}")
    return len(value)


@function("min(value, …)", repeated=True)
def smallest(work: Work, *values: Any) -> Any:
    """The smallest item of a list, or of several values; null for an empty list."""
    return min(orderly(work, _several(work, values, "min"), "min"), default=None)


@function("max(value, …)", repeated=True)
def largest(work: Work, *values: Any) -> Any:
    """The largest item of a list, or of several values; null for an empty list."""
    return max(orderly(work, _several(work, values, "max"), "max"), default=None)


def _several(work: Work, values: tuple[Any, ...], name: str) -> Iterable[Any]:
    if len(values) == 1:
        return items_of(work, values[0], name)  # type: ignore[no-any-return]  # any list
    return values


@function("sum(items)")
def total(work: Work, items: Any) -> Any:
    """The sum of a list of numbers; null counts as nothing."""
    found = items_of(work, items, "sum")
    if found and set(map(type, found)) <= {int, float} and max(map(abs, found)) < _SMALL:
        return sum(found)
    result: Any = 0
    for item in found:
        if item is None:
            continue
        if not is_number(item):
            raise ExpressionError(f"`sum` adds numbers; the list has {kind_of(item)} in it")
        result = item if result == 0 and type(result) is int else add(work, result, item)
    return result + 0 if isinstance(result, bool) else result


@function("sorted(items, key=null, reverse=false)")
def in_order(work: Work, items: Any, key: Any = None, reverse: Any = False) -> list[Any]:
    """The items in order, from the smallest; by the field `key` of each, if given; null comes first."""

    found = list(items_of(work, items, "sorted"))
    check_items(len(found))
    keys = found if key is None else [field(item, text_of(work, key, "sorted")) for item in found]
    absent = [item for item, by in zip(found, keys, strict=True) if by is None]
    present = [(item, by) for item, by in zip(found, keys, strict=True) if by is not None]
    order = orderly(work, [by for _, by in present], "sorted")
    positions = sorted(range(len(order)), key=order.__getitem__, reverse=truth(reverse))
    ordered = [present[position][0] for position in positions]
    return ordered + absent if truth(reverse) else absent + ordered


@function("reversed(value)")
def backwards(work: Work, value: Any) -> Any:
    """A list or a text from its end."""
    if isinstance(value, str):
        return text_of(work, value, "reversed")[::-1]
    items = items_of(work, value, "reversed")
    check_items(len(items))
    return list(items)[::-1]


@function("unique(items)")
def unique(work: Work, items: Any) -> list[Any]:
    """The items without repetitions, in the order of their first places. A number and a text are never the same."""
    seen = set()
    kept = []
    for item in items_of(work, items, "unique"):
        frozen = _frozen(work, item, 0)
        if frozen not in seen:
            seen.add(frozen)
            kept.append(item)
    check_items(len(kept))
    return kept


def _frozen(work: Work, value: Any, depth: int) -> Any:
    """Something hashable that is equal for equal values."""
    if isinstance(value, str):
        spend(work, 2 + (len(value) >> 6))
        return value
    if isinstance(value, (int, float)) or value is None:
        spend(work, 2)
        return value
    spend(work, 10)
    if depth > MAX_DEPTH:
        raise ExpressionError("these values nest too deep to be compared")
    if isinstance(value, LISTS):
        return ("list", tuple(_frozen(work, item, depth + 1) for item in value))
    if isinstance(value, Mapping):
        return ("map", frozenset((key, _frozen(work, item, depth + 1)) for key, item in value.items()))
    return value


@function("first(items)")
def first(work: Work, items: Any) -> Any:
    """The first item of a list, or character of a text; null if there is none."""
    return _end(items, 0, "first")


@function("last(items)")
def last(work: Work, items: Any) -> Any:
    """The last item of a list, or character of a text; null if there is none."""
    return _end(items, -1, "last")


def _end(items: Any, position: int, name: str) -> Any:
    if items is None:
        return None
    if not isinstance(items, (list, tuple, range, str)):
        raise ExpressionError(f"`{name}` takes a list or a text; this is {kind_of(items)}")
    return items[position] if len(items) else None


@function("any(items)")
def any_of(work: Work, items: Any) -> bool:
    """Whether one of the items counts as true."""
    return any(truth(item) for item in items_of(work, items, "any"))


@function("all(items)")
def all_of(work: Work, items: Any) -> bool:
    """Whether all the items count as true."""
    return all(truth(item) for item in items_of(work, items, "all"))


@function("keys(map)")
def keys(work: Work, map: Any) -> list[Any]:
    """The keys of a map."""
    return list(map_of(work, map, "keys"))


@function("values(map)")
def values(work: Work, map: Any) -> list[Any]:
    """The values of a map."""
    return list(map_of(work, map, "values").values())


@function("items(map)")
def items(work: Work, map: Any) -> list[dict[str, Any]]:
    """The entries of a map, each as a map with `key` and `value`."""
    return [{"key": key, "value": value} for key, value in map_of(work, map, "items").items()]


@function("range(start, stop=null, step=1)")
def counted(work: Work, start: Any, stop: Any = None, step: Any = 1) -> list[int] | range:
    """Whole numbers from `start` to before `stop`; from 0 to before `start` with one argument."""
    for number in (start, stop, step):
        if number is not None and (type(number) is not int or abs(number) > 1 << 62):
            raise ExpressionError(f"`range` takes whole numbers; this is {kind_of(number)}")
    if start is None or step is None or step == 0:
        raise ExpressionError("`range` takes whole numbers, and a step that is not 0")
    numbers = range(start) if stop is None else range(start, stop, step)
    if abs(numbers.stop - numbers.start) // abs(numbers.step) > 1 << 60:
        raise ExpressionError("this range is too long")
    if len(numbers) > _LONGEST_COUNTED:
        return numbers
    spend(work, 1 + len(numbers))
    return list(numbers)


@function("zip(items, …)", repeated=True)
def zipped(work: Work, *lists: Any) -> list[list[Any]]:
    """Lists side by side: the first items as one list, the second ones, … as long as all have one."""
    found = [items_of(work, one, "zip") for one in lists]
    count = min(map(len, found))
    check_items(count * len(found))
    spend(work, 2 * count * len(found))
    return [list(row) for row in zip(*found, strict=False)]
