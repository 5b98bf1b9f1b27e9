"""One session on a MySQL server: statements that are bounded in time, ended there, and reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from json import loads
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aiomysql
from pymysql.constants import CLIENT, FIELD_TYPE
from pymysql.converters import decoders
from pymysql.err import MySQLError

from flowlang.connections.base import ResultMeter, ResultTooLarge, shielded, statement
from flowlang.errors import FlowExecutionError
from flowlang_plugins.mysql.cursor import ReportingCursor
from flowlang_plugins.mysql.deadline import Deadline
from flowlang_plugins.mysql.ending import end_session, ended_alone
from flowlang_plugins.mysql.errors import failure
from flowlang_plugins.mysql.json_columns import JsonColumns
from flowlang_plugins.mysql.readonly import refuse_writing
from flowlang_plugins.mysql.settings import Settings
from flowlang_plugins.mysql.values import bound
from flowlang_plugins.sql.pool import PATIENCE
from flowlang_plugins.sql.rows import Outcome, unique_names
from flowlang_plugins.sql.text import MYSQL, code, traceless

if TYPE_CHECKING:
    from flowlang_plugins.sql.session import Enclosure

T = TypeVar("T")

_RESET_CONNECTION: Final = 0x1F
#: How the driver makes values of what the server sends; `json` columns become what they hold.
_DECODERS: Final = {**decoders, FIELD_TYPE.JSON: loads}
#: About what a row takes beside its bytes, for each of the two reads in which the driver gets it.
_READ_BYTES: Final = 150


class MySQLConnection(aiomysql.Connection):
    """An `aiomysql.Connection` that belongs to a pool.

    Its session commits each statement. For tasks of a project whose connection is not `autocommit` a transaction
    begins with the first statement of a cursor, as the driver has it, and is rolled back unless they commit.
    """

    def __init__(self, settings: Settings, json_columns: JsonColumns) -> None:
        super().__init__(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=settings.password_for_driver,
            db=settings.database,
            charset=settings.charset,
            connect_timeout=settings.timeout,
            autocommit=True,
            conv=_DECODERS,
            ssl=settings.tls(),
            program_name="flowlang",
            # rows that an UPDATE finds count, also those that had the value already
            client_flag=CLIENT.FOUND_ROWS,
        )
        self.client_flag &= ~CLIENT.MULTI_STATEMENTS
        self.settings = settings
        self._json_columns = json_columns
        self._meter = ResultMeter(settings.max_result_mb)
        self._deadline = Deadline(settings.timeout, self._expire)
        #: The transaction around all that the step does, if it is to take effect exactly once.
        self.enclosure: Enclosure | None = None
        #: What ends this session at the server, if it was given up.
        self.ending: asyncio.Task[None] | None = None
        #: Whether what runs is asked for somebody else, and has to be ended without the session.
        self._beside = False
        #: Whether nothing can be running: what was sent was also awaited to its end.
        self._settled = True
        #: Whether a statement may have left something in the session.
        self._touched = False

    async def open(self) -> None:
        """Log in. Raises what the driver raises; then there is nothing to close."""
        try:
            async with asyncio.timeout(self.settings.timeout):
                await self._connect()
                if self.settings.sslmode != "disable" and not self._secure:
                    raise MySQLError(2026, "the server has no TLS")
                await self._prepare()
        except BaseException:
            self.close()
            raise

    async def _prepare(self) -> None:
        if self.settings.read_only:
            await super().query("SET SESSION TRANSACTION READ ONLY")

    @property
    def alive(self) -> bool:
        """Whether the session exists as far as is known."""
        return not self.closed and not self._reader.at_eof()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self.get_transaction_status())

    @property
    def clean(self) -> bool:
        """Whether nothing runs, no transaction is open, and nothing was left in the session."""
        return self._settled and not self._touched and not self.in_transaction

    def lend(self) -> None:
        """Get ready for a step, of which nothing is known yet."""
        self._settled = self._touched = False

    async def restore(self) -> None:
        """Undo an open transaction, and reset variables, locks and temporary tables."""
        if self._result is not None and self._result.unbuffered_active:
            # the rest of a result that nobody wants may be long
            self.close()
            return
        await self._execute_command(_RESET_CONNECTION, b"")
        await self._read_ok_packet()
        await super().query(f"SET NAMES {self.settings.charset}")
        await self._prepare()
        self._settled, self._touched = True, False

    async def shut(self) -> None:
        """Take leave of the server."""
        await self.ensure_closed()

    def abandon(self) -> None:
        """Close the socket."""
        self.close()

    def close(self) -> None:
        """As the driver's."""
        self._deadline.cancel()
        super().close()

    def escape(self, obj: Any) -> Any:
        """As the driver's; bytes as hexadecimal digits, which no mode of the server takes for anything else."""
        if isinstance(obj, bytes):
            return f"x'{obj.hex()}'"
        try:
            return super().escape(obj)
        except MySQLError as error:
            raise FlowExecutionError(str(error)) from error

    def cursor(self, *cursors: Any) -> Any:
        """As the driver's, with what it sends reported."""
        return super().cursor(ReportingCursor, *(cursors or (aiomysql.Cursor,)))

    async def begin(self) -> None:
        """As the driver's; on a read-only connection the transaction can't write."""
        if self.enclosure is not None:
            return
        begun = super().query("START TRANSACTION READ ONLY") if self.settings.read_only else super().begin()
        await self._bounded(begun)

    async def commit(self) -> None:
        """As the driver's; nothing of a read-only connection may stay, so that is rolled back.

        Within a larger transaction its end is left to whoever began it.
        """
        if self.enclosure is not None:
            return
        await self._bounded(super().rollback() if self.settings.read_only else super().commit())

    async def rollback(self) -> None:
        """As the driver's."""
        await self._bounded(super().rollback())

    async def used(self, text: str) -> None:
        """Before a statement of the driver's own cursors: begin the transaction that it belongs to."""
        self._touched = True
        if self.settings.read_only:
            refuse_writing(text)
        if not self.in_transaction and (self.settings.read_only or not self.settings.autocommit):
            await self.begin()

    async def query(self, sql: str | bytes, unbuffered: bool = False) -> Any:
        """As the driver's, within `timeout`."""
        # what is read later of an unbuffered result is fetched row by row, by a task that asked for that
        return await self._bounded(super().query(sql, unbuffered))

    async def next_result(self) -> Any:
        """As the driver's, within `timeout`."""
        return await self._bounded(super().next_result())

    async def _bounded(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` gives. Cancelled, or when it takes too long or gives too much, the server stops working on it."""
        if self._deadline.running:
            return await work
        if self._beside:
            return await ended_alone(self.settings, self.server_thread_id[0], work, self.close)
        self._settled = False
        self._meter.begin()
        self._deadline.begin()
        try:
            return await work
        except (asyncio.CancelledError, ResultTooLarge):
            await self._end()
            raise
        except MySQLError as error:
            if not self._deadline.passed:
                raise
            await self._end()
            raise TimeoutError(f"no answer within {self.settings.timeout:g} s") from error
        finally:
            self._deadline.end()
            self._meter.end()

    def _expire(self) -> None:
        """Wake up whoever waits for the server."""
        self._reader.set_exception(TimeoutError())

    async def _end(self) -> None:
        """Close the session, and end what the server is doing for it; that goes on if it takes longer."""
        self.close()
        self.ending = asyncio.ensure_future(end_session(self.settings, self.server_thread_id[0]))
        await asyncio.wait((self.ending,), timeout=2 * PATIENCE)

    def _read_bytes(self, num_bytes: int) -> Any:
        # a plain function: a coroutine around the driver's own would cost each query a dozen of them
        self._meter.add(num_bytes + _READ_BYTES)
        return super()._read_bytes(num_bytes)

    async def send(self, text: str, params: Any = None) -> Outcome:
        """Run one statement and fetch all its rows."""
        if self.enclosure is not None:
            await self.enclosure.enter()
        with statement(text, params) as sent:
            if not self._touched and not traceless(text, MYSQL):
                self._touched = True
            if self.settings.read_only:
                refuse_writing(text)
            sql = bound(text, params, self.escape)
            if self.settings.read_only and not self.in_transaction:
                async with self.atomic():
                    outcome = await self._run(text, sql)
            else:
                outcome = await self._run(text, sql)
            sent.rows = outcome.touched
        return outcome

    @asynccontextmanager
    async def aside(self, text: str | None) -> AsyncIterator[None]:
        """Around a question that leaves the step's work as it is; None if it is no statement but the call of a task."""
        from flowlang_plugins.mysql.control import not_undoable
        from flowlang_plugins.sql.aside import aside

        self._beside = True
        try:
            async with aside(self, text, not_undoable):
                yield
        finally:
            self._beside = False

    async def idle_limit(self) -> float | None:
        """How many seconds the server lets a transaction of this session wait for its next statement."""
        asked = "SHOW VARIABLES WHERE Variable_name IN ('wait_timeout', 'idle_transaction_timeout')"
        limits = [int(row["Value"]) for row in (await self._run(asked, asked)).rows]
        return min((limit for limit in limits if limit > 0), default=None)

    async def _run(self, text: str, sql: str) -> Outcome:
        result = await self._answered(text, sql)
        self._settled = True
        if not result.description:
            affected = result.affected_rows or 0
            return Outcome([], [], affected, (result.insert_id or None) if affected else None)
        columns = unique_names(field.name for field in result.fields)
        rows = [dict(zip(columns, row, strict=True)) for row in result.rows]
        await self._json_columns.decode(self, result.fields, columns, rows)
        return Outcome(rows, columns, 0)

    async def send_rows(self, text: str, sql: str) -> int:
        """Run one statement that holds its values, reported by the text of its pattern; how many rows it touched."""
        with statement(text) as sent:
            sent.rows = (await self._answered(text, sql)).affected_rows
            self._settled = True
        return sent.rows or 0

    async def send_many(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """Run one statement for each of the rows; how many rows of the table it found."""
        found = 0
        with statement(text) as sent:
            for row in rows:
                found += (await self._answered(text, bound(text, row, self.escape))).affected_rows
            self._settled = True
            sent.rows = found
        return found

    async def _answered(self, text: str, sql: str) -> Any:
        """The result of a statement."""
        try:
            return await self._bounded(self._first_rows(sql))
        except (MySQLError, OSError, RuntimeError, UnicodeError) as error:
            if ";" in code(text, MYSQL).rstrip("; \t\r\n"):
                hint = "mysql_transaction runs several statements, one by one"
                raise FlowExecutionError(f"the query holds several statements: {error.args[-1]}", hint=hint) from error
            raise failure(error, self.settings.timeout) from error

    async def _first_rows(self, sql: str) -> Any:
        """Of the results of a procedure, which gives several, the first one with rows; else the last one."""
        await super().query(sql, unbuffered=self._beside)
        await self._read_rows()
        result = self._result
        while self._result.has_next:
            await self._read_query_result(unbuffered=self._beside)
            await self._read_rows()
            result = result if result.description else self._result
        return result

    async def _read_rows(self) -> None:
        """Read what the driver has not buffered."""
        if self._beside:
            from flowlang_plugins.mysql.piecewise import read_rows

            thread = self.server_thread_id[0]
            await read_rows(
                self._result, self.settings.max_result_mb, lambda: end_session(self.settings, thread, "QUERY")
            )

    @asynccontextmanager
    async def atomic(self, isolation: str | None = None) -> AsyncIterator[None]:
        """Commits what happens inside, or, however that fails or is cancelled, undoes all of it."""
        if self.enclosure is not None:
            await self.enclosure.enter(isolation)
            yield
            return
        self._settled = False
        try:
            if isolation is not None:
                await self._control(f"SET TRANSACTION ISOLATION LEVEL {isolation.replace('_', ' ').upper()}")
            await self._control(f"START TRANSACTION{' READ ONLY' if self.settings.read_only else ''}")
            yield
            if not self.in_transaction:
                raise FlowExecutionError("one of the statements ended the transaction")
            # nothing of a read-only transaction may stay: not even what the server lets pass
            await self._control("ROLLBACK" if self.settings.read_only else "COMMIT")
            self._settled = True
        except BaseException:
            await shielded(self._undone())
            raise

    async def _control(self, text: str) -> None:
        with statement(text) as sent:
            await self._answered(text, text)
            sent.rows = 0

    async def _undone(self) -> None:
        """Roll back, if the session still exists; else the server does."""
        if not self.alive:
            return
        try:
            await self._control("ROLLBACK")
        except FlowExecutionError:
            self.close()
