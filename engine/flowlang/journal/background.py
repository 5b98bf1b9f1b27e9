"""Runs that are over go into the database in a thread, in a process that goes on: nobody waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

from flowlang.journal.keeping import Keeper
from flowlang.journal.spool import Spool
from flowlang.journal.stock import Stock
from flowlang.journal.tally import Tally

if TYPE_CHECKING:
    from flowlang.journal.settings import Settings
    from flowlang.journal.store import Store

#: How long, in seconds, a run that is over may wait for others to be taken in with it, and how many are at once.
_PATIENCE: Final = 0.2
_AT_ONCE: Final = 64

_log = logging.getLogger("flowlang.journal")


class BackgroundKeeper(Keeper):
    """Takes runs in by the handful. Until then their files are their records, so nothing is lost."""

    def __init__(self, folder: Path, store: Callable[[], Store], settings: Callable[[], Settings]) -> None:
        super().__init__(folder, store, settings)
        self._stock = Stock(folder)
        self._over: list[tuple[Spool, Tally]] = []
        self._news = Condition()
        #: Whether files were left that the database could not take in.
        self._closed = self._missed = False
        self._thread = Thread(target=self._work, name="flowlang-journal", daemon=True)

    def begin(self) -> None:
        """Take in what is there already, left by a process that died, and then what comes."""
        self._thread.start()

    def create(self, path: Path) -> Spool:
        """A file for a run: one that is ready, or else a new one. Raises OSError."""
        return self._stock.take(path) or super().create(path)

    def defers(self, spool: Spool, tally: Tally) -> bool:
        """Always, but for a run of which the file doesn't tell the end. Once this is closed, as ever."""
        if tally.gap is not None:
            return False
        with self._news:
            if not self._closed:
                self._over.append((spool, tally))
                if len(self._over) in (1, _AT_ONCE):
                    self._news.notify()
                return True
        return super().defers(spool, tally)

    def close(self) -> None:
        """Take in what is left, and end the thread."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()

    def _work(self) -> None:
        self._fill()
        self._quietly(self.adopt)
        while over := self._wait():
            self._quietly(self._take_in, over)
            self._fill()
        if self._missed:
            self._quietly(self.adopt)
        self._stock.close()

    def _wait(self) -> Sequence[tuple[Spool, Tally]]:
        """The runs that are over since the last time; none once this is closed."""
        with self._news:
            self._news.wait_for(lambda: self._over or self._closed)
            self._news.wait_for(lambda: len(self._over) >= _AT_ONCE or self._closed, _PATIENCE)
            over, self._over = self._over, []
        return over

    def _take_in(self, over: Sequence[tuple[Spool, Tally]]) -> None:
        """Take runs into the database, in one transaction; their files are free again."""
        try:
            self._seal([(spool.content(), tally) for spool, tally in over])
        except BaseException:
            self._missed = True
            for spool, _ in over:
                spool.close()
            raise
        for spool, _ in over:
            self._stock.put_back(spool)
        if self._missed:
            self._missed = False
            self.adopt()

    def _fill(self) -> None:
        # a run for which no file is ready, and none can be made, says why
        with suppress(OSError):
            self._stock.fill()

    def _quietly(self, work: Callable[..., object], *given: object) -> None:
        try:
            work(*given)
        # what the database cannot take in stays in its files, and the runs are over: nobody is there to be told
        except Exception as error:
            _log.warning("recorded runs stay in %s: %s", self.folder, error)
