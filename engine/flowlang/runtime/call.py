"""One call of a flow, the run's own or a subflow's: from its inputs to its ending."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flowlang.errors import ConfigurationError, FlowExitError, FlowInputError, StepTimeoutError
from flowlang.language.durations import format_duration, parse_duration
from flowlang.language.inputs import bind_inputs
from flowlang.runtime.bodies.blocks import run_at_once
from flowlang.runtime.failure import ErrorInfo, FlowExit, Phase, StepFailed
from flowlang.runtime.frame import Frame
from flowlang.runtime.plan import Plan, StepPlan
from flowlang.runtime.steps import evaluate, run_steps
from flowlang.runtime.stopping import TimeLimit, after_cancellation, is_stopping

if TYPE_CHECKING:
    from flowlang.connections.manager import OpenConnections
    from flowlang.runtime.events import EventStream
    from flowlang.runtime.run import Run


class Ending(NamedTuple):
    """How a flow ended. `error` is None when it did what it was meant to.

    `beyond` is what ends the flows around it too.
    """

    outputs: dict[str, Any]
    error: ErrorInfo | None = None
    terminated: bool = False
    reason: Any = None
    beyond: FlowExit | None = None


class FlowCall:
    """A flow being run. `events` is None when nobody listens; `caller` is the step that called it, if one did."""

    __slots__ = ("caller", "connections", "events", "frame", "plan", "prefix", "run")

    def __init__(
        self,
        run: Run,
        plan: Plan,
        prefix: str = "",
        *,
        silent: bool = False,
        caller: tuple[Frame, StepPlan] | None = None,
    ) -> None:
        self.run = run
        self.caller = caller
        self.plan = plan
        self.prefix = prefix
        self.events: EventStream | None = run.hidden if silent else run.events
        self.connections: OpenConnections | None = None
        self.frame: Frame | None = None

    def sub(self, plan: Plan, frame: Frame, caller: StepPlan) -> FlowCall:
        """A call of another flow by a step of this one."""
        silent = caller.silent or self.events is not self.run.events
        return FlowCall(self.run, plan, f"{frame.path}{caller.id}/", silent=silent, caller=(frame, caller))

    async def run_to_end(self, given: Mapping[str, Any], timeout: float | None = None) -> Ending:
        """Run the flow with these inputs. Handlers have run and connections are back when this returns or raises."""
        try:
            frame = self.frame = self.first_frame(given)
        except FlowInputError as error:
            return self.failed(error, "inputs")
        except ConfigurationError as error:
            return self.failed(error, "environment")
        try:
            ending = await self.steps_and_handlers(frame, timeout)
            if self.connections is not None and self.connections.marked and ending.error is None:
                await self.forget_marks()
            return ending
        except ConfigurationError as error:
            return self.failed(error, "environment")
        finally:
            if self.connections is not None:
                await self.connections.close()

    async def forget_marks(self) -> None:
        """Remove what steps that are exactly once have left in their databases."""
        from flowlang.runtime.once import forget_marks

        await forget_marks(self)

    def first_frame(self, given: Mapping[str, Any]) -> Frame:
        flow = self.plan.flow
        run = self.run
        env = run.environment(self.plan)
        if not self.prefix:
            run.check_environment(self.plan)
        inputs = bind_inputs(flow, given)
        for declared in flow.inputs or ():
            if declared.secret:
                run.redactor.add(inputs.get(declared.name))
        context = {
            "run_id": run.run_id,
            "flow": self.plan.name,
            "last_error": None,
            "attempt": 1,
            "started_at": run.started_at,
        }
        return Frame(self, self.plan.template.copy(), inputs, env, context, self.prefix)

    async def connect(self, frame: Frame) -> Ending | None:
        """Open the connections. An ending if one cannot be opened; ConfigurationError for one that never could."""
        if self.plan.connections:
            try:
                self.connections = await self.run.open_connections(self, frame)
            except ConnectionError as error:
                return self.failed(error, "connect")
        return None

    async def steps_and_handlers(self, frame: Frame, timeout: float | None) -> Ending:
        plan = self.plan
        try:
            ending = await self.connect_and_run(frame, timeout)
            if ending.error is not None and plan.on_error:
                seen = frame.view(last_error=ending.error.as_last_error(self.run.redactor))
                await self.handler(seen, plan.on_error, ending.error)
        except asyncio.CancelledError:
            with after_cancellation():
                await self.handler(frame, plan.on_cancel, None)
                await self.handler(frame, plan.finally_, None)
            raise
        if plan.finally_:
            error = ending.error
            seen = frame if error is None else frame.view(last_error=error.as_last_error(self.run.redactor))
            late = await self.handler(seen, plan.finally_, error)
            if error is None and late is not None:
                return Ending({}, late)
        return ending

    async def connect_and_run(self, frame: Frame, timeout: float | None) -> Ending:
        plan = self.plan
        seconds, limit = None, None
        try:
            seconds = self.time_limit(frame, timeout)
            async with TimeLimit(seconds) as limit:
                if (failed := await self.connect(frame)) is not None:
                    return failed
                if plan.waits_for is None:
                    await run_steps(self, (frame,), plan.steps)
                else:
                    await run_at_once(frame, plan.steps, plan.waits_for)
            return Ending(self.outputs(frame))
        except FlowExit as ending:
            if not ending.failure:
                return Ending(ending.outputs, None, True, ending.reason, ending if ending.whole_run else None)
            said = f": {ending.reason}" if ending.reason else ""
            error = ErrorInfo(FlowExitError(f"the flow ended itself as a failure{said}"), file=plan.path)
            return Ending(ending.outputs, error, True, ending.reason)
        except (StepFailed, TimeoutError) as failure:
            if is_stopping():
                raise asyncio.CancelledError from failure
            if seconds is not None and limit is not None and limit.expired:
                late = f"flow `{plan.name}` took longer than its timeout of {format_duration(seconds)}"
                return self.failed(StepTimeoutError(late), "steps")
            if isinstance(failure, StepFailed):
                return Ending({}, failure.info)
            raise

    def time_limit(self, frame: Frame, timeout: float | None) -> float | None:
        """Seconds that the flow may take: the shorter of its own limit and the caller's."""
        if self.plan.timeout is None:
            return timeout
        try:
            own = parse_duration(evaluate(self.plan.timeout, frame))
        # a limit that makes no sense is a failure of the flow
        except Exception as error:
            raise StepFailed(ErrorInfo(error, file=self.plan.path)) from error
        return own if timeout is None else min(own, timeout)

    def outputs(self, frame: Frame) -> dict[str, Any]:
        """The flow's outputs. Raises StepFailed with the place of the one that cannot be computed."""
        values: dict[str, Any] = {}
        for output in self.plan.outputs:
            try:
                values[output.name] = evaluate(output.value, frame)
            # an output that cannot be computed is a failure of the flow
            except Exception as error:
                span = output.value.node.span
                info = ErrorInfo(error, "outputs", file=self.plan.path, line=span.line, column=span.column)
                raise StepFailed(info) from error
        return values

    async def handler(self, frame: Frame, steps: Sequence[StepPlan], error: ErrorInfo | None) -> ErrorInfo | None:
        """Run the steps of `on_error`, `on_cancel` or `finally`; give back, and add to `error`, how they failed."""
        try:
            await run_steps(self, (frame,), steps)
        except FlowExit:
            return None
        except StepFailed as failure:
            if error is not None:
                error.add(failure.info)
            return failure.info
        return None

    def failed(self, exception: BaseException, phase: Phase) -> Ending:
        span = getattr(exception, "span", None)
        place = {} if span is None else {"line": span.line, "column": span.column}
        file = getattr(exception, "path", None) or self.plan.path
        return Ending({}, ErrorInfo(exception, phase, file=file, **place))
