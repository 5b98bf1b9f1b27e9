"""Running steps: one after the other, and each with its condition, attempts, time limit and error handling."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flowlang.errors import MissingOutputError, StepTimeoutError
from flowlang.language.durations import format_duration, parse_duration
from flowlang.language.expressions import evaluation_error, truth
from flowlang.language.model import Value
from flowlang.runtime.describing import describe
from flowlang.runtime.failure import ErrorInfo, FlowExit, StepFailed
from flowlang.runtime.frame import SKIPPED, Ended, Frame, Succeeded, succeeded
from flowlang.runtime.plan import StepPlan
from flowlang.runtime.retry import Backoff, backoff_of
from flowlang.runtime.stopping import TimeLimit, is_fatal, is_stopping

if TYPE_CHECKING:
    from flowlang.runtime.call import FlowCall
    from flowlang.runtime.events import EventStream
    from flowlang.values import ErrorValue


def run_steps(call: FlowCall, frames: Iterable[Frame], plans: Sequence[StepPlan]) -> Coroutine[Any, Any, None]:
    """Run steps from top to bottom, once in each frame: one for a list of steps, many for the body of a loop.

    A step that is nothing but a call is awaited right here, in one of two loops that differ only in their events:
    what they cost is most of what such a step costs.
    """
    return _quietly(call, frames, plans) if call.events is None else _loudly(call, call.events, frames, plans)


async def _quietly(call: FlowCall, frames: Iterable[Frame], plans: Sequence[StepPlan]) -> None:
    run = call.run
    started = perf_counter()
    for frame in frames:
        for plan in plans:
            function = plan.inline
            if function is None:
                await run_step(frame, plan)
                started = perf_counter()
            else:
                inputs = None
                try:
                    inputs = plan.bind(frame)  # type: ignore[misc]  # set together with inline
                    result = await function(**inputs)
                    if plan.promised:
                        check_promises(plan, result)
                except BaseException as error:
                    failed = fail_inline(frame, plan, error, inputs, started)
                    if failed is error:
                        raise
                    raise failed from error
                ended = perf_counter()
                frame.v[plan.id] = state = Succeeded()
                state.result = result
                state.inputs = inputs
                state.started = started
                state.ended = ended
                started = ended
            if started > run.breathe_at:
                await run.breathe()
                started = perf_counter()


async def _loudly(call: FlowCall, events: EventStream, frames: Iterable[Frame], plans: Sequence[StepPlan]) -> None:
    run = call.run
    callback, redactor, epoch, run_id = events.callback, run.redactor, events.epoch, events.run_id
    intercepted, interception = run.intercepted, run.interception
    started = perf_counter()
    for frame in frames:
        for plan in plans:
            function = plan.inline
            if function is None or plan.silent or (plan in intercepted and not interception.lets_by(frame, plan)):  # type: ignore[union-attr]  # its steps
                await run_step(frame, plan)
                started = perf_counter()
            else:
                inputs = None
                try:
                    inputs = plan.bind(frame)  # type: ignore[misc]  # set together with inline
                    event = (plan.started or events.templates(plan, frame)[0]).copy()
                    event["run_id"] = run_id
                    event["seq"] = events.seq = events.seq + 1
                    event["timestamp"] = started + epoch
                    event["path"] = path = frame.path + plan.id
                    harmless = redactor.harmless
                    for value in inputs.values():
                        if type(value) not in harmless:
                            event["inputs"] = redactor(inputs)
                            break
                    else:
                        event["inputs"] = inputs.copy()
                    try:
                        outcome = callback(event)
                    # as in EventStream.tell
                    except Exception:
                        events.complain()
                    else:
                        if outcome is not None:
                            events.later(outcome)
                    result = await function(**inputs)
                    if plan.promised:
                        check_promises(plan, result)
                except BaseException as error:
                    failed = fail_inline(frame, plan, error, inputs, started)
                    if failed is error:
                        raise
                    raise failed from error
                ended = perf_counter()
                frame.v[plan.id] = state = Succeeded()
                state.result = events.raw = result
                state.inputs = inputs
                state.started = started
                state.ended = ended
                event = plan.completed.copy()  # type: ignore[union-attr]  # made together with started
                event["run_id"] = run_id
                event["seq"] = events.seq = events.seq + 1
                event["timestamp"] = ended + epoch
                event["path"] = path
                event["outputs"] = redactor.quick(result)
                event["duration_ms"] = (ended - started) * 1000
                try:
                    outcome = callback(event)
                # as in EventStream.tell
                except Exception:
                    events.complain()
                else:
                    if outcome is not None:
                        events.later(outcome)
                started = ended
            if started > run.breathe_at:
                await run.breathe()
                started = perf_counter()


async def run_step(frame: Frame, plan: StepPlan) -> None:
    """Run one step with everything it has around its body. Raises StepFailed if nothing handles its failure."""
    run = frame.call.run
    execution: Execution
    if plan in run.intercepted:
        execution = intercepted = run.intercept(frame, plan)
        if await intercepted.answered():
            intercepted.over()
            return
    else:
        execution = Execution(frame, plan, perf_counter())
    try:
        wanted = plan.condition is None or execution.wanted(plan.condition)
        result = await execution.attempts() if wanted else None
    except FlowExit:
        execution.end("terminated", None)
        raise
    except StepFailed as failure:
        execution.fail(failure.info)
        if is_stopping():
            raise
        plan = execution.plan
        if plan.on_error is not None:
            await handle(frame, plan, failure.info.as_last_error(run.redactor), failure.info)
        elif not plan.continue_on_error:
            raise
        if execution.asks:
            execution.over()
    except asyncio.CancelledError as error:
        execution.cancel(error)
        raise
    else:
        if wanted:
            execution.end("succeeded", result)
        else:
            frame.v[plan.id] = SKIPPED
            if execution.events is not None:
                execution.events.of_step("step_skipped", plan, frame)
        if is_stopping():
            raise asyncio.CancelledError
        if execution.asks:
            execution.over()


async def handle(frame: Frame, plan: StepPlan, last_error: ErrorValue, info: ErrorInfo | None = None) -> None:
    """Run a step's `on_error`. A failure in there becomes the flow's, with the first one recorded."""
    try:
        await run_steps(frame.call, (frame.view(last_error=last_error),), plan.on_error or ())
    except StepFailed as failure:
        if info is not None:
            failure.info.add(info)
        raise


class Execution:
    """One step being run: its attempts so far, and what is told about them."""

    __slots__ = ("attempt", "errors", "events", "frame", "inputs", "plan", "started", "stood", "told")

    #: Whether somebody is asked about the attempts (`flowlang.runtime.interception`).
    asks = False
    #: Who answered for the attempt, if nobody did its work.
    answered_by: str | None = None

    def __init__(self, frame: Frame, plan: StepPlan, started: float) -> None:
        self.frame = frame
        self.plan = plan
        self.events = frame.events_of(plan)
        self.started = started
        clock = frame.call.run.stood
        #: How long its path had stood at stops before it began.
        self.stood = 0.0 if clock is None else clock.of(frame.path + plan.id)
        self.attempt = 1
        self.inputs: Mapping[str, Any] | None = None
        self.errors: list[dict[str, Any]] = []
        self.told = False

    def wanted(self, condition: Value) -> bool:
        """Whether the step's condition holds. Raises StepFailed if that cannot be said."""
        try:
            return truth(evaluate(condition, self.frame))
        # whatever a condition raises is a failure of its step
        except Exception as error:
            raise StepFailed(self.describe(error)) from error

    async def attempts(self) -> Any:
        """The result of the first attempt that succeeds. Raises StepFailed after the last that did not."""
        policy: Backoff | None = None
        while True:
            try:
                return await self.one_attempt()
            except FlowExit:
                raise
            except BaseException as error:
                if is_fatal(error):
                    raise
                info = self.describe(error)
                if self.plan.retry is None or is_stopping():
                    raise StepFailed(info) from error
                if policy is None:
                    policy = self.policy(info)
                if self.attempt >= policy.max_attempts or not policy.applies_to(info.exception):
                    raise StepFailed(info) from error
                wait = policy.wait(self.attempt)
                if self.events is not None:
                    self.events.of_step(
                        "step_retrying",
                        self.plan,
                        self.frame,
                        error=info.masked(self.frame.call.run.redactor),
                        error_type=info["type"],
                        attempt=self.attempt,
                        attempts=policy.max_attempts,
                        delay=wait,
                    )
            await asyncio.sleep(wait)
            self.attempt += 1

    async def one_attempt(self) -> Any:
        plan = self.plan
        frame = self.frame if plan.retry is None else self.frame.view(attempt=self.attempt)
        self.inputs = None
        self.inputs = plan.body.inputs(frame)
        if self.asks:
            await self.bound()
        self.tell_started()
        if plan.timeout is None:
            result = await plan.body.run(frame, plan, self.inputs)
        else:
            seconds = parse_duration(evaluate(plan.timeout, frame))
            try:
                async with TimeLimit(seconds) as limit:
                    result = await plan.body.run(frame, plan, self.inputs)
            except FlowExit:
                raise
            except Exception as error:
                if not limit.expired:
                    raise
                raise StepTimeoutError(
                    f"step `{plan.id}` took longer than its timeout of {format_duration(seconds)}"
                ) from (None if isinstance(error, TimeoutError) else error)
        if plan.promised:
            check_promises(plan, result)
        return result

    async def bound(self) -> None:
        """The inputs of the attempt are known; called where `asks` is set."""

    def tell_started(self) -> None:
        if not self.told:
            self.told = True
            if self.events is not None:
                self.events.step_started(self.plan, self.frame, self.inputs, self.started)

    def describe(self, error: BaseException) -> ErrorInfo:
        """What there is to say of a failed attempt. A failure inside the step keeps its own description."""
        if isinstance(error, StepFailed):
            info = error.info
        else:
            info = describe(self.frame, self.plan, error, self.inputs, self.attempt)
        if self.plan.retry is not None:
            self.errors.append({"attempt": self.attempt, "type": info["type"], "message": info["message"]})
            if len(self.errors) > 1:
                info.set(attempt_errors=list(self.errors))
        return info

    def policy(self, info: ErrorInfo) -> Backoff:
        assert self.plan.retry is not None
        try:
            return backoff_of(self.plan.retry, self.frame)
        # a policy of values that make no sense is a failure of its step
        except Exception as error:
            raise StepFailed(describe(self.frame, self.plan, error, self.inputs, self.attempt)) from info.exception

    def began(self) -> float:
        """When the step would have begun to end now, had it not stood at any stop."""
        clock = self.frame.call.run.stood
        if clock is None:
            return self.started
        return self.started + clock.of(self.frame.path + self.plan.id) - self.stood

    def end(self, status: str, result: Any) -> None:
        """Record and tell that the step ended without a failure."""
        ended = perf_counter()
        plan, frame, began = self.plan, self.frame, self.began()
        if status == "succeeded" and self.attempt == 1:
            frame.v[plan.id] = succeeded(result, self.inputs, began, ended)
        else:
            frame.v[plan.id] = Ended(status, result, self.inputs, began, ended, attempts=self.attempt)
        if self.events is not None:
            self.tell_started()
            self.events.step_completed(plan, frame, result, began, ended, self.attempt, status, self.answered_by)

    def over(self) -> None:
        """The flow goes on after the step, whichever way it ended; called where `asks` is set."""

    def fail(self, info: ErrorInfo, status: str = "failed") -> None:
        """Record and tell that the step failed."""
        plan, frame, began = self.plan, self.frame, self.began()
        error = info.as_value(frame.call.run.redactor)
        frame.v[plan.id] = Ended(status, None, self.inputs, began, perf_counter(), error, self.attempt)
        if self.events is not None:
            self.tell_started()
            handled = plan.on_error is not None or plan.continue_on_error
            handled = handled and status == "failed" and not is_stopping()
            self.events.step_failed(
                plan, frame, info, began, status=status, handled=handled, answered_by=self.answered_by
            )

    def cancel(self, error: asyncio.CancelledError) -> None:
        """Record and tell that the step was stopped from outside."""
        self.fail(describe(self.frame, self.plan, error, self.inputs, self.attempt), "cancelled")


