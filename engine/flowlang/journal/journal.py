"""The journal of a project: the way in for everybody who records runs or looks at those that were."""

from __future__ import annotations

import logging
from collections.abc import Container, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep, time
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import ConfigurationError, JournalError, RunNotFoundError
from flowlang.journal.definitions import Definitions
from flowlang.journal.keeping import Keeper
from flowlang.journal.recording import RunRecorder
from flowlang.journal.settings import DEFAULTS, Settings, read_settings

if TYPE_CHECKING:
    from flowlang.journal.reading import SessionReading
    from flowlang.journal.records import Extent, Origin, RecordedRun, RunQuery, RunSummary
    from flowlang.journal.store import Store

#: What has to fit onto the disk for a run to be recorded, in bytes.
_ROOM: Final = 256_000
#: How long, in seconds, a run that is over may take to come into the database.
_PATIENCE: Final = 2.0

_log = logging.getLogger("flowlang.journal")


class Journal:
    """The runs of the project in the folder `root`. Any number of threads and processes may have one.

    Runs that are under way are files in `.flowlang/running`; those that are over are in `.flowlang/runs.db`. `home`
    is another folder for both, for flows in a folder that is no project and gets no `.flowlang` therefore.
    Methods raise JournalError for a journal that cannot be read.
    """

    def __init__(self, root: Path, home: Path | None = None) -> None:
        self.root = Path(root)
        self.home = self.root / ".flowlang" if home is None else home
        self._definitions = Definitions()
        self._store_: Store | None = None
        self._known_settings: Settings | None = None
        self._keeper = Keeper(self.home / "running", lambda: self._store, self._settings)

    @property
    def settings(self) -> Settings:
        """What the project says of its journal. Raises ConfigurationError for what makes no sense."""
        return read_settings(self.root)

    @property
    def is_wanted(self) -> bool:
        """Whether the project wants its runs recorded. Settings that make no sense don't say no."""
        return self._settings().enabled

    @property
    def unwritable(self) -> str | None:
        """Why nothing can be recorded now: what the system says to an attempt; None if it can."""
        from tempfile import TemporaryFile

        from flowlang.journal.opening import prepare_folder

        try:
            prepare_folder(self._keeper.folder)
            with TemporaryFile(dir=self._keeper.folder) as file:
                file.write(bytes(_ROOM))
                file.flush()
        except OSError as error:
            return error.strerror or str(error)
        return None

    def recorder(
        self, origin: Origin | None = None, resuming: str | None = None, extent: Extent | None = None
    ) -> RunRecorder:
        """What writes down one run: give it to `FlowExecutor.execute_flow`. It never raises.

        `extent` is how much a rerun is to run.
        `resuming` is the id of a run that this one goes on with: executed with the same `run_id`.
        """
        session = 1
        if resuming is not None:
            session = 1 + max((one.number for one in self.run(resuming).sessions()), default=0)
        return RunRecorder(
            self._keeper, self._settings(), self._definitions, origin=origin, extent=extent, session=session
        )

    def runs(self, query: RunQuery | None = None) -> list[RunSummary]:
        """The runs that a query wants: those under way first, then the newest first."""
        query = query or _every_run()
        live = self._live()
        fitting = self._fitting(live, query)
        found = fitting[query.offset :][: query.limit]
        if self._store.is_there and (query.limit is None or len(found) < query.limit):
            from flowlang.journal.finding import find

            left = None if query.limit is None else query.limit - len(found)
            rest = replace(query, limit=left, offset=max(0, query.offset - len(fitting)))
            with self._store.reading() as database:
                found += find(database, rest, [*live])
        return found

    def count(self, query: RunQuery | None = None) -> int:
        """How many runs a query wants, its limit and offset aside."""
        query = query or _every_run()
        live = self._live()
        number = len(self._fitting(live, query))
        if self._store.is_there:
            from flowlang.journal.finding import count

            with self._store.reading() as database:
                number += count(database, query, [*live])
        return number

    def run(self, run_id: str, *, exact: bool = False) -> RecordedRun:
        """A run by its id or, unless that has to be `exact`, by a beginning or end of it that no other has.

        Raises RunNotFoundError.
        """
        from flowlang.journal.opened import opened_run

        live = self._live()
        found = self._exact(run_id, live) if exact else self._resolve(run_id, live)
        return opened_run(self._store if self._store.is_there else None, found, live.get(found, ()))

    def pin(self, run_id: str) -> None:
        """Keep a run, whatever its age."""
        self._set_pin(run_id, True)

    def unpin(self, run_id: str) -> None:
        """Let a run go when its time is over."""
        self._set_pin(run_id, False)

    def delete(self, run_id: str) -> None:
        """Forget a run. Raises JournalError for one that is running."""
        from flowlang.journal.retention import forget

        exact = self._settled(run_id)
        with self._store.writing() as database:
            forget(database, [row[0] for row in database.execute("SELECT id FROM runs WHERE run_id = ?", (exact,))])

    def prune(
        self, keep: int | None = None, older_than: float | None = None, *, dry_run: bool = False
    ) -> Sequence[RunSummary]:
        """Forget what is beyond the latest `keep` runs or started more than `older_than` seconds ago; tell what.

        Without either the project's settings decide. Pinned and running ones stay.
        """
        from flowlang.journal.finding import by_rows
        from flowlang.journal.retention import ALWAYS, DAY, expired, forget

        self._live()
        if not self._store.is_there:
            return []
        spare = 0
        if keep is None and older_than is None:
            settings = self.settings
            keep, older_than, spare = settings.keep_runs or None, settings.keep_days * DAY or None, ALWAYS
        with self._store.writing() as database:
            rows = expired(database, keep, older_than, spare=spare)
            gone = by_rows(database, rows)
            if not dry_run:
                forget(database, rows)
        if gone and not dry_run:
            with self._store.reading() as database:
                database.execute("PRAGMA incremental_vacuum").fetchall()
        return gone

    def export(self, run_id: str, path: Path) -> Path:
        """Write a run into a file that another project can import; it holds no secret and no path of this machine.

        Raises JournalError for a run that is running, OSError for a file that cannot be written.
        """
        from flowlang.journal.bundle import write_bundle

        exact = self._settled(run_id)
        return write_bundle(self._store, self.root, exact, Path(path))

    def import_bundle(self, path: Path) -> RunSummary:
        """Take in a run that was exported. Raises JournalError for a file that is none, or is damaged."""
        from flowlang.journal.bundle import read_bundle
        from flowlang.journal.opening import prepare_folder

        bundle = read_bundle(Path(path))
        prepare_folder(self._keeper.folder)
        return bundle.put(self._store)

    def take_in_background(self) -> None:
        """For a process that goes on: what is over is taken into the database by a thread, and no run waits for it.

        That begins with what processes that died have left. `close` ends the thread, once all is taken in.
        """
        from flowlang.journal.background import BackgroundKeeper

        keeper = BackgroundKeeper(self.home / "running", lambda: self._store, self._settings)
        self._keeper = keeper
        keeper.begin()

    def close(self) -> None:
        """Let go of the database. It is opened again when it is needed."""
        self._keeper.close()
        if self._store_ is not None:
            self._store_.close()

    @property
    def _store(self) -> Store:
        if self._store_ is None:
            from flowlang.journal.store import Store

            self._store_ = Store(self.home / "runs.db")
        return self._store_

    def _settings(self) -> Settings:
        """The settings, or the defaults where they make no sense: no run waits for that to be mended."""
        if self._known_settings is None:
            try:
                self._known_settings = self.settings
            except ConfigurationError as error:
                _log.warning("%s; the journal takes its defaults", error)
                self._known_settings = DEFAULTS
        return self._known_settings

    def _live(self) -> dict[str, list[SessionReading]]:
        """What is not in the database, by run, the latest run first; what should be goes there before."""
        found: dict[str, list[SessionReading]] = {}
        for reading in sorted(self._keeper.adopt(), key=lambda one: (-one.header["started"], one.number)):
            found.setdefault(reading.header["run_id"], []).append(reading)
        return found

    def _fitting(self, live: dict[str, list[SessionReading]], query: RunQuery) -> list[RunSummary]:
        from flowlang.journal.finding import fits, under_way

        now = time()
        runs = ((under_way(readings[-1], now), readings) for readings in live.values())
        return [run for run, readings in runs if fits(run, {one.step_id for one in readings[-1].steps()}, query)]

    def _resolve(self, part: str, live: dict[str, Any]) -> str:
        """The id that is meant."""
        if part in live:
            return part
        fitting = [run_id for run_id in live if part and (run_id.startswith(part) or run_id.endswith(part))]
        if self._store.is_there:
            from flowlang.journal.finding import ids_like

            with self._store.reading() as database:
                fitting += [one for one in ids_like(database, part) if one not in fitting]
        if part in fitting or len(fitting) == 1:
            return part if part in fitting else fitting[0]
        if fitting:
            raise RunNotFoundError(f"several runs begin or end with `{part}`: {', '.join(fitting)}", near=fitting)
        raise RunNotFoundError(
            f"the journal has no run `{part}`",
            near=(near := self._near(part, live)),
            hint=f"did you mean {' or '.join(near)}?" if near else "flowlang runs list shows those that there are",
        )

    def _exact(self, run_id: str, live: Container[str]) -> str:
        if run_id not in live:
            there = False
            if self._store.is_there:
                with self._store.reading() as database:
                    there = bool(database.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone())
            if not there:
                raise RunNotFoundError(f"the journal has no run `{run_id}`")
        return run_id

    def _near(self, part: str, live: dict[str, Any]) -> list[str]:
        from difflib import get_close_matches

        ids = [*live, *(run.run_id for run in self.runs(replace(_every_run(), limit=1000)))]
        return get_close_matches(part, dict.fromkeys(ids), n=3, cutoff=0.8)

    def _settled(self, part: str) -> str:
        """The id of a run that is in the database. Raises JournalError for one that is running."""
        until = monotonic() + _PATIENCE
        while (exact := self._resolve(part, live := self._live())) in live:
            if live[exact][-1].ending != "complete":
                raise JournalError(f"run {exact} is running", hint="wait for its end, or cancel it")
            # the process that ran it is about to take it in
            if monotonic() > until:
                raise JournalError(f"run {exact} is over, but not in {self.home / 'runs.db'} yet", hint="try it again")
            sleep(_PATIENCE / 20)
        return exact

    def _set_pin(self, run_id: str, pinned: bool) -> None:
        exact = self._settled(run_id)
        with self._store.writing() as database:
            database.execute("UPDATE runs SET pinned = ? WHERE run_id = ?", (pinned, exact))


def _every_run() -> RunQuery:
    from flowlang.journal.records import RunQuery

    return RunQuery()
