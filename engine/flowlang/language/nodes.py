"""The tree that the reader makes of a file: plain values that know where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from flowlang.language.diagnostics import NOWHERE, Span


class Mark(Protocol):
    """A point in the text, as libyaml gives it: `index`, `line` and `column` count from 0, in characters."""

    @property
    def index(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class Node:
    """A value of the file. `start` and `end` are None where there was no text."""

    __slots__ = ("end", "start")

    def __init__(self, start: Mark | None = None, end: Mark | None = None) -> None:
        self.start = start
        self.end = end

    @property
    def span(self) -> Span:
        """Where the value stands."""
        if self.start is None or self.end is None:
            return NOWHERE
        return Span(self.start.line + 1, self.start.column + 1, self.end.line + 1, self.end.column + 1)

    @property
    def data(self) -> Any:
        """The value as plain Python data, without places."""
        raise TypeError(f"{type(self).__name__} has no data")


class Scalar(Node):
    """A single value. `style` is empty for plain text, else one of `"`, `'`, `|`, `>`."""

    __slots__ = ("style", "value")

    def __init__(self, value: Any, style: str = "", start: Mark | None = None, end: Mark | None = None) -> None:
        self.value = value
        self.style = style
        self.start = start
        self.end = end

    @property
    def data(self) -> Any:
        return self.value


class Sequence(Node):
    """A list of values."""

    __slots__ = ("items",)

    def __init__(self, items: list[Node], start: Mark | None = None, end: Mark | None = None) -> None:
        self.items = items
        self.start = start
        self.end = end

    @property
    def data(self) -> list[Any]:
        return [item.data for item in self.items]


class Mapping(Node):
    """Keys and values in the order of the file. A key is always text, and stands once."""

    __slots__ = ("entries",)

    def __init__(
        self, entries: dict[str, tuple[Scalar, Node]], start: Mark | None = None, end: Mark | None = None
    ) -> None:
        self.entries = entries
        self.start = start
        self.end = end

    def get(self, key: str) -> Node | None:
        """The value of `key`, or None."""
        entry = self.entries.get(key)
        return None if entry is None else entry[1]

    def items(self) -> Iterator[tuple[str, Scalar, Node]]:
        """Every key as text and as node, with its value."""
        for key, (key_node, value) in self.entries.items():
            yield key, key_node, value

    @property
    def data(self) -> dict[str, Any]:
        return {key: value.data for key, (_, value) in self.entries.items()}
