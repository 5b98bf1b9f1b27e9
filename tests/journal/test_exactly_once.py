"""Steps that take effect exactly once, on real databases: effect and mark are one transaction, whatever happens."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flowlang import FlowExecutor, FlowResult, TaskRegistry
from flowlang.connections.base import Mark, Marked


class Dialect(NamedTuple):
    """How one database's tasks are called, its parameters written, and an isolation that it has."""

    prefix: str
    parameter: str
    isolation: str


DIALECTS = {
    "sqlite": Dialect("sqlite", "?", "exclusive"),
    "postgres": Dialect("pg", "$1", "serializable"),
    "mysql": Dialect("mysql", "%s", "serializable"),
}


class Database:
    """An empty database, and flows that use it."""

    def __init__(self, type: str, where: str, folder: Path) -> None:
        self.type = type
        self.dialect = DIALECTS[type]
        self.where = where
        self.folder = folder
        self.events: list[Any] = []
        self.registry = TaskRegistry()
        self.registry.register("Python", _python_task(type))
        (folder / "flowlang.yaml").touch()

    def flow(self, steps: str) -> str:
        text = steps.replace("DB_", f"{self.dialect.prefix}_").replace("?", self.dialect.parameter)
        text = text.replace("ISOLATION", self.dialect.isolation)
        return f"flow: main\nconnections: {{db: {{type: {self.type}, {self.where}}}}}\nsteps:\n{text}"

    async def run(self, steps: str, **options: Any) -> FlowResult:
        self.events = []
        executor = FlowExecutor(self.registry)
        return await executor.execute_flow(self.flow(steps), event_callback=self.events.append, **options)

    async def table(self) -> None:
        result = await self.run("  - DB_execute: {query: 'CREATE TABLE t (me varchar(50))'}")
        assert result.success, result.error

    async def rows(self) -> list[str]:
        return await self._column("SELECT me FROM t ORDER BY me")

    async def marks(self) -> list[str]:
        return await self._column("SELECT path AS me FROM flowlang_marks ORDER BY path")

    async def _column(self, query: str) -> list[str]:
        result = await self.run(f"  - DB_query: {{id: look, query: '{query}'}}\noutputs: {{me: '${{look.rows.*.me}}'}}")
        assert result.success, result.error
        return list(result["me"])

    def sent(self, path: str) -> list[str]:
        """The statements of a step, as they were told."""
        return [
            event["text"].rstrip(";") for event in self.events if event["type"] == "statement" and event["path"] == path
        ]


def _python_task(type: str) -> Callable[..., Any]:
    if type == "postgres":

        async def task(connection: Any, me: str) -> dict[str, str]:
            async with connection.transaction():
                await connection.execute("INSERT INTO t VALUES ($1)", me)
            return {"me": me}

    elif type == "mysql":

        async def task(connection: Any, me: str) -> dict[str, str]:
            async with connection.cursor() as cursor:
                await cursor.execute("INSERT INTO t VALUES (%s)", (me,))
            await connection.commit()
            return {"me": me}

    else:

        async def task(connection: Any, me: str) -> dict[str, str]:
            await connection.execute("INSERT INTO t VALUES (?)", (me,))
            await connection.commit()
            return {"me": me}

    return task


