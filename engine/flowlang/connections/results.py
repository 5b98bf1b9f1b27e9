"""How large the result of a statement may become before it is refused, so that no query takes all memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from sys import getsizeof
from typing import Any, Final

from flowlang.errors import FlowExecutionError

#: The property of a config by which the limit is set, for the schema of a plugin: `{**RESULT_LIMIT}`.
RESULT_LIMIT: Final[dict[str, Any]] = {
    "max_result_mb": {
        "type": "number",
        "default": 256,
        "exclusiveMinimum": 0,
        "description": "How many megabytes of memory the result of one statement may take; a larger one is refused.",
    }
}

#: About what a row takes beside its values: its map, and its place in the list.
ROW_BYTES: Final = 280


class ResultTooLarge(FlowExecutionError):
    """The result of a statement is larger than the connection's `max_result_mb`."""

    def __init__(self, limit: float) -> None:
        super().__init__(
            f"the result is larger than {limit:g} MB",
            hint="fetch less at a time, with LIMIT or conditions, or raise the connection's `max_result_mb`",
        )


class ResultMeter:
    """Counts what a result takes while it is fetched."""

    __slots__ = ("_left", "limit")

    def __init__(self, limit: float) -> None:
        #: Megabytes.
        self.limit = limit
        self._left = limit * 1_000_000

    @property
    def exceeded(self) -> bool:
        """Whether the result that is counted now was too large."""
        return self._left < 0

    def begin(self) -> None:
        """Count another result from its start."""
        self._left = self.limit * 1_000_000

    def end(self) -> None:
        """Count no more: what comes now is no result that is kept as a whole."""
        self._left = inf

    def add(self, size: int) -> None:
        """Count bytes. Raises `ResultTooLarge`."""
        self._left -= size
        if self._left < 0:
            raise ResultTooLarge(self.limit)

    def add_row(self, values: Iterable[Any]) -> None:
        """Count a row of plain values. Raises `ResultTooLarge`."""
        self.add(sum(map(getsizeof, values), ROW_BYTES))


def size_of(value: Any) -> int:
    """About how many bytes a value of maps and lists takes."""
    if isinstance(value, Mapping):
        return sum((size_of(key) + size_of(each) for key, each in value.items()), getsizeof(value))
    if isinstance(value, (list, tuple)):
        return sum(map(size_of, value), getsizeof(value))
    return getsizeof(value)