def fail_inline(
    frame: Frame, plan: StepPlan, error: BaseException, inputs: Mapping[str, Any] | None, started: float
) -> BaseException:
    """Record and tell the failure of a step that ran inline; give back what to raise for it."""
    if inputs is None and isinstance(error, Exception):
        error = evaluation_error(error, plan.step.arguments)  # type: ignore[attr-defined]  # only task steps are inline
    execution = Execution(frame, plan, started)
    execution.inputs = inputs
    execution.told = inputs is not None
    if is_fatal(error):
        if isinstance(error, asyncio.CancelledError):
            execution.cancel(error)
        return error
    info = describe(frame, plan, error, inputs, 1)
    execution.fail(info)
    return StepFailed(info)


def evaluate(value: Value, frame: Frame) -> Any:
    """The value of this moment. Raises ExpressionError that quotes the expression."""
    try:
        return value.run(frame)  # type: ignore[misc]  # every value of a plan is compiled
    # what an expression raises is Python's: it is told in the terms of the flow
    except Exception as error:
        raise evaluation_error(error, value) from error


def check_promises(plan: StepPlan, result: Any) -> None:
    """Raise MissingOutputError unless the result has every name that the step's `outputs` list."""
    if isinstance(result, Mapping):
        missing = [name for name in plan.promised if name not in result]
        has = f"it has {', '.join(map(str, result)) or 'no keys'}"
    else:
        missing = [name for name in plan.promised if name != "result"]
        has = f"it is no map but {type(result).__name__}"
    if missing:
        raise MissingOutputError(
            f"the result of step `{plan.id}` lacks {', '.join(f'`{name}`' for name in missing)}: {has}",
            hint="correct `outputs`, or let the task return a map with these keys",
        )