@pytest.fixture(params=DIALECTS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    where = f'database: "{tmp_path / "test.db"}"'
    if request.param != "sqlite":
        where = f'url: "{request.getfixturevalue(f"{request.param}_database")}"'
    made = Database(request.param, where, tmp_path)
    await made.table()
    return made


ALL_TASKS = """
  - DB_execute: {id: a, query: INSERT INTO t VALUES (?), params: [a], exactly_once: true}
  - DB_transaction: {id: b, queries: [{query: INSERT INTO t VALUES (?), params: [b]}], exactly_once: true}
  - DB_batch_insert: {id: c, table: t, records: [{me: c1}, {me: c2}], exactly_once: true}
  - DB_batch_update: {id: d, table: t, key_field: me, updates: [{me: c2, me2: x}], exactly_once: true, if: false}
  - DB_query: {id: e, query: SELECT me FROM t ORDER BY me, exactly_once: true}
  - Python: {id: f, connection: db, me: f, exactly_once: true}
outputs: {a: '${a.rows_affected}', b: '${b.count}', c: '${c.inserted_count}', e: '${e.count}', f: '${f.me}'}
"""


async def test_every_task_gives_what_it_gives_without(database: Database) -> None:
    result = await database.run(ALL_TASKS)
    assert result.error is None
    assert result.outputs == {"a": 1, "b": 1, "c": 2, "e": 4, "f": "f"}
    assert await database.rows() == ["a", "b", "c1", "c2", "f"]


async def test_the_marks_of_a_run_that_ended_well_are_removed(database: Database) -> None:
    assert (await database.run(ALL_TASKS)).success
    assert await database.marks() == []
    failing = (
        "  - DB_execute: {id: a, query: INSERT INTO t VALUES (?), params: [a], exactly_once: true}\n  - Broken: {}"
    )
    database.registry.register("Broken", _broken)
    assert not (await database.run(failing)).success
    assert await database.marks() == ["a"]


async def _broken() -> None:
    raise ValueError("broken")


async def test_an_effect_that_fails_leaves_neither_itself_nor_a_mark(database: Database) -> None:
    steps = """
  - DB_transaction:
      id: a
      queries: [{query: INSERT INTO t VALUES (?), params: [a]}, SELECT broken]
      exactly_once: true
"""
    assert not (await database.run(steps)).success
    assert await database.rows() == []
    assert await database.marks() == []


async def test_a_result_that_breaks_its_promise_is_no_effect(database: Database) -> None:
    steps = (
        "  - DB_execute: {id: a, query: INSERT INTO t VALUES (?), params: [a], outputs: [nothing], exactly_once: true}"
    )
    result = await database.run(steps)
    assert result.error_type == "MissingOutputError"
    assert await database.rows() == []


async def test_the_isolation_of_a_transaction_is_kept(database: Database) -> None:
    steps = "  - DB_transaction: {id: a, isolation: ISOLATION, queries: [DELETE FROM t], exactly_once: true}"
    assert (await database.run(steps)).success
    assert any(database.dialect.isolation in text.lower() for text in database.sent("a"))
    assert sum(text.startswith(("BEGIN", "START")) for text in database.sent("a")) == 1


async def test_statements_for_the_mark_are_not_the_step_s(database: Database) -> None:
    await database.run("  - DB_execute: {id: a, query: DELETE FROM t, exactly_once: true}")
    assert not any("flowlang_marks" in text for text in database.sent("a"))


@pytest.mark.parametrize("query", ["COMMIT", "ROLLBACK"])
async def test_a_statement_that_would_end_the_transaction_is_refused(database: Database, query: str) -> None:
    result = await database.run(f"  - DB_execute: {{id: a, query: {query}, exactly_once: true}}")
    assert f"the query is {query}" in str(result.error)


async def test_iterations_at_once_each_have_their_own_mark(database: Database) -> None:
    steps = """
  - for_each: [1, 2, 3, 4, 5, 6]
    id: each
    concurrency: 3
    do: [{DB_execute: {id: a, query: INSERT INTO t VALUES (?), params: ['n${item}'], exactly_once: true}}]
"""
    result = await database.run(steps)
    assert result.success, result.error
    assert await database.rows() == [f"n{number}" for number in range(1, 7)]


async def test_of_two_executions_with_one_mark_the_second_waits_and_takes_the_result_of_the_first(
    database: Database,
) -> None:
    """As after a crash, when the server still works for the process that died."""
    from flowlang.connections.discovery import Plugins

    entry = Plugins().get(database.type)
    assert entry is not None
    assert entry.plugin is not None
    plugin = entry.plugin()
    key, _, value = database.where.partition(": ")
    await plugin.connect(plugin.normalise_config({key: json.loads(value)}))
    done: list[int] = []
    begun = asyncio.Event()

    def decode(marked: Marked) -> Any:
        assert marked.done
        return json.loads(marked.result or "null")

    mark = Mark("run", "a/b", 1, json.dumps, decode)

    async def execute(number: int) -> Any:
        session = await plugin.get_connection()

        async def work() -> dict[str, int]:
            done.append(number)
            begun.set()
            await asyncio.sleep(0.05)
            return {"by": number}

        try:
            return await plugin.exactly_once(session, mark, work, own_task=False)
        finally:
            await plugin.release_connection(session)

    try:
        first = asyncio.create_task(execute(1))
        await begun.wait()
        assert await execute(2) == {"by": 1}
        assert await first == {"by": 1}
        assert done == [1]
        session = await plugin.get_connection()
        await plugin.forget_marks(session, "run", "other/")
        assert await execute(3) == {"by": 1}
        await plugin.forget_marks(session, "run", "a/")
        assert await execute(4) == {"by": 4}
        await plugin.release_connection(session)
    finally:
        await plugin.disconnect()


@pytest.mark.parametrize("type", ["postgres", "mysql"])
def test_a_run_that_is_killed_has_one_effect_in_the_end(type: str, request: pytest.FixtureRequest) -> None:
    """SQLite's are among those of `tests/withstand`."""
    where = f'url: "{request.getfixturevalue(f"{type}_database")}"'
    command = [sys.executable, "-m", "tests.withstand.crashing", "database", "--database", type, "--where", where]
    process = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    report = json.loads(process.stdout)
    assert report["problems"] == []
    assert report["kills"] > 6
    assert report["unknown"] == report["under_way"] > 2
