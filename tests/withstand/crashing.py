"""Runs flows that kill their process, goes on with them, and looks at what became of their effects.

A run is killed at an enumerated point: before or after each record of the journal, before or after each effect, before
or after each thing that the journal does to its database and files. Each run happens in a fork of this process, which
has everything imported. `python -m tests.withstand.crashing SHAPE [--every N] [--again]` tells what it found as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowlang import FlowExecutor, TaskRegistry
from flowlang.journal import Journal, RecordedRun, ReplayError, Resumption

RUN = "run"

SHAPES: dict[str, str] = {
    "sequence": """
steps:
  - Effect: {id: a, me: a}
  - Effect: {id: b, me: 'b ${a.me}'}
  - Effect: {id: c, me: 'c ${b.me}'}
  - Effect: {id: d, me: 'd ${c.me}'}
outputs: {all: '${d.me}'}
finally: [{Effect: {id: last, me: last}}]
""",
    "loop": """
steps:
  - Effect: {id: a, me: a}
  - for_each: [1, 2, 3]
    id: each
    as: item
    do:
      - Effect: {id: b, me: 'b${item}'}
      - Effect: {id: c, me: 'c${item} ${b.me}'}
    collect: ${c.me}
  - Effect: {id: d, me: 'd ${each.results}'}
outputs: {all: '${d.me}', each: '${each.results}'}
""",
    "concurrent": """
steps:
  - for_each: ${range(6)}
    id: each
    as: item
    concurrency: 3
    do:
      - Effect: {id: b, me: 'b${item}'}
      - Effect: {id: c, me: 'c${item} ${b.me}'}
    collect: ${c.me}
  - Effect: {id: d, me: 'd ${each.results}'}
outputs: {all: '${d.me}'}
""",
    "parallel": """
steps:
  - parallel:
      - Effect: {id: a, me: a}
      - Effect: {id: b, me: b}
      - Effect: {id: c, me: 'c ${a.me}'}
      - if: true
        id: group
        then: [{Effect: {id: e, me: e}}, {Effect: {id: f, me: 'f ${e.me}'}}]
  - Effect: {id: d, me: 'd ${a.me} ${b.me} ${c.me} ${f.me}'}
outputs: {all: '${d.me}'}
""",
    "subflow": """
steps:
  - Effect: {id: a, me: a}
  - subflow: part
    id: first
    inputs: {name: one}
  - for_each: [2, 3]
    id: each
    as: item
    do: [{subflow: part, id: inner, inputs: {name: '${item}'}}]
    collect: ${inner.all}
outputs: {all: '${first.all} ${each.results}'}
""",
    "retry": """
steps:
  - Flaky: {id: a, me: a, times: 2}
    retry: {max_attempts: 3, delay: 0}
  - if: true
    id: block
    retry: {max_attempts: 3, delay: 0}
    then:
      - Again: {id: b}
      - Flaky: {id: c, me: c, times: 1}
  - Effect: {id: d, me: 'd ${a.me} ${c.me}'}
outputs: {all: '${d.me}'}
""",
    "choices": """
steps:
  - Next: {id: count, n: -1}
  - while: ${not round.n or round.n < 3}
    id: rounds
    do:
      - Next: {id: round, n: '${round.n | default(count.n)}'}
      - Effect: {id: e, me: 'w${round.n}'}
      - switch: ${round.n}
        id: which
        cases:
          - when: 1
            do: [{Effect: {id: one, me: one}}]
          - default: [{Effect: {id: other, me: 'other${round.n}'}}]
outputs: {all: '${e.me}', rounds: '${rounds.iterations}'}
""",
    "handled": """
steps:
  - Fail: {id: a, me: a}
    on_error: [{Effect: {id: mend, me: mend}}, {Effect: {id: mend2, me: 'mend2 ${a.error.message}'}}]
  - if: true
    id: group
    continue_on_error: true
    then: [{Effect: {id: b, me: b}}, {Fail: {id: c, me: c}}]
  - Effect: {id: d, me: 'd ${b.me} ${mend2.me}', silent: true}
  - Effect: {id: e, me: 'e ${d.me}'}
outputs: {all: '${e.me}'}
""",
    "database": """
