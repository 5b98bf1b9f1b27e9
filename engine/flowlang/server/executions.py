"""The runs of a server: started, followed, cancelled, and remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import FlowLangError
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.events import Event
from flowlang.runtime.result import FlowResult
from flowlang.runtime.run import new_run_id
from flowlang.server.hosting import HostedFlow

if TYPE_CHECKING:
    from flowlang.journal.records import How
    from flowlang.runtime.recording import Recorder
    from flowlang.server.history import History

#: How many runs are remembered, and how many events of each.
KEPT: Final = 1_000
EVENTS: Final = 1_000
#: How many events a follower may be behind before the oldest of them are left out for it.
BEHIND: Final = 1_000


class Full(FlowLangError):
    """The server runs as many flows as it may."""


class Stopping(FlowLangError):
    """The server is about to stop, and begins nothing new."""


class Execution:
    """One run of a flow on the server. Times are seconds since 1970.

    `events` are the last `EVENTS`; `told` counts all of them. `result` is there when the run is over. `origin` is who
    asked for it, `task` runs it once it has begun.
    """

    __slots__ = (
        "_followers",
        "ended",
        "events",
        "flow",
        "id",
        "origin",
        "result",
        "started",
        "task",
        "token",
        "told",
    )

    def __init__(self, flow: str, origin: How = "api") -> None:
        self.id = new_run_id()
        self.flow = flow
        self.origin = origin
        self.started = time.time()
        self.ended: float | None = None
        self.result: FlowResult | None = None
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.told = 0
        self.token = CancellationToken()
        self._followers: set[_Follower] = set()

    @property
    def status(self) -> str:
        """`running`, or how the run ended."""
        return "running" if self.result is None else self.result.status

    def describe(self) -> dict[str, Any]:
        """The run in short."""
        return {
            "id": self.id,
            "flow": self.flow,
            "status": self.status,
            "origin": self.origin,
            "started": self.started,
            "ended": self.ended,
            "duration_ms": round(((self.ended or time.time()) - self.started) * 1000, 3),
            "events": self.told,
        }

    def hear(self, event: Event) -> None:
        """Take note of an event, and pass it on."""
        self.told += 1
        self.events.append(event)
        for follower in self._followers:
            follower.hear(event)

    def begin(
        self, hosted: HostedFlow, inputs: Mapping[str, Any], timeout: float | None, recorder: Recorder | None
    ) -> None:
        """Run the flow in a task of its own."""
        running = self._run(hosted, inputs, timeout, recorder)
        self.task: asyncio.Task[None] = asyncio.get_running_loop().create_task(running)

    async def wait(self) -> FlowResult:
        """The result, when the run is over."""
        if self.result is None:
            await asyncio.wait((self.task,))
        assert self.result is not None, "a run that is over has a result"
        return self.result

    async def is_over_before(self, other: asyncio.Future[Any]) -> bool:
        """Wait for the run's end or for something else; whether the run has ended."""
        await asyncio.wait((self.task, other), return_when=asyncio.FIRST_COMPLETED)
        return self.task.done()

    async def cancel(self, reason: str) -> None:
        """Ask the run to stop; its steps are cancelled, `on_cancel` and `finally` run."""
        await self.token.cancel(reason)

    async def follow(self) -> AsyncIterator[Event]:
        """The events of the run from its beginning, as far as they are kept, to its end."""
        follower = _Follower(self.events)
        if self.result is None:
            self._followers.add(follower)
        else:
            follower.end()
        try:
            while (event := await follower.next()) is not None:
                yield event
        finally:
            self._followers.discard(follower)

    async def _run(
        self, hosted: HostedFlow, inputs: Mapping[str, Any], timeout: float | None, recorder: Recorder | None
    ) -> None:
        try:
            self.result = await hosted.executor.execute_plan(
                hosted.plan, inputs, self.hear, self.token, run_id=self.id, timeout=timeout, recorder=recorder
            )
        except FlowLangError as error:
            self.result = _refused(hosted, self.id, error)
        except asyncio.CancelledError:
            self.result = FlowResult(hosted.name, self.id, "cancelled", {}, reason="the server was stopped")
            raise
        finally:
            self.ended = time.time()
            for follower in self._followers:
                follower.end()


