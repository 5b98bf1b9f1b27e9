"""The operators of expressions, with bounds on what they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from flowlang.errors import ExpressionError
from flowlang.language.expressions.wording import kind_of
from flowlang.language.expressions.work import (
    MAX_WORK,
    Work,
    check_items,
    check_number,
    check_size,
    spend,
)
from flowlang.values import MAX_DEPTH

_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?\s*", re.ASCII)
_LONGEST_NUMBER = 400
_SCALARS: Final = frozenset({int, float, bool, str, type(None)})


def is_number(value: Any) -> bool:
    """Whether a value is a number (a boolean is one, as 0 or 1)."""
    return isinstance(value, (int, float)) or type(value).__name__ == "Decimal"


def number_in(text: str) -> int | float | None:
    """The number that a text is, or None."""
    if len(text) > _LONGEST_NUMBER or _NUMBER.fullmatch(text) is None:
        return None
    try:
        return int(text)
    except ValueError:
        return float(text)


def numbers(first: Any, second: Any) -> tuple[Any, Any]:
    """Two numbers that Python can compute with: a float beside a Decimal means the digits it is written with."""
    if isinstance(first, float) and not isinstance(second, (int, float)):
        return type(second)(repr(first)), second
    if isinstance(second, float) and not isinstance(first, (int, float)):
        return first, type(first)(repr(second))
    return first, second


def add(work: Work, first: Any, second: Any) -> Any:
    """Numbers added, texts or lists joined; a duration added to a date."""
    spend(work, 1)
    if is_number(first) and is_number(second):
        first, second = numbers(first, second)
        return check_number(first + second)
    if isinstance(first, str) and isinstance(second, str):
        length = len(first) + len(second)
        check_size(length)
        spend(work, length >> 6)
        return first + second
    if isinstance(first, _LISTS) and isinstance(second, _LISTS):
        length = len(first) + len(second)
        check_items(length)
        spend(work, length >> 2)
        return [*first, *second]
    if isinstance(first, (date, timedelta)) and isinstance(second, (date, timedelta)):
        return first + second  # type: ignore[operator]  # two dates raise a TypeError, which is told
    hint = "put values into text with `${…}`, or make text of them with `str()`"
    raise _unlike("+", "numbers, texts or lists", first, second, hint if str in (type(first), type(second)) else None)


def subtract(work: Work, first: Any, second: Any) -> Any:
    """Numbers, or dates and durations."""
    spend(work, 1)
    if is_number(first) and is_number(second):
        first, second = numbers(first, second)
        return check_number(first - second)
    if isinstance(first, (date, timedelta)) and isinstance(second, (date, timedelta)):
        return first - second  # type: ignore[operator]  # what Python can't subtract raises a TypeError, which is told
    raise _unlike("-", "numbers or dates", first, second)


def multiply(work: Work, first: Any, second: Any) -> Any:
    """Numbers; a text or a list and how often it is repeated."""
    spend(work, 1)
    if is_number(first) and is_number(second):
        first, second = numbers(first, second)
        if type(first) is int and type(second) is int:
            spend(work, (first.bit_length() * second.bit_length()) >> 16)
        return check_number(first * second)
    for repeated, times in ((first, second), (second, first)):
        if type(times) is int and isinstance(repeated, (str, list, tuple, range)):
            length = len(repeated) * max(times, 0)
            if isinstance(repeated, str):
                check_size(length)
                spend(work, length >> 6)
                return repeated * times
            check_items(length)
            spend(work, length >> 2)
            return list(repeated) * times if length else []
    raise _unlike("*", "numbers, or a text or list and a whole number", first, second)


def divide(work: Work, first: Any, second: Any) -> Any:
    """`/`: always with the fraction."""
    return _quotient("/", first, second, work, lambda a, b: a / b)


def floor_divide(work: Work, first: Any, second: Any) -> Any:
    """`//`: rounded down."""
    return _quotient("//", first, second, work, lambda a, b: a // b)


def remainder(work: Work, first: Any, second: Any) -> Any:
    """`%`, of numbers only."""
    return _quotient("%", first, second, work, lambda a, b: a % b)


def _quotient(sign: str, first: Any, second: Any, work: Work, compute: Callable[[Any, Any], Any]) -> Any:
    spend(work, 1)
    if not is_number(first) or not is_number(second):
        raise _unlike(sign, "numbers", first, second)
    if second == 0:
        raise ExpressionError(f"`{sign}` by zero")
    first, second = numbers(first, second)
    return check_number(compute(check_number(first), check_number(second)))


def negative(value: Any) -> Any:
    """`-` before a number."""
    if isinstance(value, timedelta) or is_number(value):
        return -value
    raise ExpressionError(f"`-` negates numbers; this is {kind_of(value)}")


def positive(value: Any) -> Any:
    """`+` before a number."""
    if is_number(value):
        return +value
    raise ExpressionError(f"`+` stands before numbers; this is {kind_of(value)}")


def _unlike(sign: str, takes: str, first: Any, second: Any, hint: str | None = None) -> ExpressionError:
    return ExpressionError(f"`{sign}` takes {takes}; these are {kind_of(first)} and {kind_of(second)}", hint=hint)


def equal(first: Any, second: Any, work: Work | None = None) -> bool:
    """`==`. A number is equal to the text that writes it; lists and maps are equal when all in them is."""
    kind = type(first)
    if kind is type(second) and kind in _SCALARS:
        if kind is str and work is not None and len(first) == len(second):
            spend(work, 1 + (len(first) >> 6))
        return bool(first == second)
    return _equal(first, second, [MAX_WORK] if work is None else work, 0)


def _equal(first: Any, second: Any, work: Work, depth: int) -> bool:
    kind = type(first)
    if kind is type(second) and kind in _SCALARS:
        spend(work, 2 + (len(first) >> 6) if kind is str and len(first) == len(second) else 2)
        return bool(first == second)
    spend(work, 6)
    if isinstance(first, _LISTS):
        if not isinstance(second, _LISTS) or len(first) != len(second):
            return False
        _check_depth(depth)
        return all(_equal(one, other, work, depth + 1) for one, other in zip(first, second, strict=True))
    if isinstance(first, str):
        first, second = second, first
    if isinstance(second, str) and not isinstance(first, str):
        written = number_in(second) if _counts(first) else None
        return written is not None and _same_number(first, written)
    if is_number(first) and is_number(second):
        return _same_number(first, second)
    if isinstance(first, Mapping):
        if not isinstance(second, Mapping) or len(first) != len(second):
            return False
        _check_depth(depth)
        return all(key in second and _equal(item, second[key], work, depth + 1) for key, item in first.items())
    return bool(first == second)


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ExpressionError("these values nest too deep to be compared")


def _counts(value: Any) -> bool:
    """Whether a value is a number that text can write, which a boolean isn't."""
    return is_number(value) and not isinstance(value, bool)