connections: {db: {type: TYPE, WHERE}}
steps:
  - DB_execute: {id: make, query: 'CREATE TABLE IF NOT EXISTS t (me varchar(50))', idempotent: true}
  - DB_execute: {id: a, query: INSERT INTO t VALUES (?), params: [a], exactly_once: true}
  - for_each: [1, 2]
    id: each
    as: item
    do:
      - DB_transaction:
          id: b
          queries: [{query: INSERT INTO t VALUES (?), params: ['b${item}']}]
          exactly_once: true
  - DB_batch_insert: {id: c, table: t, records: [{me: c}], exactly_once: true}
  - Effect: {id: d, me: 'd ${a.rows_affected} ${c.inserted_count}'}
  - DB_query: {id: look, query: SELECT me FROM t ORDER BY me, idempotent: true}
outputs: {all: '${d.me}', rows: '${look.rows.*.me}'}
""",
}

EMPTY = """
flow: empty
connections: {db: {type: TYPE, WHERE}}
steps:
  - DB_execute: {query: DROP TABLE IF EXISTS t}
  - DB_execute: {query: DROP TABLE IF EXISTS flowlang_marks}
"""

LOOK = """
flow: look
connections: {db: {type: TYPE, WHERE}}
steps:
  - DB_query: {id: look, query: SELECT me FROM t, continue_on_error: true}
outputs: {rows: '${look.rows.*.me or []}'}
"""

#: How the tasks of a database are called, and its parameters written.
TASKS = {"sqlite": ("sqlite_", "?"), "postgres": ("pg_", "$1"), "mysql": ("mysql_", "%s")}

PART = """
flow: part
inputs: [{name: name}]
steps:
  - Effect: {id: x, me: 'x${inputs.name}'}
  - Effect: {id: y, me: 'y${inputs.name} ${x.me}'}
