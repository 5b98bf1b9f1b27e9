"""The functions of expressions: pure but for `now_iso`, and bounded in what they do and make.

Functions of texts and numbers give null for null; functions of lists take null for an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from flowlang.errors import ExpressionError
from flowlang.language.expressions.emit import HELPERS
from flowlang.language.expressions.operators import add, comparable, is_number, number_in, within
from flowlang.language.expressions.text import as_text, json_text, truth
from flowlang.language.expressions.wording import kind_of
from flowlang.language.expressions.work import (
    Work,
    check_items,
    check_number,
    check_size,
    spend,
)
from flowlang.values import MAX_DEPTH

#: Up to here `range` gives a list; a longer one is counted only as it is read.
_LONGEST_COUNTED: Final = 10_000
_MOST_DIGITS: Final = 50
#: Numbers below this are added so fast that adding them is no work of its own.
_SMALL: Final = 1 << 64
_LISTS: Final = (list, tuple, range, set, frozenset)


class Function(NamedTuple):
    """A function, as it is called (`signature`), and what it gives (`doc`).

    `required` of its `parameters` must be given; with `repeated` there may be any number of them.
    """

    name: str
    signature: str
    doc: str
    parameters: tuple[str, ...]
    required: int
    repeated: bool = False

    def problem_with(self, positional: int, named: list[str]) -> str | None:
        """What is wrong with a call that gives so many arguments by position and these by name, or None."""
        for name in named:
            if self.repeated or name not in self.parameters:
                return f"`{self.name}` has no argument `{name}`"
            if self.parameters.index(name) < positional:
                return f"`{self.name}` gets `{name}` twice"
        if not self.repeated and positional > len(self.parameters):
            return f"`{self.name}` takes fewer arguments than {positional}"
        if self.repeated:
            return None if positional >= self.required else f"`{self.name}` is called without arguments"
        missing = [name for name in self.parameters[positional : self.required] if name not in named]
        return f"`{self.name}` is called without `{missing[0]}`" if missing else None


FUNCTIONS: Final[dict[str, Function]] = {}


def _function(signature: str, *, repeated: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    name, _, rest = signature.partition("(")
    parameters = [part.strip() for part in rest.rstrip(")").split(",") if part.strip() not in ("", "…")]
    names = tuple(part.partition("=")[0].strip() for part in parameters)
    required = sum("=" not in part for part in parameters)

    def enter(run: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[name] = Function(name, signature, (run.__doc__ or "").strip(), names, required, repeated)
        HELPERS[f"f_{name}"] = run
        return run

    return enter


def _items(work: Work, value: Any, name: str) -> Any:
    """The items of a list, with the work of looking at each; none for null."""
    if value is None:
        return ()
    if not isinstance(value, _LISTS):
        raise ExpressionError(f"`{name}` takes a list; this is {kind_of(value)}")
    spend(work, 1 + len(value))
    return value


def _map(work: Work, value: Any, name: str) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ExpressionError(f"`{name}` takes a map; this is {kind_of(value)}")
    check_items(len(value))
    spend(work, 1 + 2 * len(value))
    return value


def _text(work: Work, value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"`{name}` takes text; this is {kind_of(value)}")
    check_size(len(value))
    spend(work, 1 + (len(value) >> 4))
    return value


def _number(value: Any, name: str) -> Any:
    if isinstance(value, str):
        written = number_in(value)
        if written is None:
            raise ExpressionError(f"`{name}` takes a number; this text is none")
        return written
    if not is_number(value):
        raise ExpressionError(f"`{name}` takes a number; this is {kind_of(value)}")
    return check_number(value)


def _orderly(work: Work, items: Iterable[Any], name: str) -> list[Any]:
    """Items that can all be put in order: numbers, or texts, or dates."""
    ordered = list(items)
    cost = len(ordered) * max(len(ordered).bit_length(), 1)
    for item in ordered:
        comparable(name, ordered[0], item, work)
        if isinstance(item, str):
            cost += len(item) >> 3
    if any(isinstance(item, str) for item in ordered) and not all(isinstance(item, str) for item in ordered):
        ordered = [_number(item, name) for item in ordered]
    spend(work, cost)
    return ordered


@_function("len(value)")
def length(work: Work, value: Any) -> int:
    """How many characters a text has, or entries a list or map; 0 for null."""
    if value is None:
        return 0
    if not isinstance(value, (str, Mapping, *_LISTS)):
        raise ExpressionError(f"`len` takes text, a list or a map; this is {kind_of(value)}")
    return len(value)


@_function("str(value)")
def text(work: Work, value: Any) -> str:
    """The value as it stands inside text."""
    return as_text(value, work)


@_function("int(value)")
def integer(work: Work, value: Any) -> int | None:
    """The whole number that a number, or a text that is one, is without its fraction."""
    if value is None:
        return None
    number = _number(value, "int")
    if isinstance(number, float) and (number != number or abs(number) == float("inf")):
        raise ExpressionError("`int` takes a number that has an end")
    if not isinstance(number, (int, float)) and (not number.is_finite() or number.adjusted() > _MOST_DIGITS * 20):
        raise ExpressionError("`int` takes a number that is not as large")
    return int(number)


@_function("float(value)")
def decimal_fraction(work: Work, value: Any) -> float | None:
    """The number, or the text that is one, as a number with a fraction."""
    return None if value is None else float(_number(value, "float"))


@_function("bool(value)")
def boolean(work: Work, value: Any) -> bool:
    """False for null, false, zero and what is empty; else true. The text `false` is true."""
    return truth(value)


@_function("round(number, digits=0)")
def rounded(work: Work, number: Any, digits: Any = 0) -> Any:
    """The number rounded to `digits` places, to the even neighbour in the middle; a whole number for 0 digits."""
    if number is None:
        return None
    if type(digits) is not int or abs(digits) > _MOST_DIGITS:
        raise ExpressionError(f"`round` takes a whole number of digits up to {_MOST_DIGITS}")
    value = _number(number, "round")
    if digits == 0:
        integer(work, value)
        return round(value)
    return round(value, digits)


@_function("abs(number)")
def absolute(work: Work, number: Any) -> Any:
    """The number without its sign."""
    return None if number is None else abs(_number(number, "abs"))


@_function("min(value, …)", repeated=True)
def smallest(work: Work, *values: Any) -> Any:
    """The smallest item of a list, or of several values; null for an empty list."""
    return min(_orderly(work, _several(work, values, "min"), "min"), default=None)


@_function("max(value, …)", repeated=True)
def largest(work: Work, *values: Any) -> Any:
    """The largest item of a list, or of several values; null for an empty list."""
    return max(_orderly(work, _several(work, values, "max"), "max"), default=None)


def _several(work: Work, values: tuple[Any, ...], name: str) -> Iterable[Any]:
    if len(values) == 1:
        return _items(work, values[0], name)  # type: ignore[no-any-return]  # any list
    return values


@_function("sum(items)")
def total(work: Work, items: Any) -> Any:
    """The sum of a list of numbers; null counts as nothing."""
    found = _items(work, items, "sum")
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


@_function("sorted(items, key=null, reverse=false)")
def in_order(work: Work, items: Any, key: Any = None, reverse: Any = False) -> list[Any]:
    """The items in order, from the smallest; by the field `key` of each, if given; null comes first."""
    from flowlang.language.expressions.fields import field

    found = list(_items(work, items, "sorted"))
    check_items(len(found))
    keys = found if key is None else [field(item, _text(work, key, "sorted")) for item in found]
    absent = [item for item, by in zip(found, keys, strict=True) if by is None]
    present = [(item, by) for item, by in zip(found, keys, strict=True) if by is not None]
    order = _orderly(work, [by for _, by in present], "sorted")
    positions = sorted(range(len(order)), key=order.__getitem__, reverse=truth(reverse))
    ordered = [present[position][0] for position in positions]
    return ordered + absent if truth(reverse) else absent + ordered


@_function("reversed(value)")
def backwards(work: Work, value: Any) -> Any:
    """A list or a text from its end."""
    if isinstance(value, str):
        return _text(work, value, "reversed")[::-1]
    items = _items(work, value, "reversed")
    check_items(len(items))
    return list(items)[::-1]


@_function("unique(items)")
def unique(work: Work, items: Any) -> list[Any]:
    """The items without repetitions, in the order of their first places. A number and a text are never the same."""
    seen = set()
    kept = []
    for item in _items(work, items, "unique"):
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
    if isinstance(value, _LISTS):
        return ("list", tuple(_frozen(work, item, depth + 1) for item in value))
    if isinstance(value, Mapping):
        return ("map", frozenset((key, _frozen(work, item, depth + 1)) for key, item in value.items()))
    return value


@_function("first(items)")
def first(work: Work, items: Any) -> Any:
    """The first item of a list, or character of a text; null if there is none."""
    return _end(items, 0, "first")


@_function("last(items)")
def last(work: Work, items: Any) -> Any:
    """The last item of a list, or character of a text; null if there is none."""
    return _end(items, -1, "last")


def _end(items: Any, position: int, name: str) -> Any:
    if items is None:
        return None
    if not isinstance(items, (list, tuple, range, str)):
        raise ExpressionError(f"`{name}` takes a list or a text; this is {kind_of(items)}")
    return items[position] if len(items) else None


@_function("any(items)")
def any_of(work: Work, items: Any) -> bool:
    """Whether one of the items counts as true."""
    return any(truth(item) for item in _items(work, items, "any"))


@_function("all(items)")
def all_of(work: Work, items: Any) -> bool:
    """Whether all the items count as true."""
    return all(truth(item) for item in _items(work, items, "all"))


@_function("keys(map)")
def keys(work: Work, map: Any) -> list[Any]:
    """The keys of a map."""
    return list(_map(work, map, "keys"))


@_function("values(map)")
def values(work: Work, map: Any) -> list[Any]:
    """The values of a map."""
    return list(_map(work, map, "values").values())


@_function("items(map)")
def items(work: Work, map: Any) -> list[dict[str, Any]]:
    """The entries of a map, each as a map with `key` and `value`."""
    return [{"key": key, "value": value} for key, value in _map(work, map, "items").items()]


@_function("lower(text)")
def lower(work: Work, text: Any) -> str | None:
    """The text in small letters."""
    if text is None:
        return None
    changed = _text(work, text, "lower").lower()
    check_size(len(changed))
    return changed


@_function("upper(text)")
def upper(work: Work, text: Any) -> str | None:
    """The text in capitals."""
    if text is None:
        return None
    changed = _text(work, text, "upper").upper()
    check_size(len(changed))
    return changed


@_function("trim(text)")
def trim(work: Work, text: Any) -> str | None:
    """The text without white space around it."""
    return None if text is None else _text(work, text, "trim").strip()


@_function("split(text, separator=null)")
def split(work: Work, text: Any, separator: Any = None) -> list[str]:
    """The parts of a text between separators; without one, its words."""
    if text is None:
        return []
    whole = _text(work, text, "split")
    if separator is None:
        spend(work, len(whole) >> 2)
        parts = whole.split()
    else:
        mark = _text(work, separator, "split")
        if not mark:
            raise ExpressionError("`split` takes a separator that is not empty")
        count = whole.count(mark) + 1
        check_items(count)
        spend(work, count)
        parts = whole.split(mark)
    check_items(len(parts))
    return parts


@_function('join(items, separator="")')
def join(work: Work, items: Any, separator: Any = "") -> str:
    """One text of all the items, with the separator between them."""
    mark = _text(work, separator, "join")
    found = _items(work, items, "join")
    check_size(max(len(found) - 1, 0) * len(mark))
    parts = []
    length = 0
    for item in found:
        part = as_text(item, work)
        length += len(part) + len(mark)
        check_size(length - len(mark))
        parts.append(part)
    spend(work, length >> 6)
    return mark.join(parts)


@_function("replace(text, old, new)")
def replace(work: Work, text: Any, old: Any, new: Any) -> str | None:
    """The text with every `old` in it replaced by `new`."""
    if text is None:
        return None
    whole = _text(work, text, "replace")
    before, after = _text(work, old, "replace"), _text(work, new, "replace")
    if not before:
        raise ExpressionError("`replace` takes a text that is not empty as what to replace")
    count = whole.count(before)
    length = len(whole) + count * (len(after) - len(before))
    check_size(length)
    spend(work, count + (length >> 6))
    return whole.replace(before, after)


@_function("startswith(text, prefix)")
def startswith(work: Work, text: Any, prefix: Any) -> bool:
    """Whether the text begins with `prefix`; false for null."""
    wanted = _text(work, prefix, "startswith")
    return text is not None and _text(work, text, "startswith").startswith(wanted)


@_function("endswith(text, suffix)")
def endswith(work: Work, text: Any, suffix: Any) -> bool:
    """Whether the text ends with `suffix`; false for null."""
    wanted = _text(work, suffix, "endswith")
    return text is not None and _text(work, text, "endswith").endswith(wanted)


@_function("contains(whole, part)")
def contains(work: Work, whole: Any, part: Any) -> bool:
    """The same as `part in whole`."""
    return within(work, part, whole)


@_function("default(value, otherwise)")
def default(work: Work, value: Any, otherwise: Any) -> Any:
    """`otherwise` if the value is null or missing. Missing keys and variables are no error in `value`."""
    return otherwise if value is None else value


@_function("json(value)")
def json(work: Work, value: Any) -> str:
    """The value as JSON text."""
    return json_text(value, work)


@_function("parse_json(text)")
def parse_json(work: Work, text: Any) -> Any:
    """The value that a JSON text writes."""
    if text is None:
        return None
    from json import loads

    whole = _text(work, text, "parse_json")
    spend(work, len(whole) >> 2)
    try:
        return loads(whole)
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"this text is no JSON: {error}") from error


@_function("now_iso()")
def now_iso(work: Work) -> str:
    """The time now in UTC, as ISO 8601 text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@_function("date(value)")
