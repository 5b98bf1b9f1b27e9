"""Asking something on a session beside the work of its step, which goes on as if nothing had been asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from flowlang.connections.base import TransactionLost, shielded
from flowlang.errors import FlowExecutionError
from flowlang_plugins.sql.session import Enclosure, Session

_SAVEPOINT: Final = "flowlang_question"


@asynccontextmanager
async def aside(session: Session, text: str | None, refused: Callable[[str], str | None]) -> AsyncIterator[None]:
    """Around a question; `text` is its statement, None if it is a task that is called.

    In an open transaction what fails or is cancelled is undone alone, and tasks are a part of it. Outside of one
    nothing is left open. `refused` says what a statement is that would end the transaction.
    """
    if not session.in_transaction:
        try:
            yield
        finally:
            if session.alive and session.in_transaction:
                await shielded(_ended(session))
        return
    reason = None if text is None else refused(text)
    if reason is not None:
        raise FlowExecutionError(
            f"that would end the transaction of the step: {reason}",
            hint="commit or roll back by the debugger's own commands",
        )
    await session.send(f"SAVEPOINT {_SAVEPOINT}")
    around, session.enclosure = session.enclosure, Enclosure.begun()
    try:
        yield
        session.enclosure = around
        await session.send(f"RELEASE SAVEPOINT {_SAVEPOINT}")
    except BaseException as error:
        session.enclosure = around
        await shielded(_undone(session, error))
        raise


async def _undone(session: Session, error: BaseException) -> None:
    """Undo what was asked, and nothing else. Raises `TransactionLost` if that can't be."""
    try:
        if session.alive and session.in_transaction:
            await session.send(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
            await session.send(f"RELEASE SAVEPOINT {_SAVEPOINT}")
            return
    except FlowExecutionError:
        pass
    why = str(error) or "it was ended"
    raise TransactionLost(
        f"the database undid the whole transaction of the step with what was asked ({why})"
    ) from error


async def _ended(session: Session) -> None:
    await session.send("ROLLBACK")
    raise FlowExecutionError(
        "that began a transaction and left it open, so it was undone",
        hint="the statement of the step is sent outside of a transaction",
    )
