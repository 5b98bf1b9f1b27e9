"""One session on a PostgreSQL server: statements that are typed, bounded in time, cancelled there, and reported."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from flowlang.connections.base import (
    ResultMeter,
    ResultTooLarge,
    Statement,
    announce,
    shielded,
    statement,
)
from flowlang.errors import FlowExecutionError
from flowlang_plugins.postgres.errors import failure, misfit
from flowlang_plugins.postgres.metering import metered
from flowlang_plugins.postgres.prepared import Prepared, affected
from flowlang_plugins.postgres.readonly import controls_transaction, refuse_writing, sent_by_driver
from flowlang_plugins.postgres.settings import Settings
from flowlang_plugins.postgres.values import JSON_CODECS, by_position, zone_named
from flowlang_plugins.sql.pool import PATIENCE
from flowlang_plugins.sql.rows import Outcome
from flowlang_plugins.sql.text import POSTGRES, traceless

if TYPE_CHECKING:
    from flowlang_plugins.sql.session import Enclosure

#: How many statements each session keeps prepared.
PREPARED: Final = 100

#: After these the server may still be at work, or silent.
_INTERRUPTED: Final = (asyncio.CancelledError, TimeoutError)
_STALE: Final = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)


class PostgresConnection(asyncpg.Connection):
    """An `asyncpg.Connection` that belongs to a pool.

    Tasks of a project use it as the driver documents it. What they send is reported; on a read-only connection
    each statement runs in a transaction that can't write and is rolled back.
    """

    settings: Settings

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepared: dict[str, Prepared] = {}
        #: The transaction around all that the step does, if it is to take effect exactly once.
        self.enclosure: Enclosure | None = None
        #: Whether nothing can be running: what was sent was also awaited to its end.
        self._settled = True
        #: Whether a statement may have left something in the session.
        self._touched = False
        #: Whether what runs is asked for somebody else, and must not end the session.
        self._beside = False
        #: Whether what the driver's own methods send is reported.
        self._reports = False
        #: The end of a transaction that failed, as long as the server is waited for.
        self._undoing: asyncio.Task[None] | None = None

    async def ready(self, settings: Settings) -> None:
        """Set up the session after it was opened."""
        self.settings = settings
        self._meter = ResultMeter(settings.max_result_mb)
        self._meter.end()
        metered(self._protocol, self._transport, self._meter)
        for name, (encoder, decoder) in JSON_CODECS.items():
            await self.set_type_codec(name, schema="pg_catalog", encoder=encoder, decoder=decoder, format="binary")
        self._reports = True

    @property
    def alive(self) -> bool:
        """Whether the session exists as far as is known."""
        return not self.is_closed()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self.is_in_transaction())

    @property
    def ending(self) -> None:
        """Nothing: the driver sends what ends a statement before the session is given up."""

    @property
    def clean(self) -> bool:
        """Whether nothing runs, no transaction is open, and nothing was left in the session."""
        return self._settled and not self._touched and not self.is_in_transaction()

    def lend(self) -> None:
        """Get ready for a step, of which nothing is known yet."""
        self._settled = self._touched = False

    async def restore(self) -> None:
        """Undo an open transaction, and reset settings, locks, cursors and temporary tables."""
        if self._undoing is not None:
            await self._undoing
            self._undoing = None
        with self._quietly():
            if self.is_in_transaction():
                await asyncpg.Connection.execute(self, "ROLLBACK")
            self._top_xact = None
            await self.reset()
        self._settled, self._touched = True, False

    def get_reset_query(self) -> str:
        """What the driver sends to reset a session; the driver's own leaves the role and temporary tables."""
        own = super().get_reset_query()
        return f"RESET SESSION AUTHORIZATION;\nRESET ROLE;\n{own}\nDISCARD TEMP;" if own else ""

    async def shut(self) -> None:
        """Take leave of the server."""
        self._prepared.clear()
        await self.close()

    def abandon(self) -> None:
        """Close the socket."""
        self._prepared.clear()
        self.terminate()

    async def send(self, text: str, params: Any = None) -> Outcome:
        """Run one statement and fetch all its rows."""
        if self.enclosure is not None:
            await self.enclosure.enter()
        with statement(text, params) as sent:
            outcome = await self._sent(text, by_position(params))
            sent.rows = outcome.touched
        return outcome

    async def _sent(self, text: str, params: list[Any]) -> Outcome:
        self._settled = False
        if not self._beside:
            self._meter.begin()
        if not self._touched and not traceless(text, POSTGRES):
            self._touched = True
        try:
            if self.settings.read_only:
                refuse_writing(text)
            if self.settings.read_only and not self.is_in_transaction():
                async with self.atomic():
                    outcome = await self._run(text, params)
            else:
                outcome = await self._run(text, params)
        except FlowExecutionError:
            raise
        # whatever the driver raises for a statement, the step needs to know what to do about it
        except Exception as error:
            if self._meter.exceeded:
                raise ResultTooLarge(self._meter.limit) from error
            raise failure(error, self.settings.timeout) from error
        finally:
            self._meter.end()
        self._settled = True
        return outcome

    async def _run(self, text: str, params: list[Any]) -> Outcome:
        prepared = self._prepared.get(text)
        fresh = prepared is None
        if prepared is None:
            prepared = await self.prepared(text)
        try:
            return await self._fetched(prepared, params)
        except _STALE:
            self._prepared.pop(text, None)
            if fresh or self.is_in_transaction():
                raise
            await self.reload_schema_state()
            return await self._fetched(await self.prepared(text), params)

    async def idle_limit(self) -> float | None:
        """How many seconds the server lets a transaction of this session wait for its next statement, if it says so."""
        setting = "idle_in_transaction_session_timeout"
        with self._quietly():
            ms = await asyncpg.Connection.fetchval(self, "SELECT setting FROM pg_settings WHERE name = $1", setting)
        return int(ms) / 1000 if ms and int(ms) > 0 else None

    @asynccontextmanager
    async def aside(self, text: str | None) -> AsyncIterator[None]:
        """Around a question that leaves the step's work as it is; None if it is no statement but the call of a task."""
        from flowlang_plugins.postgres.control import begins_or_ends
        from flowlang_plugins.sql.aside import aside

        self._beside = True
        try:
            async with aside(self, text, begins_or_ends):
                yield
        finally:
            self._beside = False

    async def prepared(self, text: str) -> Prepared:
        """The statement as the server knows it, kept for the next time."""
        prepared = self._prepared.get(text)
        if prepared is None:
            handle = await super().prepare(text, timeout=self.settings.timeout)
            prepared = Prepared(handle, zone_named(getattr(self.get_settings(), "TimeZone", None)))
            while len(self._prepared) >= PREPARED:
                del self._prepared[next(iter(self._prepared))]
            self._prepared[text] = prepared
        return prepared

    async def _fetched(self, prepared: Prepared, params: list[Any]) -> Outcome:
        values = prepared.bound(params)
        refused: set[int] = set()
        while True:
            try:
                if self._beside and prepared.columns:
                    return await self._fetched_in_pieces(prepared, values)
                return await prepared.fetch(values, self.settings.timeout)
            except asyncpg.DataError as error:
                number = misfit(error)
                if number is None or number in refused or not isinstance(values[number - 1], str):
                    raise
                # text that the driver can't express in the type: the server knows all its notations
                refused.add(number)
                cast = f"SELECT $1::text::{prepared.type_name(number)}"
                handle = (await self.prepared(cast)).handle
                values[number - 1] = await handle.fetchval(values[number - 1], timeout=self.settings.timeout)

    async def _fetched_in_pieces(self, prepared: Prepared, values: list[Any]) -> Outcome:
        """The rows of a statement, piece by piece: to hang up on a result that is too large would end the session."""
        pieces = prepared.fetch_in_pieces(values, self.settings.timeout, ResultMeter(self.settings.max_result_mb))
        if self.is_in_transaction():
            return await pieces
        async with self.transaction():
            return await pieces

    @asynccontextmanager
    async def atomic(self, isolation: str | None = None) -> AsyncIterator[None]:
        """Commits what happens inside, or, however that fails or is cancelled, undoes all of it."""
        if self.enclosure is not None:
            await self.enclosure.enter(isolation)
            async with self._part():
                yield
            return
        block = self.transaction(isolation=isolation)
        self._settled = False
        try:
            await block.start()
            yield
            if not self.is_in_transaction():
                raise FlowExecutionError("one of the statements ended the transaction")
            await block.commit()
            self._settled = True
        except BaseException as error:
            silent = isinstance(error, _INTERRUPTED) or isinstance(error.__cause__, TimeoutError)
            await shielded(self._undo(PATIENCE if silent else None))
            if isinstance(error, Exception) and not isinstance(error, FlowExecutionError):
                raise failure(error, self.settings.timeout) from error
            raise

    @asynccontextmanager
    async def _part(self) -> AsyncIterator[None]:
        """A part of a transaction that may fail without failing all of it. Interrupted, it leaves that to the whole."""
        savepoint = self.transaction()
        await savepoint.start()
        try:
            yield
        except _INTERRUPTED:
            raise
        except Exception:
            await savepoint.rollback()
            raise
        await savepoint.commit()

    async def _undo(self, patience: float | None) -> None:
        """Undo the transaction. What takes longer goes on until the session is given back."""
        undoing = self._undoing = asyncio.ensure_future(self._undone())
        await asyncio.wait((undoing,), timeout=patience)
        if undoing.done():
            self._undoing = None
            undoing.result()

    async def _undone(self) -> None:
        """Roll back, if the session still is in a transaction; else there is nothing to undo."""
        try:
            # a cancelled statement is over when the server has confirmed that
            if self.alive:
                await self._rolled_back()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            # the server undoes what a lost session left open
            self.abandon()

    async def _rolled_back(self) -> None:
        with statement("ROLLBACK"):
            await asyncpg.Connection.execute(self, "ROLLBACK", timeout=self.settings.timeout)
        self._top_xact = None

    def transaction(self, *, isolation: Any = None, readonly: bool = False, deferrable: bool = False) -> Any:
        """As the driver's, but read-only on a read-only connection."""
        readonly = readonly or self.settings.read_only
        return super().transaction(isolation=isolation, readonly=readonly, deferrable=deferrable)

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        """As the driver's: the command with the number of rows, such as `UPDATE 1`."""
        if self.settings.read_only and query == "COMMIT;":
            # nothing of a read-only transaction may stay: not even what the server lets pass
            query = "ROLLBACK;"
        async with self._used(query, args) as sent:
            if not self.settings.read_only or controls_transaction(query):
                status: str = await super().execute(query, *args, timeout=timeout)
            else:
                # as a prepared statement it can't hold several commands
                handle = await super().prepare(query, timeout=timeout)
                await handle.fetch(*args, timeout=timeout)
                status = handle.get_statusmsg()
            sent.rows = affected(status)
        return status

    async def executemany(self, command: str, args: Iterable[Any], *, timeout: float | None = None) -> None:
        """As the driver's."""
        async with self._used(command, rows=args):
            await super().executemany(command, args, timeout=timeout)

    async def _execute(self, query: str, args: Any, limit: int, timeout: float | None, **options: Any) -> Any:
        # fetch, fetchrow, fetchval and fetchmany of the driver all come here
        async with self._used(query, args) as sent:
            result = await super()._execute(query, args, limit, timeout, **options)
            rows = result[0] if options.get("return_status") else result
            sent.rows = len(rows) if isinstance(rows, list) else None
        return result

    async def prepare(self, query: str, **options: Any) -> Any:
        """As the driver's. On a read-only connection a transaction that can't write is open from then on."""
        if self.settings.read_only:
            refuse_writing(query)
            if not self.is_in_transaction():
                await super().execute("BEGIN READ ONLY")
        return await super().prepare(query, **options)

    async def _copy_in(self, *args: Any, **options: Any) -> Any:
        self._refuse_copying()
        return await super()._copy_in(*args, **options)

    async def _copy_in_records(self, *args: Any, **options: Any) -> Any:
        self._refuse_copying()
        return await super()._copy_in_records(*args, **options)

    def _refuse_copying(self) -> None:
        if self.settings.read_only:
            raise FlowExecutionError("COPY is refused on a read-only connection")

    @asynccontextmanager
    async def _used(self, query: str, args: Any = (), rows: Any = None) -> AsyncIterator[Statement]:
        """Around a call of the driver's own: asks for it, reports it, lets nothing be written if that is forbidden."""
        if not self._reports:
            yield Statement(query)
            return
        if not sent_by_driver(query):
            await announce(self, query, rows or list(args) or None, is_open=self.is_in_transaction())
        self._touched = True
        with statement(query, list(args) or None) as sent:
            if not self.settings.read_only or controls_transaction(query):
                with self._quietly():
                    yield sent
                return
            refuse_writing(query)
            async with AsyncExitStack() as stack:
                if not self.is_in_transaction():
                    await stack.enter_async_context(self.atomic())
                with self._quietly():
                    yield sent

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Leave out of the reports what the driver does by itself meanwhile."""
        reports, self._reports = self._reports, False
        try:
            yield
        finally:
            self._reports = reports
