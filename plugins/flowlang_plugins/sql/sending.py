"""What the tasks of SQL plugins do with a session: send one statement, or several that take effect together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flowlang.connections.base import announce, one_by_one
from flowlang.errors import FlowExecutionError
from flowlang_plugins.sql import arguments
from flowlang_plugins.sql.rows import Outcome
from flowlang_plugins.sql.session import Session


async def send_one(
    session: Session, query: Any, params: Any, refused: Callable[[str], str | None], transaction_task: str
) -> Outcome:
    """Send one statement. What it leaves open is undone, and an error that points to `transaction_task`.

    In a step that is one transaction itself, `refused` says what can't be part of that, and why.
    """
    text = arguments.query_text(query)
    if session.enclosure is not None:
        arguments.refuse(text, refused)
        await session.enclosure.enter()
    await announce(session, text, params, is_open=session.enclosure is not None)
    outcome = await session.send(text, params)
    if session.in_transaction and session.enclosure is None:
        await session.restore()
        raise FlowExecutionError(
            "the query began a transaction and left it open, so it was undone",
            hint=f"{transaction_task} runs several statements in one transaction",
        )
    return outcome


async def send_all(
    session: Session, statements: Sequence[tuple[str, Any]], isolation: str | None = None
) -> dict[str, Any]:
    """Send statements with their parameters, of which all take effect or none; what a transaction's step gives."""
    results = []
    async with session.atomic(isolation):
        async for query, params in one_by_one(session, statements):
            outcome = await session.send(query, params)
            if not session.in_transaction:
                raise FlowExecutionError("one of the statements ended the transaction")
            results.append({"rows_affected": outcome.affected, "rows": outcome.rows})
    return {"results": results, "count": len(results)}
