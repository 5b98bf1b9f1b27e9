"""Reporting what a plugin sends to its server, so that a run can show it, and asking before it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sized
from contextvars import ContextVar
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple, Protocol, TypeVar

from flowlang.errors import FlowExecutionError

T = TypeVar("T")


class Statement:
    """Something a plugin sent: `rows` is how many came back or were touched, None if that is not known.

    `params` are the bound values as they were sent; whoever shows them masks the secrets. `error` is what the
    server said when the statement failed.
    """

    __slots__ = ("duration_ms", "error", "params", "rows", "text")

    def __init__(
        self,
        text: str,
        params: Any = None,
        rows: int | None = None,
        duration_ms: float = 0.0,
        error: str | None = None,
    ) -> None:
        self.text = text
        self.params = params
        self.rows = rows
        self.duration_ms = duration_ms
        self.error = error

    def __repr__(self) -> str:
        return f"<Statement of {self.duration_ms} ms>"


#: Receives the statements of the current step. Nothing is reported where it is not set.
statement_sink: ContextVar[Callable[[Statement], None] | None] = ContextVar("flowlang_statement_sink", default=None)


class TransactionLost(FlowExecutionError):
    """The open transaction of a session is over, though nobody ended it; what was done in it is undone."""


class PendingStatement(NamedTuple):
    """A statement about to be sent: the `number`-th of `total` in its step, from 1; None where nobody knows how many.

    `is_open` says that a transaction is open in the session. It can be ended early where `may_end` says so; then
    there is one more with no `text` before the commit.
    """

    session: Any
    text: str | None
    params: Any = None
    number: int = 1
    total: int | None = 1
    is_open: bool = False
    may_end: bool = False


class StatementGate(Protocol):
    """Stands before the statements of a step; what it waits for, the step waits for."""

    async def before(self, pending: PendingStatement) -> bool:
        """Called before a statement is sent. False ends its transaction there, with a commit.

        It raises FlowExecutionError where the statement must not be sent, and what is open has to be undone.
        """

    def heard(self, statement: Statement) -> None:
        """Called with each statement that was sent, whether it was announced or not."""


#: Whom a plugin asks before it sends a statement of the current step. Most runs have nobody.
statement_gate: ContextVar[StatementGate | None] = ContextVar("flowlang_statement_gate", default=None)


async def announce(session: Any, text: str, params: Any = None, *, is_open: bool = False) -> None:
    """Ask before a statement that is sent by itself, or, with `is_open`, in a transaction that somebody else ends."""
    gate = statement_gate.get()
    if gate is not None:
        await gate.before(PendingStatement(session, text, params, 1, None if is_open else 1, is_open))


async def one_by_one(
    session: Any, statements: Iterable[tuple[str, T]], total: int | None = None
) -> AsyncIterator[tuple[str, T]]:
    """The statements of an open transaction with their params, each when it may be sent.

    Instead of params there may be the rows of a batch. `total` is how many statements there are, if that is known
    and they are no list. Don't leave the loop early: after the last one it asks before the commit.
    """
    gate = statement_gate.get()
    if total is None and isinstance(statements, Sized):
        total = len(statements)
    number = 0
    for number, (text, params) in enumerate(statements, 1):
        if gate is not None and not await gate.before(
            PendingStatement(session, text, params, number, total, True, True)
        ):
            return
        yield text, params
    if gate is not None:
        await gate.before(PendingStatement(session, None, None, number + 1, total, True, True))


class statement:
    """Reports one statement: `with statement(text, params) as sent: …; sent.rows = count`.

    Time is taken around the block. A statement that fails or is cancelled is reported too, with its error.
    """

    __slots__ = ("_sent", "_started")

    def __init__(self, text: str, params: Any = None) -> None:
        self._sent = Statement(text, params)
        self._started = 0.0

    def __enter__(self) -> Statement:
        self._started = perf_counter()
        return self._sent

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sink = statement_sink.get()
        if sink is None:
            return
        self._sent.duration_ms = round((perf_counter() - self._started) * 1000, 3)
        if kind is not None:
            self._sent.error = str(error) or kind.__name__
        sink(self._sent)
