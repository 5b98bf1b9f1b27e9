"""Tells what a flow writes into its project from what somebody saves there."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from typing import Final

#: A file that changed in as many runs on end is one that the flow writes, or whoever tells of its runs.
_RUNS: Final = 3
#: Seconds after a run in which what is told of it is written: nobody saves something that fast again and again.
_TOLD: Final = 0.1
#: The time on a file may be this much before the time at which it was written, in seconds.
_COARSE: Final = 0.01


class Written:
    """The files that change whenever the flow runs. `found` has those that were recognised as such."""

    def __init__(self) -> None:
        self.found: set[Path] = set()
        self._runs: deque[_Span] = deque(maxlen=_RUNS)
        self._during: dict[Path, set[_Span]] = {}

    def begin(self) -> None:
        """A run begins."""
        self._runs.append(_Span())

    def end(self) -> None:
        """The run has ended."""
        self._runs[-1].ended = time.time()

    def is_by_the_flow(self, path: Path) -> bool:
        """Whether a file has changed as it does in every run. Something saved while no run goes on is not."""
        run = self._run_of(path)
        if run is None:
            self._during.pop(path, None)
            return False
        runs = self._during[path] = {*self._during.get(path, ()), run} & {*self._runs}
        if len(runs) < _RUNS and path not in self.found:
            return False
        self.found.add(path)
        return True

    def _run_of(self, path: Path) -> _Span | None:
        try:
            changed = os.stat(path).st_mtime
        except OSError:  # it went away
            return None
        newest_first = reversed(self._runs)
        return next((run for run in newest_first if run.began - _COARSE <= changed <= run.ended + _TOLD), None)


class _Span:
    """From when to when a run went on, in seconds since 1970."""

    __slots__ = ("began", "ended")

    def __init__(self) -> None:
        self.began = time.time()
        self.ended = float("inf")
