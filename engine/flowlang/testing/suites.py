"""The test files of a project: found, run, and what came of each case."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Literal

from flowlang.errors import FlowLangError
from flowlang.project import Project, is_own_folder
from flowlang.runtime.executor import FlowExecutor
from flowlang.tasks.loader import load_registry
from flowlang.tasks.registry import TaskRegistry
from flowlang.testing.cases import Case, is_test_file
from flowlang.testing.expectations import Failure, failures_of
from flowlang.testing.mocks import Mock
from flowlang.testing.running import TestRun, run_flow


@dataclass(slots=True)
class CaseResult:
    """What came of one case. `error` is why it could not be run, `run` None then; `ms` is real time."""

    case: Case
    run: TestRun | None = None
    failures: list[Failure] = field(default_factory=list)
    error: FlowLangError | None = None
    ms: float = 0.0

    @property
    def outcome(self) -> Literal["passed", "failed", "skipped"]:
        """How it ended."""
        if self.case.skip is not None:
            return "skipped"
        return "failed" if self.failures or self.error is not None else "passed"


def find_test_files(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """The test files that are named, or lie in or below the folders that are."""
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            found.update(dict.fromkeys(sorted(_below(path))))
        else:
            found[path] = None
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(filter(is_own_folder, folders))
        yield from (Path(here, name) for name in files if is_test_file(name))


class CaseRunner:
    """Runs cases one after the other. Tasks are loaded, and flows checked, once for all cases of a project.

    With `record` the connections of cases that have a cassette are real, and what they give is written down.
    """

    def __init__(self, *, record: bool = False) -> None:
        self._record = record
        self._tasks: dict[Path, TaskRegistry | FlowLangError] = {}
        self._executors: dict[Path, FlowExecutor] = {}

    def run(self, case: Case) -> CaseResult:
        """Run a case, unless it is to be skipped."""
        result = CaseResult(case)
        if case.skip is None:
            began = perf_counter()
            mocks = case.fresh_mocks()
            try:
                result.run, result.failures = self._run(case, mocks)
            except FlowLangError as error:
                result.error = error
            result.ms = (perf_counter() - began) * 1000
        return result

    def _run(self, case: Case, mocks: list[Mock]) -> tuple[TestRun, list[Failure]]:
        executor = self._executor(case)
        if case.cassette is None:
            run = run_flow(executor, case.flow, case.inputs, mocks)
            return run, failures_of(case, run, mocks)
        from flowlang.testing.cassettes import player_of

        player = player_of(case.cassette, record=self._record)
        run = run_flow(executor, case.flow, case.inputs, mocks, [player])
        player.eject()
        failures = failures_of(case, run, mocks)
        if player.left and not failures:
            asked = ", ".join(dict.fromkeys(player.left))
            failures.append(Failure(f"cassette: nobody asked for what was recorded of {asked}", case.at.line))
        return run, failures

    def _executor(self, case: Case) -> FlowExecutor:
        """An executor with the environment of the case that shares what was prepared before."""
        folder = case.flow.parent
        executor = FlowExecutor(self._registry(folder), env={**os.environ, **case.env})
        known = self._executors.setdefault(folder, executor)
        executor.preparer = known.preparer
        return executor

    def _registry(self, folder: Path) -> TaskRegistry | None:
        if folder not in self._tasks:
            try:
                tasks_file = Project(folder).tasks_file
                self._tasks[folder] = TaskRegistry() if tasks_file is None else load_registry(Path(tasks_file))
            except FlowLangError as error:
                self._tasks[folder] = error
        found = self._tasks[folder]
        if isinstance(found, FlowLangError):
            raise found
        return found
