"""The functions that take and make text. Null gives null."""

from __future__ import annotations

from typing import Any

from flowlang.errors import ExpressionError
from flowlang.language.expressions.operators import within
from flowlang.language.expressions.signature import (
    function,
    items_of,
    text_of,
)
from flowlang.language.expressions.text import as_text, json_text
from flowlang.language.expressions.work import Work, check_items, check_size, spend


@function("str(value)")
def text(work: Work, value: Any) -> str:
    """The value as it stands inside text."""
    return as_text(value, work)


@function("lower(text)")
def lower(work: Work, text: Any) -> str | None:
    """The text in small letters."""
    if text is None:
        return None
    changed = text_of(work, text, "lower").lower()
    check_size(len(changed))
    return changed


@function("upper(text)")
def upper(work: Work, text: Any) -> str | None:
    """The text in capitals."""
    if text is None:
        return None
    changed = text_of(work, text, "upper").upper()
    check_size(len(changed))
    return changed


@function("trim(text)")
def trim(work: Work, text: Any) -> str | None:
    """The text without white space around it."""
    return None if text is None else text_of(work, text, "trim").strip()


@function("split(text, separator=null)")
def split(work: Work, text: Any, separator: Any = None) -> list[str]:
    """The parts of a text between separators; without one, its words."""
    if text is None:
        return []
    whole = text_of(work, text, "split")
    if separator is None:
        spend(work, len(whole) >> 2)
        parts = whole.split()
    else:
        mark = text_of(work, separator, "split")
        if not mark:
            raise ExpressionError("`split` takes a separator that is not empty")
        count = whole.count(mark) + 1
        check_items(count)
        spend(work, count)
        parts = whole.split(mark)
    check_items(len(parts))
    return parts


@function('join(items, separator="")')
def join(work: Work, items: Any, separator: Any = "") -> str:
    """One text of all the items, with the separator between them."""
    mark = text_of(work, separator, "join")
    found = items_of(work, items, "join")
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


@function("replace(text, old, new)")
def replace(work: Work, text: Any, old: Any, new: Any) -> str | None:
    """The text with every `old` in it replaced by `new`."""
    if text is None:
        return None
    whole = text_of(work, text, "replace")
    before, after = text_of(work, old, "replace"), text_of(work, new, "replace")
    if not before:
        raise ExpressionError("`replace` takes a text that is not empty as what to replace")
    count = whole.count(before)
    length = len(whole) + count * (len(after) - len(before))
    check_size(length)
    spend(work, count + (length >> 6))
    return whole.replace(before, after)


@function("startswith(text, prefix)")
def startswith(work: Work, text: Any, prefix: Any) -> bool:
    """Whether the text begins with `prefix`; false for null."""
    wanted = text_of(work, prefix, "startswith")
    return text is not None and text_of(work, text, "startswith").startswith(wanted)


@function("endswith(text, suffix)")
def endswith(work: Work, text: Any, suffix: Any) -> bool:
    """Whether the text ends with `suffix`; false for null."""
    wanted = text_of(work, suffix, "endswith")
    return text is not None and text_of(work, text, "endswith").endswith(wanted)


@function("contains(whole, part)")
def contains(work: Work, whole: Any, part: Any) -> bool:
    """The same as `part in whole`."""
    return within(work, part, whole)


@function("json(value)")
def json(work: Work, value: Any) -> str:
    """The value as JSON text."""
    return json_text(value, work)


@function("parse_json(text)")
def parse_json(work: Work, text: Any) -> Any:
    """The value that a JSON text writes."""
    if text is None:
        return None
    from json import loads

    whole = text_of(work, text, "parse_json")
    spend(work, len(whole) >> 2)
    try:
        return loads(whole)
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"this text is no JSON: {error}") from error
