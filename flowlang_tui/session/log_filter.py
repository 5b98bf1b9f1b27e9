"""Which lines of a log are shown."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Final

from flowlang.runtime.paths import address_of
from flowlang_tui.session.log_pattern import LinePattern
from flowlang_tui.session.log_store import DEBUG, Chunk

#: How many bytes a sign and the space after it take at most.
_SIGN: Final = 5

_CAPITAL: Final = re.compile(r"(?<!\\)[A-Z]")


class LogFilter:
    """What a line must have to be shown.

    `query` is a text, or a regular expression behind a slash; a slash at its end is not part of it. `!` in front of
    either hides what has it. Capitals only match themselves, small letters both. `level` is the lowest that is
    shown, `address` that of a step: its lines and those of the steps inside it are shown. Raises FilterError for a
    pattern that is wrong or could never end.
    """

    __slots__ = ("_folded", "_head", "_marks", "_needle", "_pattern", "address", "inverse", "level", "query", "text")

    def __init__(self, query: str = "", level: int = DEBUG, address: str = "") -> None:
        self.query = query
        self.level = level
        self.address = address
        self.inverse = query.startswith("!")
        wanted = query[1:] if self.inverse else query
        is_pattern = wanted.startswith("/")
        self.text = wanted[1:].removesuffix("/") if is_pattern else wanted
        self._folded = _CAPITAL.search(self.text) is None
        self._head = address.partition("/")[0].encode("utf-8", "surrogatepass")
        self._marks = LinePattern(self.text if is_pattern else re.escape(self.text), ignore_case=self._folded)
        # bytes are found much quicker than a pattern, but only ASCII has small letters there
        is_plain = not is_pattern and (self.text.isascii() or not self._folded)
        self._needle = self.text.encode("utf-8", "surrogatepass") if is_plain else b""
        self._pattern = None if is_plain or not self.text else self._marks

    @property
    def is_open(self) -> bool:
        """Whether every line is shown."""
        return not self.text and self.level == DEBUG and not self.address

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the text that is asked for stands in a line, to be marked; none if it is what hides lines."""
        return [] if self.inverse or not self.text else self._marks.spans(text)

    def passing(self, chunk: Chunk, start: int, end: int, deadline: float) -> tuple[list[int], int]:
        """Which of some lines of a chunk are shown, and how far it came before the deadline.

        Raises FilterError if the pattern is too slow.
        """
        found: Iterable[int]
        if self._needle:
            found = self._by_needle(chunk, start, end, self._needle)
        elif self._pattern is not None:
            found, end = self._by_pattern(chunk, start, end, self._pattern, deadline)
        else:
            found = range(start, end)
        if self.inverse and self.text:
            hidden = set(found)
            found = [index for index in range(start, end) if index not in hidden]
        if self.level > DEBUG:
            levels, lowest = chunk.levels, self.level
            found = [index for index in found if levels[index] >= lowest]
        if self.address:
            found = [index for index in found if self._is_inside(chunk, index)]
        return list(found), end

    def _is_inside(self, chunk: Chunk, index: int) -> bool:
        length = chunk.paths[index]
        if length < len(self.address):
            return False
        # decoding a line costs most: look whether the path, behind sign and space, can begin right
        begin = chunk.start(index)
        if chunk.data.find(self._head, begin, begin + _SIGN + len(self._head)) < 0:
            return False
        address = address_of(chunk.text(index)[2 : 2 + length])
        return address == self.address or address.startswith(f"{self.address}/")

    def _by_needle(self, chunk: Chunk, start: int, end: int, needle: bytes) -> Iterator[int]:
        offset = chunk.start(start)
        data = chunk.data[offset : chunk.ends[end - 1]]
        if self._folded:
            data, needle = data.lower(), needle.lower()
        ends = chunk.ends
        at = data.find(needle)
        while at >= 0:
            position = at + offset
            start = bisect_left(ends, position + 1, start, end)
            if position + len(needle) <= ends[start]:
                yield start
            at = data.find(needle, ends[start] - offset)

    @staticmethod
    def _by_pattern(chunk: Chunk, start: int, end: int, pattern: LinePattern, deadline: float) -> tuple[list[int], int]:
        found = []
        for index in range(start, end):
            if pattern.matches(chunk.text(index)):
                found.append(index)
            if perf_counter() > deadline:
                return found, index + 1
        return found, end
