"""The lines of a run's log: a million of them in about 80 MB, written by one thread and read by another."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final, NamedTuple

DEBUG: Final = 0
INFO: Final = 1
WARNING: Final = 2
ERROR: Final = 3

#: A store keeps about so many lines, and bytes of text; after that the oldest go.
LINES: Final = 1_200_000
BYTES: Final = 128 * 1024 * 1024

#: Lines of one chunk, as a power of two.
_BITS: Final = 12
_SIZE: Final = 1 << _BITS
_LONGEST_PATH: Final = 0xFFFF

_PLAIN_SIGN: Final = "·"


class LogLine(NamedTuple):
    """A line as it was meant, with all the characters that came; showing it is for `inert`.

    `number` counts from 0 and stays with the line, `time` is seconds since 1970, `level` 0 (debug) to 3 (error),
    `path` that of the step (empty: of the run), `text` the line from its sign on, with the path in it.
    """

    number: int
    time: float
    level: int
    path: str
    text: str

    @property
    def sign(self) -> str:
        """The character in front: what kind of line it is."""
        return self.text[:1]


class Chunk:
    """Some lines that follow each other: their text as UTF-8 and what else is known of them, in arrays."""

    __slots__ = ("data", "ends", "levels", "paths", "times")

    def __init__(self) -> None:
        self.data = bytearray()
        self.ends = array("I")
        self.times = array("d")
        self.levels = bytearray()
        #: How many characters of each line, after the sign and a space, are the path of its step.
        self.paths = array("H")

    def start(self, index: int) -> int:
        """Where a line begins in `data`."""
        return self.ends[index - 1] if index else 0

    def text(self, index: int) -> str:
        """The text of a line."""
        return self.data[self.start(index) : self.ends[index]].decode("utf-8", "surrogatepass")


class LogStore:
    """Lines, numbered from 0. One thread may append while another reads: a line is counted when all of it is there."""

    def __init__(self, lines: int = LINES, size: int = BYTES) -> None:
        self._limit = lines
        self._size_limit = size
        self._chunks: dict[int, Chunk] = {}
        self._count = 0
        self._first = 0
        self._size = 0
        self._last = Chunk()

    def append(self, time: float, level: int, path: str, text: str, sign: str = _PLAIN_SIGN) -> None:
        """Add a line: `sign`, a single character, then the path of the step, if it is one's, then `text`."""
        count = self._count
        if not count & (_SIZE - 1):
            self._begin_chunk(count)
        chunk = self._last
        line = f"{sign} {path}  {text}" if path else f"{sign} {text}"
        data = chunk.data
        data += line.encode("utf-8", "surrogatepass")
        chunk.ends.append(len(data))
        chunk.times.append(time)
        chunk.levels.append(level)
        chunk.paths.append(len(path) if len(path) < _LONGEST_PATH else _LONGEST_PATH)
        self._count = count + 1

    def __len__(self) -> int:
        """How many lines were ever appended: the number of the next one."""
        return self._count

    @property
    def first(self) -> int:
        """The number of the oldest line that is still there."""
        return self._first

    def line(self, number: int) -> LogLine:
        """The line with this number; an empty one if it is no longer kept."""
        chunk = self._chunks.get(number >> _BITS)
        if chunk is None or not self._first <= number < self._count:
            return LogLine(number, 0.0, DEBUG, "", "")
        index = number & (_SIZE - 1)
        text = chunk.text(index)
        return LogLine(number, chunk.times[index], chunk.levels[index], text[2 : 2 + chunk.paths[index]], text)

    def chunks(self, start: int) -> Iterator[tuple[int, int, int, Chunk]]:
        """The lines from number `start` on: `(number of the chunk's first line, from index, to index, chunk)`."""
        number, end = max(start, self._first), self._count
        while number < end:
            base = number & ~(_SIZE - 1)
            chunk = self._chunks.get(number >> _BITS)
            if chunk is not None:
                yield base, number - base, min(_SIZE, end - base), chunk
            number = base + _SIZE

    def clear(self) -> None:
        """Forget the lines so far. Numbers go on where they were."""
        self._first = self._count
        for key in [key for key in self._chunks if (key + 1) << _BITS <= self._count]:
            del self._chunks[key]

    def _begin_chunk(self, count: int) -> None:
        while self._chunks and (len(self._chunks) * _SIZE >= self._limit or self._size > self._size_limit):
            oldest = next(iter(self._chunks))
            self._first = max(self._first, (oldest + 1) << _BITS)
            self._size -= len(self._chunks.pop(oldest).data)
        self._size += len(self._last.data)
        self._last = self._chunks[count >> _BITS] = Chunk()
