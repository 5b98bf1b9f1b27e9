"""The life of SQLite connections: files, sharing, locks, cancellation, read-only."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flowlang.connections.base import Statement
from flowlang.errors import ConfigurationError, ConnectionError, FlowExecutionError

Sqlite = Callable[..., Any]

FOREVER = "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT count(*) FROM r"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)


def seen_from_outside(path: Path, query: str) -> Any:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_the_path_is_relative_to_the_flow_and_its_folder_is_made(sqlite: Sqlite, tmp_path: Path) -> None:
    async with sqlite(database="data/deep/shop.db") as db:
        await db.call("execute", query="CREATE TABLE t (a)")

    assert seen_from_outside(tmp_path / "data/deep/shop.db", "SELECT name FROM sqlite_master") == [("t",)]


async def test_odd_characters_in_a_path_are_part_of_the_name(sqlite: Sqlite, tmp_path: Path) -> None:
    for name in ("a b?mode=ro#x%41.db", "file:x.db"):
        async with sqlite(database=name) as db:
            await db.call("execute", query="CREATE TABLE t (a)")
        assert (tmp_path / name).is_file()
        async with sqlite(database=name, read_only=True) as db:
            assert await db.rows("SELECT * FROM t") == []


async def test_an_in_memory_database_is_one_for_the_whole_run(sqlite: Sqlite) -> None:
    async with sqlite(database=":memory:") as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        inserts = (db.call("execute", query="INSERT INTO t VALUES (?)", params=[n]) for n in range(50))
        await asyncio.gather(*inserts)
        assert await db.value("SELECT count(*) FROM t") == 50


async def test_each_run_has_its_own_in_memory_database(sqlite: Sqlite) -> None:
    async with sqlite(database=":memory:") as first, sqlite(database=":memory:") as second:
        await first.call("execute", query="CREATE TABLE t (a)")
        assert await second.rows("SELECT name FROM sqlite_master") == []


async def test_runs_share_the_connections_to_a_file(sqlite: Sqlite) -> None:
    async with sqlite() as first, sqlite(database="./sub/../test.db") as second:
        assert first.opened.plugin("db") is second.opened.plugin("db")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"database": ""}, "`database` is empty"),
        ({"database": "a\0b"}, "`database` is no path"),
        ({"database": ":memory:", "read_only": True}, "can't be `read_only`"),
        ({"databse": "x"}, r"unknown key `databse`; did you mean `database`"),
        ({"isolation_level": "loose"}, "`isolation_level` must be one of"),
        ({"timeout": -1}, "`timeout` must be at least 0"),
    ],
)
async def test_a_config_that_cannot_work_is_refused(sqlite: Sqlite, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await sqlite(**config).__aenter__()


async def test_a_file_that_is_no_database_is_told(sqlite: Sqlite, tmp_path: Path) -> None:
    (tmp_path / "test.db").write_text("just text, long enough to be read as a header" * 30)

    with pytest.raises(ConnectionError, match="file is not a database") as raised:
        await sqlite().__aenter__()

    assert raised.value.hint == "the file is no SQLite database, or it is encrypted"


async def test_a_folder_is_no_database(sqlite: Sqlite, tmp_path: Path) -> None:
    (tmp_path / "test.db").mkdir()

    with pytest.raises(ConnectionError, match="is a folder"):
        await sqlite().__aenter__()


async def test_a_folder_that_cannot_be_made_is_told(sqlite: Sqlite, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConnectionError, match=r"the folder .* can't be created") as raised:
        await sqlite(database="file/sub/x.db").__aenter__()

    assert raised.value.stage == "resolve"


async def test_read_only_creates_nothing(sqlite: Sqlite, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="does not exist") as raised:
        await sqlite(database="new/x.db", read_only=True).__aenter__()

    assert "creates no database" in str(raised.value.hint)
    assert contents(tmp_path) == {}


async def test_steps_read_a_file_at_the_same_time(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        lent = [await db.opened.acquire("db") for _ in range(5)]
        assert len(set(lent)) == 5
        for connection in lent:
            await db.opened.release("db", connection)


async def test_parallel_writers_wait_for_each_other(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query="CREATE TABLE t (a INTEGER)")
        await db.call("execute", query="INSERT INTO t VALUES (0)")

        async def add(number: int) -> None:
            if number % 2:
                await db.call("execute", query="UPDATE t SET a = a + 1")
            else:
                await db.call("transaction", queries=["UPDATE t SET a = a + 1", "SELECT a FROM t"])

        await asyncio.gather(*(add(number) for number in range(30)))
        assert await db.value("SELECT a FROM t") == 30


async def test_another_process_that_holds_the_lock_is_waited_for(sqlite: Sqlite, tmp_path: Path) -> None:
    async with sqlite() as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            waiting = asyncio.create_task(db.call("execute", query="INSERT INTO t VALUES (1)"))
            done, _ = await asyncio.wait((waiting,), timeout=0.15)
            assert not done
            other.execute("COMMIT")
            assert (await waiting)["rows_affected"] == 1


async def test_a_lock_that_outlasts_the_timeout_is_told(sqlite: Sqlite, tmp_path: Path) -> None:
    async with sqlite(timeout=0.02) as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for task, arguments in (
                ("execute", {"query": "INSERT INTO t VALUES (1)"}),
                ("transaction", {"queries": ["INSERT INTO t VALUES (1)"]}),
                ("batch_insert", {"table": "t", "records": [{"a": 1}]}),
            ):
                with pytest.raises(FlowExecutionError, match=r"locked by another writer, also after 0\.02 s"):
                    await db.call(task, **arguments)
            other.execute("ROLLBACK")
        assert await db.value("SELECT count(*) FROM t") == 0


async def test_a_cancelled_query_ends_at_the_database(sqlite: Sqlite, statements: list[Statement]) -> None:
    async with sqlite(database=":memory:") as db:
        task = asyncio.create_task(db.call("query", query=FOREVER))
        await asyncio.wait((task,), timeout=0.02)
        task.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await db.value("SELECT 1") == 1

    assert [(sent.text, sent.error) for sent in statements] == [(FOREVER, "CancelledError"), ("SELECT 1", None)]


async def test_a_cancelled_wait_for_a_lock_ends_soon(sqlite: Sqlite, tmp_path: Path) -> None:
    async with sqlite(timeout=600) as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(db.call("execute", query="INSERT INTO t VALUES (1)"))
            await asyncio.wait((task,), timeout=0.02)
            task.cancel()
            async with asyncio.timeout(5):
                await asyncio.wait((task,))
            other.execute("COMMIT")
        assert await db.value("SELECT count(*) FROM t") == 0


@pytest.mark.parametrize("database", ["test.db", ":memory:"])
async def test_a_transaction_cancelled_at_any_moment_takes_effect_as_a_whole_or_not_at_all(
    sqlite: Sqlite, database: str
) -> None:
    async with sqlite(database=database) as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        inserts = [f"INSERT INTO t VALUES ({number})" for number in range(3)]
        outcomes = set()
        for ticks in range(60):
            task = asyncio.create_task(db.call("transaction", queries=inserts))
            for _ in range(ticks):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait((task,))
            count = await db.value("SELECT count(*) FROM t")
            outcomes.add(count)
            assert count in (0, 3)
            await db.call("execute", query="DELETE FROM t")

    assert 0 in outcomes


async def test_a_transaction_that_times_out_in_the_middle_is_undone(
    sqlite: Sqlite, tmp_path: Path, statements: list[Statement]
) -> None:
    async with sqlite() as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await db.call("transaction", queries=["INSERT INTO t VALUES (1)", FOREVER])
        assert [(sent.text, sent.error) for sent in statements[-2:]] == [
            (FOREVER, "CancelledError"),
            ("ROLLBACK", None),
        ]
        assert seen_from_outside(tmp_path / "test.db", "SELECT count(*) FROM t") == [(0,)]
        await db.call("execute", query="INSERT INTO t VALUES (2)")


async def test_a_batch_that_is_cancelled_is_undone(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        records = [{"a": number} for number in range(200_000)]
        task = asyncio.create_task(db.call("batch_insert", table="t", records=records, batch_size=200_000))
        await asyncio.wait((task,), timeout=0.05)
        task.cancel()
        await asyncio.wait((task,))
        assert task.cancelled()
        assert await db.value("SELECT count(*) FROM t") == 0


PROGRAM = """
import asyncio, os, sys
from flowlang.connections.manager import ConnectionSpec, open_connections
from flowlang_plugins.sqlite import SQLitePlugin

