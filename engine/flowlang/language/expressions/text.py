"""Values as text: what `${…}` inside a text becomes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from flowlang.errors import ExpressionError
from flowlang.language.expressions.emit import HELPERS
from flowlang.language.expressions.work import MAX_WORK, Work, check_number, check_size, measure, spend
from flowlang.values import ErrorValue, plain, to_json


def as_text(value: Any, work: Work | None = None) -> str:
    """A value as it stands inside text.

    Null is empty, booleans are `true` and `false`, maps and lists are JSON, an error is its message, dates are
    ISO 8601. Raises ExpressionError for what is too large for a text.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None:
        return ""
    if kind is int:
        return str(check_number(value))
    if kind is bool:
        return "true" if value else "false"
    if kind is float and isfinite(value):
        return repr(value)
    if isinstance(value, ErrorValue):
        return str(value)
    measure(value, [MAX_WORK] if work is None else work)
    converted = plain(value)
    if isinstance(converted, str):
        return converted
    return to_json(converted)


def template(parts: Sequence[Any]) -> str:
    """A text with values in it."""
    texts = []
    length = 0
    for part in parts:
        text = part if type(part) is str else as_text(part)
        length += len(text)
        check_size(length)
        texts.append(text)
    return "".join(texts)


def truth(value: Any) -> bool:
    """Whether a value counts as true: all but null, false, zero, and what is empty. The text `false` is true."""
    try:
        return bool(value)
    # The `__bool__` of a task's own object may raise anything.
    except Exception as error:
        raise ExpressionError(f"a value of type {type(value).__name__} is neither true nor false: {error}") from error


def json_text(value: Any, work: Work) -> str:
    """A value as JSON."""
    measure(value, work)
    text = to_json(value)
    spend(work, len(text) >> 6)
    return text


HELPERS["template"] = template
HELPERS["truth"] = truth
