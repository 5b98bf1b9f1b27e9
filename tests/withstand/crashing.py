"""Runs flows that kill their process, goes on with them, and looks at what became of their effects.

A run is killed at an enumerated point; see `crash_points`. Each run happens in a fork of this process, which has
everything imported. `python -m tests.withstand.crashing [SHAPE…] [--every N] [--again]` tells as JSON what it found.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

from flowlang import FlowExecutor
from flowlang.journal import Journal, RecordedRun, ReplayError, Resumption
from tests.withstand.crash_points import BOUNDARIES, KillingJournal, Point, registry, watch_storage
from tests.withstand.crash_shapes import EMPTY, LOOK, PART, SHAPES, TASKS, written

RUN = "run"
_BUT_ONE = "FROM runs WHERE run_id != ?"

#: Runs that are in the journal before; they are pruned when the run is over.
OLD = ("old-1", "old-2")


def in_child(work: Callable[[], None]) -> bool:
    """Do something in a fork of this process; whether it came to its end. It may be killed, but not fail."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.waitstatus_to_exitcode(status) == 0, "a child failed"
    return True


class Crash:
    """One flow in a project of its own, run and gone on with until it comes to its end.

    `database` is the type of the database that the shape of that name uses, and how its connection is configured.
    `journal` is a database that has the runs `OLD` in it.
    """

    def __init__(self, shape: str, folder: Path, database: tuple[str, str], journal: Path | None = None) -> None:
        self.shape = shape
        self.folder = folder
        self.database = database
        self.seen = 0
        self.file = folder / "flow.yaml"
        self.file.write_text(written(f"flow: {shape}\n{SHAPES[shape].lstrip()}", database))
        (folder / "part.yaml").write_text(PART.lstrip())
        (folder / "flowlang.yaml").write_text("journal: {keep_runs: 1000}\n")
        if journal is not None:
            (folder / ".flowlang").mkdir()
            shutil.copy(journal, folder / ".flowlang" / "runs.db")
        if shape == "database":
            in_child(lambda: self._on_database(EMPTY))

    def _on_database(self, text: str) -> None:
        path = self.folder / "look.yaml"
        path.write_text(written(text, self.database))
        result = asyncio.run(FlowExecutor().execute_flow(path))
        assert result.success, result.error
        (self.folder / "rows").write_text(json.dumps(result.outputs.get("rows", [])))

    def attempt(self, kill: int | None) -> bool:
        """Run the flow, or go on with its run; whether nothing killed that. Notes how it ended, and the points."""
        return in_child(lambda: self._attempt(Point(self.folder, kill)))

    def _attempt(self, point: Point) -> None:
        journal = KillingJournal(self.folder)
        journal.point = point
        tasks = registry(self.folder, point)
        watch_storage(point)
        result = asyncio.run(self._run(journal, FlowExecutor(tasks)))
        # what the journal put off is done now: the run goes into the database, and is looked at there
        journal.pin(RUN)
        journal.prune(keep=0)
        journal.close()
        told = (
            {"status": None, "outputs": None}
            if result is None
            else {"status": result.status, "outputs": result.outputs, "error": str(result.error)}
        )
        (self.folder / "result").write_text(json.dumps({**told, "passed": point.passed}))

    async def _run(self, journal: Journal, executor: FlowExecutor) -> Any:
        if not any(summary.run_id == RUN for summary in journal.runs()):
            return await executor.execute_flow(self.file, run_id=RUN, recorder=journal.recorder())
        resumption = Resumption(journal, RUN, on_unknown="retry")
        if resumption.run.summary.status in ("succeeded", "terminated"):
            return None
        return await resumption.execute(executor)

    @property
    def result(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.folder / "result").read_text())
        return told

    @property
    def effects(self) -> Counter[str]:
        file = self.folder / "effects"
        lines = file.read_text().splitlines() if file.exists() else []
        if self.shape == "database":
            in_child(lambda: self._on_database(LOOK))
            lines += [f"row {row}" for row in json.loads((self.folder / "rows").read_text())]
        return Counter(lines)

    @property
    def killed(self) -> tuple[str, list[str]]:
        """The boundary at which the last kill was, and the steps that were under way."""
        told = json.loads((self.folder / "killed").read_text())
        return told["boundary"], told["under_way"]

    def left_behind(self) -> list[str]:
        """What is wrong with the journal's database once the run is over and the others were pruned."""
        with contextlib.closing(sqlite3.connect(self.folder / ".flowlang" / "runs.db")) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
            found += [f"{row[0]} is still there" for row in database.execute(f"SELECT run_id {_BUT_ONE}", (RUN,))]
            for table in ("sessions", "chunks", "run_blobs"):
                query = f"SELECT count(*) FROM {table} WHERE run NOT IN (SELECT id FROM runs)"
                found += [f"{table} without a run" for [count] in database.execute(query) if count]
        return found

    def recorded(self) -> RecordedRun | None:
        """The run as another process finds it."""
        journal = Journal(self.folder)
        try:
            known = any(summary.run_id == RUN for summary in journal.runs())
            return journal.run(RUN) if known else None
        finally:
            journal.close()


