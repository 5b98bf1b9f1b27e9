"""Asking a database at a stop: on the session of the step's open transaction, or on one beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from flowlang.connections.base import statement_gate, statement_sink
from flowlang.debugger.errors import DebuggerError

if TYPE_CHECKING:
    from flowlang.connections.manager import OpenConnections
    from flowlang.debugger.verdicts import Transaction
    from flowlang.runtime.frame import Frame


class QueryAnswer(NamedTuple):
    """What a statement, or the call of a task, gave.

    `rows` are maps; `columns` are known of statements, `affected` is how many rows were changed. `where` says on
    which session it was sent: `in the open transaction`, or `on a session of its own`. `result` is that of a task.
    """

    where: str
    rows: list[Any] | None = None
    columns: list[str] | None = None
    affected: int | None = None
    result: Any = None

    @property
    def row_count(self) -> int | None:
        """How many rows came back, or were changed."""
        return self.affected if not self.rows else len(self.rows)

    def masked(self, mask: Callable[[Any], Any]) -> QueryAnswer:
        """The same with values plain and masked."""
        rows = None if self.rows is None else [mask(row) for row in self.rows]
        return self._replace(rows=rows, result=mask(self.result))


async def ask(
    frame: Frame, name: str, transaction: Transaction | None, text: str, params: Any, seconds: float
) -> QueryAnswer:
    """Send a statement, or call a task of the connection's plugin, given as YAML: `redis_get: {key: a}`.

    Raises DebuggerError after `seconds`, and TransactionLost where the step's transaction did not outlive it.
    """
    # what is asked here is no statement of the step, also where it is asked from the step's own context
    statement_sink.set(None)
    statement_gate.set(None)
    connections = frame.call.connections
    if connections is None or name not in connections:
        raise DebuggerError(f"the connection `{name}` is not open at this point of the run")
    try:
        async with asyncio.timeout(seconds):
            if transaction is not None:
                return await _beside(connections, name, transaction, text, params)
            session = await connections.acquire(name)
            try:
                return await _on(connections, name, session, text, params)
            finally:
                await connections.release(name, session)
    except TimeoutError:
        raise DebuggerError(
            f"it was ended after {seconds:g} s; what it did is undone, the step stands as it did"
        ) from None


async def _beside(
    connections: OpenConnections, name: str, transaction: Transaction, text: str, params: Any
) -> QueryAnswer:
    """Ask on the session of the step, whose work goes on whatever becomes of the question."""
    session = transaction.session
    where = "in the open transaction" if transaction.is_open else "on the session of the step"
    aside = getattr(session, "aside", None)
    if aside is None:
        if transaction.is_open:
            raise DebuggerError(f"the connection `{name}` can't be asked in the open transaction of a step")
        return (await _on(connections, name, session, text, params))._replace(where=where)
    async with aside(None if _task_call(text) else text):
        answer = await _on(connections, name, session, text, params)
    return answer._replace(where=where)


async def _on(connections: OpenConnections, name: str, session: Any, text: str, params: Any) -> QueryAnswer:
    where = "on a session of its own"
    call = _task_call(text)
    if call is not None:
        task, arguments = call
        try:
            function = connections.task(name, task)
        except KeyError:
            raise DebuggerError(f"the connection `{name}` has no task `{task}`") from None
        result = await function(**arguments, **_session_for(function, session))
        rows = result.get("rows") if isinstance(result, Mapping) else None
        return QueryAnswer(where, rows=rows if isinstance(rows, list) else None, result=result)
    send = getattr(session, "send", None)
    if send is None:
        raise DebuggerError(
            f"the connection `{name}` takes no statements as text", hint="call one of its tasks: `name: {key: value}`"
        )
    outcome = await send(text, params)
    return QueryAnswer(where, rows=list(outcome.rows), columns=list(outcome.columns), affected=outcome.affected)


def _session_for(function: Callable[..., Any], session: Any) -> dict[str, Any]:
    from inspect import signature

    return {"connection": session} if "connection" in signature(function).parameters else {}


def _task_call(text: str) -> tuple[str, dict[str, Any]] | None:
    """The task and its arguments, if the text is a map of one name with a map."""
    from flowlang.language.diagnostics import Problems
    from flowlang.language.source import read_text

    if ":" not in text:
        return None
    problems = Problems()
    root = read_text(text, problems).root
    data = None if problems.fatal or root is None else root.data
    if not isinstance(data, dict) or len(data) != 1:
        return None
    name, arguments = next(iter(data.items()))
    if not name.isidentifier() or not isinstance(arguments, (dict, type(None))):
        return None
    return name, arguments or {}
