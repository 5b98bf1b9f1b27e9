"""The arguments of SQL tasks, checked: what a flow gives is not what its author meant to give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final

from flowlang.errors import FlowExecutionError

Record = Mapping[str, Any]

#: Why a statement such as COMMIT is refused in a transaction.
ENDED_BY_TASK: Final = "but the task begins and ends the transaction itself"


def query_text(query: Any) -> str:
    """The text of a statement."""
    if not isinstance(query, str):
        raise FlowExecutionError(f"`query` must be text, not {type(query).__name__}")
    if not query.strip():
        raise FlowExecutionError("`query` is empty")
    return query


def listed(value: Any, name: str) -> list[Any]:
    """An argument that has to be a list."""
    if not isinstance(value, (list, tuple)):
        raise FlowExecutionError(f"`{name}` must be a list, not {type(value).__name__}")
    return list(value)


def statements(queries: Any, refused: Callable[[str], str | None], hint: str) -> list[tuple[str, Any]]:
    """The statements of a transaction with their parameters.

    An entry is a map of `query` and `params`, or only text. `refused` says what a statement is, and why that
    can't be part of the transaction.
    """
    return [_statement(number, item, refused, hint) for number, item in enumerate(listed(queries, "queries"), 1)]


def _statement(number: int, item: Any, refused: Callable[[str], str | None], hint: str) -> tuple[str, Any]:
    if isinstance(item, str):
        item = {"query": item}
    if not isinstance(item, Mapping) or "query" not in item:
        raise FlowExecutionError(f"query {number} must be a map with `query` and `params`")
    if unknown := [key for key in item if key not in ("query", "params")]:
        raise FlowExecutionError(f"query {number} has an unknown key `{unknown[0]}`; it takes `query` and `params`")
    query = query_text(item["query"])
    if (reason := refused(query)) is not None:
        raise FlowExecutionError(f"query {number} is {reason}", hint=hint)
    return query, item.get("params")


def refuse(query: str, refused: Callable[[str], str | None]) -> None:
    """Raise for a statement that can't be part of the transaction around it; `refused` as above."""
    if (reason := refused(query)) is not None:
        hint = "a step that is `exactly_once`, or stands in the debugger between its statements, is one transaction"
        raise FlowExecutionError(f"the query is {reason}", hint=hint)


def isolation_level(value: Any, levels: Sequence[str]) -> str | None:
    """One of the levels that a database has, however it is written; None if none is asked for."""
    if value is None:
        return None
    level = str(value).lower().replace(" ", "_").replace("-", "_")
    if level not in levels:
        raise FlowExecutionError(f"`isolation` must be one of {', '.join(levels)}, not {value!r}")
    return level


def records(value: Any, name: str) -> list[Record]:
    """A list of maps, such as the rows to insert."""
    entries = listed(value, name)
    if {*map(type, entries)} <= {dict}:
        return entries
    for number, record in enumerate(entries, 1):
        if not isinstance(record, Mapping):
            raise FlowExecutionError(f"entry {number} of `{name}` must be a map, not {type(record).__name__}")
    return entries


def columns_of(rows: list[Record]) -> list[str]:
    """The columns of all records together, in the order in which they turn up."""
    if not rows:
        return []
    columns = list(rows[0])
    # the common case, found out in a third of the time
    if len(set().union(*rows)) > len(columns):
        columns = list(dict.fromkeys(chain.from_iterable(rows)))
    if not columns:
        raise FlowExecutionError("the records have no columns")
    return columns


def tuples(columns: Sequence[str], batch: Sequence[Record]) -> list[Sequence[Any]]:
    """The rows of a batch, their values in the order of the columns; None where a record has none."""
    try:
        if len(columns) > 1:
            return list(map(itemgetter(*columns), batch))
    except KeyError:
        pass
    return [tuple(record.get(column) for column in columns) for record in batch]


def changes(value: Any, key_field: str) -> list[Record]:
    """The updates of a batch, each with a key and something to set."""
    updates = records(value, "updates")
    for number, change in enumerate(updates, 1):
        if change.get(key_field) is None:
            raise FlowExecutionError(f"update {number} has no `{key_field}`, the key by which its row is found")
        if len(change) == 1:
            raise FlowExecutionError(f"update {number} sets no column beside its key `{key_field}`")
    return updates


def columns_set(change: Record, key_field: str) -> tuple[str, ...]:
    """The columns that an update sets, always in the same order."""
    return tuple(sorted(column for column in change if column != key_field))


def alike(updates: Iterable[Sequence[Record]], key_field: str) -> Iterator[tuple[tuple[str, ...], list[Sequence[Any]]]]:
    """The updates of each batch that set the same columns: those, and of each update their values and then the key."""
    for batch in updates:
        for columns, group in groupby(batch, key=lambda change: columns_set(change, key_field)):
            yield columns, list(map(itemgetter(*columns, key_field), group))


def batches(entries: list[Record], size: Any) -> Iterator[list[Record]]:
    """The entries, `size` at a time."""
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise FlowExecutionError(f"`batch_size` must be a whole number from 1, not {size!r}")
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
