"""The points at which a process kills itself, and the boundaries that they stand at.

There is one before and one after each record of the journal, each effect, and each thing that the journal does to its
database and files.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from flowlang import TaskRegistry
from flowlang.journal import Journal

#: What a run passes on its way. A kill happens at the boundary passed last.
BOUNDARIES: Final = (
    "intent written",
    "effect sent",
    "effect done",
    "result written",
    "loop iteration",
    "branch join",
    "subflow return",
    "checkpoint",
    "prune",
)

#: Where a step of a kind ends, in the words above.
_JOINS: Final = {"task": "result written", "parallel": "branch join", "subflow": "subflow return"}


def boundary_of(event: Any) -> str:
    """The boundary that recording an event is, or its type if it is none of them."""
    type: str = event["type"]
    if type.startswith("iteration_"):
        return "loop iteration"
    if type == "step_started" and event["kind"] == "task":
        return "intent written"
    if type in ("step_completed", "step_failed"):
        return _JOINS.get(event["kind"], type)
    return type


class Point:
    """Counts what happens, and kills the process at the point with the chosen number, from 1.

    The file `killed` then tells at which boundary that was, and which steps were under way. `passed` are the
    boundaries of the points so far.
    """

    def __init__(self, folder: Path, number: int | None) -> None:
        self.folder = folder
        self.number = number
        self.passed: list[str] = []
        self.open: Counter[str] = Counter()
        self._counting = threading.Lock()

    def pass_by(self, boundary: str) -> None:
        with self._counting:
            self.passed.append(boundary)
            if len(self.passed) == self.number:
                words = {"boundary": boundary, "under_way": sorted(self.open.elements())}
                (self.folder / "killed").write_text(json.dumps(words))
                os.kill(os.getpid(), signal.SIGKILL)


class KillingRecorder:
    """A recorder with a point before and after whatever it is told."""

    def __init__(self, recorder: Any, point: Point) -> None:
        self._recorder = recorder
        self._point = point

    def begin(self, *args: Any) -> None:
        self._point.pass_by("begin")
        self._recorder.begin(*args)
        self._point.pass_by("begin")

    def hear(self, event: Any) -> None:
        self._heard(self._recorder.hear, event)

    def hear_silent(self, event: Any) -> None:
        self._heard(self._recorder.hear_silent, event)

    async def end(self) -> None:
        self._point.pass_by("end")
        await self._recorder.end()
        self._point.pass_by("end")

    def _heard(self, hear: Callable[[Any], None], event: Any) -> None:
        boundary = boundary_of(event)
        self._point.pass_by(f"before {boundary}")
        hear(event)
        if event.get("kind") == "task":
            if event["type"] == "step_started":
                self._point.open[event["path"]] += 1
            elif event["type"] in ("step_completed", "step_failed") and "answered_by" not in event:
                self._point.open[event["path"]] -= 1
        self._point.pass_by(boundary)


class KillingJournal(Journal):
    """A journal whose recorders have points."""

    point: Point

    def recorder(self, *args: Any, **options: Any) -> Any:
        return KillingRecorder(super().recorder(*args, **options), self.point)


def watch_storage(point: Point) -> None:
    """Put points around what is sent to SQLite in this process, and around changes of files."""

    class Watched(sqlite3.Connection):
        names: Callable[[str], tuple[str, str]]

        def execute(self, *args: Any) -> Any:  # type: ignore[override]
            return self._between(args[0], super().execute, *args)

        def executemany(self, *args: Any) -> Any:  # type: ignore[override]
            return self._between(args[0], super().executemany, *args)

        def commit(self) -> None:
            self._between("COMMIT", super().commit)

        def close(self) -> None:
            self._between("", super().close)

        def _between(self, text: str, call: Callable[..., Any], *args: Any) -> Any:
            before, after = type(self).names(text)
            point.pass_by(before)
            result = call(*args)
            point.pass_by(after)
            return result

    def connected(path: Any, *args: Any, **options: Any) -> sqlite3.Connection:
        names = _journal_names if Path(path).name == "runs.db" else _effect_names
        bases = (Watched, options.pop("factory", sqlite3.Connection))
        made: sqlite3.Connection = connect(
            path, *args, factory=type("Watched", bases, {"names": staticmethod(names)}), **options
        )
        return made

    connect: Callable[..., Any] = sqlite3.connect
    sqlite3.connect = connected  # type: ignore[assignment]
    for name in ("unlink", "rename", "replace", "link"):
        setattr(os, name, _between(getattr(os, name), point))


def _journal_names(statement: str) -> tuple[str, str]:
    """The boundaries before and after a statement to the journal; an empty one closes it."""
    name = "prune" if statement.startswith(("DELETE", "PRAGMA incremental_vacuum")) else "checkpoint"
    return name, name


def _effect_names(statement: str) -> tuple[str, str]:
    """The same for a database that steps use."""
    if statement.startswith(("CREATE", "INSERT", "COMMIT")):
        return "effect sent", "effect done"
    return "statement", "statement"


def _between(call: Callable[..., Any], point: Point) -> Callable[..., Any]:
    def passing(*args: Any, **options: Any) -> Any:
        point.pass_by("files")
        result = call(*args, **options)
        point.pass_by("files")
        return result

    return passing


def registry(folder: Path, point: Point) -> TaskRegistry:
    """Tasks whose effects are lines of a file, with points around each."""
    tasks = TaskRegistry()
    log = os.open(folder / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def effect(me: str) -> None:
        point.pass_by("effect sent")
        os.write(log, f"{me}\n".encode())
        point.pass_by("effect done")

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
