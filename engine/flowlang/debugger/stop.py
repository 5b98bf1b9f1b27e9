"""A place where a run stands: what can be seen there, and what can be done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import count
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, Literal

from flowlang.connections.base import TransactionLost
from flowlang.debugger.aims import Aim, Way
from flowlang.debugger.breakpoints import When
from flowlang.debugger.changes import Change, ChangeKind, tell
from flowlang.debugger.errands import Errands
from flowlang.debugger.errors import DebuggerError
from flowlang.debugger.scope import Scope, StackFrame, stack_of
from flowlang.debugger.setting import set_at, set_name, with_argument
from flowlang.debugger.sight import Sight, connection_of, shortened
from flowlang.debugger.verdicts import GoOn, Redo, RollBack, Transaction, Verdict
from flowlang.redaction import MASK
from flowlang.runtime.interception import AGAIN, Answer
from flowlang.values import to_json

if TYPE_CHECKING:
    from flowlang.debugger.breakpoints import Breakpoint
    from flowlang.debugger.debugger import Debugger
    from flowlang.debugger.places import Node
    from flowlang.debugger.points import Point
    from flowlang.debugger.queries import QueryAnswer
    from flowlang.debugger.replacing import Redone
    from flowlang.language.assist.edits import TextEdit
    from flowlang.runtime.interception import Intercepted
    from flowlang.runtime.plan import Plan

Reason = Literal["breakpoint", "step", "pause", "error", "statement"]

_numbers = count(1)


class Stop:
    """A step at which the run stands.

    `when` is `before` the step, `after` an attempt that succeeded, at an `error` of an attempt, or before a
    `statement`. What shows values gives them plain and masked. Methods may be called from any thread; those that are
    coroutines, from any event loop. What can't be done here, or no longer, raises DebuggerError.
    """

    def __init__(
        self,
        debugger: Debugger,
        execution: Intercepted,
        reason: Reason,
        when: When,
        *,
        point: Point | None = None,
        result: Any = None,
        error: BaseException | None = None,
        transaction: Transaction | None = None,
        statement: str | None = None,
        taken: float = 0.0,
    ) -> None:
        frame, plan = execution.frame, execution.plan
        self.id = next(_numbers)
        self.reason: Reason = reason
        self.when: When = when
        #: The breakpoint that was met.
        self.breakpoint: Breakpoint | None = None if point is None else point.breakpoint
        self.path = frame.path + plan.id
        self.step_id = plan.id
        self.line = plan.line
        self.flow = frame.call.plan.name
        self.file = frame.call.plan.path
        self.attempt = execution.attempt
        self.at = time()
        #: When the transaction in which the step stands is rolled back, in seconds since 1970.
        self.deadline: float | None = None
        #: Why the breakpoint's condition, or the inputs of the step, can't be computed, if they can't.
        self.problem: str | None = None if point is None else point.problem
        #: Everything done by hand at this stop.
        self.changes: list[Change] = []
        self._debugger = debugger
        self._execution = execution
        self._frame = frame
        self._plan = plan
        self._transaction = transaction
        statement = statement if transaction is None else transaction.text
        self._sight = Sight(execution, when, result=result, raised=error, statement=statement, taken=taken)
        #: What the step stands in, and itself.
        self.lineage: list[Node] = debugger.places.lineage(frame, plan)
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._verdict: asyncio.Future[Verdict] = self._loop.create_future()
        self._errands = Errands(lambda: self.is_over)
        self._asking = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self._sight.inputs = self._bound()
        self.stack: tuple[StackFrame, ...] = stack_of(debugger.places, frame, plan)

    def __repr__(self) -> str:
        return f"<Stop {self.id} {self.when} {self.path} ({self.reason})>"

    @property
    def is_over(self) -> bool:
        """Whether the step went on, or the run ended."""
        return self._over or self._verdict.done()

    @property
    def inputs(self) -> dict[str, Any] | None:
        """The step's arguments, those that were changed included."""
        return None if self._sight.inputs is None else self._mask(self._sight.inputs)

    @property
    def result(self) -> Any:
        """What the attempt gave, after it succeeded."""
        return self._mask(self._sight.result)

    @property
    def error(self) -> dict[str, Any] | None:
        """What is known of the attempt's failure: `type`, `message` and so on."""
        return self._sight.error

    @property
    def statement(self) -> str | None:
        """The statement that is next, or the one that matched a breakpoint; None before the end of a transaction."""
        statement = self._sight.statement
        return None if statement is None else self._mask(statement)

    @property
    def transaction(self) -> dict[str, Any] | None:
        """Where the step stands in its transaction: `number`, `total` (None: unknown), `statement`, `params`."""
        at = self._transaction
        if at is None or not at.is_open:
            return None
        return {"number": at.number, "total": at.total, "statement": self.statement, "params": self.params}

    @property
    def params(self) -> Any:
        """What is bound to the statement that is next, or the rows that it sends, if those are not too many."""
        return None if self._transaction is None else self._mask(shortened(self._transaction.params))

    @property
    def can(self) -> frozenset[str]:
        """The names of the methods that make sense here, for whoever shows what can be done."""
        always = {"resume", "step_over", "step_into", "step_out", "run_to", "evaluate", "set_value"}
        at = self._transaction
        if at is not None:
            ending = ({"roll_back"} if at.is_open else set()) | ({"commit"} if at.may_end else set())
            given = {"give", "skip"} if self._debugger.may_answer(self._execution) else set()
            return frozenset(always | {"query"} | given | ending)
        here = {
            "before": {"set_input", "give", "skip", "redo_with"},
            "after": {"set_input", "give", "run_again", "redo_with"},
            "error": {"set_input", "give", "skip", "run_again", "redo_with"},
        }
        connection = {"query"} if connection_of(self._plan) is not None else set()
        return frozenset(always | connection | here.get(self.when, here["after"]))

    def scope(self, calls: int = 0) -> Scope:
        """What can be read here; with `calls`, at the step that called this flow, that many calls up."""
        return self._sight.scope(calls)

    async def evaluate(self, text: str, calls: int = 0) -> Any:
        """The value of an expression, or of a text with `${…}`, plain and masked. Raises ExpressionError."""
        return await self._errands.there(self._evaluated(text, calls))

    async def value_of(self, text: str, calls: int = 0) -> Any:
        """The value of an expression as it is, for what changes the run: it is not to be shown."""
        return await self._errands.there(self._value_of(text, calls))

    async def query(self, text: str, params: Any = None) -> QueryAnswer:
        """Send a statement, or call a task (`redis_get: {key: a}`), on the step's connection.

        Inside an open transaction it is sent there; else on a session of its own, and the answer says which. Raises
        what the connection raises.
        """
        return await self._errands.there(self._queried(text, params))

    def set_input(self, name: str, value: Any) -> None:
        """Let an argument of the step have another value, at the next attempt."""
        self._require("set_input", "the inputs can be changed before an attempt, or before the step is run again")
        self._errands.now(self._set_input, name, value)

    def set_value(self, path: str, value: Any) -> None:
        """Change a value that later steps read: `ship`, `ship.total`, `rows[0].price`, `inputs.limit`, `item`."""
        self._require("set_value")
        self._errands.now(self._set_value, path, value)

    def give(self, output: Any) -> None:
        """Let the step have this result, and go on. At a statement the rest isn't sent, and what is open is undone."""
        self._require("give")
        self._errands.now(self._give, output)

    def skip(self) -> None:
        """Let the step not run, or let its failure be none, with no result; and go on. At a statement as `give`."""
        self._require("skip", "a step can be skipped before it, at one of its statements, or at an error")
        self._errands.now(self._skip)

    def run_again(self) -> None:
        """Run the step once more, with what was changed; it doesn't count as a retry."""
        self._require("run_again", "a step can be run again after an attempt of it")
        self._errands.now(self._again)

    retry = run_again

    def commit(self) -> None:
        """End the transaction here: what was done is kept, the statements that are left are not sent."""
        self._require("commit", "the step does not stand in a transaction")
        self._errands.now(self._end_transaction, "commit", GoOn(commit=True))

    def roll_back(self) -> None:
        """Undo the transaction; the step fails."""
        self._require("roll_back", "the step does not stand in a transaction")
        self._errands.now(
            self._end_transaction, "roll_back", RollBack("the transaction was rolled back from the debugger")
        )

    async def redo_with(self, text: str) -> Redone:
        """Run the step with the flow's new text, and what comes after it too as far as that is sound.

        The answer says what was taken over and what was not. With problems in the text nothing happens.
        """
        self._require("redo_with", "a new text can be taken before a step or after an attempt of it")
        return await self._errands.there(self._redone(text))

    def accept(self, change: Change, text: str) -> list[TextEdit]:
        """The smallest edits that write a change into the flow's text.

        Raises DebuggerError where it has no place there, and for a secret, which is not written into a file.
        """
        from flowlang.debugger.accepting import accept

        if MASK in to_json(self._mask(change.after)):
            raise DebuggerError(f"`{change.what}` holds a secret", hint="let the flow read it from an input")
        return accept(change, text)

    def resume(self) -> None:
        """Go on."""
        self._debugger.resume(self)

    # What follows runs in the thread of the run's event loop.

    @property
    def plan(self) -> Plan:
        """The plan of the flow in which the step stands."""
        return self._frame.call.plan

    @property
    def execution(self) -> Intercepted:
        """The execution of the step."""
        return self._execution

    @property
    def raw_result(self) -> Any:
        """The attempt's result itself, with what was changed."""
        return self._sight.result

    def aim(self, way: Way) -> Aim:
        """Where stepping from here leads."""
        return Aim(way, self.lineage, self._task)

    def decide_to_go_on(self) -> None:
        """Let the step go on as it would have."""
        self.decide(GoOn())

    def decide(self, verdict: Verdict) -> None:
        """Let the step go on; only the first verdict counts."""
        if not self._verdict.done():
            self._verdict.set_result(verdict)

    async def wait(self) -> Verdict:
        """Wait for the verdict, and for queries inside a transaction. Others are ended: they may wait for a session."""
        verdict = await self._verdict
        if self._transaction is None:
            self._errands.cancel()
        await self._errands.ended()
        return verdict

    async def leave(self) -> None:
        """The stop is over: what still goes on for it is ended."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if not self._verdict.done():
            self._verdict.cancel()
        self._errands.cancel()
        await self._errands.ended()

    def guard(self, seconds: float, limit: float | None) -> None:
        """Roll the transaction back in `seconds`, or before the server's `limit` does it with the session."""
        why = f"it had been held open in the debugger for {seconds:g} s"
        if limit is not None and limit * 0.9 < seconds:
            seconds = limit * 0.9
            why = f"the server ends sessions that hold a transaction for {limit:g} s without a statement"
        self.deadline = time() + seconds
        self._timer = self._loop.call_later(seconds, self._expire, why)

    def _expire(self, why: str) -> None:
        self._errands.cancel()
        self._record("roll_back", "the guard")
        self.decide(RollBack(f"the transaction was rolled back: {why}"))

    async def _evaluated(self, text: str, calls: int) -> Any:
        return self._mask(self._sight.value_of(text, calls))

    async def _value_of(self, text: str, calls: int) -> Any:
        return self._sight.value_of(text, calls)

    async def _queried(self, text: str, params: Any) -> QueryAnswer:
        from flowlang.debugger.queries import ask

        started = perf_counter()
        name = connection_of(self._plan)
        if name is None:
            raise DebuggerError("this step has no connection", hint="query at a step that names one")
        try:
            # one after the other: on the session of the step there is room for one
            async with self._asking:
                answer = await ask(self._frame, name, self._transaction, text, params, self._debugger.query_seconds)
        except TransactionLost as error:
            self._record("roll_back", "the database")
            self.decide(RollBack(str(error)))
            raise
        took = round((perf_counter() - started) * 1000, 3)
        self._record("query", text, None, {"rows": answer.row_count, "ms": took})
        return answer.masked(self._mask)

    def _set_input(self, name: str, value: Any) -> None:
        inputs = self._sight.inputs
        if inputs is None:
            raise DebuggerError(f"`{self.step_id}` takes no inputs", hint="change the values that it reads instead")
        before = inputs.get(name)
        self._sight.inputs = self._debugger.inputs[self.path] = with_argument(inputs, name, value)
        self._record("input", name, before, value)

    def _set_value(self, path: str, value: Any) -> None:
        if self.when == "after" and (path == "result" or path.startswith(("result.", "result["))):
            before, self._sight.result = set_at(self._sight.result, path[len("result") :], value)
        else:
            before = set_name(self._frame, self._frame.call.plan.flow, self._plan.step, path, value)
            self._sight.inputs = self._bound()
        self._record("value", path, before, value)

    def _give(self, output: Any) -> None:
        self._record("output", self.step_id, self._sight.result, output)
        self.decide(Answer("debugger", output, inputs=self._sight.inputs, attempts=self.attempt))

    def _skip(self) -> None:
        self._record("skip", self.step_id)
        self.decide(Answer("debugger", status="skipped"))

    def _again(self) -> None:
        self._record("again", self.step_id)
        self.decide(AGAIN)

    def _end_transaction(self, kind: ChangeKind, verdict: Verdict) -> None:
        self._record(kind, self.step_id)
        self.decide(verdict)

    async def _redone(self, text: str) -> Redone:
        redone = self._debugger.replace(self, text)
        if redone.plan is not None:
            done = {"taken": list(redone.taken), "left": dict(redone.left), "text": text}
            self._record("edit", self.step_id, None, done, text)
            self.decide(Redo(redone.plan))
        return redone

    def _record(
        self, kind: ChangeKind, what: str, before: Any = None, after: Any = None, text: str | None = None
    ) -> None:
        change = Change(kind, self.path, self.flow, self.step_id, what, before, after, text)
        self.changes.append(change)
        self._debugger.changes.append(change)
        tell(change, self._frame, self._plan)

    def _bound(self) -> Mapping[str, Any] | None:
        """The inputs of the attempt: as they were bound, or, before the first one, as they would be."""
        inputs = self._debugger.inputs.get(self.path)
        if inputs is not None:
            return inputs
        known = self._execution.inputs
        if self.when in ("after", "error") or known is not None:
            return known
        try:
            return self._plan.body.inputs(self._frame)
        # whatever an argument raises will be the failure of the step; here it is only to be seen
        except Exception as error:
            self.problem = self.problem or str(error)
            return None

    def _mask(self, value: Any) -> Any:
        return self._sight.mask(value)

    def _require(self, action: str, why: str = "that can't be done here") -> None:
        if self.is_over:
            raise DebuggerError("the run has gone on from here")
        if action not in self.can:
            raise DebuggerError(why)
