"""SQLite databases of which nothing stays as a run leaves it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from flowlang.connections.base import Lasting, RowChange
from flowlang_plugins.sql.noted import Noted
from flowlang_plugins.sql.sandbox import STEP, lost, note_command, refused
from flowlang_plugins.sql.text import STANDARD, command
from flowlang_plugins.sqlite.connection import Settings, SQLiteConnection
from flowlang_plugins.sqlite.values import quoted

_FUNCTION: Final = "flowlang_changed"
_CHANGES_TABLES: Final = frozenset({"CREATE", "ALTER", "DROP"})
#: A function takes at most so many values.
_MOST_COLUMNS: Final = 100


class _Table(NamedTuple):
    """A table whose changes are watched."""

    name: str
    columns: list[str]
    key: tuple[str, ...]


class SandboxCursor(sqlite3.Cursor):
    """A cursor whose transactions are savepoints."""

    connection: SandboxDatabase

    def execute(self, sql: str, parameters: Any = (), /) -> SandboxCursor:
        with self.connection.running(sql) as instead:
            for text in instead or ():
                super().execute(text)
            if instead is None:
                super().execute(sql, parameters)
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> SandboxCursor:
        with self.connection.running(sql, many=True):
            super().executemany(sql, parameters)
        return self

    def executescript(self, sql_script: str, /) -> SandboxCursor:
        for text in _statements(sql_script):
            self.execute(text)
        return self


class SandboxDatabase(sqlite3.Connection):
    """A connection in one transaction that is never committed. What it says of transactions is about the step's own.

    Temporary triggers tell what is changed, by whatever statement.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.noted = Noted()
        self._tables: list[_Table] = []
        self._before: tuple[Any, ...] = ()
        self._open = False
        self._begun = self._implicit = False
        self._at_begin: object = {}
        self._savepoints: list[tuple[str, object]] = []

    def begin(self) -> None:
        """Begin the sandbox."""
        self.create_function(_FUNCTION, -1, self._changed)
        self._watch()
        self._plainly("BEGIN")
        self._open = True
        self.set_authorizer(self._allowed)

    def end(self) -> None:
        """Undo everything."""
        self._open = False
        self.set_authorizer(None)
        if super().in_transaction:
            self._plainly("ROLLBACK")

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(SandboxCursor)

    # the driver's own make a cursor of its own kind
    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        return self.cursor().executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> Any:
        return self.cursor().executescript(sql_script)

    @property
    def in_transaction(self) -> bool:
        return self._begun

    def commit(self) -> None:
        if self._begun:
            self.execute("COMMIT")

    def rollback(self) -> None:
        if self._begun:
            self.execute("ROLLBACK")

    @contextmanager
    def running(self, sql: str, *, many: bool = False) -> Iterator[list[str] | None]:
        """Around a statement. Gives what is to be run instead of it, None for the statement itself."""
        if not self._open:
            yield None
            return
        if not super().in_transaction:
            raise lost("SQLite")
        words = command(sql, STANDARD)
        instead = self._instead(words, sql)
        marked = self.noted.mark()
        changes_tables = bool(words) and words[0] in _CHANGES_TABLES
        if changes_tables:
            self._unwatch()
        try:
            yield instead
        except BaseException:
            # of many rows those before the one that failed stay
            if not many:
                self.noted.back(marked)
            raise
        finally:
            if changes_tables and super().in_transaction:
                self._watch()
        if instead is not None or (words and words[0] in ("SAVEPOINT", "RELEASE", "ROLLBACK")):
            self._follow(words, marked)
        note_command(self.noted, words)

    def _instead(self, words: list[str], sql: str) -> list[str] | None:
        first = words[0] if words else ""
        if first == "BEGIN":
            if self._begun:
                raise sqlite3.OperationalError("cannot start a transaction within a transaction")
            return [f"SAVEPOINT {STEP}"]
        if first in ("COMMIT", "END") or (first == "ROLLBACK" and "TO" not in words[1:3]):
            if not self._begun:
                raise sqlite3.OperationalError(f"cannot {first.lower()} - no transaction is active")
            undo = [f"ROLLBACK TO {STEP}"] if first == "ROLLBACK" else []
            return [*undo, f"RELEASE {STEP}"]
        if first == "SAVEPOINT" and not self._begun:
            return [f"SAVEPOINT {STEP}", sql]
        if first in ("VACUUM", "DETACH"):
            raise refused(first, "SQLite can't do it inside a transaction")
        return None

    def _follow(self, words: list[str], marked: object) -> None:
        """Keep count of the step's transaction and its savepoints."""
        first = words[0]
        if first == "BEGIN":
            self._begun, self._implicit, self._at_begin = True, False, marked
        elif first in ("COMMIT", "END"):
            self._left()
        elif first == "ROLLBACK" and "TO" not in words[1:3]:
            self.noted.back(self._at_begin)
            self._left()
        elif first == "SAVEPOINT":
            if not self._begun:
                self._begun, self._implicit, self._at_begin = True, True, marked
            self._savepoints.append((words[-1], marked))
        else:
            place = self._place(words[-1])
            if first == "ROLLBACK":
                self.noted.back(self._savepoints[place][1])
                del self._savepoints[place + 1 :]
            else:
                del self._savepoints[place:]
                if not self._savepoints and self._implicit:
                    self._plainly(f"RELEASE {STEP}")
                    self._left()

    def _place(self, name: str) -> int:
        places = [place for place, (known, _) in enumerate(self._savepoints) if known == name]
        return places[-1] if places else 0

    def _left(self) -> None:
        self._begun = self._implicit = False
        self._savepoints.clear()

    def _plainly(self, sql: str) -> sqlite3.Cursor:
        """Run a statement of the sandbox's own."""
        was, self._open = self._open, False
        try:
            return super().cursor(sqlite3.Cursor).execute(sql)
        finally:
            self._open = was

    def _allowed(self, action: int, first: str | None, *_: str | None) -> int:
        """SQLite asks this about each part of a statement: nothing but the sandbox ends its transaction."""
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_TRANSACTION and self._open else sqlite3.SQLITE_OK

    def _watch(self) -> None:
        """Set triggers on all tables."""
        found = self._plainly("SELECT name, sql FROM main.sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        self._tables = []
        for name, sql in found:
            if not name.startswith("sqlite_") and not str(sql).upper().startswith("CREATE VIRTUAL"):
                info = self._plainly(f"PRAGMA main.table_info({quoted(name)})").fetchall()
                key = [column[1] for column in sorted(info, key=lambda column: column[5]) if column[5]]
                self._tables.append(_Table(name, [column[1] for column in info], tuple(key)))
        for number, table in enumerate(self._tables):
            for event in ("INSERT", "UPDATE", "DELETE"):
                self._plainly(_trigger(number, table, event))

    def _unwatch(self) -> None:
        for number in range(len(self._tables)):
            for event in ("INSERT", "UPDATE", "DELETE"):
                self._plainly(f"DROP TRIGGER IF EXISTS temp.{_trigger_name(number, event)}")
        self._tables = []

    def _changed(self, number: int, what: str, *values: Any) -> None:
        """What the triggers call, for each row."""
        table = self._tables[number]
        if what == "before":
            self._before = values
            return
        row = dict(zip(table.columns, values, strict=True)) if values else None
        if what == "insert":
            self.noted.add("insert", table.name, 1, () if row is None else (RowChange(None, row),), table.key)
        elif what == "delete":
            self.noted.add("delete", table.name, 1, () if row is None else (RowChange(row, None),), table.key)
        else:
            before = dict(zip(table.columns, self._before, strict=True)) if values else None
            self.noted.add("update", table.name, 1, () if row is None else (RowChange(before, row),), table.key)


class SandboxedSQLite(SQLiteConnection):
    """The one connection of a sandbox."""

    database_class = SandboxDatabase

    @classmethod
    async def begun(cls, settings: Settings) -> SandboxedSQLite:
        """A connection whose sandbox has begun. Raises what opening raises."""
        connection = cls(settings)
        await connection.open()
        try:
            await connection._execute(connection._conn.begin)  # type: ignore[no-untyped-call, attr-defined]
        except BaseException:
            await connection.shut()
            raise
        return connection

    @property
    def noted(self) -> Noted:
        """What was changed since it was last told."""
        if self._connection is None:
            return Noted()
        return self._conn.noted  # type: ignore[attr-defined, no-any-return]

    @property
    def clean(self) -> bool:
        """Whether the next step can have it as it is."""
        return self.settled and not self.in_transaction

    def lend(self) -> None:
        """Get ready for a step, which may use it in ways that are not awaited to the end."""
        self.settled = False
        self.row_factory = sqlite3.Row

    async def undo(self) -> Sequence[Lasting]:
        """Undo everything that was done in the sandbox. All of it can be."""
        if self.alive:
            await self.restore()
            await self._execute(self._conn.end)  # type: ignore[no-untyped-call, attr-defined]
        return ()


def _trigger_name(number: int, event: str) -> str:
    return f"flowlang_sandbox_{event.lower()}_{number}"


def _trigger(number: int, table: _Table, event: str) -> str:
    def call(what: str, row: str) -> str:
        shown = table.columns if len(table.columns) <= _MOST_COLUMNS else []
        values = "".join(f", {row}.{quoted(column)}" for column in shown)
        return f"SELECT {_FUNCTION}({number}, '{what}'{values});"

    calls = {
        "INSERT": call("insert", "NEW"),
        "UPDATE": f"{call('before', 'OLD')} {call('after', 'NEW')}",
        "DELETE": call("delete", "OLD"),
    }
    return (
        f"CREATE TEMP TRIGGER {_trigger_name(number, event)} AFTER {event} ON main.{quoted(table.name)} "
        f"BEGIN {calls[event]} END"
    )


def _statements(script: str) -> Iterator[str]:
    """The statements of a script."""
    text = ""
    for part in script.split(";"):
        text += f"{part};"
        if sqlite3.complete_statement(text):
            if text.strip(" \t\r\n;"):
                yield text
            text = ""
    if text.strip(" \t\r\n;"):
        yield text
