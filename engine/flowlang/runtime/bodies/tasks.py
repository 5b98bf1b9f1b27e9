"""Steps that call a task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextvars import Token
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from flowlang.errors import ConnectionError
from flowlang.language.model import Value
from flowlang.runtime.context import RunContext
from flowlang.runtime.describing import remember_statement
from flowlang.runtime.frame import Frame
from flowlang.runtime.plan import StepPlan
from flowlang.runtime.steps import evaluate

if TYPE_CHECKING:
    from flowlang.connections.base import Statement
    from flowlang.connections.manager import OpenConnections
    from flowlang.connections.statements import StatementGate
    from flowlang.tasks.registry import Task


class TaskBody:
    """Calls a task of the project: a coroutine function where it stands, a plain function in a thread.

    `connection` is the name of the connection whose session the task is given, if it asks for one.
    """

    __slots__ = ("arguments", "connection", "task")

    def __init__(self, arguments: Value, task: Task, connection: str | None) -> None:
        self.arguments = arguments
        self.task = task
        self.connection = connection

    def inputs(self, frame: Frame) -> Mapping[str, Any]:
        arguments: dict[str, Any] = evaluate(self.arguments, frame)
        return arguments

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> Any:
        arguments = dict(inputs or {})
        if self.task.wants_context:
            arguments["context"] = RunContext(frame, plan)
        if self.connection is None:
            return await self.call(frame, arguments)
        async with Session(frame, plan, self.connection) as connection:
            arguments["connection"] = connection
            if plan.step.exactly_once:
                work = partial(self.call, frame, arguments)
                return await exactly_once(frame, plan, self.connection, connection, work, own_task=False)
            return await self.call(frame, arguments)

    async def call(self, frame: Frame, arguments: dict[str, Any]) -> Any:
        if self.task.is_async:
            return await self.task.function(**arguments)
        result = await frame.call.run.threads.run(self.task.function, **arguments)
        return await result if isawaitable(result) else result


class PluginTaskBody:
    """Calls a task that the plugin of a connection brings, on that connection."""

    __slots__ = ("arguments", "connection", "task", "wants_connection")

    def __init__(self, arguments: Value, task: str, connection: str, wants_connection: bool) -> None:
        self.arguments = arguments
        self.task = task
        self.connection = connection
        self.wants_connection = wants_connection

    def inputs(self, frame: Frame) -> Mapping[str, Any]:
        arguments: dict[str, Any] = evaluate(self.arguments, frame)
        return arguments

    async def run(self, frame: Frame, plan: StepPlan, inputs: Mapping[str, Any] | None) -> Any:
        function = opened(frame, self.connection).task(self.connection, self.task)
        if not self.wants_connection:
            with Listening(frame, plan, self.connection):
                return await function(**(inputs or {}))
        async with Session(frame, plan, self.connection) as connection:
            if plan.step.exactly_once:
                work = partial(function, **(inputs or {}), connection=connection)
                return await exactly_once(frame, plan, self.connection, connection, work, own_task=True)
            return await function(**(inputs or {}), connection=connection)


async def exactly_once(
    frame: Frame, plan: StepPlan, name: str, session: Any, work: Callable[[], Awaitable[Any]], *, own_task: bool
) -> Any:
    """Do the work of a step that takes effect exactly once."""
    from flowlang.runtime.once import once

    return await once(frame, plan, name, session, work, own_task=own_task)


def opened(frame: Frame, name: str) -> OpenConnections:
    """The run's connections. Raises ConnectionError in handlers of a run that could not open them."""
    if frame.call.connections is None:
        raise ConnectionError(f"connection `{name}` is not open", connection=name)
    return frame.call.connections


class Listening:
    """Tells the statements that are sent inside a `with` block, and lets an exception know the one to blame.

    That is the first one that failed, because plugins clean up after it; else the last.
    """

    __slots__ = ("_connection", "_failed", "_frame", "_gate", "_gate_token", "_plan", "_sent", "_token")

    def __init__(self, frame: Frame, plan: StepPlan, connection: str) -> None:
        self._frame = frame
        self._plan = plan
        self._connection = connection
        self._sent: str | None = None
        self._failed: str | None = None
        self._gate: StatementGate | None = None
        self._token: Token[Callable[[Statement], None] | None]
        self._gate_token: Token[StatementGate | None]

    def __enter__(self) -> None:
        connections = opened(self._frame, self._connection)
        self._token = connections.statement_sink.set(self._hear)
        gatekeeper = self._frame.call.run.gatekeeper
        if gatekeeper is not None:
            self._gate = gatekeeper(self._frame, self._plan)
        if self._gate is not None:
            self._gate_token = connections.statement_gate.set(self._gate)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._token.var.reset(self._token)
        if self._gate is not None:
            self._gate_token.var.reset(self._gate_token)
        blamed = self._failed or self._sent
        if error is not None and blamed is not None:
            remember_statement(error, blamed)

    def _hear(self, statement: Statement) -> None:
        self._sent = statement.text
        if statement.error is not None and self._failed is None:
            self._failed = statement.text
        if self._gate is not None:
            self._gate.heard(statement)
        events = self._frame.events_of(self._plan)
        if events is None:
            return
        run = self._frame.call.run
        run.soon(
            lambda: events.of_step(
                "statement",
                self._plan,
                self._frame,
                {"text": statement.text, "params": statement.params, "error": statement.error},
                connection=self._connection,
                rows=statement.rows,
                ms=statement.duration_ms,
            )
        )


class Session:
    """A session of a connection for one attempt of a step; it goes back however the attempt ends."""

    __slots__ = ("_connection", "_connections", "_listening", "_name")

    def __init__(self, frame: Frame, plan: StepPlan, name: str) -> None:
        self._connections = opened(frame, name)
        self._name = name
        self._listening = Listening(frame, plan, name)

    async def __aenter__(self) -> Any:
        self._connection = await self._connections.acquire(self._name)
        self._listening.__enter__()
        return self._connection

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._listening.__exit__(kind, error, trace)
        await self._connections.release(self._name, self._connection)
