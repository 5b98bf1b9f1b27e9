"""The functions of numbers, dates and single values. Null gives null."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from flowlang.errors import ExpressionError
from flowlang.language.expressions.operators import is_number
from flowlang.language.expressions.signature import (
    function,
    number_of,
    text_of,
)
from flowlang.language.expressions.text import truth
from flowlang.language.expressions.work import Work, check_number

_MOST_DIGITS: Final = 50


@function("int(value)")
def integer(work: Work, value: Any) -> int | None:
    """The whole number that a number, or a text that is one, is without its fraction."""
    if value is None:
        return None
    number = number_of(value, "int")
    if isinstance(number, float) and (number != number or abs(number) == float("inf")):
        raise ExpressionError("`int` takes a number that has an end")
    if not isinstance(number, (int, float)) and (not number.is_finite() or number.adjusted() > _MOST_DIGITS * 20):
        raise ExpressionError("`int` takes a number that is not as large")
    return int(number)


@function("float(value)")
def decimal_fraction(work: Work, value: Any) -> float | None:
    """The number, or the text that is one, as a number with a fraction."""
    return None if value is None else float(number_of(value, "float"))


@function("bool(value)")
def boolean(work: Work, value: Any) -> bool:
    """False for null, false, zero and what is empty; else true. The text `false` is true."""
    return truth(value)


@function("round(number, digits=0)")
def rounded(work: Work, number: Any, digits: Any = 0) -> Any:
    """The number rounded to `digits` places, to the even neighbour in the middle; a whole number for 0 digits."""
    if number is None:
        return None
    if type(digits) is not int or abs(digits) > _MOST_DIGITS:
        raise ExpressionError(f"`round` takes a whole number of digits up to {_MOST_DIGITS}")
    value = number_of(number, "round")
    if digits == 0:
        integer(work, value)
        return round(value)
    return round(value, digits)


@function("abs(number)")
def absolute(work: Work, number: Any) -> Any:
    """The number without its sign."""
    return None if number is None else abs(number_of(number, "abs"))


@function("default(value, otherwise)")
def default(work: Work, value: Any, otherwise: Any) -> Any:
    """`otherwise` if the value is null or missing. Missing keys and variables are no error in `value`."""
    return otherwise if value is None else value


@function("now_iso()")
def now_iso(work: Work) -> str:
    """The time now in UTC, as ISO 8601 text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@function("date(value)")
def date_of(work: Work, value: Any) -> date | None:
    """The date, or date and time, that an ISO 8601 text writes, or a number counts in seconds since 1970 (UTC)."""
    if value is None or isinstance(value, date):
        return value
    if is_number(value):
        return datetime.fromtimestamp(float(check_number(value)), UTC)
    written = text_of(work, value, "date").strip()
    try:
        return date.fromisoformat(written) if len(written) <= 10 else datetime.fromisoformat(written)
    except ValueError:
        raise ExpressionError("`date` takes text such as `2024-05-31` or `2024-05-31T12:00:00`") from None


@function("format_number(number, digits=2)")
def format_number(work: Work, number: Any, digits: Any = 2) -> str | None:
    """The number with so many digits after the point, and commas between thousands: `1,234.50`."""
    if number is None:
        return None
    if type(digits) is not int or not 0 <= digits <= _MOST_DIGITS:
        raise ExpressionError(f"`format_number` takes a whole number of digits from 0 to {_MOST_DIGITS}")
    value = number_of(number, "format_number")
    if not isinstance(value, (int, float)) and value.is_finite() and abs(value.adjusted()) > _MOST_DIGITS * 20:
        raise ExpressionError("this number is too large to be written out")
    return f"{value:,.{digits}f}"
