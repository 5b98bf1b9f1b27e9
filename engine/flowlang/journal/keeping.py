"""What becomes of the files of runs: complete ones and those of dead processes go into the database."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from json import loads
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import JournalError
from flowlang.journal import lease
from flowlang.journal.opening import SUFFIX, prepare_folder
from flowlang.journal.recording import VERSION
from flowlang.journal.spool import DRAFT, Spool, create_spool, written_lines
from flowlang.journal.tally import Tally

if TYPE_CHECKING:
    from flowlang.journal.reading import Ending, SessionReading
    from flowlang.journal.settings import Settings
    from flowlang.journal.store import Store

#: So many complete files, of so many bytes each, wait for the next one to look.
FILES_LEFT: Final = 16
BYTES_LEFT: Final = 1_000_000
#: A draft that is older than so many seconds belongs to nobody any more.
_DRAFT_SECONDS: Final = 60.0

#: Lines of steps that a definition doesn't have.
_ADDED: Final = re.compile(rb'^\["d",.*$', re.MULTILINE)

_log = logging.getLogger("flowlang.journal")


class Keeper:
    """The files in one project's `.flowlang/running`, and their way into the store."""

    def __init__(self, folder: Path, store: Callable[[], Store], settings: Callable[[], Settings]) -> None:
        self.folder = folder
        self._store = store
        self._settings = settings
        self._adopting = threading.Lock()

    def create(self, path: Path) -> Spool:
        """A new file for a run. Raises OSError."""
        prepare_folder(self.folder)
        return create_spool(path)

    def defers(self, spool: Spool, tally: Tally) -> bool:
        """Whether a complete file is left for whoever looks at the journal next; then nothing else is to be done.

        So a short run need not wait until SQLite is loaded and a transaction committed.
        """
        if spool.size > BYTES_LEFT or tally.gap is not None:
            return False
        if sum(name.endswith(SUFFIX) for name in os.listdir(self.folder)) >= FILES_LEFT:
            return False
        spool.close()
        return True

    def take(self, spool: Spool, tally: Tally) -> None:
        """Take a run that is over into the database, and others that wait.

        Raises JournalError or OSError, with the file left there.
        """
        try:
            self._seal([(written_lines(spool.path.read_bytes()), tally)])
            spool.path.unlink(missing_ok=True)
        finally:
            spool.close()
        self.adopt()

    def close(self) -> None:
        """Nothing will be taken in any more."""

    def adopt(self) -> list[SessionReading]:
        """Take in what dead processes left, and what is complete; give back what is still under way.

        Where the database cannot be written, what should be in it is given back too.
        """
        left: list[SessionReading] = []
        with self._adopting:
            for path in self.files():
                with suppress(FileNotFoundError):  # somebody else took it in
                    reading = self._adopt_file(path)
                    if reading is not None:
                        left.append(reading)
        return left

    def files(self) -> list[Path]:
        """The files of runs, the oldest first; drafts of dead processes are removed on the way."""
        try:
            names = sorted(os.listdir(self.folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        for name in names:
            if name.endswith(DRAFT):
                self._remove_draft(self.folder / name)
        found = [name for name in names if name.endswith(SUFFIX)]
        # sessions of a run are taken in one after the other, and 10 comes after 2
        return [self.folder / name for name in sorted(found, key=lambda name: (name.split(".")[0], len(name), name))]

    def _adopt_file(self, path: Path) -> SessionReading | None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            free = lease.take(descriptor)
            content = written_lines(path.read_bytes())
            # looked at afterwards: a file that has another name by now may hold another run's lines
            if not _is(descriptor, path):
                return None
            owner = _header(content)
            if owner is None:
                self._set_aside(path, free)
                return None
            if owner["version"] > VERSION:
                return None  # it waits for the version that wrote it
            if not free and lease.is_alive(owner):
                # one that is over may be locked by somebody who is taking it in
                return _reading(content, "alive" if _told_at_the_end(content) is None else "complete")
            return self._take_over(path, content)
        except (ValueError, TypeError, LookupError) as error:
            # lines that make no sense may be anything: the other runs are still to be seen
            _log.warning("%s cannot be read: %s: %s", path.name, type(error).__name__, error)
            self._set_aside(path, free)
            return None
        finally:
            os.close(descriptor)

    def _take_over(self, path: Path, content: bytes) -> SessionReading | None:
        reading: SessionReading | None = None
        tally = _told_at_the_end(content)
        if tally is None:
            reading = _reading(content, _ending(content))
            tally = reading.tally()
            tally.has_large = True  # nobody counted
        try:
            self._seal([(content, tally)])
            path.unlink(missing_ok=True)
        except (JournalError, OSError) as error:
            _log.warning("%s stays where it is: %s", path.name, error)
            return reading or _reading(content, "complete")
        return None

    def _seal(self, sessions: Iterable[tuple[bytes, Tally]]) -> None:
        """Write sessions into the database, in one transaction. Raises JournalError, with nothing written."""
        from flowlang.journal.retention import retire
        from flowlang.journal.sealing import pack, put

        settings = self._settings()
        packed = [pack(content, tally, inline_limit=settings.inline_limit) for content, tally in sessions]
        with self._store().writing() as database:
            for one in packed:
                put(database, one)
            retire(database, settings)

    def _set_aside(self, path: Path, free: bool) -> None:
        """A file without a first line is none of ours."""
        if free:
            _log.warning("%s is not the record of a run; it is now %s", path, path.with_suffix(".broken").name)
            os.replace(path, path.with_suffix(".broken"))

    def _remove_draft(self, path: Path) -> None:
        with suppress(OSError):
            if time() - path.stat().st_mtime < _DRAFT_SECONDS:
                return
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if lease.take(descriptor):
                    os.unlink(path)
            finally:
                os.close(descriptor)


def _is(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    ours, there = os.fstat(descriptor), os.stat(path)
    return (ours.st_ino, ours.st_dev) == (there.st_ino, there.st_dev)


def _header(content: bytes) -> dict[str, Any] | None:
    line, end, _ = content.partition(b"\n")
    try:
        letter, header = loads(line)
        return header if end and letter == "h" and header["version"] >= 1 else None
    except (ValueError, TypeError, KeyError):
        return None


def _told_at_the_end(content: bytes) -> Tally | None:
    """What the last line of a complete file says, without reading the others."""
    last = content[content.rfind(b"\n", 0, -1) + 1 :]
    if not last.startswith(b'["z",'):
        return None
    tally = Tally()
    tally.take(loads(last)[1])
    first, second = _first_lines(content)
    tally.header = loads(first)[1]
    added = _ADDED.findall(content) if b'\n["d",' in content else []
    tally.steps = [*_steps_of(second), *(loads(line)[2] for line in added)]
    return tally


@lru_cache(maxsize=8)
def _steps_of(line: bytes) -> list[Any]:
    """The steps of a definition, which most runs share with the one before."""
    steps: list[Any] = loads(line)[1]["steps"]
    return steps


def _first_lines(content: bytes) -> Iterator[bytes]:
    end = content.index(b"\n")
    yield content[:end]
    yield content[end + 1 : content.index(b"\n", end + 1)]


def _ending(content: bytes) -> Ending:
    kinds = (b'{"type":"flow_completed"', b'{"type":"flow_failed"', b'{"type":"flow_cancelled"')
    last = content[content.rfind(b'\n["e",') :]
    return "complete" if any(kind in last for kind in kinds) else "dead"


def _reading(content: bytes, ending: Ending) -> SessionReading:
    from flowlang.journal.reading import SessionReading  # to record a run takes no reading

    return SessionReading(content, ending, lambda key: None)