outputs: {all: '${y.me}'}
on_error: [{Effect: {id: never, me: never}}]
"""


class Point:
    """Counts what happens, and kills the process at the point with the chosen number."""

    def __init__(self, folder: Path, number: int | None) -> None:
        self.folder = folder
        self.number = number
        self.count = 0
        self.open: Counter[str] = Counter()

    def pass_by(self, *_: object) -> None:
        self.count += 1
        if self.count == self.number:
            (self.folder / "open").write_text(json.dumps(sorted(self.open.elements())))
            os.kill(os.getpid(), signal.SIGKILL)


class KillingRecorder:
    """A recorder with a point before and after whatever it is told."""

    def __init__(self, recorder: Any, point: Point) -> None:
        self._recorder = recorder
        self._point = point

    def begin(self, *args: Any) -> None:
        self._around(self._recorder.begin, *args)

    def hear(self, event: Any, raw: Any) -> None:
        self._heard(self._recorder.hear, event, raw)

    def hear_silent(self, event: Any, raw: Any) -> None:
        self._heard(self._recorder.hear_silent, event, raw)

    async def end(self) -> None:
        self._point.pass_by()
        await self._recorder.end()
        self._point.pass_by()

    def _heard(self, hear: Callable[[Any, Any], None], event: Any, raw: Any) -> None:
        self._point.pass_by()
        hear(event, raw)
        if event.get("kind") == "task":
            if event["type"] == "step_started":
                self._point.open[event["path"]] += 1
            elif event["type"] in ("step_completed", "step_failed") and "answered_by" not in event:
                self._point.open[event["path"]] -= 1
        self._point.pass_by()

    def _around(self, call: Callable[..., None], *args: Any) -> None:
        self._point.pass_by()
        call(*args)
        self._point.pass_by()


class KillingJournal(Journal):
    """A journal whose recorders have points."""

    point: Point

    def recorder(self, *args: Any, **options: Any) -> Any:
        return KillingRecorder(super().recorder(*args, **options), self.point)


def watch_storage(point: Point) -> None:
    """Put points around the statements that are sent to SQLite in this process, and around changes of files."""

    class Database(sqlite3.Connection):
        def execute(self, *args: Any) -> Any:  # type: ignore[override]
            point.pass_by()
            cursor = super().execute(*args)
            point.pass_by()
            return cursor

    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **options: connect(*args, **{"factory": Database, **options})  # type: ignore[assignment]
    for name in ("unlink", "rename", "replace", "link"):
        setattr(os, name, _between(getattr(os, name), point))


def _between(call: Callable[..., Any], point: Point) -> Callable[..., Any]:
    def passing(*args: Any, **options: Any) -> Any:
        point.pass_by()
        result = call(*args, **options)
        point.pass_by()
        return result

    return passing


def registry(folder: Path, point: Point) -> TaskRegistry:
    """Tasks whose effects are lines of a file, with points around each."""
    tasks = TaskRegistry()
    log = os.open(folder / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def effect(me: str) -> None:
        point.pass_by()
        os.write(log, f"{me}\n".encode())
        point.pass_by()

    @tasks.register("Effect")
    async def do(me: str) -> dict[str, str]:
        effect(me)
        await asyncio.sleep(0)
        return {"me": me}

    @tasks.register("Flaky")
    async def flaky(me: str, times: int) -> dict[str, str]:
        effect(f"{me}?")
        if (folder / "effects").read_text().split("\n").count(f"{me}?") <= times:
            raise OSError("not yet")
        return {"me": me}

    @tasks.register("Again")
    async def again() -> dict[str, int]:
        effect("again")
        return {"n": 1}

    @tasks.register("Next")
    async def following(n: int) -> dict[str, int]:
        return {"n": n + 1}

    @tasks.register("Fail")
    async def fail(me: str) -> None:
        effect(f"fail {me}")
        raise ValueError(f"no {me}")

    return tasks


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
    """

    def __init__(self, shape: str, folder: Path, database: tuple[str, str]) -> None:
        self.shape = shape
        self.folder = folder
        self.database = database
        self.seen = 0
        self.file = folder / "flow.yaml"
        self.file.write_text(self._written(f"flow: {shape}\n{SHAPES[shape].lstrip()}"))
        (folder / "part.yaml").write_text(PART.lstrip())
        (folder / "flowlang.yaml").write_text("journal: {keep_runs: 1000}\n")
        if shape == "database":
            in_child(lambda: self._on_database(EMPTY))

    def _written(self, text: str) -> str:
        type, where = self.database
        prefix, parameter = TASKS[type]
        text = text.replace("TYPE", type).replace("WHERE", where).replace("DB_", prefix)
        return text.replace("(?)", f"({parameter})")

    def _on_database(self, text: str) -> None:
        path = self.folder / "look.yaml"
        path.write_text(self._written(text.lstrip()))
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
        journal.prune(keep=1)
        journal.close()
        told = (
            {"status": None, "outputs": None}
            if result is None
            else {"status": result.status, "outputs": result.outputs}
        )
        (self.folder / "result").write_text(json.dumps({**told, "points": point.count}))

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
    """What killing one shape at many points brought to light."""

    shape: str
    kills: int = 0
    unknown: int = 0
    resumed: int = 0
    points: int = 0
    problems: list[str] = field(default_factory=list)

    def as_data(self) -> Mapping[str, Any]:
        return vars(self)


def warm_up(shape: str, database: tuple[str, str]) -> None:
    """Run and resume once in this process, so that its forks have all modules."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        case = Crash(shape, Path(folder), database)
        tasks = registry(case.folder, Point(case.folder, None))
        journal = Journal(case.folder)
        asyncio.run(FlowExecutor(tasks).execute_flow(case.file, run_id=RUN, recorder=journal.recorder()))
        with contextlib.suppress(ReplayError):
            asyncio.run(Resumption(journal, RUN).execute(FlowExecutor(tasks)))
        journal.close()


def crash(
    shape: str,
    kills: tuple[int, ...],
    expected: tuple[Counter[str], Any],
    report: Report,
    database: tuple[str, str],
) -> bool:
    """Kill at these points one after the other, then go on to the end and look; whether the first one was reached."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        case = Crash(shape, Path(folder), database)
        repeatable: Counter[str] = Counter()
        for number, kill in enumerate(kills):
            if case.attempt(kill):
                if number == 0:
                    return False
                break
            report.kills += 1
            unknown = _look_at(case, report, kills[: number + 1])
            report.unknown += len(unknown)
            repeatable.update(unknown)
        report.resumed += 1
        if not case.attempt(None):
            raise AssertionError("nothing kills the last attempt")
        _compare(case, expected, repeatable, report, kills)
        return True


