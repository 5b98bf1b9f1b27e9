"""The one session of a sandbox: lent to one step at a time, and never committed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from flowlang.connections.base import Lasting, RowChange
from flowlang.errors import ConnectionError, FlowExecutionError
from flowlang_plugins.sql.noted import Kind, Noted
from flowlang_plugins.sql.writes import Write

#: The savepoint that stands for a step's transaction.
STEP: Final = "flowlang_step"

#: Commands that say nothing about what they change.
_SILENT: Final = frozenset(
    {"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "SET", "RESET", "SAVEPOINT"}
    | {"RELEASE", "ROLLBACK", "PRAGMA", "FETCH", "DECLARE", "CLOSE", "DO", "ANALYZE", "DISCARD", "BEGIN", "COMMIT"}
    | {"END", "START", "LISTEN", "UNLISTEN", "USE", "KILL", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE"}
)


class SandboxSession(Protocol):
    """A session whose transactions are savepoints in one that is rolled back at the end."""

    @property
    def noted(self) -> Noted:
        """What was changed since it was last told."""

    @property
    def alive(self) -> bool:
        """Whether it can still be used."""

    @property
    def clean(self) -> bool:
        """Whether the next step can have it as it is."""

    def lend(self) -> None:
        """Get ready for a step."""

    async def restore(self) -> None:
        """Undo what a step left open."""

    async def undo(self) -> Sequence[Lasting]:
        """Undo everything; what stays nevertheless."""

    async def shut(self) -> None:
        """Undo everything, and take leave of the server."""


S = TypeVar("S", bound=SandboxSession)


class SandboxLender(Generic[S]):
    """Lends the session of a sandbox. A step that has it already gets it again."""

    def __init__(self, session: S) -> None:
        self.session = session
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._depth = 0

    async def acquire(self) -> S:
        """The session, as soon as no other step has it."""
        task = asyncio.current_task()
        if self._holder is not task or task is None:
            await self._lock.acquire()
            if not self.session.alive:
                self._lock.release()
                raise ConnectionError(
                    "the session of the sandbox was lost, and all that was done in it is undone",
                    hint="run the flow again; a step that is stopped half-way may take the session with it",
                )
            self._holder = task
            self.session.lend()
        self._depth += 1
        return self.session

    def try_release(self, session: S) -> bool:
        """Take it back at once; false if something was left open."""
        if session is not self.session or self._depth < 1:
            return True
        if self._depth > 1:
            self._depth -= 1
            return True
        if self.session.alive and not self.session.clean:
            return False
        self._return()
        return True

    async def release(self, session: S) -> None:
        """Take it back, after what was left open was undone."""
        if self.try_release(session):
            return
        try:
            await self.session.restore()
        finally:
            self._return()

    async def close(self) -> None:
        """Undo everything."""
        await self.session.shut()

    def _return(self) -> None:
        self.session.noted.tell()
        self._depth = 0
        self._holder = None
        self._lock.release()


def refused(what: str, why: str = "a sandbox begins and ends the transaction itself") -> FlowExecutionError:
    """The error for a statement that would make something last."""
    return FlowExecutionError(
        f"{what} is refused in a sandbox run: {why}", hint="run the flow without a sandbox, or leave the step out"
    )


def lost(database: str) -> FlowExecutionError:
    """The error for a statement that comes after the database itself has ended the sandbox's transaction."""
    return FlowExecutionError(
        f"the sandbox is over: {database} undid its whole transaction, so that this would last",
        hint="the step before it failed in a way that undoes everything, such as a deadlock; run the flow again",
    )


def note_command(noted: Noted, words: list[str]) -> None:
    """Note a command that changes something else than rows, such as CREATE TABLE."""
    if words and words[0] not in _SILENT:
        noted.other(" ".join(words[:2]))


_KINDS: Final[dict[str, Kind]] = {"INSERT": "insert", "REPLACE": "insert", "UPDATE": "update", "DELETE": "delete"}


def note_count(
    noted: Noted, words: list[str], write: Write | None, count: int, returned: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Note how many rows a statement changed, with those that it gave back."""
    kind: Kind | None = write.kind if write is not None else _KINDS.get(words[0] if words else "")
    if kind is None:
        kind = "update" if words and words[0] in ("WITH", "MERGE") else None
    if kind is None:
        return
    rows = [RowChange(row, None) if kind == "delete" else RowChange(None, row) for row in returned]
    noted.add(kind, None if write is None else write.table, count, rows)