async def main():
    opened = await open_connections([ConnectionSpec("db", "sqlite", SQLitePlugin, {"database": sys.argv[1]})])
    BODY

kept = asyncio.run(main())
"""

KILLED = """
    connection = await opened.acquire("db")
    await connection.execute("CREATE TABLE t (a)")
    async with connection.atomic():
        await connection.send("INSERT INTO t VALUES (1)")
        os._exit(9)
"""


def test_a_killed_process_leaves_nothing_of_its_transaction(tmp_path: Path) -> None:
    program = PROGRAM.replace("    BODY", KILLED)
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "x.db")], timeout=30)

    assert killed.returncode == 9
    assert seen_from_outside(tmp_path / "x.db", "SELECT count(*) FROM t") == [(0,)]


def test_a_process_that_forgets_to_close_ends_all_the_same(tmp_path: Path) -> None:
    program = PROGRAM.replace("BODY", "return opened")
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "x.db")], check=True, timeout=30)


async def test_two_hundred_steps_that_end_in_every_way_leave_the_database_usable(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query="CREATE TABLE t (a)")

        async def step(number: int) -> None:
            if number % 4 == 0:
                await db.call("transaction", queries=["INSERT INTO t VALUES (1)", "SELECT nope"])
            elif number % 4 == 1:
                async with asyncio.timeout(0.01):
                    await db.call("transaction", queries=["INSERT INTO t VALUES (2)", FOREVER])
            elif number % 4 == 2:
                await db.call("query", query=FOREVER)
            else:
                await db.call("execute", query="INSERT INTO t VALUES (3)")

        steps = [asyncio.create_task(step(number)) for number in range(200)]
        while not all(task.done() for task in steps):
            await asyncio.wait(steps, timeout=0.01)
            for task in steps[2::4]:
                task.cancel()
        endings = await asyncio.gather(*steps, return_exceptions=True)
        kinds = [FlowExecutionError, TimeoutError, asyncio.CancelledError, type(None)]
        assert [type(ending) for ending in endings] == kinds * 50
        assert await db.rows("SELECT a, count(*) AS n FROM t GROUP BY a") == [{"a": 3, "n": 50}]


async def test_a_custom_task_works_with_an_aiosqlite_connection(sqlite: Sqlite) -> None:
    async def own(connection: Any) -> Any:
        await connection.execute("CREATE TABLE t (a)")
        await connection.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)])
        await connection.commit()
        async with connection.execute("SELECT a FROM t") as cursor:
            return [row["a"] async for row in cursor]

    async with sqlite() as db:
        assert await db.step(own) == [1, 2]
        assert await db.value("SELECT count(*) FROM t") == 2


async def test_what_a_custom_task_leaves_behind_does_not_reach_the_next_step(sqlite: Sqlite) -> None:
    async def careless(connection: Any) -> None:
        connection.row_factory = lambda cursor, row: "nothing"
        await connection.execute("BEGIN IMMEDIATE")
        await connection.execute("INSERT INTO t VALUES (1)")
        await connection.close()

    async with sqlite(database=":memory:") as db:
        await db.call("execute", query="CREATE TABLE t (a)")
        await db.step(careless)
        assert await db.rows("SELECT count(*) AS n FROM t") == [{"n": 0}]


async def test_a_custom_task_that_is_cancelled_leaves_nothing_running(sqlite: Sqlite) -> None:
    async def endless(connection: Any) -> None:
        await connection.execute("BEGIN")
        await connection.execute(FOREVER)

    async with sqlite(database=":memory:") as db:
        task = asyncio.create_task(db.step(endless))
        await asyncio.wait((task,), timeout=0.02)
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait((task,))
            assert await db.value("SELECT 1") == 1


WRITES = [
    "INSERT INTO t VALUES (2)",
    "WITH x AS (SELECT 2) INSERT INTO t SELECT * FROM x",
    "REPLACE INTO t VALUES (2)",
    "INSERT INTO t VALUES (2) RETURNING a",
    "UPDATE t SET a = 2",
    "DELETE FROM t",
    "DROP TABLE t",
    "CREATE TABLE u (a)",
    "CREATE INDEX i ON t (a)",
    "ALTER TABLE t ADD COLUMN b",
    "/* SELECT */ DELETE FROM t",
    "VACUUM",
    "VACUUM INTO '{folder}/copy.db'",
    "ATTACH '{folder}/other.db' AS o",
    "ATTACH '{folder}/brand_new.db' AS o",
    "ATTACH 'file:{folder}/other.db?mode=rw' AS o",
    "PRAGMA query_only = OFF",
    "PRAGMA query_only(0)",
    "PRAGMA writable_schema = ON",
    "PRAGMA user_version = 7",
    "PRAGMA application_id = 7",
    "PRAGMA journal_mode = WAL",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA wal_checkpoint",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA optimize",
    "PRAGMA incremental_vacuum",
    "PRAGMA auto_vacuum = 1",
    "PRAGMA schema_version = 9",
    "PRAGMA main.user_version = 7",
    "SELECT writefile('{folder}/x', 'y')",
    "SELECT load_extension('x')",
    "REINDEX t",
    "ANALYZE",
    "BEGIN EXCLUSIVE",
]


@pytest.mark.parametrize("task", ["query", "execute", "transaction"])
async def test_a_read_only_connection_writes_nothing_anywhere(sqlite: Sqlite, tmp_path: Path, task: str) -> None:
    for name in ("test.db", "other.db"):
        with closing(sqlite3.connect(tmp_path / name)) as made:
            made.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    before = contents(tmp_path)

    async with sqlite(read_only=True) as db:
        for write in WRITES:
            query = write.format(folder=tmp_path)
            arguments = {"queries": [query]} if task == "transaction" else {"query": query}
            try:
                await db.call(task, **arguments)
            except FlowExecutionError:
                continue
            assert write == "REINDEX t", f"not refused: {write}"
        with pytest.raises(FlowExecutionError):
            await db.call("batch_insert", table="t", records=[{"a": 2}])
        with pytest.raises(FlowExecutionError):
            await db.call("batch_update", table="t", updates=[{"a": 1, "b": 2}], key_field="a")

    assert contents(tmp_path) == before


async def test_a_read_only_connection_reads_everything(sqlite: Sqlite) -> None:
    async with sqlite() as db:
        await db.call("execute", query="CREATE TABLE t (a)")
    async with sqlite(read_only=True) as db:
        assert await db.rows("SELECT * FROM t") == []
        assert (await db.rows("PRAGMA table_info(t)"))[0]["name"] == "a"
        assert await db.rows("SELECT name FROM pragma_table_info('t')") == [{"name": "a"}]
        assert await db.value("PRAGMA user_version") == 0
        assert await db.rows("EXPLAIN QUERY PLAN SELECT * FROM t")
        assert (await db.call("transaction", queries=["SELECT 1 AS x"]))["results"][0]["rows"] == [{"x": 1}]


async def test_the_log_of_the_driver_tells_no_values(sqlite: Sqlite, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "aiosqlite")
    async with sqlite() as db:
        await db.value("SELECT ?", ["canary-4711"])

    assert "canary" not in caplog.text
