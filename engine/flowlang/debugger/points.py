"""Breakpoints in a run: which steps they are at, how often they were hit, and whether to stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from flowlang.debugger.breakpoints import ANY_STEP, Breakpoint, When, flow_key
from flowlang.debugger.watching import Watch, extras_of, names_at
from flowlang.errors import ExpressionError
from flowlang.language.expressions import as_text, truth

if TYPE_CHECKING:
    from flowlang.debugger.places import Places
    from flowlang.runtime.frame import Frame, StepState
    from flowlang.runtime.plan import Plan, StepPlan


#: What a condition can read of a step that has not begun.
_AT_FIRST: Final = extras_of()
_NO_STATES: Final[Mapping[str, StepState]] = {}


class Hits:
    """How often a breakpoint was hit in a run, at whichever of its steps."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0


class Point:
    """A breakpoint at one step of a run. `problem` is why its condition could not be evaluated, if so."""

    __slots__ = ("_condition", "_hits", "_log", "breakpoint", "problem")

    def __init__(self, breakpoint: Breakpoint, plan: StepPlan, home: Plan, hits: Hits) -> None:
        self.breakpoint = breakpoint
        self._hits = hits
        self.problem: str | None = None
        self._condition: Watch | None = None
        self._log: Watch | None = None
        if not (breakpoint.condition or breakpoint.log):
            return
        try:
            names = names_at(home.flow, plan.step)
            if breakpoint.condition:
                self._condition = Watch(breakpoint.condition, "condition", names)
            if breakpoint.log:
                self._log = Watch(breakpoint.log, "value", names)
        except ExpressionError as error:
            self.problem = str(error)

    def hit(self, frame: Frame, extras: Mapping[str, Any], own: Mapping[str, StepState]) -> bool:
        """Count a hit, and tell whether it is one to stop or log at. A condition that fails is met, and says why."""
        if self._condition is not None:
            try:
                if not truth(self._condition.value(frame, extras, own)):
                    return False
                self.problem = None
            except ExpressionError as error:
                self.problem = str(error)
        self._hits.number += 1
        return self.breakpoint.due(self._hits.number)

    @property
    def asks(self) -> bool:
        """Whether it depends on a condition that can be computed."""
        return self._condition is not None

    def holds(self, frame: Frame) -> bool:
        """Whether its condition holds before a step at its first attempt, as far as that can be computed."""
        assert self._condition is not None, "it asks"
        try:
            return truth(self._condition.value(frame, _AT_FIRST, _NO_STATES))
        except ExpressionError:
            return True

    def message(self, frame: Frame, extras: Mapping[str, Any], own: Mapping[str, StepState]) -> str:
        """The text of a log point."""
        if self._log is None:
            return self.problem or ""
        try:
            return as_text(self._log.value(frame, extras, own))
        except ExpressionError as error:
            return f"{self.breakpoint.log}: {error}"


class Points:
    """The enabled breakpoints of a run by step and time."""

    def __init__(self) -> None:
        self._hits: dict[Breakpoint, Hits] = {}
        self._at: dict[tuple[StepPlan, When], list[Point]] = {}
        #: The breakpoints of steps that have none but those that look at a condition before the step.
        self._conditional: dict[StepPlan, list[Point]] = {}

    @property
    def steps(self) -> Iterable[StepPlan]:
        """The steps with breakpoints."""
        return {plan for plan, _ in self._at}

    def set(self, breakpoints: Iterable[Breakpoint], places: Places, main: Plan) -> None:
        """Let these be the breakpoints; those that stay keep their counts."""
        self._at = {}
        for breakpoint in breakpoints:
            if not breakpoint.enabled:
                continue
            for home in places.plans:
                for plan in _meant(breakpoint, home, places, main):
                    point = Point(breakpoint, plan, home, self._hits.setdefault(breakpoint, Hits()))
                    self._at.setdefault((plan, breakpoint.when), []).append(point)
        self._conditional = {
            plan: points
            for (plan, when), points in self._at.items()
            if when == "before"
            and all(point.asks for point in points)
            and not any((plan, other) in self._at for other in ("after", "error", "statement"))
        }

    def lets_by(self, plan: StepPlan, frame: Frame) -> bool:
        """Whether no breakpoint of a step is met this time: all look at a condition before it, and none holds."""
        points = self._conditional.get(plan)
        return points is not None and not any(point.holds(frame) for point in points)

    def at(self, plan: StepPlan, when: When) -> list[Point]:
        """The breakpoints of a step at a time."""
        return self._at.get((plan, when), [])


def _meant(breakpoint: Breakpoint, home: Plan, places: Places, main: Plan) -> Sequence[StepPlan]:
    """The steps of a plan that a breakpoint names."""
    if breakpoint.flow:
        if breakpoint.flow not in (flow_key(home), home.name, home.path):
            return ()
    elif breakpoint.step != ANY_STEP and flow_key(home) != flow_key(main):
        return ()
    if breakpoint.step == ANY_STEP:
        return home.every_step
    id = breakpoint.step_id
    found = [plan for plan in home.every_step if plan.id == id]
    return found if id == breakpoint.step else [plan for plan in found if breakpoint.fits(places.address(plan))]
