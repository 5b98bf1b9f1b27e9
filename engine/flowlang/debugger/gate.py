"""Between the statements of a step: stopping before one, inside the transaction in which it is sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flowlang.debugger.errors import AnsweredError, RolledBackError
from flowlang.debugger.stop import Stop
from flowlang.debugger.verdicts import GoOn, RollBack, Transaction
from flowlang.runtime.interception import Answer

if TYPE_CHECKING:
    from flowlang.connections.base import PendingStatement, Statement
    from flowlang.debugger.debugger import Debugger
    from flowlang.debugger.reasons import Why
    from flowlang.runtime.frame import Frame
    from flowlang.runtime.interception import Intercepted
    from flowlang.runtime.plan import StepPlan


#: What plugins and drivers send around the statements of a step.
_CONTROL: Final = re.compile(
    r"\s*(?:begin|start\s+transaction|commit|rollback|savepoint|release|set\s+transaction)\b", re.IGNORECASE
)


class Gate:
    """Stands before the statements of one attempt of a step.

    Statements that a plugin doesn't announce are only heard when they were sent; `matched` is the first of those at
    which somebody wants to stop, which the step then does after its attempt. `answer` is what was given for the step
    at one of its statements: nothing more of it is sent then.
    """

    __slots__ = ("_announced", "_debugger", "answer", "frame", "matched", "plan", "stopped")

    def __init__(self, debugger: Debugger, frame: Frame, plan: StepPlan) -> None:
        self.frame = frame
        self.plan = plan
        self.matched: str | None = None
        #: Whether the run stood at this gate already.
        self.stopped = False
        self._debugger = debugger
        self._announced: set[str | None] | None = None
        self.answer: Answer | None = None

    async def before(self, pending: PendingStatement) -> bool:
        """Called before a statement is sent; false ends its transaction here, with a commit."""
        if self.answer is not None:
            raise _answered()
        reasons = self._debugger.reasons
        if not reasons.may_stop_in(self.plan):
            return True
        if self._announced is None:
            self._announced = set()
        self._announced.add(pending.text)
        found = reasons.at_statement(self, pending.text)
        execution = None if found is None else self._debugger.execution_at(self.frame, self.plan)
        if found is None or execution is None:
            return True
        self.stopped = True
        return await self._stand(pending, found, execution)

    async def _stand(self, pending: PendingStatement, found: Why, execution: Intercepted) -> bool:
        debugger = self._debugger
        stop = Stop(debugger, execution, found[0], "statement", point=found[1], transaction=Transaction(*pending))
        if pending.is_open:
            stop.guard(debugger.guard_seconds, await idle_limit(pending.session))
        verdict = await debugger.standing.stand(stop)
        if isinstance(verdict, RollBack):
            raise RolledBackError(verdict.reason)
        if isinstance(verdict, Answer):
            self.answer = verdict
            raise _answered()
        return not (isinstance(verdict, GoOn) and verdict.commit)

    def heard(self, statement: Statement) -> None:
        """Called with every statement that was sent."""
        reasons = self._debugger.reasons
        if self.matched is not None or not reasons.may_stop_in(self.plan):
            return
        if self._announced is not None and statement.text in self._announced:
            return
        named = _CONTROL.match(statement.text) is not None
        if reasons.point_at_statement(self, statement.text, named=named) is not None:
            self.matched = statement.text


def _answered() -> AnsweredError:
    return AnsweredError("the step was answered for from the debugger")


async def idle_limit(session: Any) -> float | None:
    """How many seconds the server lets a transaction of this session wait for its next statement, if it says so."""
    ask = getattr(session, "idle_limit", None)
    limit: float | None = None if ask is None else await ask()
    return limit
