"""PostgreSQL databases of which nothing stays as a run leaves it: one session, in a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import asyncpg
from asyncpg.transaction import Transaction

from flowlang.connections.base import ROWS_TOLD, Lasting, RowChange, shielded, statement
from flowlang_plugins.postgres.connection import PostgresConnection
from flowlang_plugins.postgres.prepared import affected, quoted
from flowlang_plugins.postgres.tally import COUNTS, Tally
from flowlang_plugins.sql.noted import Noted
from flowlang_plugins.sql.rows import Outcome
from flowlang_plugins.sql.sandbox import lost, note_command, note_count, refused
from flowlang_plugins.sql.text import POSTGRES, command
from flowlang_plugins.sql.writes import Write, as_query, body_of, parsed

_BEGINS: Final = frozenset({"BEGIN", "START"})
_ENDS: Final = frozenset({"COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE"})
_STATEMENT: Final = "flowlang_statement"
_OWN: Final = ("flowlang_new", "flowlang_count", "flowlang_news")
_PREPARED: Final = "flowlang_prepared"

#: The server may end a transaction in which nothing happens for long; here that is as long as a run takes.
_PATIENT: Final = "SET idle_in_transaction_session_timeout = 0"

#: What the statement that also tells its rows may meet although the statement itself would not.
_NOT_TOLD: Final = (asyncpg.exceptions.SyntaxOrAccessError, asyncpg.FeatureNotSupportedError)
_STALE: Final = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)

_SEQUENCES: Final = """
SELECT s.schemaname || '.' || s.sequencename AS name, s.last_value AS value, t.relname AS owner
FROM pg_sequences s
JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class c ON c.relname = s.sequencename AND c.relnamespace = n.oid AND c.relkind = 'S'
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
  AND d.refclassid = 'pg_class'::regclass
LEFT JOIN pg_class t ON t.oid = d.refobjid
"""
_KEY: Final = """
SELECT a.attname AS name FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indisprimary AND i.indrelid = to_regclass($1) ORDER BY array_position(i.indkey::int2[], a.attnum)
"""


class _Part(Transaction):
    """A step's transaction: a savepoint in that of the sandbox."""

    async def start(self) -> None:
        await self._connection.revive()
        await super().start()
        self._connection.entered(self)

    async def commit(self) -> None:
        await super().commit()
        self._connection.left(self, kept=True)

    async def rollback(self) -> None:
        await super().rollback()
        self._connection.left(self, kept=False)

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._connection.left(self, kept=kind is None)


