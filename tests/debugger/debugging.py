"""A run with a debugger, whose stops a test takes one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowlang import CancellationToken, FlowExecutor, FlowResult, TaskRegistry
from flowlang.debugger import Breakpoint, Debugger, Stop
from flowlang.runtime.interception import Interceptor
from flowlang.runtime.recording import Recorder


class Debugged:
    """A flow that runs under a debugger: `async with Debugged(flow, …) as run: stop = await run.stop()`.

    The run is let go at the end of the block, and its result stands in `result`.
    """

    def __init__(
        self,
        flow: str | Path,
        breakpoints: Iterable[Breakpoint | str] = (),
        registry: TaskRegistry | None = None,
        inputs: Mapping[str, Any] | None = None,
        *,
        folder: Path | None = None,
        paused: bool = False,
        recorder: Recorder | None = None,
        beside: Sequence[Interceptor] = (),
        **options: Any,
    ) -> None:
        points = [Breakpoint(one) if isinstance(one, str) else one for one in breakpoints]
        self._stops: asyncio.Queue[Stop] = asyncio.Queue()
        self.seen: list[Stop] = []
        self.resumed: list[Stop] = []
        self.debugger = Debugger(points, on_stop=self._stopped, on_resume=self.resumed.append, **options)
        self.token = CancellationToken()
        self.events: list[Any] = []
        self._executor = FlowExecutor(registry, folder=folder, env={})
        self._flow = flow
        self._inputs = inputs
        self._recorder = recorder
        self._beside = beside
        if paused:
            self.debugger.pause()

    async def __aenter__(self) -> Debugged:
        self.running = asyncio.create_task(
            self._executor.execute_flow(
                self._flow,
                self._inputs,
                self.events.append,
                self.token,
                recorder=self._recorder,
                interceptors=[self.debugger, *self._beside],
            )
        )
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.debugger.let_go()
        try:
            self.result: FlowResult = await self.running
        finally:
            await self._executor.close()

    async def stop(self) -> Stop:
        """The next stop. Fails if the run ends without one."""
        found = await self._stop_or_end()
        if found is None:
            raise AssertionError(f"the run ended without a further stop: {self.running.result()!r}")
        return found

    async def ended(self) -> FlowResult:
        """The result. Fails if the run stops once more instead."""
        found = await self._stop_or_end()
        if found is not None:
            raise AssertionError(f"the run was to end, and stopped: {found}")
        return self.running.result()

    async def _stop_or_end(self) -> Stop | None:
        waiting = asyncio.ensure_future(self._stops.get())
        await asyncio.wait((waiting, self.running), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        return None

    async def over(self, stop: Stop) -> Stop:
        self.debugger.step_over(stop)
        return await self.stop()

    async def into(self, stop: Stop) -> Stop:
        self.debugger.step_into(stop)
        return await self.stop()

    async def out(self, stop: Stop) -> Stop:
        self.debugger.step_out(stop)
        return await self.stop()

    async def to_end(self) -> FlowResult:
        """The result, with every further stop passed by."""
        self.debugger.let_go()
        return await self.running

    def told(self, type: str) -> list[Any]:
        """The events of a type."""
        return [event for event in self.events if event["type"] == type]

    def _stopped(self, stop: Stop) -> None:
        self.seen.append(stop)
        self._stops.put_nowait(stop)


def counting() -> tuple[TaskRegistry, list[int]]:
    """A registry with a task `Count` that gives back its `n`, one that fails, and the numbers it was called with."""
    registry = TaskRegistry()
    calls: list[int] = []

    @registry.register("Count")
    async def count(n: int) -> dict[str, int]:
        calls.append(n)
        return {"n": n}

    @registry.register("Rows")
    async def rows(n: int) -> dict[str, Any]:
        return {"rows": [{"number": number} for number in range(n)]}

    @registry.register("Fail")
    async def fail(until: int = 99) -> str:
        calls.append(-1)
        if calls.count(-1) < until:
            raise ValueError(f"no {calls.count(-1)}")
        return "at last"

    @registry.register("Pass")
    async def hand_over(value: Any = None) -> Any:
        await asyncio.sleep(0)
        return value

    return registry, calls
