"""Expressions at a step: conditions of breakpoints, log points, watch expressions, what somebody types at a stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import ExpressionError
from flowlang.language.diagnostics import Problems
from flowlang.language.expressions import compile_values, evaluate, evaluation_error, translate
from flowlang.language.model import Flow, ForEachStep, Step, Value
from flowlang.language.model import Value as FlowValue
from flowlang.language.names import Names
from flowlang.language.nodes import Scalar
from flowlang.language.order import within
from flowlang.language.source import Source
from flowlang.runtime.frame import Ended, Frame, StepState

if TYPE_CHECKING:
    from flowlang.language.model import Form
    from flowlang.runtime.plan import StepPlan

#: What can be read besides the names of the flow, at every step.
EXTRAS: Final = ("result", "rows", "duration_ms", "attempts", "error", "statement")


class WatchNames(Names):
    """The names at a step, and above all of them those that tell of the step itself."""

    def __init__(self, flow: Flow, parent: Names, step: Step) -> None:
        super().__init__(flow, parent, parent.item)
        self.steps = dict.fromkeys(EXTRAS, step)


def names_at(flow: Flow, step: Step) -> WatchNames:
    """The names that an expression at a step can read."""
    names = Names(flow)
    for one in flow.walk():
        names.steps.setdefault(one.id, one)
    for loop in _loops_around(flow, step):
        names = Names(flow, names, loop.as_.text)
        for body in loop.body:
            names.steps.update((below.id, below) for below in within(body))
    return WatchNames(flow, names, step)


def watch_frame(
    frame: Frame,
    extras: Mapping[str, Any],
    own: Mapping[str, StepState] | None = None,
    names: Sequence[str] = EXTRAS,
) -> Frame:
    """A frame below a step's with those of the `names` that `names_at` adds.

    `own` are states that the step's frame is to show besides its own.
    """
    seen = _showing(frame, own) if own else frame
    states: dict[str, StepState] = {name: _known(extras.get(name)) for name in names}
    below = seen.below(states, frame.length)
    below.item, below.index = frame.item, frame.index
    return below


def extras_of(
    *,
    result: Any = None,
    duration_ms: float = 0.0,
    attempts: int = 1,
    error: Any = None,
    statement: str | None = None,
) -> dict[str, Any]:
    """What an expression can read of the step itself."""
    return {
        "result": result,
        "rows": rows_of(result),
        "duration_ms": duration_ms,
        "attempts": attempts,
        "error": error,
        "statement": statement,
    }


def rows_of(result: Any) -> Any:
    """The rows of a step's result: the result if it is a list, its `rows` if it is a map that has them."""
    if isinstance(result, Mapping):
        return result.get("rows")
    return result if isinstance(result, (list, tuple)) else None


def translated(text: str, form: Form, names: Names, problems: Problems) -> FlowValue:
    """A text as a value of the language; what is wrong with it goes to `problems`."""
    value = Value(_scalar(text), form)
    translate(value, names, problems, Source(text=text))
    return value


class Watch:
    """A condition or text, compiled for the frames of one step. Raises ExpressionError for what is wrong with it.

    One that reads nothing of the step itself is computed in the step's own frame.
    """

    __slots__ = ("_extras", "_roots", "_run", "_value")

    def __init__(self, text: str, form: Form, names: WatchNames) -> None:
        value = _without_problems(text, form, names)
        self._roots = frozenset(read.root for read in value.reads)
        self._extras = tuple(self._roots.intersection(EXTRAS))
        if not self._extras and names.parent is not None:
            value = _without_problems(text, form, names.parent)
        compile_values([value])
        assert value.run is not None, "a value without problems is compiled"
        self._run = value.run
        self._value = value

    def value(self, frame: Frame, extras: Mapping[str, Any], own: Mapping[str, StepState]) -> Any:
        """Its value at a step's frame. Raises ExpressionError."""
        try:
            if self._extras:
                return self._run(watch_frame(frame, extras, own, self._extras))
            return self._run(frame if self._roots.isdisjoint(own) else _showing(frame, own))
        # what an expression raises is Python's: it is told in the terms of the flow
        except Exception as error:
            raise evaluation_error(error, self._value) from error


def evaluated(text: str, flow: Flow, plan: StepPlan, frame: Frame) -> Any:
    """The value of a text that somebody typed, in a frame of `watch_frame`. Raises ExpressionError."""
    return evaluate(text, names_at(flow, plan.step), frame)


def items_around(flow: Flow, step: Step) -> list[str]:
    """The variables of the `for_each` loops around a step, the innermost first."""
    return [loop.as_.text for loop in reversed(_loops_around(flow, step))]


def _loops_around(flow: Flow, step: Step) -> list[ForEachStep]:
    return [one for one in flow.walk() if isinstance(one, ForEachStep) and any(_holds(body, step) for body in one.body)]


def _holds(body: Step, step: Step) -> bool:
    return any(one is step for one in within(body))


def _showing(frame: Frame, own: Mapping[str, StepState]) -> Frame:
    seen = frame.view()
    seen.v = {**frame.v, **own}
    return seen


def _without_problems(text: str, form: Form, names: Names) -> FlowValue:
    problems = Problems()
    value = translated(text, form, names, problems)
    for problem in problems.in_order():
        if problem.severity == "error":
            raise ExpressionError(problem.sentence)
    return value


def _known(value: Any) -> StepState:
    return Ended("succeeded", value)


def _scalar(text: str) -> Scalar:
    """A text as the only line of a file, so that problems have columns."""
    return Scalar(text, start=_Mark(0), end=_Mark(len(text)))


class _Mark:
    """A place in the first line."""

    def __init__(self, column: int) -> None:
        self.index = self.column = column
        self.line = 0
