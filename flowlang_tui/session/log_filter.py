"""Which lines of a log are shown, and the index of them: made in slices, so that no frame waits for it."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any, Final

from flowlang_tui.session.log_store import DEBUG, Chunk, LogStore
from flowlang_tui.session.records import address_of

#: How long one call of `LogIndex.extend` works, in seconds.
SLICE: Final = 0.008

#: A pattern that takes so long for one line, in seconds, is given up.
TOO_SLOW: Final = 0.1

_BLOCK: Final = 512
#: How many bytes a sign and the space after it take at most.
_SIGN: Final = 5
#: Lines longer than this are searched by a pattern in parts first, to learn how it behaves: by one that repeats
#: something without limit once, and by one that does so more often.
_LONG: Final = 2048
_LONG_FOR_RISKY: Final = 32
#: So many times as long as those a line may be to be marked.
_MARKED: Final = 8

_CAPITAL: Final = re.compile(r"(?<!\\)[A-Z]")


class FilterError(ValueError):
    """What was asked for cannot be searched; the message says why."""


class LogFilter:
    """What a line must have to be shown.

    `query` is a text, or a regular expression behind a slash; a slash at its end is not part of it. `!` in front of
    either hides what has it. Capitals only match themselves, small letters both. `level` is the lowest that is
    shown, `address` that of a step: its lines and those of the steps inside it are shown. Raises FilterError for a
    pattern that is wrong or could never end.
    """

    __slots__ = (
        "_careful_from",
        "_folded",
        "_head",
        "_needle",
        "_pattern",
        "address",
        "inverse",
        "level",
        "query",
        "text",
    )

    def __init__(self, query: str = "", level: int = DEBUG, address: str = "") -> None:
        self.query = query
        self.level = level
        self.address = address
        self.inverse = query.startswith("!")
        wanted = query[1:] if self.inverse else query
        is_pattern = wanted.startswith("/")
        self.text = wanted[1:].removesuffix("/") if is_pattern else wanted
        self._folded = _CAPITAL.search(self.text) is None
        self._pattern: re.Pattern[str] | None = None
        self._careful_from = _LONG
        if is_pattern and self.text:
            self._pattern, repeats = _compiled(self.text, self._folded)
            self._careful_from = _LONG if repeats < 2 else _LONG_FOR_RISKY
        self._needle = b""
        self._head = address.partition("/")[0].encode("utf-8", "surrogatepass")
        if self._pattern is None and self.text:
            if self.text.isascii() or not self._folded:
                self._needle = self.text.encode("utf-8", "surrogatepass")
            else:
                self._pattern = re.compile(re.escape(self.text), re.IGNORECASE)

    @property
    def is_open(self) -> bool:
        """Whether every line is shown."""
        return not self.text and self.level == DEBUG and not self.address

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the text that is asked for stands in a line, to be marked; none if it is what hides lines."""
        if self.inverse or not self.text or len(text) > min(_LONG, self._careful_from * _MARKED):
            return []
        pattern = self._pattern or re.compile(re.escape(self.text), re.IGNORECASE if self._folded else 0)
        return [found.span() for found in pattern.finditer(text) if found.end() > found.start()]

    def passing(self, chunk: Chunk, start: int, end: int, deadline: float) -> tuple[list[int], int]:
        """Which of some lines of a chunk are shown, and how far it came before the deadline.

        Raises FilterError if the pattern is too slow.
        """
        found: Iterable[int]
        if self._needle:
            found = self._by_needle(chunk, start, end, self._needle, self._folded)
        elif self._pattern is not None:
            found, end = self._by_pattern(chunk, start, end, self._pattern, self._careful_from, deadline)
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

    @staticmethod
    def _by_needle(chunk: Chunk, start: int, end: int, needle: bytes, folded: bool) -> Iterator[int]:
        offset = chunk.start(start)
        data = chunk.data[offset : chunk.ends[end - 1]]
        if folded:
            data, needle = data.lower(), needle.lower()
        ends = chunk.ends
        at = data.find(needle)
        while at >= 0:
            position = at + offset
            index = start = bisect_left(ends, position + 1, start, end)
            if position + len(needle) <= ends[index]:
                yield index
            at = data.find(needle, ends[index] - offset)

    @staticmethod
    def _by_pattern(
        chunk: Chunk, start: int, end: int, pattern: re.Pattern[str], careful_from: int, deadline: float
    ) -> tuple[list[int], int]:
        found = []
        before = perf_counter()
        for index in range(start, end):
            text = chunk.text(index)
            if len(text) > careful_from:
                _probe(pattern, text, careful_from)
            if pattern.search(text):
                found.append(index)
            now = perf_counter()
            if now - before > TOO_SLOW:
                raise _too_slow(pattern)
            before = now
            if now > deadline:
                return found, index + 1
        return found, end


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


def _compiled(text: str, folded: bool) -> tuple[re.Pattern[str], int]:
    """The pattern, and how often it repeats something without limit."""
    try:
        pattern = re.compile(text, re.IGNORECASE if folded else 0)
    except re.error as error:
        place = "" if error.pos is None else f" at character {error.pos + 1}"
        raise FilterError(f"not a regular expression{place}: {error.msg}") from None
    except (RecursionError, OverflowError):
        raise FilterError("this regular expression is too large") from None
    # the parser behind `re`, under the only name it has from 3.11 on
    from re import _parser  # type: ignore[attr-defined]

    repeated = list(_endless(_parser.parse(text)))
    if any(_is_ambiguous(body) for body in repeated):
        raise FilterError("a repetition of a repetition could search for ever; leave out the outer one")
    return pattern, len(repeated)


def _endless(parsed: Any) -> Iterator[Any]:
    """What a pattern repeats without limit."""
    for operator, argument in parsed:
        if str(operator) in ("MAX_REPEAT", "MIN_REPEAT") and argument[1] > 1000:
            yield argument[2]
        for inner in _inside(argument):
            yield from _endless(inner)


def _is_ambiguous(parsed: Any) -> bool:
    """Whether a pattern can match the same text in several ways."""
    for operator, argument in parsed:
        if str(operator) in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] != argument[1]:
            return True
        if str(operator) == "BRANCH" and not _starts_differ(argument[1]):
            return True
        if any(_is_ambiguous(inner) for inner in _inside(argument)):
            return True
    return False


def _starts_differ(branches: list[Any]) -> bool:
    starts = [tuple(branch[0]) if len(branch) else None for branch in branches]
    literal = [start for start in starts if start is not None and str(start[0]) == "LITERAL"]
    return len(literal) == len(set(literal)) == len(branches)


def _inside(argument: Any) -> Iterator[Any]:
    """The patterns inside of an operator's argument."""
    if type(argument).__name__ == "SubPattern":
        yield argument
    elif isinstance(argument, (tuple, list)):
        for one in argument:
            yield from _inside(one)


def _probe(pattern: re.Pattern[str], text: str, size: int) -> None:
    """Search longer and longer parts of a long line. Raises FilterError when the whole would take too long."""
    while size < len(text):
        began = perf_counter()
        if pattern.search(text, 0, size):
            return
        if perf_counter() - began > TOO_SLOW / 32:
            raise _too_slow(pattern)
        size *= 2


def _too_slow(pattern: re.Pattern[str]) -> FilterError:
    return FilterError(f"/{pattern.pattern}/ takes too long for these lines; ask for less at once")
