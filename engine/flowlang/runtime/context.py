"""What a task learns of the run it works for, through its parameter `context`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from flowlang.errors import ConnectionError

if TYPE_CHECKING:
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.plan import StepPlan


class RunContext:
    """The run, as a task sees it.

    `inputs` are the flow's inputs, `env` its environment, `attempt` counts from 1. A plain function that works
    for long should look at `is_cancelled` now and then: a thread cannot be stopped from outside.
    """

    __slots__ = ("_frame", "_plan", "attempt", "env", "flow", "inputs", "run_id", "step_id")

    def __init__(self, frame: Frame, plan: StepPlan) -> None:
        self._frame = frame
        self._plan = plan
        self.run_id: str = frame.context["run_id"]
        self.flow: str = frame.context["flow"]
        self.step_id = plan.id
        self.attempt: int = frame.context["attempt"]
        self.inputs: Mapping[str, Any] = frame.inputs
        self.env: Mapping[str, str] = frame.env

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is being cancelled."""
        token = self._frame.call.run.token
        return token is not None and token.is_cancelled

    def log(self, message: str, level: str = "info", **fields: Any) -> None:
        """Tell something to whoever watches the run; `level` is `debug`, `info`, `warning` or `error`."""
        run = self._frame.call.run
        if run.events is not None and self._frame.call.events is run.events:
            data = {"message": str(message), "fields": fields}
            run.soon(lambda: run.tell_log(self._plan, self._frame, data, level))

    @asynccontextmanager
    async def connection(self, name: str) -> AsyncIterator[Any]:
        """One of the flow's connections, for as long as the `async with` block lasts."""
        connections = self._frame.call.connections
        if connections is None or name not in connections.names:
            raise ConnectionError(
                f"this run has no connection called `{name}`",
                hint="declare it under `connections`, and let a step of the flow use it",
            )
        if connections.on_asked is not None:
            await connections.on_asked(name, self.step_id)
        connection = await connections.acquire(name)
        try:
            yield connection
        finally:
            await connections.release(name, connection)
