"""Runs whose journal lies on a disk that is full, or may only be read: a real one, of so many pages.

`python -m tests.withstand.small_disks full|without-room FOLDER` mounts it, so it needs a namespace of its own:
`unshare --user --map-root-user --mount`. It tells what happened as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from typing import Any

from flowlang import FlowExecutor, FlowLangError, FlowResult, TaskRegistry
from flowlang.journal import Journal, Resumption

PAGE = 4096

FLOW = """
flow: Orders
steps:
  - Do: {id: first, what: first}
  - for_each: '${range(40)}'
    id: each
    as: number
    do: [{Do: {id: one, what: 'one ${number}', size: 1000}}]
  - Try: {id: last}
outputs: {last: '${last}'}
"""


class Disk:
    """A file system of so many pages, where a project's `.flowlang` is to be."""

    def __init__(self, folder: Path, pages: int) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={pages * PAGE}", "journal", str(folder))

    def remount(self, how: str) -> None:
        _mount("-o", f"remount,{how}", str(self.folder))

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


@dataclass
class Project:
    """A flow that fails in its last step as long as it is broken, and what its steps did."""

    root: Path
    effects: Counter[str] = field(default_factory=Counter)
    is_broken: bool = True

    def __post_init__(self) -> None:
        (self.root / "flow.yaml").write_text(FLOW)
        self.registry = TaskRegistry()

        @self.registry.register("Do")
        async def do(what: str, size: int = 0) -> str:
            self.effects[what] += 1
            return "x" * size

        @self.registry.register("Try")
        async def attempt() -> str:
            self.effects["last"] += 1
            if self.is_broken:
                raise ValueError("not yet")
            return "done"

    @property
    def executor(self) -> FlowExecutor:
        return FlowExecutor(self.registry, env={})

    def run(self, journal: Journal) -> tuple[FlowResult, str | None]:
        """Run the flow; how it ended, and why it was not recorded to its end."""
        recorder = journal.recorder()
        result = asyncio.run(self.executor.execute_flow(self.root / "flow.yaml", recorder=recorder))
        return result, recorder.problem


def looked_at(journal: Journal, run_id: str) -> str | None:
    """What a look at the journal, and at one of its runs, fails with."""

    def look() -> None:
        if any(one.run_id == run_id for one in journal.runs()):
            journal.run(run_id).steps()

    return _failure(look)


def run_on(pages: int, root: Path) -> dict[str, Any]:
    """Run on a disk of so many pages, look at the run there, and go on with it once there is room."""
    project = Project(root)
    disk = Disk(root / ".flowlang", pages)
    try:
        journal = Journal(root)
        result, problem = project.run(journal)
        told: dict[str, Any] = {
            "pages": pages,
            "status": result.status,
            "error": str(result.error),
            "problem": problem,
            "look": looked_at(journal, result.run_id),
            "left": len(list((root / ".flowlang").glob("running/*.spool"))),
            "done": project.effects.total(),
        }
        journal.close()
        disk.remount("size=8m")
        journal = Journal(root)
        told["recorded"] = [one.status for one in journal.runs()]
        told["known"] = known = _known(journal, result.run_id) if told["recorded"] else []
        project.effects.clear()
        project.is_broken = False
        if told["recorded"]:
            resumption = Resumption(journal, result.run_id, on_unknown="retry")
            told["problems"] = [one.kind for one in resumption.problems]
            told["resumed"] = asyncio.run(resumption.execute(project.executor)).status
            told["twice"] = sorted(set(known) & set(project.effects))
        journal.close()
        return told
    finally:
        disk.unmount()


def _known(journal: Journal, run_id: str) -> list[str]:
    """What the steps did that the journal says succeeded."""
    steps = journal.run(run_id).steps()
    return [
        step.inputs["what"] for step in steps if step.inputs and "what" in step.inputs and step.status == "succeeded"
    ]


def full(root: Path) -> None:
    """Disks of ever more pages, until one is large enough: of each number, or in the short form of each third."""
    for pages in count(1, 1 if "FLOWLANG_TEST_LONG" in os.environ else 3):
        folder = root / str(pages)
        folder.mkdir()
        told = run_on(pages, folder)
        print(json.dumps(told), flush=True)
        if told["problem"] is None and told["left"] == 0:
            return


def without_room(root: Path) -> None:
    """A disk where nothing can be written: one that may only be read and one that is filled up, with and without a run.

    In the end there is room again, and the last run is gone on with.
    """
    for kind, had in product(("read-only", "filled up"), ("nothing", "a run")):
        folder = root / f"{kind} {had}"
        folder.mkdir()
        print(json.dumps({"disk": kind, "had": had, **_run_without_room(folder, kind, had)}), flush=True)


def _run_without_room(root: Path, kind: str, had: str) -> dict[str, Any]:
    project = Project(root)
    disk = Disk(root / ".flowlang", 2048)
    journal = Journal(root)
    if had == "a run":
        project.run(journal)
        journal.runs()
        journal.close()
    ballast = root / ".flowlang" / "ballast"
    if kind == "read-only":
        disk.remount("ro")
    else:
        _fill(ballast)
    result, problem = project.run(journal)
    told: dict[str, Any] = {"status": result.status, "problem": problem}
    found = journal.runs()
    told["runs"] = [one.status for one in found]
    if found:
        told["steps"] = len(journal.run(found[0].run_id).steps())
        told["resume"] = [one.kind for one in Resumption(journal, found[0].run_id).problems]
        told["prune"] = _failure(lambda: journal.prune(keep=0))
    disk.remount("rw")
    ballast.unlink(missing_ok=True)
    project.is_broken = False
    result, told["then"] = project.run(journal)
    told["last"] = journal.run(result.run_id).summary.status
    journal.close()
    disk.unmount()
    return told


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(PAGE))


def _failure(call: Callable[[], object]) -> str | None:
    try:
        call()
    except FlowLangError as error:
        return f"{error}; {error.hint}"
    return None


if __name__ == "__main__":
    {"full": full, "without-room": without_room}[sys.argv[1]](Path(sys.argv[2]))
