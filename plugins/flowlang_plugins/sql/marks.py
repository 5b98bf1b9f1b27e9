"""Steps that take effect exactly once: what they do and a mark of it are one transaction.

The mark is written first, as begun, and completed with the result at the end. So of two executions of one step, of
which the first may still be going on at the server for a process that is no more, the second waits for the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from hashlib import sha256
from time import time
from typing import Any, Final

from flowlang.connections.base import Mark, Marked, statement_sink
from flowlang.errors import FlowExecutionError
from flowlang_plugins.sql.session import Enclosure, Session

TABLE: Final = "flowlang_marks"

#: Marks of runs that nobody resumed are removed after so many seconds.
KEPT_SECONDS: Final = 90 * 86400

_LONGEST_PATH: Final = 500

_BEGUN: Final = "begun"
_DONE: Final = "done"


class Marks:
    """The marks in one database. `parameter` is how the database writes the n-th parameter of a statement."""

    def __init__(self, parameter: Callable[[int], str], *, text: str = "text", options: str = "") -> None:
        self._parameter = parameter
        self._create = (
            f"CREATE TABLE IF NOT EXISTS {TABLE} (run_id varchar(64) NOT NULL, path varchar(600) NOT NULL, "
            f"number int NOT NULL, state varchar(10) NOT NULL, result {text}, made bigint NOT NULL, "
            f"PRIMARY KEY (run_id, path, number)){options}"
        )
        self._ready = False
        self._preparing = asyncio.Lock()

    async def once(self, session: Session, mark: Mark, work: Callable[[], Awaitable[Any]], *, own_task: bool) -> Any:
        """Do the work and leave the mark, or give what the mark says that is there."""
        await self._prepare(session)
        try:
            async with AsyncExitStack() as transaction:

                async def begin(isolation: str | None) -> None:
                    session.enclosure = None
                    try:
                        await transaction.enter_async_context(session.atomic(isolation))
                    finally:
                        session.enclosure = enclosure
                    await self._claim(session, mark)

                enclosure = session.enclosure = Enclosure(begin)
                try:
                    if not own_task:
                        await enclosure.enter()
                    result = await work()
                    await enclosure.enter()
                    await self._complete(session, mark, mark.encode(result))
                finally:
                    session.enclosure = None
            return result
        except _NotClaimed as refused:
            found = await self._found(session, mark)
            if found is None:
                raise refused.error from None
        return mark.decode(found)

    async def forget(self, session: Session, run_id: str, prefix: str) -> None:
        """Remove the marks of a run's steps whose path starts with `prefix`."""
        delete = f"DELETE FROM {TABLE} WHERE run_id = {self._parameter(1)}"
        with _unreported():
            if prefix:
                start = f"substr(path, 1, {min(len(prefix), _LONGEST_PATH)}) = {self._parameter(2)}"
                await session.send(f"{delete} AND {start}", [run_id, prefix[:_LONGEST_PATH]])
            else:
                await session.send(delete, [run_id])

    async def _prepare(self, session: Session) -> None:
        """Make sure that the table is there."""
        async with self._preparing:
            if self._ready:
                return
            with _unreported():
                if not await self._exists(session):
                    await self._made(session)
                outdated = int(time()) - KEPT_SECONDS
                await session.send(f"DELETE FROM {TABLE} WHERE made < {self._parameter(1)}", [outdated])
            self._ready = True

    async def _exists(self, session: Session) -> bool:
        try:
            await session.send(f"SELECT number FROM {TABLE} WHERE run_id = ''")
        except FlowExecutionError:
            return False
        return True

    async def _made(self, session: Session) -> None:
        try:
            await session.send(self._create)
        except FlowExecutionError as error:
            # another process may have made it at the same moment
            if not await self._exists(session):
                raise FlowExecutionError(
                    f"the table `{TABLE}`, where a step that is `exactly_once` leaves its mark, can't be made: {error}",
                    hint=f"let somebody who may do so run: {self._create}",
                ) from error

    async def _claim(self, session: Session, mark: Mark) -> None:
        values = [*_key(mark), _BEGUN, int(time())]
        with _unreported():
            try:
                await session.send(
                    f"INSERT INTO {TABLE} (run_id, path, number, state, made) VALUES ({self._listed(5)})", values
                )
            except FlowExecutionError as error:
                raise _NotClaimed(error) from error

    async def _complete(self, session: Session, mark: Mark, result: str | None) -> None:
        sets = f"state = {self._parameter(1)}, result = {self._parameter(2)}"
        with _unreported():
            done = await session.send(f"UPDATE {TABLE} SET {sets} WHERE {self._named(3)}", [_DONE, result, *_key(mark)])
        if done.affected != 1:
            raise FlowExecutionError(
                "the step ended the transaction that its mark belongs to",
                hint="a step that is `exactly_once` leaves COMMIT and ROLLBACK to the engine",
            )

    async def _found(self, session: Session, mark: Mark) -> Marked | None:
        with _unreported():
            outcome = await session.send(f"SELECT state, result FROM {TABLE} WHERE {self._named(1)}", _key(mark))
        return Marked(row["state"] == _DONE, row["result"]) if (row := next(iter(outcome.rows), None)) else None

    def _listed(self, count: int) -> str:
        return ", ".join(self._parameter(number) for number in range(1, count + 1))

    def _named(self, first: int) -> str:
        """The condition that finds a mark, its parameters numbered from `first`."""
        columns = enumerate(("run_id", "path", "number"), first)
        return " AND ".join(f"{column} = {self._parameter(number)}" for number, column in columns)


class _NotClaimed(FlowExecutionError):
    """The mark could not be written as begun: it is there, or something else is wrong."""

    def __init__(self, error: FlowExecutionError) -> None:
        super().__init__(str(error))
        self.error = error


def _key(mark: Mark) -> list[Any]:
    path = mark.path
    if len(path) > _LONGEST_PATH:
        path = f"{path[:_LONGEST_PATH]}…{sha256(path.encode()).hexdigest()}"
    return [mark.run_id, path, mark.number]


@contextmanager
def _unreported() -> Iterator[None]:
    """What is sent for the mark is no statement of the step's."""
    token = statement_sink.set(None)
    try:
        yield
    finally:
        statement_sink.reset(token)