@dataclass
class Report:
    """What killing one shape at many points brought to light.

    `under_way` counts the steps whose intent was written and whose result was not, at all kills; `unknown` those that
    the journal said so of. `effects` were looked at in the end, and `boundaries` are the kills at each.
    """

    shape: str
    kills: int = 0
    kills_of_resumes: int = 0
    under_way: int = 0
    unknown: int = 0
    resumed: int = 0
    points: int = 0
    effects: int = 0
    seconds: float = 0
    boundaries: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def __add__(self, other: Report) -> Report:
        names = [name for name in vars(self) if name != "shape"]
        return Report("all", **{name: getattr(self, name) + getattr(other, name) for name in names})


class Killer:
    """Kills one shape again and again, each time in a project of its own."""

    def __init__(self, shape: str, database: tuple[str, str], folder: Path) -> None:
        self.report = Report(shape)
        self._database = database
        self._journal = folder / ".flowlang" / "runs.db"
        self._warm_up(folder)
        with self._case() as case:
            assert case.attempt(None), "nothing kills this one"
            assert case.result["status"] == "succeeded", case.result
            assert case.left_behind() == []
            self._expected = (case.effects, case.result["outputs"])
            self.passed: list[str] = case.result["passed"]
            self.report.points = len(self.passed)

    def _warm_up(self, folder: Path) -> None:
        """Run and resume once in this process, so that its forks have all modules, and a journal with old runs."""
        case = Crash(self.report.shape, folder, self._database)
        journal = Journal(folder)

        async def run() -> None:
            executor = FlowExecutor(registry(folder, Point(folder, None)))
            for run_id in OLD:
                await executor.execute_flow(case.file, run_id=run_id, recorder=journal.recorder())
            with contextlib.suppress(ReplayError):
                await Resumption(journal, OLD[0]).execute(executor)
            await executor.close()

        asyncio.run(run())
        journal.prune()
        journal.close()

    @contextlib.contextmanager
    def _case(self) -> Iterator[Crash]:
        with tempfile.TemporaryDirectory(prefix="crash-") as folder:
            yield Crash(self.report.shape, Path(folder), self._database, self._journal)

    def kill_at(self, *kills: int) -> bool:
        """Kill at these points one after the other, then go on to the end and look; whether the first was reached."""
        with self._case() as case:
            repeatable: Counter[str] = Counter()
            for number, kill in enumerate(kills):
                if case.attempt(kill):
                    if number == 0:
                        return False
                    break
                self.report.kills += 1
                self.report.kills_of_resumes += number > 0
                repeatable.update(self._look_at(case, kills[: number + 1]))
            self.report.resumed += 1
            if not case.attempt(None):
                raise AssertionError("nothing kills the last attempt")
            self._compare(case, repeatable, kills)
            return True

    def _look_at(self, case: Crash, kills: tuple[int, ...]) -> list[str]:
        """The steps that are unknown after a kill: those that were under way then, and no others."""
        boundary, under_way = case.killed
        self.report.boundaries[boundary] += 1
        run = case.recorded()
        if run is None:
            if under_way:
                self._wrong(kills, "the run is not in the journal")
            return []
        if run.summary.status == "running":
            self._wrong(kills, "shown as running")
        last = max(session.number for session in run.sessions())
        if last == case.seen:
            return []  # this one was killed before it had begun to be recorded
        case.seen = last
        unknown = sorted(step.path for step in run.steps(last) if (step.kind, step.status) == ("task", "unknown"))
        self.report.under_way += len(under_way)
        self.report.unknown += len(unknown)
        if unknown != under_way:
            self._wrong(kills, f"unknown are {unknown}, under way were {under_way}")
        return unknown

    def _compare(self, case: Crash, repeatable: Counter[str], kills: tuple[int, ...]) -> None:
        effects, outputs = self._expected
        found = case.effects
        self.report.effects += found.total()
        allowed = repeatable.total()
        for effect, times in effects.items():
            fewest, most = _bounds(effect, times, allowed)
            if not fewest <= found[effect] <= most:
                self._wrong(kills, f"`{effect}` took effect {found[effect]} times instead of {times}")
        more = sum(found[effect] - times for effect, times in effects.items() if effect[:5] != "fail ")
        if more > allowed:
            self._wrong(kills, f"{more} effects more, {allowed} unknown")
        if set(found) - set(effects):
            self._wrong(kills, f"effects that nobody expects: {sorted(set(found) - set(effects))}")
        if case.result["status"] is not None and case.result["outputs"] != outputs:
            self._wrong(kills, f"outputs {case.result['outputs']} instead of {outputs}")
        run = case.recorded()
        if run is None or run.summary.status != "succeeded":
            self._wrong(kills, f"the run is {None if run is None else run.summary.status} in the end")
        for wrong in case.left_behind():
            self._wrong(kills, wrong)

    def _wrong(self, kills: tuple[int, ...], what: str) -> None:
        self.report.problems.append(f"{self.report.shape} {kills}: {what}")


