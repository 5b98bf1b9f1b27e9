"""Where stepping is to stop next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from flowlang.debugger.places import Node, follows, is_inside

if TYPE_CHECKING:
    from flowlang.runtime.plan import StepPlan

Way = Literal["over", "into", "out"]


class Aim:
    """One request to step, from the place of a stop: met by the first step that is where it wants to go.

    `task` is the work that stood there. What runs in it afterwards comes after the stop; what runs beside it in
    another branch doesn't.
    """

    __slots__ = ("_line", "_task", "_way")

    def __init__(self, way: Way, line: list[Node], task: asyncio.Task[Any] | None) -> None:
        self._way = way
        self._line = line
        self._task = task

    def met_by(self, line: list[Node]) -> bool:
        """Whether to stop before the step with this lineage, which the current task runs."""
        if is_inside(line, self._line):
            return self._way == "into"
        if self._way == "out" and is_inside(line, self._around()):
            return False
        return asyncio.current_task() is self._task or follows(line, self._line)

    def met_by_statement(self, line: list[Node], first: bool) -> bool:
        """Whether to stop at a statement of the step with this lineage; `first` if none of it was stopped at yet."""
        if line[-1].key != self._line[-1].key:
            return False
        return self._way == "into" or (self._way == "over" and not first)

    def belongs_to(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether the stepping began in this task."""
        return task is self._task

    def _around(self) -> list[Node]:
        """The lineage of the block, loop or flow in which the step stands, iterations left out."""
        nodes = self._line[:-1]
        while len(nodes) > 1 and nodes[-1].key[0] == "iteration":
            nodes = nodes[:-1]
        return nodes


class RunTo:
    """A place to run to once: any of these steps."""

    __slots__ = ("_plans",)

    def __init__(self, plans: Iterable[StepPlan]) -> None:
        self._plans = frozenset(plans)

    def met_by(self, line: list[Node]) -> bool:
        """Whether the step is the one meant."""
        return line[-1].plan in self._plans

    def met_by_statement(self, line: list[Node], first: bool) -> bool:
        """Statements are no places to run to."""
        return False

    def belongs_to(self, task: asyncio.Task[Any] | None) -> bool:
        """Whoever stops in between gives the way up."""
        return True