def _same_number(first: Any, second: Any) -> bool:
    one, other = numbers(first, second)
    return bool(one == other)


def less(work: Work, first: Any, second: Any) -> bool:
    """`<`."""
    one, other = comparable("<", first, second, work)
    return bool(one < other)


def less_or_equal(work: Work, first: Any, second: Any) -> bool:
    """`<=`."""
    one, other = comparable("<=", first, second, work)
    return bool(one <= other)


def greater(work: Work, first: Any, second: Any) -> bool:
    """`>`."""
    one, other = comparable(">", first, second, work)
    return bool(one > other)


def greater_or_equal(work: Work, first: Any, second: Any) -> bool:
    """`>=`."""
    one, other = comparable(">=", first, second, work)
    return bool(one >= other)


def comparable(sign: str, first: Any, second: Any, work: Work) -> tuple[Any, Any]:
    """Two values in a form that Python can put in order. Raises ExpressionError for what has no order."""
    spend(work, 1)
    if is_number(first) and is_number(second):
        return numbers(first, second)
    if isinstance(first, str) and isinstance(second, str):
        spend(work, min(len(first), len(second)) >> 6)
        return first, second
    if isinstance(first, str) and _counts(second) and (written := number_in(first)) is not None:
        return numbers(written, second)
    if isinstance(second, str) and _counts(first) and (written := number_in(second)) is not None:
        return numbers(first, written)
    for kind in _ORDERED:
        if isinstance(first, kind) and isinstance(second, kind):
            return first, second
    raise ExpressionError(f"`{sign}` can't put {kind_of(first)} and {kind_of(second)} in order")


