"""What is seen from a step: the scope, expressions, what became of the attempt. All of it plain and masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from flowlang.debugger.errors import DebuggerError
from flowlang.debugger.scope import Scope, scope_of
from flowlang.debugger.watching import evaluated, extras_of, items_around, watch_frame
from flowlang.runtime.describing import describe
from flowlang.runtime.failure import ErrorInfo, StepFailed
from flowlang.runtime.frame import Ended, Frame, StepState

if TYPE_CHECKING:
    from flowlang.debugger.breakpoints import When
    from flowlang.runtime.interception import Intercepted
    from flowlang.runtime.plan import StepPlan

T = TypeVar("T")


class Sight:
    """What is seen from one execution of a step, at a time of it.

    `result` is that of the attempt, `raised` what it raised, `statement` the one at which the run stands; `taken` is
    how long the attempt took, in milliseconds. `inputs` are those of the attempt, as they are known.
    """

    def __init__(
        self,
        execution: Intercepted,
        when: When,
        *,
        result: Any = None,
        raised: BaseException | None = None,
        statement: str | None = None,
        taken: float = 0.0,
    ) -> None:
        self.when = when
        self.result = result
        self.statement = statement
        self.inputs: Mapping[str, Any] | None = None
        self._execution = execution
        self._raised = raised
        self._taken = taken

    def mask(self, value: Any) -> Any:
        """A value as it may be shown."""
        return self._execution.frame.call.run.redactor(value)

    @property
    def error(self) -> dict[str, Any] | None:
        """What is known of the attempt's failure."""
        info = self._info()
        return None if info is None else info.masked(self.mask)

    def scope(self, calls: int) -> Scope:
        """What can be read here, or, with `calls`, at the step that called this flow so many calls up."""
        frame, plan = self._place(calls)
        own: dict[str, Any] = {}
        arguments: Mapping[str, Any] = {}
        if not calls:
            own = {"attempts": self._execution.attempt}
            if self.when == "after":
                own["result"] = self.result
            if (error := self.error) is not None:
                own["error"] = {key: error[key] for key in ("type", "message", "hint") if error.get(key) is not None}
            arguments = self.inputs or {}
        items = items_around(frame.call.plan.flow, plan.step)
        return _patiently(lambda: scope_of(frame, items, self.mask, own, arguments))

    def value_of(self, text: str, calls: int) -> Any:
        """The value of an expression as it is. Raises ExpressionError."""
        frame, plan = self._place(calls)
        seen = watch_frame(frame, {}) if calls else self._frame()
        return evaluated(text, frame.call.plan.flow, plan, seen)

    def _frame(self) -> Frame:
        """The step's frame with what is known of the step itself."""
        execution = self._execution
        info = self._info()
        error = None if info is None else info.as_value(self.mask)
        attempts, seconds = execution.attempt, self._taken / 1000
        own: dict[str, StepState] = {}
        if self.when == "after":
            own[execution.plan.id] = Ended("succeeded", self.result, self.inputs, 0.0, seconds, None, attempts)
        elif error is not None:
            own[execution.plan.id] = Ended("failed", None, self.inputs, 0.0, seconds, error, attempts)
        extras = extras_of(
            result=self.result, duration_ms=self._taken, attempts=attempts, error=error, statement=self.statement
        )
        return watch_frame(execution.frame, extras, own)

    def _info(self) -> ErrorInfo | None:
        return None if self._raised is None else described(self._execution, self._raised)

    def _place(self, calls: int) -> tuple[Frame, StepPlan]:
        frame, plan = self._execution.frame, self._execution.plan
        for _ in range(calls):
            if frame.call.caller is None:
                raise DebuggerError("there are fewer calls around this step")
            frame, plan = frame.call.caller
        return frame, plan


def described(execution: Intercepted, error: BaseException) -> ErrorInfo:
    """What there is to say of a failed attempt."""
    if isinstance(error, StepFailed):
        return error.info
    return describe(execution.frame, execution.plan, error, execution.inputs, execution.attempt)


def connection_of(plan: StepPlan) -> str | None:
    """The name of the connection that a step uses."""
    name: str | None = getattr(plan.body, "connection", None)
    return name


def shortened(params: Any, most: int = 100) -> Any:
    """Parameters as they can be shown: of long lists the first items, and how many there are besides."""
    if not isinstance(params, (list, tuple)):
        return params
    shown = [shortened(item, most) for item in params[:most]]
    return shown if len(params) <= most else [*shown, f"… {len(params) - most} more"]


def _patiently(look: Callable[[], T]) -> T:
    """What `look` gives. Other branches may be changing what it looks at, from another thread; then it looks again."""
    for _ in range(5):
        try:
            return look()
        except RuntimeError:
            continue
    return look()
