"""Walking back through what the journal has of a run: the state as it was before each of its steps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from flowlang.debugger import Scope, StackFrame
    from flowlang.debugger.history import History, Past


class Moment(NamedTuple):
    """The run as it was before one of its steps: where it stood, and what could be read there."""

    position: int
    total: int
    past: Past
    scope: Scope
    stack: tuple[StackFrame, ...]

    @property
    def words(self) -> str:
        """Which moment it is."""
        return f"{self.past.path} as it was, step {self.position + 1:,} of {self.total:,}"


class Walk:
    """A walk through a recorded run. It begins after the last step."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.moment: Moment | None = None

    @property
    def position(self) -> int:
        """The position of the step that is shown."""
        return len(self.history) if self.moment is None else self.moment.position

    async def step(self, by: int) -> Moment | None:
        """Go so many steps on, or back; None at the end, where nothing is to be shown but the present."""
        position = max(0, self.position + by)
        if position >= len(self.history):
            self.moment = None
        else:
            self.moment = await asyncio.to_thread(self._at, position)
        return self.moment

    def evaluate(self, text: str) -> Any:
        """The value of an expression as it would have been. Raises ExpressionError."""
        return None if self.moment is None else self.moment.past.evaluate(text)

    def _at(self, position: int) -> Moment:
        past = self.history.at(position)
        return Moment(position, len(self.history), past, past.scope(), past.stack)