def same(work: Work, first: Any, second: Any) -> bool:
    """`==`."""
    return equal(first, second, work)


def different(work: Work, first: Any, second: Any) -> bool:
    """`!=`."""
    return not equal(first, second, work)


def within(work: Work, item: Any, whole: Any) -> bool:
    """`in`: an item of a list, a key of a map, a part of a text; nothing is in null."""
    spend(work, 1)
    if whole is None:
        return False
    if isinstance(whole, str):
        if not isinstance(item, str):
            raise ExpressionError(f"only text can be in text; this is {kind_of(item)}")
        spend(work, (len(whole) + len(item)) >> 4)
        return item in whole
    if isinstance(whole, Mapping):
        return not isinstance(item, (list, dict, set)) and item in whole
    if isinstance(whole, range):
        number: Any = number_in(item) if isinstance(item, str) else item
        # Python would look through the whole range for a number that is no int.
        return is_number(number) and number == number // 1 and int(number) in whole
    if isinstance(whole, (*_LISTS, set, frozenset)):
        return any(_equal(item, other, work, 0) for other in whole)
    raise ExpressionError(f"`in` looks into lists, maps and texts; this is {kind_of(whole)}")


def not_within(work: Work, item: Any, whole: Any) -> bool:
    """`not in`."""
    return not within(work, item, whole)


def chain(work: Work, signs: tuple[str, ...], values: tuple[Any, ...]) -> bool:
    """`a < b < c`."""
    return all(
        COMPARISONS[sign](work, first, second)
        for sign, first, second in zip(signs, values[:-1], values[1:], strict=True)
    )


def cut(work: Work, value: Any, first: Any, last: Any) -> Any:
    """`value[first:last]`."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple, str, range)):
        raise ExpressionError(f"`[a:b]` cuts lists and texts; this is {kind_of(value)}")
    for bound in (first, last):
        if bound is not None and type(bound) is not int:
            raise ExpressionError(f"`[a:b]` takes whole numbers; this is {kind_of(bound)}")
    start, stop, _ = slice(first, last).indices(len(value))
    count = max(stop - start, 0)
    if isinstance(value, str):
        check_size(count)
        spend(work, 1 + (count >> 6))
        return value[start:stop]
    check_items(count)
    spend(work, 1 + (count >> 2))
    return list(value[start:stop])


def pluck(work: Work, value: Any, read: Callable[[Any], Any], cost: int) -> Any:
    """`value.*`: what `read` gives for every item of a list, or value of a map. `cost` is the work of one."""
    if value is None:
        return None
    items = value.values() if isinstance(value, Mapping) else value
    if not isinstance(value, (Mapping, *_LISTS)):
        raise ExpressionError(f"`.*` reads the items of a list; this is {kind_of(value)}")
    check_items(len(items))
    spend(work, len(items) * cost)
    return [read(item) for item in items]


def map_key(value: Any) -> Any:
    """A key of a map that an expression writes."""
    if isinstance(value, (Mapping, *_LISTS)):
        raise ExpressionError(f"the key of a map is text or a number; this is {kind_of(value)}")
    return value


_LISTS: Final = (list, tuple, range)
_ORDERED: Final = (datetime, date, time, timedelta)

COMPARISONS: Final[dict[str, Callable[..., bool]]] = {
    "same": same,
    "different": different,
    "less": less,
    "less_or_equal": less_or_equal,
    "greater": greater,
    "greater_or_equal": greater_or_equal,
    "within": within,
    "not_within": not_within,
}

#: What compiled expressions call to compute.
OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    **COMPARISONS,
    "add": add,
    "subtract": subtract,
    "multiply": multiply,
    "divide": divide,
    "floor_divide": floor_divide,
    "remainder": remainder,
    "negative": negative,
    "positive": positive,
    "chain": chain,
    "cut": cut,
    "pluck": pluck,
    "map_key": map_key,
}
