"""Why to stop: what breakpoints, stepping and pausing say of a step, an attempt, a statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowlang.debugger.breakpoints import ANY_STEP, When
from flowlang.debugger.watching import extras_of
from flowlang.errors import SubflowError
from flowlang.runtime.failure import StepFailed
from flowlang.runtime.frame import Ended, StepState

if TYPE_CHECKING:
    from flowlang.debugger.gate import Gate
    from flowlang.debugger.places import Places
    from flowlang.debugger.points import Point, Points
    from flowlang.debugger.standing import Standing
    from flowlang.debugger.stop import Reason
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.interception import Intercepted
    from flowlang.runtime.plan import StepPlan

#: A reason, and the breakpoint that was met, if it was one.
Why = tuple["Reason", "Point | None"]


class Reasons:
    """Asked at each place where a run could stop; None is no reason."""

    def __init__(self, points: Points, standing: Standing, places: Places) -> None:
        self._points = points
        self._standing = standing
        self._places = places

    def before(self, execution: Intercepted) -> Why | None:
        """Before a step."""
        frame, plan = execution.frame, execution.plan
        points = self._points.at(plan, "before")
        standing = self._standing
        if not (points or standing.is_stepping) or not _wanted(execution):
            return None
        point = _first_hit(points, frame, plan, extras_of(attempts=execution.attempt), {})
        if point is not None:
            return "breakpoint", point
        if standing.pausing:
            return "pause", None
        if standing.is_stepping and standing.at_step(self._places.lineage(frame, plan)):
            return "step", None
        return None

    def after(
        self,
        execution: Intercepted,
        when: When,
        extras: Mapping[str, Any],
        statement: str | None,
        error: BaseException | None = None,
    ) -> Why | None:
        """After an attempt, or at its error; `statement` is one in it at which to stop."""
        plan = execution.plan
        points = self._points.at(plan, when)
        if isinstance(error, (StepFailed, SubflowError)):
            # what failed is a step inside, where it was told already
            points = [one for one in points if one.breakpoint.step != ANY_STEP]
        own: dict[str, StepState] = {}
        if points and when == "after":
            own[plan.id] = Ended("succeeded", extras["result"], execution.inputs, attempts=execution.attempt)
        point = _first_hit(points, execution.frame, plan, extras, own)
        if point is not None:
            return ("error" if when == "error" else "breakpoint"), point
        # what was to stop there may have been taken away since it was heard
        still_wanted = statement is not None and self._points.at(plan, "statement")
        return ("statement", None) if still_wanted else None

    def may_stop_in(self, plan: StepPlan) -> bool:
        """Whether there is anything to ask about at the statements of a step."""
        return self._standing.is_stepping or bool(self._points.at(plan, "statement"))

    def at_statement(self, gate: Gate, text: str | None) -> Why | None:
        """Why to stop before a statement of a step, or before its transaction's end; None if there is no reason."""
        if text is not None:
            point = self.point_at_statement(gate, text)
            if point is not None:
                return "statement", point
        if self._standing.pausing:
            return "pause", None
        if self._standing.is_stepping:
            line = self._places.lineage(gate.frame, gate.plan)
            if self._standing.at_statement(line, not gate.stopped):
                return "step", None
        return None

    def point_at_statement(self, gate: Gate, text: str, *, named: bool = False) -> Point | None:
        """The breakpoint that a statement meets; with `named` only one that says which statements it means."""
        frame, plan = gate.frame, gate.plan
        points = [
            one
            for one in self._points.at(plan, "statement")
            if one.breakpoint.matches(text) and (one.breakpoint.statement or not named)
        ]
        extras = extras_of(attempts=frame.context["attempt"], statement=text)
        return _first_hit(points, frame, plan, extras, {})


def _wanted(execution: Intercepted) -> bool:
    """Whether a step will run at all: one whose condition doesn't hold is passed by."""
    condition = execution.plan.condition
    if condition is None:
        return True
    try:
        return execution.wanted(condition)
    except StepFailed:
        return True


def _first_hit(
    points: list[Point],
    frame: Frame,
    plan: StepPlan,
    extras: Mapping[str, Any],
    own: Mapping[str, StepState],
) -> Point | None:
    """The first breakpoint at which to stop. All are counted, and those that log do it."""
    first = None
    for point in points:
        if not point.hit(frame, extras, own):
            continue
        if point.breakpoint.log is None:
            first = first or point
        elif (events := frame.events_of(plan)) is not None:
            data = {"message": point.message(frame, extras, own), "fields": {}}
            events.of_step("log", plan, frame, data, level="info")
    return first
