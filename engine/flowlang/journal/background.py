"""Runs that are over go into the database in a thread, in a process that goes on: nobody waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from flowlang.journal.keeping import BYTES_LEFT, FILES_LEFT, Keeper
from flowlang.journal.spool import Spool
from flowlang.journal.tally import Tally

if TYPE_CHECKING:
    from flowlang.journal.settings import Settings
    from flowlang.journal.store import Store

_log = logging.getLogger("flowlang.journal")


class BackgroundKeeper(Keeper):
    """Takes runs in by the handful, in one thread. Until then their files are their records, so nothing is lost."""

    def __init__(self, folder: Path, store: Callable[[], Store], settings: Callable[[], Settings]) -> None:
        super().__init__(folder, store, settings)
        self._over: list[tuple[Path, Tally]] = []
        self._lock = Lock()
        self._busy = self._closed = False
        #: Whether files were left that the database could not take in.
        self._missed = False
        self._thread = ThreadPoolExecutor(1, "flowlang-journal")

    def begin(self) -> None:
        """Take in what is there already, left by a process that died."""
        self._thread.submit(self._quietly, self.adopt)

    def defers(self, spool: Spool, tally: Tally) -> bool:
        """Always, but for a run of which the file doesn't tell the end. Once this is closed, as ever."""
        if tally.gap is not None:
            return False
        with self._lock:
            if self._closed:
                return super().defers(spool, tally)
            self._over.append((spool.path, tally))
            if not self._busy and (len(self._over) >= FILES_LEFT or spool.size > BYTES_LEFT):
                self._busy = True
                self._thread.submit(self._work)
        return True

    def close(self) -> None:
        """Take in what is left, and end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._thread.submit(self._work)
        self._thread.shutdown()

    def _work(self) -> None:
        with self._lock:
            over, self._over = self._over, []
        try:
            self._quietly(self.adopt if self._missed else lambda: self.take_all(over))
        finally:
            self._busy = False

    def _quietly(self, work: Callable[[], object]) -> None:
        try:
            work()
            self._missed = False
        # what the database cannot take in stays in its files, and the runs are over: nobody is there to be told
        except Exception as error:
            self._missed = True
            _log.warning("recorded runs stay in %s: %s", self.folder, error)