def _look_at(case: Crash, report: Report, kills: tuple[int, ...]) -> list[str]:
    """The steps that are unknown after a kill: those that were under way then, and no others."""
    under_way = json.loads((case.folder / "open").read_text())
    run = case.recorded()
    if run is None:
        if under_way:
            report.problems.append(f"{case.shape} {kills}: the run is not in the journal")
        return []
    if run.summary.status == "running":
        report.problems.append(f"{case.shape} {kills}: shown as running")
    last = max(session.number for session in run.sessions())
    if last == case.seen:
        return []  # this one was killed before it had begun to be recorded
    case.seen = last
    steps = run.steps(last)
    unknown = sorted(step.path for step in steps if step.kind == "task" and step.status == "unknown")
    if unknown != under_way:
        report.problems.append(f"{case.shape} {kills}: unknown are {unknown}, under way were {under_way}")
    return unknown


def _compare(
    case: Crash, expected: tuple[Counter[str], Any], repeatable: Counter[str], report: Report, kills: tuple[int, ...]
) -> None:
    effects, outputs = expected
    found = case.effects
    where = f"{case.shape} {kills}"
    allowed = sum(repeatable.values())
    for effect, count in effects.items():
        fewest, most = _bounds(effect, count, allowed)
        if not fewest <= found[effect] <= most:
            report.problems.append(f"{where}: `{effect}` took effect {found[effect]} times instead of {count}")
    more = sum(found[effect] - count for effect, count in effects.items() if effect[:5] != "fail ")
    if more > allowed:
        report.problems.append(f"{where}: {more} effects more, {allowed} unknown")
    if set(found) - set(effects):
        report.problems.append(f"{where}: effects that nobody expects: {sorted(set(found) - set(effects))}")
    if case.result["status"] is not None and case.result["outputs"] != outputs:
        report.problems.append(f"{where}: outputs {case.result['outputs']} instead of {outputs}")
    run = case.recorded()
    if run is None or run.summary.status != "succeeded":
        report.problems.append(f"{where}: the run is {None if run is None else run.summary.status} in the end")


def _bounds(effect: str, count: int, allowed: int) -> tuple[int, int]:
    """How often something may have taken effect that takes effect `count` times in a run that nobody disturbs."""
    if effect.startswith("row "):
        return count, count
    if effect.startswith("fail "):
        return 1, count + 3  # a step that failed is not done, so each resume runs it again
    if effect == "again":
        return 1, count + allowed  # the block around it need not be tried again for a failure that came with the kill
    return count, count + allowed  # a step that was unknown was chosen to run again


def crash_shape(shape: str, every: int, again: bool, start: int, database: tuple[str, str]) -> Report:
    """Kill a shape at each point, or at every n-th; `again` kills each of these runs once more while it is resumed."""
    report = Report(shape)
    warm_up(shape, database)
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        case = Crash(shape, Path(folder), database)
        assert case.attempt(None), "nothing kills this one"
        expected = (case.effects, case.result["outputs"])
        assert case.result["status"] == "succeeded", case.result
        report.points = case.result["points"]
    kill = start
    while crash(shape, (kill,), expected, report, database):
        if again:
            # each resume is killed somewhere else, and that resume's resume too
            crash(shape, (kill, 3 + kill * 7 % 41), expected, report, database)
            crash(shape, (kill, 5 + kill * 11 % 37, 2 + kill * 5 % 31), expected, report, database)
        kill += every
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", choices=[[], *SHAPES], help="the flows to kill; all of them without any")
    parser.add_argument("--every", type=int, default=1, help="kill at every n-th point only")
    parser.add_argument("--start", type=int, default=1, help="the first point")
    parser.add_argument("--again", action="store_true", help="kill each run during its resume too, twice")
    parser.add_argument("--database", choices=TASKS, default="sqlite", help="where the shape `database` works")
    parser.add_argument("--where", default="database: data.db", help="the configuration of its connection")
    given = parser.parse_args()
    failed = False
    for shape in given.shapes or SHAPES:
        report = crash_shape(shape, given.every, given.again, given.start, (given.database, given.where))
        failed = failed or bool(report.problems)
        print(json.dumps(report.as_data()), flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
