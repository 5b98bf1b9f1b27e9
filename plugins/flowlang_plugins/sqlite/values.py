"""Values on their way into and out of SQLite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

from flowlang.errors import FlowExecutionError
from flowlang.values import plain, to_json
from flowlang_plugins.sql.rows import unique_names
from flowlang_plugins.sql.text import checked_name

_NATIVE: Final = frozenset({str, int, float, bytes, type(None)})


def bound(params: Any) -> list[Any] | dict[str, Any]:
    """The parameters of a statement as SQLite takes them: a list by position, or a map by name."""
    if params is None:
        return []
    if isinstance(params, Mapping):
        return {str(name): adapted(value) for name, value in params.items()}
    if isinstance(params, (list, tuple)):
        return [adapted(value) for value in params]
    raise FlowExecutionError(f"`params` must be a list or a map, not {type(params).__name__}")


def adapted(value: Any) -> Any:
    """One value as SQLite can store it.

    Truth values become 0 and 1; dates, times, `Decimal` and UUID text; maps and lists JSON text.
    """
    if type(value) in _NATIVE:
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return to_json(value)
    converted = plain(value)
    return to_json(converted) if isinstance(converted, (dict, list)) else converted


def all_adapted(rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Rows of values as SQLite can store them."""
    if _NATIVE.issuperset(map(type, chain.from_iterable(rows))):
        return rows
    return [[adapted(value) for value in row] for row in rows]


def column_names(description: Sequence[Sequence[Any]] | None) -> list[str]:
    """The columns of a result, each with a name of its own."""
    return unique_names(column[0] for column in description or ())


def quoted(name: Any) -> str:
    """The name of a table or column that was given as data, as an identifier."""
    return '"' + checked_name(name).replace('"', '""') + '"'
