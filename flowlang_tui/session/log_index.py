"""The index of the lines of a log that a filter shows, made in slices, so that no frame waits for it."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from time import perf_counter
from typing import Final

from flowlang_tui.session.log_filter import LogFilter
from flowlang_tui.session.log_pattern import FilterError
from flowlang_tui.session.log_store import LogStore

#: How long one call of `LogIndex.extend` works, in seconds.
SLICE: Final = 0.008

_BLOCK: Final = 512


class LogIndex:
    """The numbers of the lines of a store that a filter shows, as rows from 0."""

    def __init__(self, store: LogStore, chosen: LogFilter) -> None:
        self.store = store
        self.filter = chosen
        self.problem = ""
        self._numbers = array("I")
        self._next = store.first

    @property
    def is_complete(self) -> bool:
        """Whether all lines that there are were looked at."""
        return self.filter.is_open or bool(self.problem) or self._next >= len(self.store)

    def extend(self, seconds: float = SLICE) -> bool:
        """Look at lines that came, for about so many seconds; whether all were looked at."""
        if self.is_complete:
            return True
        deadline = perf_counter() + seconds
        for base, start, end, chunk in self.store.chunks(self._next):
            while start < end:
                until = min(start + _BLOCK, end)
                try:
                    found, start = self.filter.passing(chunk, start, until, deadline)
                except FilterError as error:
                    self.problem = str(error)
                    return True
                self._numbers.extend([base + index for index in found])
                self._next = base + start
                if perf_counter() > deadline:
                    return self._next >= len(self.store)
        self._next = max(self._next, self.store.first)
        return True

    def __len__(self) -> int:
        """How many rows there are."""
        if self.filter.is_open:
            return len(self.store) - self.store.first
        return len(self._numbers) - self._dropped()

    def number(self, row: int) -> int:
        """The number of the line in a row; that of the next line to come if there is no such row any more."""
        if self.filter.is_open:
            return self.store.first + row
        row += self._dropped()
        return self._numbers[row] if row < len(self._numbers) else len(self.store)

    def row(self, number: int) -> int:
        """The row of a line; if it is not shown, that of the next one after it."""
        if self.filter.is_open:
            return min(max(number - self.store.first, 0), len(self))
        return max(bisect_left(self._numbers, number) - self._dropped(), 0)

    def _dropped(self) -> int:
        """How many of the rows are of lines that the store no longer keeps."""
        first = self.store.first
        if not self._numbers or self._numbers[0] >= first:
            return 0
        gone = bisect_left(self._numbers, first)
        if gone * 2 > len(self._numbers):
            del self._numbers[:gone]
            return 0
        return gone
