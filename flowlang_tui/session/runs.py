"""The runs of a session: one at a time, the newest request wins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowlang import FlowLangError, FlowValidationError
from flowlang_tui.session.checking import Checker
from flowlang_tui.session.engine import EngineThread
from flowlang_tui.session.history import SessionHistory
from flowlang_tui.session.launch import Launch, Prepared, Replay
from flowlang_tui.session.notices import Listener, Post, RunEnded, RunRefused, RunStarted, Told
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.running import ActiveRun
from flowlang_tui.session.tasks import FolderTasks, ProjectTasks

if TYPE_CHECKING:
    from flowlang import FlowExecutor
    from flowlang.runtime.interception import Interceptor

#: How many runs are kept to look at; fewer if they have more steps or lines than this together.
KEPT: Final = 20
KEPT_STEPS: Final = 20_000
KEPT_LINES: Final = 1_000_000


class Runs:
    """Starts and cancels runs, and keeps the records of the latest.

    What a run needs is loaded and checked in the checker's thread; the run itself is in the engine's.
    """

    def __init__(
        self,
        engine: EngineThread,
        tasks: ProjectTasks,
        checker: Checker,
        post: Post,
        listener: Listener,
        environment: str | None,
        history: SessionHistory,
    ) -> None:
        self.records: list[RunRecord] = []
        self.active: ActiveRun | None = None
        #: Make who steps in where steps of a run begin and end, in their order. Called in the checker's thread.
        self.interceptors: list[Callable[[Launch], Interceptor | None]] = []
        self._engine = engine
        self._tasks = tasks
        self._checker = checker
        self._post = post
        self._tell = listener
        self._environment = environment
        self._history = history
        self._executors: dict[FolderTasks, FlowExecutor] = {}
        self._next: Launch | None = None
        self._preparing = False
        self._unwanted = False
        self._unrecorded: str | None = None

    @property
    def latest(self) -> RunRecord | None:
        """The newest run."""
        return self.records[-1] if self.records else None

    @property
    def is_busy(self) -> bool:
        """Whether a run is under way, or about to be."""
        return self.active is not None or self._preparing

    def start(self, launch: Launch) -> None:
        """Run a flow. A run that is under way is cancelled first."""
        self._next = launch
        if self.active is not None and not self.active.is_cancelling:
            self.active.cancel("started again")
        elif not self.is_busy:
            self._start_next()

    def cancel(self) -> bool:
        """Cancel the run that is under way; whether there was one."""
        self._next = None
        if self.active is None:
            # one that is about to begin is cancelled as soon as it does
            self._unwanted = self._preparing
            return self._preparing
        self.active.cancel()
        return True

    def take_up(self) -> bool:
        """Take note of what the run did since; whether it did anything. Called once a frame while something runs."""
        return self.active is not None and self.active.take_up()

    def make_room(self, wanted: bool) -> None:
        """Let the run stand still for a moment while the screen is painted, or go on."""
        if self.active is not None:
            self.active.make_room(wanted)

    def note(self, level: int, text: str) -> None:
        """Put a line into the log of the newest run: what a task printed, for one."""
        if self.latest is not None:
            self.latest.note(level, text)

    def _start_next(self) -> None:
        if self._next is not None:
            launch, self._next = self._next, None
            self._preparing = True
            self._checker.call(lambda: self._prepare(launch))

    def _prepare(self, launch: Launch) -> None:
        """In the checker's thread: loading tasks runs the project's own code, and checking takes its time."""
        path = launch.path
        tasks = self._tasks.of(path.parent)
        try:
            if tasks.problem is not None:
                raise FlowValidationError([tasks.problem])
            prepared = self._prepared(launch, tasks)
        except FlowValidationError as error:
            refused = RunRefused(path, str(error), error.diagnostics)
        except FlowLangError as error:
            refused = RunRefused(path, str(error))
        # a plugin of the project may raise anything; the thread has to go on, and somebody has to know
        except Exception as error:
            refused = RunRefused(path, f"the flow could not be prepared: {type(error).__name__}: {error}")
        else:
            run = ActiveRun(self._engine, prepared, self._over)
            # it begins at once, not when the screen, which may be busy showing what was saved, gets to know of it
            self._post(lambda: self._begin(run))
            run.start()
            return
        self._post(lambda: self._refuse(refused))

    def _prepared(self, launch: Launch, tasks: FolderTasks) -> Prepared:
        """A run that can begin. Raises FlowLangError for one that cannot."""
        executor = self._executor_of(tasks)
        replay = None if launch.replay is None else launch.replay()
        if replay is None:
            executor.prepare(launch.path)
        else:
            self._look_at(replay)
        made = [make(launch) for make in self.interceptors]
        interceptors = [one for one in made if one is not None]
        if replay is not None:
            return Prepared(launch, executor, replay, interceptors=interceptors)
        return Prepared(launch, executor, recorder=self._history.recorder(), interceptors=interceptors)

    def _executor_of(self, tasks: FolderTasks) -> FlowExecutor:
        from flowlang import FlowExecutor

        executor = self._executors.get(tasks)
        if executor is None or executor.registry is not tasks.registry:
            executor = self._executors[tasks] = FlowExecutor(tasks.registry, environment=self._environment)
        executor.preparer = tasks.preparer
        return executor

    async def executor(self, path: Path) -> FlowExecutor:
        """Who would run a flow, to read what of it was recorded. Raises what loading its tasks raises."""
        loop = asyncio.get_running_loop()
        made: asyncio.Future[FlowExecutor] = loop.create_future()

        def make() -> None:
            try:
                executor = self._executor_of(self._tasks.of(path.parent))
            # loading tasks runs the project's own code: whatever that raises is for whoever waits
            except Exception as error:
                loop.call_soon_threadsafe(made.set_exception, error)
            else:
                loop.call_soon_threadsafe(made.set_result, executor)

        self._checker.call(make)
        return await made

    def _look_at(self, replay: Replay) -> None:
        """Tell what a part of a recorded run will do. Raises ReplayError if something stands in the way."""
        problems = replay.problems
        if blocking := [one for one in problems if one.blocking]:
            from flowlang.journal.problems import ReplayError

            raise ReplayError(blocking)
        words = "\n".join([replay.summary, *map(str, problems)])
        self._post(lambda: self._tell(Told(words)))

    def _refuse(self, refused: RunRefused) -> None:
        self._preparing = self._unwanted = False
        if self._next is not None:
            self._start_next()
        else:
            self._tell(refused)

    def _begin(self, run: ActiveRun) -> None:
        self._preparing = False
        self.active = run
        self.records = kept([*self.records, run.record])
        if self._next is not None or self._unwanted:
            run.cancel("started again" if self._next is not None else "cancelled by the user")
        self._unwanted = False
        self._tell(RunStarted(run.record))

    def _over(self, run: ActiveRun) -> None:
        self._post(lambda: self._ended(run))

    def _ended(self, run: ActiveRun) -> None:
        self.active = None
        self._tell(RunEnded(run.record))
        self._tell_of_recording(run)
        self._start_next()

    def _tell_of_recording(self, run: ActiveRun) -> None:
        """Say why a run was not written down, or not to its end; the same reason once."""
        problem = run.prepared.unrecorded or self._history.problem
        if problem and problem != self._unrecorded:
            self._tell(Told(f"The run could not be recorded: {problem}", "warning"))
        self._unrecorded = problem

    async def close(self) -> None:
        """Close the connections and threads of all runs. Called in the engine's thread."""
        for executor in self._executors.values():
            await executor.close()


def kept(records: list[RunRecord]) -> list[RunRecord]:
    """The newest of these runs, the oldest first: as many as fit into memory, the newest two in any case."""
    steps = lines = 0
    for count, record in enumerate(reversed(records)):
        steps += len(record.steps)
        lines += len(record.log)
        if count >= KEPT or (count >= 2 and (steps > KEPT_STEPS or lines > KEPT_LINES)):
            return records[len(records) - count :]
    return records