def _bounds(effect: str, times: int, allowed: int) -> tuple[int, int]:
    """How often something may have taken effect that takes effect so many times in a run that nobody disturbs."""
    if effect.startswith("row "):
        return times, times
    if effect.startswith("fail "):
        return 1, times + 3  # a step that failed is not done, so each resume runs it again
    if effect == "again":
        return 1, times + allowed  # the block around it need not be tried again for a failure that came with the kill
    return times, times + allowed  # a step that was unknown was chosen to run again


def one_of_each(passed: list[str]) -> list[int]:
    """A point at each boundary that a run passes, the one in the middle, and one where a step's effect is done only."""
    names = (*BOUNDARIES, "before result written")
    points = ([number for number, one in enumerate(passed, 1) if one == name] for name in names)
    return sorted(numbers[len(numbers) // 2] for numbers in points if numbers)


def crash_shape(shape: str, every: int | None, again: bool, database: tuple[str, str]) -> Report:
    """Kill a shape at every n-th point, or at one of each boundary.

    `again` kills each of these runs once more while it is resumed, and that resume's resume too.
    """
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        killer = Killer(shape, database, Path(folder))
        for kill in one_of_each(killer.passed) if every is None else count(1, every):
            if not killer.kill_at(kill):
                break
            if again:
                # each resume is killed somewhere else
                killer.kill_at(kill, 3 + kill * 7 % 41)
                killer.kill_at(kill, 5 + kill * 11 % 37, 2 + kill * 5 % 31)
    killer.report.seconds = round(monotonic() - began, 1)
    return killer.report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", choices=[[], *SHAPES], help="the flows to kill; all of them without any")
    parser.add_argument("--every", type=int, help="kill at every n-th point; without it, at one of each boundary")
    parser.add_argument("--again", action="store_true", help="kill each run during its resume too, twice")
    parser.add_argument("--database", choices=TASKS, default="sqlite", help="where the shape `database` works")
    parser.add_argument("--where", default="database: data.db", help="the configuration of its connection")
    given = parser.parse_args()
    reports = []
    for shape in given.shapes or SHAPES:
        reports.append(crash_shape(shape, given.every, given.again, (given.database, given.where)))
        print(json.dumps(vars(reports[-1])), flush=True)
    if len(reports) > 1:
        total = sum(reports[1:], reports[0])
        total.problems += [f"no kill at `{name}`" for name in BOUNDARIES if not total.boundaries[name]]
        print(json.dumps(vars(total)), flush=True)
        sys.exit(bool(total.problems))
    sys.exit(bool(reports[0].problems))


if __name__ == "__main__":
    main()
