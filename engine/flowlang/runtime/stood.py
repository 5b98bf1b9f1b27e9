"""How long the parts of a run stood at stops: that time doesn't count as theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import perf_counter


class Stood:
    """Seconds by the path of a step, and of the run under the empty path.

    A part stands as long as anything inside it does, so that its time and its time limit go by the same clock.
    """

    __slots__ = ("_seconds", "_since", "_standing")

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._since: dict[str, float] = {}
        #: How much stands in a part at the moment.
        self._standing: dict[str, int] = {}

    def of(self, path: str) -> float:
        """How many seconds a part has stood up to now."""
        since = self._since.get(path)
        return self._seconds.get(path, 0.0) + (0.0 if since is None else perf_counter() - since)

    @contextmanager
    def standing(self, paths: Collection[str]) -> Iterator[None]:
        """Inside the block these parts stand."""
        began = perf_counter()
        for path in paths:
            number = self._standing.get(path, 0)
            self._standing[path] = number + 1
            if not number:
                self._since[path] = began
        try:
            yield
        finally:
            ended = perf_counter()
            for path in paths:
                self._standing[path] -= 1
                if not self._standing[path]:
                    del self._standing[path]
                    self._seconds[path] = self._seconds.get(path, 0.0) + ended - self._since.pop(path)
