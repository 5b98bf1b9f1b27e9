"""A flow that is run again whenever something that it is made of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowlang.errors import FlowLangError
from flowlang.project import is_data
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.events import Event
from flowlang.runtime.executor import FlowExecutor
from flowlang.runtime.result import FlowResult
from flowlang.tasks.loader import TaskModules
from flowlang.tasks.registry import TaskRegistry
from flowlang.watch.files import DATA, ENDINGS
from flowlang.watch.watcher import Watcher
from flowlang.watch.written import Written

if TYPE_CHECKING:
    from flowlang.runtime.recording import Recorder

#: Why a run was cancelled that a newer change made useless.
SUPERSEDED: Final = "something was changed"

_FLOWS: Final = frozenset({".yaml", ".yml"})


class Outcome(NamedTuple):
    """What came of one run: its result, or why it could not begin.

    `changed` are the files because of which it ran, none for the first run. `written` are files of which it is known
    now that the flow writes them: they changed in each of the last runs, and start none any more when they do.
    """

    changed: frozenset[Path]
    result: FlowResult | None = None
    refused: FlowLangError | None = None
    written: frozenset[Path] = frozenset()


class Reruns:
    """Runs a flow, then again after each change of what it is made of: one run at a time, the newest wins.

    That is the flow, its subflows, the tasks file with the project's modules that it imports, `.env`, the files
    `also` named, and other files that a task may read: data, texts, statements. While the flow cannot run, any change
    may mend it. `inputs`, `make_executor` and `make_recorder` are called before each run.
    """

    def __init__(
        self,
        flow: Path,
        root: Path,
        *,
        tasks: TaskModules | None,
        inputs: Callable[[], Mapping[str, Any]],
        make_executor: Callable[[TaskRegistry], FlowExecutor],
        also: Iterable[str | PathLike[str]] = (),
        listener: Callable[[Event], None] | None = None,
        make_recorder: Callable[[], Recorder | None] = lambda: None,
    ) -> None:
        self._flow = flow
        self._root = root
        self._tasks = tasks
        self._inputs = inputs
        self._make_executor = make_executor
        self._make_recorder = make_recorder
        self._also = frozenset(Path(path).absolute() for path in also)
        self._listener = listener
        self._token = CancellationToken()
        self._executor: FlowExecutor | None = None
        self._loaded: TaskRegistry | None = None
        self._made_of: frozenset[Path] | None = None
        self._written = Written()
        self._told: frozenset[Path] = frozenset()

    async def outcomes(self) -> AsyncGenerator[Outcome, None]:
        """What comes of each run that no newer one replaced. Goes on until it is cancelled."""
        async with Watcher(self._root, also=self._also, endings=ENDINGS + DATA) as watcher:
            watcher.also(self._also)
            news = asyncio.ensure_future(self._changes(watcher))
            changed: frozenset[Path] = frozenset()
            run: asyncio.Future[Outcome] | None = None
            try:
                while True:
                    run = asyncio.ensure_future(self._run(changed))
                    await asyncio.wait((run, news), return_when=asyncio.FIRST_COMPLETED)
                    if run.done():
                        yield self._with_written(run.result())
                    else:
                        await self._token.cancel(SUPERSEDED)
                        await run
                    changed = await news
                    news = asyncio.ensure_future(self._changes(watcher))
            finally:
                news.cancel()
                if run is not None and not run.done():
                    await self._token.cancel("watching ended")
                    await run
                if self._executor is not None:
                    await self._executor.close()

    async def _changes(self, watcher: Watcher) -> frozenset[Path]:
        """The next change that matters."""
        async for change in watcher:
            # each of them is asked about, because what the flow writes is known by having changed before
            if {path for path in change.paths if self._matters(path)}:
                return change.paths
        return frozenset()

    def _matters(self, path: Path) -> bool:
        if path == self._flow or path in self._also or path in (self._made_of or ()):
            return True
        if _is_data(path):
            return not self._written.is_by_the_flow(path)
        # while the flow cannot run, any other flow or module may mend it
        return self._made_of is None

    def _with_written(self, outcome: Outcome) -> Outcome:
        before, self._told = self._told, frozenset(self._written.found)
        return outcome._replace(written=self._told - before)

    async def _run(self, changed: frozenset[Path]) -> Outcome:
        self._token = token = CancellationToken()
        self._made_of = None
        self._written.begin()
        try:
            executor = self._ready(changed)
            # in a thread, because both may take a while, and a newer change is to be seen meanwhile
            plan = await asyncio.to_thread(executor.prepare, self._flow)
            files = {Path(one.path) for one in plan.with_subplans() if one.path is not None}
            self._made_of = frozenset(files | self._task_files())
            result = await executor.execute_flow(
                self._flow, self._inputs(), self._listener, token, recorder=self._make_recorder()
            )
            return Outcome(changed, result)
        except FlowLangError as error:
            return Outcome(changed, refused=error)
        finally:
            self._written.end()

    def _ready(self, changed: frozenset[Path]) -> FlowExecutor:
        """The executor for the tasks as they are now: the same one as long as only flows have changed."""
        registry = TaskRegistry() if self._tasks is None else self._registry(self._tasks, changed)
        if self._executor is None or self._executor.registry is not registry:
            self._executor = self._make_executor(registry)
        return self._executor

    def _registry(self, tasks: TaskModules, changed: frozenset[Path]) -> TaskRegistry:
        if self._loaded is None or not all(path.suffix in _FLOWS for path in changed):
            self._loaded = None
            self._loaded = tasks.load().registry
        return self._loaded

    def _task_files(self) -> frozenset[Path]:
        return frozenset() if self._tasks is None or self._tasks.last is None else self._tasks.last.files


def _is_data(path: Path) -> bool:
    """Whether a file is for tasks to read: no Python, and no flow or tests and pins of one."""
    return path.suffix != ".py" and (path.suffix not in _FLOWS or is_data(path))