class SandboxedPostgres(PostgresConnection):
    """The one session of a sandbox. What it says of transactions is about the step's own.

    Each statement has a savepoint, so that one that fails doesn't fail the sandbox.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noted = Noted()
        self._parts: list[tuple[_Part, object]] = []
        self._by_hand: _Part | None = None
        self._marks: dict[str, object] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        self._values: dict[str, Any] = {}
        self._tally = Tally()
        self._has_prepared = False
        self._begun = False

    async def begin(self) -> None:
        """Begin the sandbox."""
        with self._quietly():
            self._values = {name: value for name, value, _ in await self._sequences()}
            await self._plainly(_PATIENT)
            await asyncpg.Connection.transaction(self).start()
        self._begun = True

    async def undo(self) -> list[Lasting]:
        """Undo everything; the sequences that went on nevertheless."""
        if not self.alive:
            return []
        self._begun = False
        with self._quietly():
            await self._plainly("ROLLBACK")
            self._top_xact = None
            now = await self._sequences()
        return [
            Lasting(f"sequence {name} went on to {value}, as other sessions may have had a part in", owner)
            for name, value, owner in now
            if name in self._values and value != self._values[name]
        ]

    def entered(self, part: _Part) -> None:
        """A step has begun a transaction."""
        self._parts.append((part, self.noted.mark()))

    def left(self, part: _Part, *, kept: bool) -> None:
        """It has ended it, with those that it began inside."""
        for place, (known, marked) in enumerate(self._parts):
            if known is part:
                if not kept:
                    self.noted.back(marked)
                del self._parts[place:]
                return

    def is_in_transaction(self) -> bool:
        return bool(self._parts) if self._begun else bool(super().is_in_transaction())

    def transaction(self, *, isolation: Any = None, readonly: bool = False, deferrable: bool = False) -> Any:
        """As the driver's, within the sandbox. Its isolation is that of the sandbox."""
        return _Part(self, None, False, False)

    async def restore(self) -> None:
        """Undo what a step left open, and reset settings, locks, cursors and temporary tables."""
        if self._undoing is not None:
            await self._undoing
            self._undoing = None
        with self._quietly():
            try:
                if self._parts:
                    await self._rolled_back()
                if self._has_prepared:
                    await self._end_prepared()
                    self._tally.complete(self.noted, self.noted.mark(), await self._counts())
                await self._plainly(f"{self.get_reset_query()}\n{_PATIENT};")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                # without a known state there is no sandbox
                self.abandon()
        self._by_hand = None
        self._settled, self._touched = True, False

    async def revive(self) -> None:
        """Undo a statement that a task prepared, ran by itself, and that failed; what worked stays."""
        if self._has_prepared and not self._parts:
            with self._quietly():
                await self._end_prepared()
                await self._plainly(f"SAVEPOINT {_PREPARED}")
            self._has_prepared = True

    async def _end_prepared(self) -> None:
        self._has_prepared = False
        try:
            await self._plainly(f"RELEASE SAVEPOINT {_PREPARED}")
        except asyncpg.PostgresError:
            await self._plainly(f"ROLLBACK TO SAVEPOINT {_PREPARED}; RELEASE SAVEPOINT {_PREPARED}")

    async def _rolled_back(self) -> None:
        if self._parts:
            part = self._parts[0][0]
            with statement("ROLLBACK"), self._quietly():
                part._managed = False
                await part.rollback()

    async def _run(self, text: str, params: list[Any]) -> Outcome:
        self._guard()
        words = command(text, POSTGRES)
        if self._is_savepoint(words):
            return await self._moved(words, text, params)
        if words and (words[0] in _BEGINS | _ENDS):
            raise refused(words[0])
        try:
            async with self._savepoint():
                return await self._told(text, words, params)
        except _STALE:
            self._prepared.clear()
            await self.reload_schema_state()
        except _NOT_TOLD:
            pass
        async with self._savepoint():
            outcome = await super()._run(text, params)
            note_count(self.noted, words, parsed(text, POSTGRES), outcome.affected)
            return outcome

    async def _told(self, text: str, words: list[str], params: list[Any]) -> Outcome:
        """Run a statement, and note the rows that it changes."""
        write = parsed(text, POSTGRES)
        if write is None or write.returns:
            outcome = await super()._run(text, params)
            note_count(self.noted, words, write, outcome.affected, outcome.rows)
            note_command(self.noted, words)
            return outcome
        key = await self._key(write.table)
        order = f" ORDER BY {', '.join(map(quoted, key))}" if key else ""
        before = await self._before(write, params, key, order)
        # what is inserted has no older version
        new = f"{write.name}.xmax = 0" if write.upserts else "true"
        telling = (
            f"WITH flowlang_changed AS ({body_of(text, POSTGRES)}\nRETURNING {write.name}.*, {new} AS flowlang_new) "
            "SELECT *, count(*) OVER () AS flowlang_count, "
            "count(*) FILTER (WHERE flowlang_new) OVER () AS flowlang_news "
            f"FROM flowlang_changed{order} LIMIT {ROWS_TOLD}"
        )
        rows = (await super()._run(telling, params)).rows
        count, news = (rows[0]["flowlang_count"], rows[0]["flowlang_news"]) if rows else (0, 0)
        told = [{name: value for name, value in row.items() if name not in _OWN} for row in rows]
        if write.kind == "delete":
            changes = [RowChange(row, None) for row in told]
        else:
            changes = [RowChange(before.get(tuple(row.get(name) for name in key)), row) for row in told]
        if write.upserts:
            updated = [change for change, row in zip(changes, rows, strict=True) if not row["flowlang_new"]]
            self.noted.add("update", write.table, count - news, updated, key)
            changes = [change for change, row in zip(changes, rows, strict=True) if row["flowlang_new"]]
        self.noted.add(write.kind, write.table, news, changes, key)
        return Outcome([], [], count)

    async def _before(
        self, write: Write, params: list[Any], key: tuple[str, ...], order: str
    ) -> dict[tuple[Any, ...], Mapping[str, Any]]:
        """The rows that an UPDATE is about to change, by their key."""
        if write.kind != "update" or write.tail is None or not key or not self.noted.wants_rows("update", write.table):
            return {}
        query, numbers = as_query(write, POSTGRES)
        try:
            async with self._savepoint():
                found = await super()._run(
                    f"{query}{order} LIMIT {ROWS_TOLD}",
                    [params[number - 1] for number in numbers if number <= len(params)],
                )
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            return {}
        return {tuple(row.get(name) for name in key): row for row in found.rows}

    async def _key(self, table: str) -> tuple[str, ...]:
        known = self._keys.get(table)
        if known is None:
            found = await super()._run(_KEY, [table])
            known = self._keys[table] = tuple(row["name"] for row in found.rows)
        return known

    async def _moved(self, words: list[str], text: str, params: list[Any]) -> Outcome:
        """A savepoint of the step's own."""
        outcome = await super()._run(text, params)
        if words[0] == "SAVEPOINT":
            self._marks[words[-1]] = self.noted.mark()
        elif words[0] == "ROLLBACK" and (marked := self._marks.get(words[-1])) is not None:
            self.noted.back(marked)
        return outcome

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        words = command(query, POSTGRES)
        if not self._begun or self._is_savepoint(words):
            return await super().execute(query, *args, timeout=timeout)
        self._guard()
        if words and words[0] in _BEGINS | _ENDS:
            return await self._controlled(words)
        async with self._savepoint():
            status = await super().execute(query, *args, timeout=timeout)
            note_count(self.noted, words, parsed(query, POSTGRES), affected(status))
            note_command(self.noted, words)
        return status

    async def executemany(self, command: str, args: Iterable[Any], *, timeout: float | None = None) -> None:
        self._guard()
        rows = list(args)
        async with self._savepoint():
            await super().executemany(command, rows, timeout=timeout)
            write = parsed(command, POSTGRES)
            # of others the driver doesn't say how many rows they found
            if write is not None and write.kind == "insert":
                self.noted.add("insert", write.table, len(rows))
            elif write is not None:
                self.noted.other(f"{write.kind.upper()} {write.table}, rows not counted")

    async def _execute(self, query: str, args: Any, limit: int, timeout: float | None, **options: Any) -> Any:
        if not self._begun:
            return await super()._execute(query, args, limit, timeout, **options)
        self._guard()
        words = command(query, POSTGRES)
        async with self._savepoint():
            result = await super()._execute(query, args, limit, timeout, **options)
            rows = result[0] if options.get("return_status") else result
            write = parsed(query, POSTGRES)
            if write is not None:
                note_count(self.noted, words, write, len(rows), [dict(row) for row in rows[:ROWS_TOLD]])
            note_command(self.noted, words)
        return result

    async def prepare(self, query: str, **options: Any) -> Any:
        self._guard()
        if not self._has_prepared and not self._parts:
            # what is prepared is run past this session: a failure is undone when the step is over
            with self._quietly():
                await self._plainly(f"SAVEPOINT {_PREPARED}")
            self._has_prepared = True
        return await super().prepare(query, **options)

    async def _copy_in(self, copy_stmt: str, *args: Any, **options: Any) -> Any:
        async with self._savepoint():
            status = await super()._copy_in(copy_stmt, *args, **options)
            table = copy_stmt.removeprefix("COPY ").partition("(")[0].partition(" FROM ")[0]
            self.noted.add("insert", table.strip(), affected(str(status)))
        return status

    async def copy_records_to_table(self, table_name: str, *, records: Any, **options: Any) -> Any:
        first: list[Sequence[Any]] = []

        def kept() -> Iterator[Sequence[Any]]:
            for record in records:
                if len(first) < ROWS_TOLD:
                    first.append(record)
                yield record

        async with self._savepoint():
            source = records if hasattr(records, "__aiter__") else kept()
            status = await super().copy_records_to_table(table_name, records=source, **options)
            schema, columns = options.get("schema_name"), options.get("columns")
            rows = [RowChange(None, dict(zip(columns, record, strict=False))) for record in first] if columns else []
            table = table_name if schema is None else f"{schema}.{table_name}"
            self.noted.add("insert", table, affected(str(status)), rows)
        return status

    async def _controlled(self, words: list[str]) -> str:
        """What a task of the project does by hand with transactions."""
        first = words[0]
        part = self._by_hand
        if first in _BEGINS:
            if part is None:
                self._by_hand = part = self.transaction()
                await part.start()
            return "BEGIN"
        if part is None or first == "PREPARE":
            raise refused(first if first != "PREPARE" else "PREPARE TRANSACTION")
        self._by_hand = None
        if first in ("COMMIT", "END"):
            await part.commit()
            return "COMMIT"
        await part.rollback()
        return "ROLLBACK"

    def _is_savepoint(self, words: list[str]) -> bool:
        return bool(words) and (words[0] in ("SAVEPOINT", "RELEASE") or (words[0] == "ROLLBACK" and "TO" in words[1:4]))

    def _guard(self) -> None:
        if self._begun and not self._protocol.is_in_transaction():
            raise lost("PostgreSQL")

    @asynccontextmanager
    async def _savepoint(self) -> AsyncIterator[None]:
        """What fails inside undoes nothing that came before."""
        await self.revive()
        marked = self.noted.mark()
        with self._quietly():
            await self._plainly(f"SAVEPOINT {_STATEMENT}")
        try:
            yield
        except BaseException:
            self.noted.back(marked)
            await shielded(self._back())
            raise
        with self._quietly():
            await self._plainly(f"RELEASE SAVEPOINT {_STATEMENT}")
            self._tally.complete(self.noted, marked, await self._counts())

    async def _back(self) -> None:
        with self._quietly(), suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            if self.alive:
                await self._plainly(f"ROLLBACK TO SAVEPOINT {_STATEMENT}; RELEASE SAVEPOINT {_STATEMENT}")
                # the server counts what was undone too
                self._tally.grown(await self._counts())

    async def _counts(self) -> list[dict[str, Any]]:
        return (await super()._run(COUNTS, [])).rows

    async def _plainly(self, text: str) -> None:
        """Send something of the sandbox's own."""
        await asyncpg.Connection.execute(self, text, timeout=self.settings.timeout)

    async def _sequences(self) -> list[tuple[str, Any, str | None]]:
        try:
            rows = await asyncpg.Connection.fetch(self, _SEQUENCES, timeout=self.settings.timeout)
        except asyncpg.PostgresError:
            return []
        return [(row["name"], row["value"], row["owner"]) for row in rows]
