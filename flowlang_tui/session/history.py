"""The journal as the workbench uses it. It knows no widget, and nothing here keeps the screen waiting."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flowlang.errors import FlowLangError
from flowlang_tui.session.history_rows import PAGE, RunRow, RunRows

if TYPE_CHECKING:
    from flowlang import FlowExecutor
    from flowlang.debugger import History
    from flowlang.journal import Journal, RecordedRun, RunQuery, RunRecorder, RunSummary
    from flowlang.journal.compare import Comparison
    from flowlang_tui.session.again import Recording
    from flowlang_tui.session.recorded import Recorded
    from flowlang_tui.session.resumed import Prospect, Resumed

T = TypeVar("T")

_log = logging.getLogger("flowlang_tui.history")


class SessionHistory:
    """The recorded runs of the project in `root`.

    Whatever reads or writes the journal runs in worker threads, one at a time, and is loaded with the first of it.
    Methods raise FlowLangError for what cannot be done.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        #: Why the newest run is not written down, if it is not.
        self.problem: str | None = None
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._journal: Journal | None = None

    @property
    def journal(self) -> Journal:
        """The journal itself. May be used in any thread; what it does takes its time."""
        with self._making:
            if self._journal is None:
                from flowlang.journal.homes import journal_of

                self._journal = journal_of(self.root)
            return self._journal

    def recorder(self) -> RunRecorder | None:
        """What writes a new run down; None if that cannot be: `problem` says why, and the run goes on without."""
        try:
            recorder = self.journal.recorder()
        # whatever is wrong with the journal, its disk or its settings: no run is kept from running by that
        except Exception as error:
            self.problem = str(error) or type(error).__name__
            return None
        self.problem = None
        return recorder

    # lists

    async def search(self, text: str) -> RunRows:
        """The runs that a filter lets through, with the newest of them."""
        from flowlang_tui.session.history_query import parse_query

        rows = RunRows(parse_query(text))
        await self.read(rows, 0)
        return rows

    async def read(self, rows: RunRows, page: int) -> None:
        """Read a page of a list into it."""
        query = rows.query
        if query is not None:
            found, total = await self._off(lambda journal: _page(journal, query, page, rows.total))
            rows.take(page, found, total)

    async def interrupted(self) -> RunSummary | None:
        """The latest run that was interrupted, unless its flow has run since: somebody may want to go on with it."""
        return await self._off(_interrupted)

    # single runs

    async def open(self, run_id: str) -> Recorded:
        """A run to look at."""
        return await self._off(lambda journal: self._opened(journal.run(run_id)))

    async def run(self, run_id: str) -> RecordedRun:
        """A run, its steps not read yet."""
        return await self._off(lambda journal: journal.run(run_id))

    async def past(self, run_id: str, executor: FlowExecutor) -> History:
        """A run to walk back through; `executor` reads the texts that ran."""
        from flowlang.debugger import History

        return await self._off(lambda journal: History(journal.run(run_id), executor, self.root))

    async def recording(self, run_id: str) -> Recording:
        """A run, its steps read."""
        from flowlang_tui.session.again import Recording

        return await self._off(lambda journal: Recording(journal.run(run_id)))

    async def prospect(self, resumed: Resumed) -> Prospect:
        """What going on with a run would mean."""
        from flowlang_tui.session.resumed import Prospect

        return await self._off(lambda journal: Prospect.of(journal, resumed))

    def _opened(self, run: RecordedRun) -> Recorded:
        from flowlang_tui.session.recorded import recorded

        return recorded(run, self.file_of(run.summary))

    def file_of(self, summary: RunSummary) -> Path:
        """The file of a run's flow, whether it is still there or not."""
        return self.root / (summary.path or f"{summary.flow}.yaml")

    async def before(self, run_id: str) -> RunSummary | None:
        """The run of the same flow that came before a run."""
        return await self._off(lambda journal: _before(journal, run_id))

    async def compare(self, first: str, second: str) -> Comparison:
        """What two runs did differently."""
        from flowlang.journal.compare import compare

        return await self._off(lambda journal: compare(journal.run(first), journal.run(second)))

    async def pin(self, run_id: str, pinned: bool) -> None:
        """Keep a run for good, or no longer."""
        await self._off(lambda journal: (journal.pin if pinned else journal.unpin)(run_id))

    async def delete(self, run_id: str) -> None:
        """Forget a run."""
        await self._off(lambda journal: journal.delete(run_id))

    async def export(self, run_id: str, path: str) -> Path:
        """Write a run into a file for somebody else; gives the file."""
        return await self._off(lambda journal: journal.export(run_id, Path(path).expanduser()))

    async def take_in(self, path: str) -> RunSummary:
        """Take in a run that was exported."""
        return await self._off(lambda journal: journal.import_bundle(Path(path).expanduser()))

    def close(self) -> None:
        """Let go of the journal."""
        if self._journal is not None:
            self._journal.close()

    async def _off(self, do: Callable[[Journal], T]) -> T:
        """Do something in a worker thread, when the last such thing is done."""
        return await asyncio.to_thread(self._alone, do)

    def _alone(self, do: Callable[[Journal], T]) -> T:
        with self._lock:
            try:
                return do(self.journal)
            except FlowLangError:
                raise
            except OSError as error:
                raise FlowLangError(f"{error.filename or 'a file'}: {error.strerror or error}") from error
            # looking at old runs is no reason for the workbench to end, whatever the files of the journal hold
            except Exception as error:
                _log.debug("the journal failed", exc_info=error)
                raise FlowLangError(f"the journal cannot be read: {type(error).__name__}: {error}") from error


def _interrupted(journal: Journal) -> RunSummary | None:
    from flowlang.journal import RunQuery

    if not journal.home.is_dir():
        return None
    found = journal.runs(RunQuery(status="interrupted", limit=1))
    latest = journal.runs(RunQuery(flow=found[0].flow, limit=1)) if found else []
    return found[0] if found and latest[0].run_id == found[0].run_id else None


def _page(journal: Journal, query: RunQuery, page: int, total: int | None) -> tuple[list[RunRow], int]:
    found = journal.runs(replace(query, limit=PAGE, offset=page * PAGE))
    if total is None:
        total = len(found) if len(found) < PAGE else journal.count(query)
    return [RunRow.of_summary(one) for one in found], total


def _before(journal: Journal, run_id: str) -> RunSummary | None:
    from flowlang.journal import RunQuery

    run = journal.run(run_id).summary
    query = RunQuery(flow=run.flow, until=run.started, limit=10)
    return next((one for one in journal.runs(query) if one.run_id != run.run_id), None)
