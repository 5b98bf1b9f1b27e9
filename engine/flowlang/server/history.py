"""The journal behind a server: its runs are written into it, and read from it when the server knows them no more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from flowlang.errors import JournalError, RunNotFoundError
from flowlang.journal.homes import journal_of
from flowlang.journal.records import How, Origin, RecordedRun, RunQuery, RunStatus, RunSummary
from flowlang.server.hosting import HostedFlow, Hosting

if TYPE_CHECKING:
    from flowlang.journal.journal import Journal
    from flowlang.journal.recording import RunRecorder

_T = TypeVar("_T")

#: How many runs are looked through at a time.
_PAGE: Final = 200
#: How often, in seconds, the same is complained about: a full disk is one problem, not one for each request.
_SELDOM: Final = 60.0


class History:
    """The recorded runs of the flows that a server offers, of now and of earlier times, whoever began them."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting
        self._journals: dict[Path, Journal] = {}
        self._calm = _Seldom()
        self._is_open = False
        for hosted in hosting.flows.values():
            self._journal(hosted)

    def recorder(self, hosted: HostedFlow, how: How) -> RunRecorder | None:
        """What writes down a run of a flow that was asked for so; None where the project wants none recorded."""
        journal = self._journal(hosted)
        return journal.recorder(Origin(None, how)) if journal.is_wanted else None

    @property
    def problems(self) -> list[str]:
        """Why runs cannot be recorded, if they can't."""
        found = ((journal.unwritable, journal) for journal in self._journals.values() if journal.is_wanted)
        return [f"{journal.home} cannot be written: {why}" for why, journal in found if why is not None]

    def open(self) -> None:
        """From now on what is over is taken into the database beside the requests, until this is closed."""
        self._is_open = True
        logging.getLogger("flowlang.journal").addFilter(self._calm)
        for journal in self._journals.values():
            _begin(journal)

    async def run(self, id: str) -> RecordedRun | None:
        """The run with this id, if it is one of a flow that is offered. Raises JournalError."""
        return await asyncio.to_thread(_readable, self._run, id)

    async def runs(self, flow: str | None, status: str | None, limit: int) -> list[RunSummary]:
        """The newest runs, the newest first. Raises JournalError."""
        return await asyncio.to_thread(_readable, self._runs, flow, status, limit)

    async def close(self) -> None:
        """Take into the database what is over."""
        for journal in self._journals.values():
            await asyncio.to_thread(journal.close)
        logging.getLogger("flowlang.journal").removeFilter(self._calm)

    def _journal(self, hosted: HostedFlow) -> Journal:
        root = hosted.plan.root
        journal = self._journals.get(root)
        if journal is None:
            journal = self._journals[root] = journal_of(root)
            if self._is_open:
                _begin(journal)
        return journal

    def _run(self, id: str) -> RecordedRun | None:
        for journal in self._journals.values():
            try:
                run = journal.run(id, exact=True)
            except RunNotFoundError:
                continue
            return run if run.summary.flow in self._hosting.flows else None
        return None

    def _runs(self, flow: str | None, status: str | None, limit: int) -> list[RunSummary]:
        query = RunQuery(flow=flow, status=cast("RunStatus | None", status), limit=_PAGE)
        found: list[RunSummary] = []
        for journal in self._journals.values():
            offered = (run for run in _all(journal, query) if run.flow in self._hosting.flows)
            found += (run for _, run in zip(range(limit), offered, strict=False))
        return sorted(found, key=lambda run: -run.started)[:limit]


def _begin(journal: Journal) -> None:
    if journal.is_wanted:
        journal.take_in_background()


def _readable(read: Callable[..., _T], *given: Any) -> _T:
    try:
        return read(*given)
    except OSError as error:
        raise JournalError(f"{error.filename or 'the journal'}: {error.strerror or error}") from error


def _all(journal: Journal, query: RunQuery) -> Iterator[RunSummary]:
    """All that a query wants, read page by page."""
    while page := journal.runs(query):
        yield from page
        query = replace(query, offset=query.offset + len(page))


class _Seldom(logging.Filter):
    """Lets a message that says why something didn't work pass once in a while, not with each run."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.msg, str(record.args[-1])) if isinstance(record.args, tuple) and record.args else record.msg
        now = time.monotonic()
        if now - self._told.get(key, -_SELDOM) < _SELDOM:
            return False
        self._told[key] = now
        return True
