"""The journal of a project: the way in for everybody who records runs or looks at those that were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowlang.journal.recording import RunRecorder
    from flowlang.journal.records import Origin, RecordedRun, RunQuery, RunSummary


class Journal:
    """The runs of the project in the folder `root`. Any number of threads and processes may have one.

    Runs that are under way are files in `.flowlang/running`; those that are over are in `.flowlang/runs.db`.
    Raises JournalError for a journal that cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def recorder(self, origin: Origin | None = None, resuming: str | None = None) -> RunRecorder:
        """What writes down one run: give it to `FlowExecutor.execute_flow`. It never raises.

        `resuming` is the id of a run that this one goes on with: executed with the same `run_id`.
        """
        raise NotImplementedError

    def runs(self, query: RunQuery | None = None) -> list[RunSummary]:
        """The runs that a query wants, the newest first."""
        raise NotImplementedError

    def count(self, query: RunQuery | None = None) -> int:
        """How many runs a query wants, its limit and offset aside."""
        raise NotImplementedError

    def run(self, run_id: str) -> RecordedRun:
        """A run by its id, or by a beginning of it that no other has. Raises RunNotFoundError."""
        raise NotImplementedError

    def pin(self, run_id: str) -> None:
        """Keep a run, whatever its age."""
        raise NotImplementedError

    def unpin(self, run_id: str) -> None:
        """Let a run go when its time is over."""
        raise NotImplementedError

    def delete(self, run_id: str) -> None:
        """Forget a run. Raises JournalError for one that is running."""
        raise NotImplementedError

    def prune(
        self, keep: int | None = None, older_than: float | None = None, *, dry_run: bool = False
    ) -> Sequence[RunSummary]:
        """Forget what is beyond the latest `keep` runs or started more than `older_than` seconds ago; tell what.

        Without either the project's settings decide. Pinned and running ones stay.
        """
        raise NotImplementedError

    def export(self, run_id: str, path: Path) -> Path:
        """Write a run into a file that another project can import; it holds no secret and no path of this machine."""
        raise NotImplementedError

    def import_bundle(self, path: Path) -> RunSummary:
        """Take in a run that was exported. Raises JournalError for a file that is none."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the database. It is opened again when it is needed."""
