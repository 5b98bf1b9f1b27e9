"""Files for runs that are to come, made before they are needed: to make one takes longer than a short run does."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from flowlang.journal.opening import SUFFIX, prepare_folder
from flowlang.journal.spool import Spool, create_spool

#: So many files are ready once `fill` has been called, and at most so many while runs come to their ends.
_FEWEST: Final = 16
_MOST: Final = 128


class Stock:
    """Empty files, locked as those of runs are. Any thread may take one while another puts some back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready: deque[Spool] = deque()

    def take(self, path: Path) -> Spool | None:
        """A file that becomes this one; None if none is ready."""
        with suppress(IndexError):
            while True:
                spool = self._ready.pop()
                # somebody may have removed the folder and all that was in it
                if os.path.exists(spool.draft):
                    spool.path = path
                    return spool
                spool.close()
        return None

    def put_back(self, spool: Spool) -> None:
        """Take the file of a run that nobody needs any more: for another, or off the disk. Raises OSError."""
        with suppress(FileNotFoundError):
            if spool.is_reusable and len(self._ready) < _MOST:
                # under its name it has the run's lines until the end
                os.rename(spool.path, spool.draft)
                spool.clear()
                self._ready.append(spool)
                return
            os.unlink(spool.path)
        spool.close()

    def fill(self) -> None:
        """Make files until there are enough. Raises OSError."""
        prepare_folder(self._folder)
        while len(self._ready) < _FEWEST:
            self._ready.append(create_spool(self._folder / f"ready-{os.urandom(8).hex()}{SUFFIX}"))

    def close(self) -> None:
        """Remove what is ready."""
        while self._ready:
            spool = self._ready.pop()
            with suppress(OSError):
                os.unlink(spool.draft)
            spool.close()
