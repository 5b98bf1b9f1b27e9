"""Asking a database at a stop: on the session of the step's open transaction, or on one beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flowlang.connections.base import statement_gate, statement_sink
from flowlang.debugger.errors import DebuggerError

_SAVEPOINT: Final = "flowlang_debugger"
_ENDS: Final = re.compile(r"\s*(?:commit|begin|start|end|abort|rollback(?!\s+to\b))\b", re.IGNORECASE)

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


async def ask(frame: Frame, name: str, transaction: Transaction | None, text: str, params: Any) -> QueryAnswer:
    """Send a statement, or call a task of the connection's plugin, given as YAML: `redis_get: {key: a}`."""
    # what is asked here is no statement of the step, also where it is asked from the step's own context
    statement_sink.set(None)
    statement_gate.set(None)
    connections = frame.call.connections
    if connections is None or name not in connections:
        raise DebuggerError(f"the connection `{name}` is not open at this point of the run")
    if transaction is not None:
        if transaction.is_open:
            return await _inside(connections, name, transaction.session, text, params)
        answer = await _on(connections, name, transaction.session, text, params)
        return answer._replace(where="on the session of the step")
    session = await connections.acquire(name)
    try:
        return await _on(connections, name, session, text, params)
    finally:
        await connections.release(name, session)


async def _inside(connections: OpenConnections, name: str, session: Any, text: str, params: Any) -> QueryAnswer:
    """Ask in a transaction that somebody else began, which goes on whatever becomes of the question."""
    if _ENDS.match(text):
        raise DebuggerError(
            "that would end the transaction of the step", hint="commit or roll back by the debugger's own commands"
        )
    await session.send(f"SAVEPOINT {_SAVEPOINT}")
    try:
        answer = await _on(connections, name, session, text, params)
    except Exception:
        # else PostgreSQL would take nothing more in this transaction
        await session.send(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
        raise
    await session.send(f"RELEASE SAVEPOINT {_SAVEPOINT}")
    return answer._replace(where="in the open transaction")


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
