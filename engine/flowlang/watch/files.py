"""Which files of a project are watched, and what they held when they were last read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

from flowlang.project import is_own_folder

ENDINGS: Final = (".yaml", ".yml", ".py", ".json", ".sql")
#: What tasks may read beside that.
DATA: Final = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".toml", ".ini", ".xml", ".html", ".j2", ".jinja", ".md")
_OWN_FOLDER: Final = ".flowlang"
_OWN_FILE: Final = "connections.enc"

#: Files above this size are told apart by their mark only.
_READ_BELOW: Final = 8_000_000
#: Two writes this close to each other may leave the same time on a file.
_SAME_TIME_NS: Final = 50_000_000

GONE: Final = b""


class Seen(NamedTuple):
    """A file as it was when it was read: a digest of what it held, and what tells that it is still that file.

    `mark` is its time of change, size and number. `digest` is `GONE` if there was no file. `is_empty` and
    `ends_line` help to notice a save that is under way.
    """

    digest: bytes
    mark: tuple[int, int, int]
    read_at: int
    is_empty: bool = False
    ends_line: bool = False

    def is_surely(self, mark: tuple[int, int, int]) -> bool:
        """Whether a file with this mark is the one that was read, without reading it again."""
        return mark == self.mark and mark[0] + _SAME_TIME_NS < self.read_at


_MISSING: Final = Seen(GONE, (0, 0, 0), 0)


class Files:
    """The watched files below a folder and those named in `also`, with what each held when it was last read.

    Watched are files with one of `endings`, `.env` files and the project's stored connections. Left out are hidden
    folders, virtual environments, caches and what links to folders.
    """

    def __init__(self, root: str, also: Iterable[str] = (), endings: tuple[str, ...] = ENDINGS) -> None:
        self.also = frozenset(also)
        self._root = root
        self._endings = endings
        self._seen: dict[str, Seen] = {}
        self._sources: set[str] = set()
        self._others: set[str] = set()
        self._links: set[str] = set()

    @property
    def folders(self) -> set[str]:
        """Every folder with a watched file in it, or where one may appear."""
        return self._sources | self._others

    def scan(self) -> list[str]:
        """Look at every file, and at which folders and files there are. Gives the files that changed."""
        found = set(self._listed())
        return [path for path in found.union(self._seen) if self._has_changed(path, reread=False)]

    def look(self, paths: Iterable[str]) -> list[str]:
        """Read these files again, and those that are links. Gives the files that changed."""
        watched = set(filter(self.is_watched, paths))
        for path in watched:
            self._mind_link(path)
        return [path for path in watched | self._links if self._has_changed(path)]

    def now(self, path: str) -> Seen:
        """Read a file again without taking note of it."""
        return _read(path)

    def before(self, path: str) -> Seen:
        """What a file held when note was last taken of it."""
        return self._seen.get(path, _MISSING)

    def note(self, path: str, seen: Seen) -> None:
        """Take note of what a file holds."""
        if seen.digest == GONE:
            self._seen.pop(path, None)
        else:
            self._seen[path] = seen

    def name(self, also: frozenset[str]) -> None:
        """Watch these files too, as they are now, instead of those that were named before."""
        for path in self.also - also:
            if os.path.dirname(path) not in self._sources:
                self._seen.pop(path, None)
        for path in also - self.also:
            self.note(path, self.now(path))
        self.also = also

    def expect(self, path: str, content: bytes) -> None:
        """Take `content` for what the file holds, so that it is no change to find it there."""
        self._seen[path] = Seen(_digest(content), (0, 0, 0), 0)

    def is_watched(self, path: str) -> bool:
        """Whether a path is that of a file to watch, whether it exists or not."""
        folder, name = os.path.split(path)
        return path in self.also or (folder in self._sources and self._is_source(folder, name))

    def _has_changed(self, path: str, reread: bool = True) -> bool:
        before = self.before(path)
        if not reread and before.is_surely(_mark(path)):
            return False
        return _read(path).digest != before.digest

    def _listed(self) -> Iterator[str]:
        self._sources, self._others, self._links = set(), set(), set()
        for folder, entries in _folders(self._root):
            self._sources.add(folder)
            for entry in entries:
                if self._is_source(folder, entry.name):
                    yield entry.path
                    if entry.is_symlink():
                        self._mind_link(entry.path)
        for path in self.also:
            yield path
            self._mind_folder(os.path.dirname(path))
            self._mind_link(path)

    def _is_source(self, folder: str, name: str) -> bool:
        if os.path.basename(folder) == _OWN_FOLDER:
            return name == _OWN_FILE
        if name.startswith("."):
            return name == ".env" or name.startswith(".env.")
        return name.endswith(self._endings)

    def _mind_link(self, path: str) -> None:
        """A change of the file that a link leads to is one of the link."""
        if os.path.islink(path):
            self._links.add(path)
            self._mind_folder(os.path.dirname(os.path.realpath(path)))
        else:
            self._links.discard(path)

    def _mind_folder(self, folder: str) -> None:
        if os.path.isdir(folder):
            self._others.add(folder)


def _folders(root: str) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError:  # it went away, or is not for us
            continue
        if folder != root and any(entry.name == "pyvenv.cfg" for entry in entries):
            continue
        yield folder, entries
        if os.path.basename(folder) != _OWN_FOLDER:
            waiting += [entry.path for entry in entries if _is_folder(entry)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return (entry.name == _OWN_FOLDER or is_own_folder(entry.name)) and entry.is_dir(follow_symlinks=False)


def _read(path: str) -> Seen:
    mark = _mark(path)
    if mark == _MISSING.mark:
        return _MISSING
    now = time.time_ns()
    if mark[1] > _READ_BELOW:
        return Seen(repr(mark).encode(), mark, now, ends_line=True)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:  # it went away, or is not for us
        return _MISSING
    return Seen(_digest(content), mark, now, not content, content.endswith(b"\n"))


def _mark(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return _MISSING.mark
    return found.st_ctime_ns, found.st_size, found.st_ino


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
