"""Mocks: what tasks, steps and subflows give in a test instead of being run, and the calls that came to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

from flowlang.debugger.pin_file import PinnedError
from flowlang.debugger.pins import exception_of
from flowlang.errors import StepTimeoutError
from flowlang.language.durations import format_duration, parse_duration
from flowlang.runtime.interception import Answered, Intercepted, Interception, Interceptor
from flowlang.runtime.steps import evaluate
from flowlang.runtime.stopping import TimeLimit

if TYPE_CHECKING:
    from flowlang.runtime.plan import Plan, StepPlan
    from flowlang.runtime.run import Run


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


#: A mock that says nothing of what it gives.
NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call gets: a value, an error, or what a function makes of the call's inputs. `delay` is in seconds."""

    returns: Any = NOTHING
    raises: BaseException | type[BaseException] | None = None
    calls: Callable[..., Any] | None = None
    delay: float = 0.0

    async def given(self, inputs: Mapping[str, Any]) -> Any:
        """Give it, or raise it."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if isinstance(self.raises, BaseException):
            raise self.raises.with_traceback(None)
        if self.raises is not None:
            raise self.raises
        if self.calls is not None:
            result = self.calls(**inputs)
            return await result if isawaitable(result) else result
        return None if self.returns is NOTHING else self.returns


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a task or subflow, mocked or not: of which step, and with what."""

    name: str
    path: str
    inputs: Mapping[str, Any]


@dataclass(slots=True)
class Mock:
    """What stands for a task, a step or a subflow. After the last of its `replies` that one is given again."""

    name: str
    replies: Sequence[Reply]
    calls: list[Call] = field(default_factory=list)

    @property
    def call_count(self) -> int:
        """How often it was called, retries included."""
        return len(self.calls)

    async def answer(self, call: Call) -> Any:
        """What this call gets."""
        reply = self.replies[min(len(self.calls), len(self.replies) - 1)]
        self.calls.append(call)
        return await reply.given(call.inputs)


class Mocks(Interceptor):
    """The mocks of one run. A step is mocked by its id, else by the name of its task or subflow."""

    def __init__(self, mocks: Iterable[Mock]) -> None:
        self._by_name = {mock.name: mock for mock in mocks}

    def attach(self, interception: Interception, run: Run, plan: Plan) -> None:
        steps = (step for one in plan.with_subplans() for step in one.every_step)
        interception.concern(self, [step for step in steps if self.of(step) is not None])

    def of(self, step: StepPlan) -> Mock | None:
        """The mock that stands for a step."""
        return next((mock for name in names_of(step) if (mock := self._by_name.get(name)) is not None), None)

    def stands_for(self, plan: StepPlan) -> bool:
        return self.of(plan) is not None

    async def bound(self, execution: Intercepted) -> None:
        mock = self.of(execution.plan)
        if mock is not None:
            name = names_of(execution.plan)[-1]
            call = Call(name, execution.frame.path + execution.plan.id, dict(execution.inputs or {}))
            execution.answered_by = "mock"
            execution.tell_started()
            raise Answered(await _in_time(execution, mock, call))


async def _in_time(execution: Intercepted, mock: Mock, call: Call) -> Any:
    """What a call gets, if that comes within the step's time limit, as its task would have to."""
    timeout = execution.plan.timeout
    if timeout is None:
        return await mock.answer(call)
    seconds = parse_duration(evaluate(timeout, execution.frame))
    try:
        async with TimeLimit(seconds) as limit:
            return await mock.answer(call)
    except Exception:
        if not limit.expired:
            raise
        step = execution.plan.id
        raise StepTimeoutError(f"step `{step}` took longer than its timeout of {format_duration(seconds)}") from None


def names_of(step: StepPlan) -> tuple[str, ...]:
    """The names by which a step is mocked: its id, then that of its task or subflow."""
    called = step.task if step.task is not None else getattr(getattr(step.step, "flow", None), "text", None)
    return (step.id,) if called is None else (step.id, called)


def error_of(type: str, message: str) -> Exception:
    """The error that a test file names by its class."""
    return exception_of(PinnedError(type, message))
