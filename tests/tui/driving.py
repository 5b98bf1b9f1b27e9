"""Drives a session without a screen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import TypeVar

from flowlang_tui.session.notices import Notice, RunEnded
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.session import Session

N = TypeVar("N")

#: Nothing here takes that long; a test that waits longer has failed.
PATIENCE = 20.0


class Driven:
    """A session whose notices are collected, and whose other threads' calls are made while somebody waits."""

    def __init__(self, path: Path, *, environment: str | None = None) -> None:
        self._calls: Queue[Callable[[], object]] = Queue()
        self.notices: list[Notice] = []
        self.session = Session(path, self._calls.put, self.notices.append, environment=environment)
        self.session.begin()

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds, doing what other threads ask for in the meantime."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "it did not come to that"
            self.session.runs.take_up()
            try:
                self._calls.get(timeout=0.01)()
            except Empty:
                continue

    def told(self, kind: type[N]) -> list[N]:
        """The notices of one kind so far."""
        return [notice for notice in self.notices if isinstance(notice, kind)]

    def checked(self, path: Path) -> None:
        """Wait until the newest text of a file was checked."""
        document = self.session.documents.get(path)
        self.until(
            lambda: (
                (found := self.session.checked(path)) is not None and (document is None or found.text == document.text)
            )
        )

    def run(self, path: Path, inputs: dict[str, object] | None = None) -> RunRecord:
        """Run a flow to its end."""
        before = len(self.told(RunEnded))
        self.session.run(path, inputs)
        self.until(lambda: len(self.told(RunEnded)) > before)
        return self.told(RunEnded)[-1].record


@contextmanager
def driven(path: Path) -> Iterator[Driven]:
    """A session that is ended afterwards."""
    one = Driven(path)
    try:
        yield one
    finally:
        one.session.end()
