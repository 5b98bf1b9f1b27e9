"""What differs between two values: the leaves that changed, each with its place."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

#: How many changed leaves of one value are told.
MOST: Final = 200
#: Up to which length the lists are lined up item by item; longer ones are compared by position.
_ALIGNED: Final = 500

Kind = Literal["changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A leaf that is not the same: where it stands in the value (`rows[3].total`; "" is the value itself)."""

    at: str
    kind: Kind
    before: Any = None
    after: Any = None


def changes(before: Any, after: Any) -> list[Change]:
    """The first `MOST` leaves in which two values differ, in the order of the first value."""
    return list(islice(_walk("", before, after), MOST))


def _walk(at: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _maps(at, before, after)
    elif isinstance(before, (list, tuple)) and type(before) is type(after):
        yield from _lists(at, before, after)
    elif not _same_leaf(before, after):
        yield Change(at, "changed", before, after)


def _maps(at: str, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[Change]:
    for key, value in before.items():
        if key in after:
            yield from _walk(_key(at, key), value, after[key])
        else:
            yield Change(_key(at, key), "removed", before=value)
    for key, value in after.items():
        if key not in before:
            yield Change(_key(at, key), "added", after=value)


def _lists(at: str, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    """Items that were put in or taken out don't make those behind them differ, where the lists are short enough."""
    if len(before) == len(after) or max(len(before), len(after)) > _ALIGNED:
        yield from _by_position(at, before, after, 0, 0)
        return
    from difflib import SequenceMatcher

    signs = SequenceMatcher(None, [_sign(item) for item in before], [_sign(item) for item in after], autojunk=False)
    for _, i1, i2, j1, j2 in signs.get_opcodes():
        yield from _by_position(at, before[i1:i2], after[j1:j2], i1, j1)


def _by_position(at: str, before: Sequence[Any], after: Sequence[Any], i: int, j: int) -> Iterator[Change]:
    both = min(len(before), len(after))
    for offset in range(both):
        yield from _walk(f"{at}[{i + offset}]", before[offset], after[offset])
    for offset in range(both, len(before)):
        yield Change(f"{at}[{i + offset}]", "removed", before=before[offset])
    for offset in range(both, len(after)):
        yield Change(f"{at}[{j + offset}]", "added", after=after[offset])


def _same_leaf(before: Any, after: Any) -> bool:
    if before is after:
        return True
    if type(before) is not type(after):
        return False
    if isinstance(before, float) and before != before:
        return bool(after != after)
    return bool(before == after)


def _sign(value: Any) -> Hashable:
    """Something hashable that is equal for equal items."""
    if isinstance(value, Mapping):
        return frozenset((key, _sign(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(_sign(item) for item in value)
    if isinstance(value, (set, frozenset)):
        return type(value), frozenset(value)
    return type(value), value if isinstance(value, Hashable) else repr(value)


def _key(at: str, key: Any) -> str:
    text = str(key)
    if not text.isidentifier():
        return f"{at}[{text!r}]"
    return f"{at}.{text}" if at else text
