"""The file into which a run is written line by line while it happens.

What was appended is in the kernel's hands, so the death of the process loses none of it. The file grows by segments
that are allocated before they are written, so that a full disk is found out when it grows and at no other time. They
are filled with NUL bytes, of which the rest of the last segment consists: a page that the kernel has at hand already is
written to at a fraction of what it takes to fetch one.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from mmap import ALLOCATIONGRANULARITY, mmap
from pathlib import Path
from typing import Final, Protocol

#: The first segment, in bytes; each that follows is twice as long, up to the longest.
FIRST_SEGMENT: Final = 32 * 1024
LONGEST_SEGMENT: Final = 1024 * 1024
#: How the name of a file ends that no run is in yet.
DRAFT: Final = ".new"
#: So many bytes at the end of a segment are for saying that the recording stopped, when no other can be had.
RESERVE: Final = 256

_CANNOT_ALLOCATE: Final = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENODEV, errno.ENOSYS)


class Spool(Protocol):
    """A file that is appended to. Every method but `close` raises OSError when the system refuses."""

    path: Path
    #: Its name until it is published.
    draft: Path

    @property
    def size(self) -> int:
        """How many bytes were written."""

    def content(self) -> bytes:
        """All that was appended."""

    def append(self, line: bytes) -> None:
        """Add a line. All of it is there for other processes when this returns."""

    def last_words(self, line: bytes) -> None:
        """Add a line of at most `RESERVE` bytes where there is no room for another any more."""

    @property
    def is_reusable(self) -> bool:
        """Whether to clear it is quicker than to make a new one."""

    def clear(self) -> None:
        """Make it as it was when it was new, if it is reusable."""

    def close(self) -> None:
        """Let go of the file, and by that of its lock."""


def create_spool(path: Path) -> Spool:
    """A new file, locked for as long as this process has it open, though not under its name yet; see `publish`.

    Raises OSError.
    """
    draft = path.with_suffix(DRAFT)
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):  # a file system without locks: the process is looked for instead
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _spool(path, descriptor)
    except BaseException:
        os.close(descriptor)
        with suppress(OSError):
            os.unlink(draft)
        raise


def _spool(path: Path, descriptor: int) -> Spool:
    if hasattr(os, "posix_fallocate"):
        try:
            return MappedSpool(path, descriptor)
        except OSError as error:
            if error.errno not in _CANNOT_ALLOCATE:
                raise
    return WrittenSpool(path, descriptor)


def publish(spool: Spool) -> None:
    """Give a new file its name: from now on others know the run. Raises OSError."""
    os.rename(spool.draft, spool.path)


class MappedSpool:
    """Writes into memory that is the file's: some hundred nanoseconds a line."""

    _descriptor = -1

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self.draft = path, path.with_suffix(DRAFT)
        self._begin, self._end = 0, FIRST_SEGMENT
        self._map = _mapped(descriptor, 0, 0, FIRST_SEGMENT)
        self._descriptor = descriptor

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._begin + self._map.tell()

    def content(self) -> bytes:
        if self._begin:
            return written_lines(self.path.read_bytes())
        return self._map[: self._map.tell()]

    def append(self, line: bytes) -> None:
        try:
            self._map.write(line)
        except ValueError:  # there is no room for it
            self._grow(len(line))
            self._map.write(line)

    def last_words(self, line: bytes) -> None:
        os.pwrite(self._descriptor, line, self.size)

    @property
    def is_reusable(self) -> bool:
        return self._end == FIRST_SEGMENT

    def clear(self) -> None:
        self._map[: self._map.tell()] = bytes(self._map.tell())
        self._map.seek(0)

    def close(self) -> None:
        if self._descriptor >= 0:
            self._map.close()
            os.close(self._descriptor)
            self._descriptor = -1

    def _grow(self, needed: int) -> None:
        size = self.size
        begin = size - size % ALLOCATIONGRANULARITY
        pages = -(-(needed + RESERVE) // ALLOCATIONGRANULARITY) + 1
        length = max(min((self._end - self._begin) * 2, LONGEST_SEGMENT), pages * ALLOCATIONGRANULARITY)
        grown = _mapped(self._descriptor, begin, self._end, begin + length)
        grown.seek(size - begin)
        self._map.close()
        self._map, self._begin, self._end = grown, begin, begin + length

    def __del__(self) -> None:
        self.close()


def _mapped(descriptor: int, begin: int, filled: int, end: int) -> mmap:
    """The segment from `begin` to `end`, without its reserve. The file is filled up to `filled` so far."""
    os.posix_fallocate(descriptor, begin, end - begin)
    os.pwrite(descriptor, bytes(end - filled), filled)
    return mmap(descriptor, end - begin - RESERVE, offset=begin)


class WrittenSpool:
    """Writes with a call of the system for each line, where nothing can be allocated in advance."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self.draft = path, path.with_suffix(DRAFT)
        self.size = 0
        self._descriptor = descriptor

    def append(self, line: bytes) -> None:
        written = os.write(self._descriptor, line)
        if written < len(line):  # a disk that fills up takes a part
            os.ftruncate(self._descriptor, self.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += written

    def content(self) -> bytes:
        return written_lines(self.path.read_bytes())

    def last_words(self, line: bytes) -> None:
        self.append(line)

    is_reusable = False

    def clear(self) -> None:
        os.ftruncate(self._descriptor, 0)
        self.size = 0

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


def written_lines(content: bytes) -> bytes:
    """The whole lines of a spool's content: without what was never used, and without one that was torn."""
    end = content.find(b"\0")
    return content[: content.rfind(b"\n", 0, len(content) if end < 0 else end) + 1]
