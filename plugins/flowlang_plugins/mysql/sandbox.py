"""MySQL databases of which nothing stays as a run leaves it: one session, in a transaction that is rolled back.

What commits a transaction in MySQL without being asked to, such as CREATE TABLE, is refused before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from pymysql.err import MySQLError

from flowlang.connections.base import ROWS_TOLD, Lasting, RowChange, statement
from flowlang.errors import FlowExecutionError
from flowlang_plugins.mysql.connection import MySQLConnection
from flowlang_plugins.mysql.control import not_undoable
from flowlang_plugins.mysql.followers import Followers
from flowlang_plugins.sql.noted import Noted
from flowlang_plugins.sql.rows import unique_names
from flowlang_plugins.sql.sandbox import STEP, lost, note_count, refused
from flowlang_plugins.sql.text import MYSQL, command
from flowlang_plugins.sql.writes import Write, masked, parsed

#: A statement that is longer, such as one of many rows, is read only as far as this.
_READ: Final = 20_000
#: What the server says when it could not undo what was written to a table.
_NOT_UNDONE: Final = 1196
_DUPLICATES: Final = re.compile(r"Records: (\d+)\s+Duplicates: (\d+)")
_LIMIT: Final = re.compile(r"\bLIMIT\b", re.I)

Row = Mapping[str, Any]


class _Table(NamedTuple):
    """The columns that tell the rows of a table apart, and whether one of them counts by itself."""

    key: tuple[str, ...]
    counts: bool


class SandboxedMySQL(MySQLConnection):
    """The one session of a sandbox. What it says of transactions is about the step's own."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.noted = Noted()
        self._tables: dict[str, _Table] = {}
        self._followers = Followers(self._rows, self.escape)
        self._begun = self._step = False
        self._at_step: object = {}
        self._marks: dict[str, object] = {}

    async def begin_sandbox(self) -> None:
        """Begin the sandbox."""
        with suppress(FlowExecutionError):  # only MariaDB ends transactions in which nothing happens
            await self._plainly("SET SESSION idle_transaction_timeout = 0")
        await self._plainly("START TRANSACTION")
        self._begun = True

    async def undo(self) -> Sequence[Lasting]:
        """Undo everything; what the server could not undo."""
        if not self.alive:
            return ()
        self._begun = False
        await self._plainly("ROLLBACK")
        warnings = await self._rows("SHOW WARNINGS")
        kept = any(row.get("Code") == _NOT_UNDONE for row in warnings)
        return (Lasting("what was written to tables without transactions, such as those of MyISAM"),) if kept else ()

    @property
    def in_transaction(self) -> bool:
        return self._step if self._begun else super().in_transaction

    async def restore(self) -> None:
        """Undo what a step left open. Variables and temporary tables stay: resetting them ends the transaction."""
        if self._result is not None and self._result.unbuffered_active:
            self.close()
            return
        try:
            await self._controlled("ROLLBACK")
        except FlowExecutionError:
            # without a known state there is no sandbox
            self.close()
        self._settled, self._touched = True, False

    async def begin(self) -> None:
        if self.enclosure is None:
            await self._controlled("START")

    async def commit(self) -> None:
        if self.enclosure is None:
            await self._controlled("COMMIT")

    async def rollback(self) -> None:
        await self._controlled("ROLLBACK")

    async def _send_autocommit_mode(self) -> None:
        # switching it on would commit; the sandbox's transaction holds whatever it is
        if not self._begun:
            await super()._send_autocommit_mode()

    async def _control(self, text: str) -> None:
        with statement(text) as sent:
            await self._controlled(text.split()[0])
            sent.rows = 0

    async def _controlled(self, first: str) -> None:
        """Begin or end a step's transaction: a savepoint in that of the sandbox."""
        if first == "START":
            # the server commits what is open when another transaction begins
            await self._controlled("COMMIT")
            self._guard()
            await self._plainly(f"SAVEPOINT {STEP}")
            self._step, self._at_step = True, self.noted.mark()
        elif first in ("COMMIT", "ROLLBACK") and self._step:
            self._step = False
            if first == "ROLLBACK":
                self.noted.back(self._at_step)
                await self._plainly(f"ROLLBACK TO SAVEPOINT {STEP}")
            await self._plainly(f"RELEASE SAVEPOINT {STEP}")

    async def query(self, sql: str | bytes, unbuffered: bool = False) -> Any:
        if not self._begun:
            return await super().query(sql, unbuffered)
        text = sql if isinstance(sql, str) else sql.decode("utf-8", "replace")
        self._look_at(text[:_READ])
        write = _write_of(text)
        more = await self._followers.of(write)
        try:
            rows = await super().query(sql, unbuffered)
        except MySQLError:
            await self._ask_how_it_stands()
            raise
        count = 0 if self._result is None else self._result.affected_rows or 0
        words = command(text[:_READ], MYSQL)
        if write is not None and write.upserts:
            inserted, updated = _upserted(self._result, count)
            self.noted.add("insert", write.table, inserted)
            self.noted.add("update", write.table, updated)
        else:
            note_count(self.noted, words, write, count)
        if count:
            self.noted.uncounted(more)
        self._follow(words)
        return rows

    async def _answered(self, text: str, sql: str) -> Any:
        if not self._begun:
            return await super()._answered(text, sql)
        self._look_at(text)
        write = _write_of(sql)
        before, newest = await self._before(write)
        more = await self._followers.of(write)
        try:
            result = await super()._answered(text, sql)
        except FlowExecutionError:
            await self._ask_how_it_stands()
            raise
        count = result.affected_rows or 0
        if write is None or not count:
            note_count(self.noted, command(text, MYSQL), write, count)
            self._follow(command(text, MYSQL))
        else:
            key = (await self._table(write.table)).key
            if write.upserts:
                count, updated = _upserted(result, count)
                self.noted.add("update", write.table, updated)
            self.noted.add(write.kind, write.table, count, await self._changes(write, key, before, newest), key)
            self.noted.uncounted(more)
            if write.kind == "insert" and self._tables[write.table].counts:
                self.noted.lasts(f"the AUTO_INCREMENT of {write.table} has gone on", write.table)
        return result

    def _follow(self, words: list[str]) -> None:
        """Keep count of the savepoints of the step's own."""
        if words[:1] == ["SAVEPOINT"]:
            self._marks[words[-1]] = self.noted.mark()
        elif words[:1] == ["ROLLBACK"] and (marked := self._marks.get(words[-1])) is not None:
            self.noted.back(marked)

    async def _before(self, write: Write | None) -> tuple[list[Row], Any]:
        """The rows that a statement will find, and of one that inserts the highest key so far."""
        if write is None or not self.noted.wants_rows(write.kind, write.table):
            return [], None
        table = await self._table(write.table)
        if write.kind == "insert":
            if len(table.key) != 1:
                return [], None
            found = await self._rows(f"SELECT max({_quoted(table.key[0])}) AS newest FROM {write.table}")
            return [], found[0]["newest"] if found else None
        if write.tail is None:
            return [], None
        limit = "" if _LIMIT.search(masked(write.tail, MYSQL)) else f" LIMIT {ROWS_TOLD}"
        return (await self._rows(f"SELECT * FROM {write.target} {write.tail}{limit}"))[:ROWS_TOLD], None

    async def _changes(self, write: Write, key: tuple[str, ...], before: list[Row], newest: Any) -> list[RowChange]:
        if write.kind == "delete":
            return [RowChange(row, None) for row in before]
        if write.kind == "update":
            if not key or not before:
                return []
            columns = ", ".join(map(_quoted, key))
            keys = ", ".join(f"({', '.join(self.escape(row[name]) for name in key)})" for row in before)
            found = await self._rows(f"SELECT * FROM {write.table} WHERE ({columns}) IN ({keys})")
            after = {tuple(row[name] for name in key): row for row in found}
            pairs = ((row, after.get(tuple(row[name] for name in key))) for row in before)
            return [RowChange(row, now) for row, now in pairs if now is not None]
        if len(key) != 1:
            return []
        name = _quoted(key[0])
        above = "" if newest is None else f" WHERE {name} > {self.escape(newest)}"
        found = await self._rows(f"SELECT * FROM {write.table}{above} ORDER BY {name} LIMIT {ROWS_TOLD}")
        return [RowChange(None, row) for row in found]

    async def _table(self, name: str) -> _Table:
        known = self._tables.get(name)
        if known is None:
            columns = await self._rows(f"SHOW COLUMNS FROM {name}")
            key = tuple(row["Field"] for row in columns if row["Key"] == "PRI")
            known = self._tables[name] = _Table(key, any("auto_increment" in row["Extra"] for row in columns))
        return known

    async def _rows(self, query: str) -> list[Row]:
        """What a query of the sandbox's own gives; nothing if it fails."""
        try:
            result = await super()._answered(query, query)
        except FlowExecutionError:
            return []
        columns = unique_names(field.name for field in result.fields)
        return [dict(zip(columns, row, strict=True)) for row in result.rows]

    async def _plainly(self, text: str) -> None:
        await super()._answered(text, text)

    def _look_at(self, text: str) -> None:
        """Refuse what would end the transaction, and everything once it has ended."""
        self._guard()
        reason = not_undoable(text)
        if reason is not None:
            what, _, why = reason.partition(", ")
            raise refused(what, why.replace("which ", "", 1) if why.startswith("which ") else "it ends the transaction")

    def _guard(self) -> None:
        if self._begun and not super().in_transaction:
            raise lost("MySQL")

    async def _ask_how_it_stands(self) -> None:
        """After an error: only the next answer says whether the transaction is still open."""
        if self.alive:
            with suppress(FlowExecutionError):
                await self._plainly("DO 0")


def _upserted(result: Any, count: int) -> tuple[int, int]:
    """How many rows were inserted, and how many were there and changed, which the server counts twice."""
    found = _DUPLICATES.search(str(result.message or ""))
    if found is not None:
        return int(found[1]) - int(found[2]), int(found[2])
    return (1, 0) if count == 1 else (0, min(count, 1))


def _write_of(sql: str) -> Write | None:
    if len(sql) <= _READ:
        return parsed(sql, MYSQL)
    write = parsed(sql[:_READ], MYSQL)
    return write if write is not None and write.kind == "insert" else None


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