def date_of(work: Work, value: Any) -> date | None:
    """The date, or date and time, that an ISO 8601 text writes, or a number counts in seconds since 1970 (UTC)."""
    if value is None or isinstance(value, date):
        return value
    if is_number(value):
        return datetime.fromtimestamp(float(check_number(value)), UTC)
    written = _text(work, value, "date").strip()
    try:
        return date.fromisoformat(written) if len(written) <= 10 else datetime.fromisoformat(written)
    except ValueError:
        raise ExpressionError("`date` takes text such as `2024-05-31` or `2024-05-31T12:00:00`") from None


@_function("range(start, stop=null, step=1)")
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


@_function("zip(items, …)", repeated=True)
def zipped(work: Work, *lists: Any) -> list[list[Any]]:
    """Lists side by side: the first items as one list, the second ones, … as long as all have one."""
    found = [_items(work, one, "zip") for one in lists]
    count = min(map(len, found))
    check_items(count * len(found))
    spend(work, 2 * count * len(found))
    return [list(row) for row in zip(*found, strict=False)]


@_function("format_number(number, digits=2)")
def format_number(work: Work, number: Any, digits: Any = 2) -> str | None:
    """The number with so many digits after the point, and commas between thousands: `1,234.50`."""
    if number is None:
        return None
    if type(digits) is not int or not 0 <= digits <= _MOST_DIGITS:
        raise ExpressionError(f"`format_number` takes a whole number of digits from 0 to {_MOST_DIGITS}")
    value = _number(number, "format_number")
    if not isinstance(value, (int, float)) and value.is_finite() and abs(value.adjusted()) > _MOST_DIGITS * 20:
        raise ExpressionError("this number is too large to be written out")
    return f"{value:,.{digits}f}"


FUNCTIONS["length"] = FUNCTIONS["len"]._replace(name="length", signature="length(value)")
HELPERS["f_length"] = length


def map_key(value: Any) -> Any:
    """A key of a map that an expression writes."""
    if isinstance(value, (Mapping, *_LISTS)):
        raise ExpressionError(f"the key of a map is text or a number; this is {kind_of(value)}")
    return value


HELPERS["map_key"] = map_key