class _Follower:
    """One who follows a run, at its own speed: what it can't keep up with is left out for it, the oldest first."""

    __slots__ = ("_ended", "_events", "_news")

    def __init__(self, so_far: deque[Event]) -> None:
        self._events: deque[Event] = deque(so_far, maxlen=BEHIND)
        self._news = asyncio.Event()
        self._ended = False
        if self._events:
            self._news.set()

    def hear(self, event: Event) -> None:
        self._events.append(event)
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    async def next(self) -> Event | None:
        while not self._events:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()


class Executions:
    """All runs of a server. At most `limit` are under way at once. They are recorded if there is a `history`."""

    def __init__(self, limit: int, timeout: float | None = None, history: History | None = None) -> None:
        self._limit = limit
        self._timeout = timeout
        self.history = history
        self._all: OrderedDict[str, Execution] = OrderedDict()
        self._running: set[Execution] = set()
        self.is_stopping = False
        self.counts: dict[tuple[str, str], int] = {}
        self.seconds: dict[str, float] = {}

    @property
    def running(self) -> int:
        """How many are under way."""
        return len(self._running)

    def start(self, hosted: HostedFlow, inputs: Mapping[str, Any], origin: How = "api") -> Execution:
        """Begin a run that was asked for so. Raises Full or Stopping."""
        if self.is_stopping:
            raise Stopping("the server is about to stop")
        if len(self._running) >= self._limit:
            raise Full(f"{self._limit} flows are running, which is as many as may run at once")
        execution = Execution(hosted.name, origin)
        self._all[execution.id] = execution
        self._running.add(execution)
        recorder = None if self.history is None else self.history.recorder(hosted, origin)
        execution.begin(hosted, inputs, self._timeout, recorder)
        execution.task.add_done_callback(lambda _: self._over(execution))
        self._forget()
        return execution

    def get(self, id: str) -> Execution | None:
        """A run by its id, as long as it is remembered."""
        return self._all.get(id)

    def list(self, flow: str | None = None, status: str | None = None, limit: int = 100) -> list[Execution]:
        """The newest runs, the newest first."""
        found = (
            one
            for one in reversed(self._all.values())
            if (flow is None or one.flow == flow) and (status is None or one.status == status)
        )
        return [one for _, one in zip(range(limit), found, strict=False)]

    async def stop(self, grace: float) -> None:
        """Begin nothing new; let what runs come to its end within `grace` seconds, then cancel it."""
        self.is_stopping = True
        if self._running:
            tasks = [one.task for one in self._running]
            _, late = await asyncio.wait(tasks, timeout=grace)
            if late:
                await asyncio.gather(*(one.cancel("the server is stopping") for one in list(self._running)))
                await asyncio.wait(late, timeout=grace)

    def _over(self, execution: Execution) -> None:
        self._running.discard(execution)
        key = (execution.flow, execution.status)
        self.counts[key] = self.counts.get(key, 0) + 1
        took = (execution.ended or time.time()) - execution.started
        self.seconds[execution.flow] = self.seconds.get(execution.flow, 0.0) + took

    def _forget(self) -> None:
        while len(self._all) > KEPT:
            oldest = next((one for one in self._all.values() if one.result is not None), None)
            if oldest is None:
                return
            del self._all[oldest.id]


def _refused(hosted: HostedFlow, run_id: str, error: FlowLangError) -> FlowResult:
    from flowlang.runtime.failure import ErrorInfo

    info = ErrorInfo(error, "inputs", file=str(hosted.path))
    return FlowResult(hosted.name, run_id, "failed", {}, error=info)
