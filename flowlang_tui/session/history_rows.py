"""The recorded runs that the runs pane lists: read in pages, as far as somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from flowlang_tui.session.records import RunRecord

if TYPE_CHECKING:
    from flowlang.journal import RunQuery, RunSummary

#: How many runs are read at once.
PAGE: Final = 100


class RunRow(NamedTuple):
    """A run as a line of the list shows it. `started` is in seconds since 1970."""

    run_id: str
    flow: str
    status: str
    started: float
    duration_ms: float | None
    steps: int
    failed_step: str | None = None
    error: str | None = None
    pinned: bool = False
    origin: str = ""
    has_unknown: bool = False

    @classmethod
    def of_summary(cls, summary: RunSummary) -> RunRow:
        """A run of the journal."""
        return cls(
            summary.run_id,
            summary.flow,
            summary.status,
            summary.started,
            summary.duration_ms,
            summary.steps,
            summary.failed_step,
            summary.error,
            summary.pinned,
            "" if summary.origin is None else summary.origin.how,
            summary.has_unknown,
        )

    @classmethod
    def of_record(cls, record: RunRecord, pinned: bool = False, origin: str = "") -> RunRow:
        """A run of this workbench, as far as it has come."""
        error = record.error or {}
        return cls(
            record.run_id,
            record.flow,
            record.status,
            record.started or 0.0,
            record.duration_ms,
            record.finished,
            error.get("step"),
            error.get("message"),
            pinned,
            origin,
        )


class RunRows:
    """The runs that a query finds, newest first. Pages come as they are read; `total` is None before the first one."""

    def __init__(self, query: RunQuery | None = None) -> None:
        self.query = query
        self.total: int | None = None
        self._pages: dict[int, Sequence[RunRow]] = {}
        self._asked: set[int] = set()

    def __len__(self) -> int:
        return self.total or 0

    def row(self, index: int) -> RunRow | None:
        """The run in a line of the list; None as long as it was not read."""
        page = self._pages.get(index // PAGE, ())
        return page[index % PAGE] if index % PAGE < len(page) else None

    def index(self, run_id: str) -> int | None:
        """The line of a run, if it was read."""
        for number, page in self._pages.items():
            for at, row in enumerate(page):
                if row.run_id == run_id:
                    return number * PAGE + at
        return None

    def missing(self, first: int, last: int) -> list[int]:
        """The pages that these lines need and nobody has asked for; from now on they count as asked for."""
        if self.total is not None:
            last = min(last, self.total - 1)
        wanted = [page for page in range(first // PAGE, last // PAGE + 1) if page not in self._asked]
        self._asked.update(wanted)
        return wanted

    def take(self, page: int, rows: Sequence[RunRow], total: int) -> None:
        """Take in a page that was read, and how many runs there are in all."""
        self._pages[page] = rows
        self._asked.add(page)
        self.total = total

    def replace(self, row: RunRow) -> None:
        """Show a run as it is now, wherever it is listed."""
        index = self.index(row.run_id)
        if index is not None:
            rows = list(self._pages[index // PAGE])
            rows[index % PAGE] = row
            self._pages[index // PAGE] = rows
