"""A read-only PostgreSQL connection writes nothing, however the writing is dressed up."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import asyncpg
import pytest

from flowlang.errors import FlowExecutionError
from flowlang_plugins.postgres import PostgresPlugin
from tests.plugins.connected import Connected, connected

SETUP = """
CREATE TABLE t (a int PRIMARY KEY, b text);
INSERT INTO t VALUES (1, 'x');
CREATE SEQUENCE s;
CREATE VIEW v AS SELECT * FROM t;
CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (99, ''f'') RETURNING a';
CREATE FUNCTION sly() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO t VALUES (98, 'g'); RETURN 1; END $$;
CREATE FUNCTION shy() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
  EXECUTE 'SET TRANSACTION READ WRITE'; EXECUTE 'DELETE FROM t'; RETURN 1; END $$;
CREATE PROCEDURE proc() LANGUAGE plpgsql AS $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM t; COMMIT; END $$;
"""

ALONE = [
    "INSERT INTO t VALUES (2, 'y')",
    "insert into t values (2, 'y') returning *",
    "UPDATE t SET b = 'y'",
    "DELETE FROM t",
    "TRUNCATE t",
    "MERGE INTO t USING (SELECT 1 AS a) n ON t.a = n.a WHEN MATCHED THEN DELETE",
    "WITH w AS (INSERT INTO t VALUES (3, 'z') RETURNING a) SELECT * FROM w",
    "WITH w AS (UPDATE t SET b = 'y' RETURNING a) SELECT * FROM w",
    "WITH w AS (DELETE FROM t RETURNING a) SELECT * FROM w",
    "WITH RECURSIVE w AS (DELETE FROM t RETURNING a) SELECT * FROM w",
    "/* SELECT */ DELETE FROM t",
    "/* SELECT /* nested */ */ DELETE FROM t",
    "-- SELECT\nDELETE FROM t",
    "; DELETE FROM t",
    "\ufeffDELETE FROM t",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; COMMIT; DELETE FROM t",
    "COMMIT; DELETE FROM t",
    "SELECT sneak()",
    "SELECT sly()",
    "SELECT shy()",
    "SELECT (SELECT sneak()) FROM t",
    "SELECT * FROM sneak()",
    "SELECT a FROM t WHERE a = sneak()",
    "VALUES (sneak())",
    "CALL proc()",
    "DO $$ BEGIN DELETE FROM t; END $$",
    "DO $$ BEGIN EXECUTE 'COPY t TO ''{file}'''; END $$",
    "DO LANGUAGE plpgsql $x$ BEGIN PERFORM sneak(); END $x$",
    "SELECT * INTO t2 FROM t",
    "SELECT * INTO TEMP t2 FROM t",
    "CREATE TABLE t2 (a int)",
    "CREATE TABLE t2 AS SELECT * FROM t",
    "CREATE TEMP TABLE t2 AS SELECT * FROM t",
    "CREATE UNLOGGED TABLE t2 (a int)",
    "CREATE VIEW v2 AS SELECT 1",
    "CREATE MATERIALIZED VIEW v2 AS SELECT 1",
    "CREATE INDEX ON t (b)",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA s2",
    "CREATE ROLE sneaky",
    "CREATE EXTENSION IF NOT EXISTS pgcrypto",
    "CREATE SEQUENCE s2",
    "CREATE TYPE mood AS ENUM ('x')",
    "CREATE RULE r AS ON SELECT TO t DO INSTEAD NOTHING",
    "ALTER TABLE t ADD c int",
    "ALTER TABLE t RENAME TO t2",
    "ALTER SYSTEM SET work_mem = '5MB'",
    "ALTER ROLE CURRENT_USER SET default_transaction_read_only = off",
    "ALTER DATABASE postgres SET work_mem = '5MB'",
    "DROP TABLE t",
    "DROP FUNCTION sneak()",
    "COMMENT ON TABLE t IS 'x'",
    "GRANT SELECT ON t TO PUBLIC",
    "REVOKE ALL ON t FROM PUBLIC",
    "VACUUM t",
    "ANALYZE t",
    "CLUSTER t",
    "REINDEX TABLE t",
    "CHECKPOINT",
    "LOCK TABLE t IN EXCLUSIVE MODE",
    "SELECT nextval('s')",
    "SELECT setval('s', 100)",
    "SELECT * FROM t FOR UPDATE",
    "COPY t FROM '/etc/hostname'",
    "COPY t FROM PROGRAM 'echo 5,x'",
    "COPY t TO '{file}'",
    "COPY (SELECT 1) TO PROGRAM 'cat > {file}'",
    "/**/ COPY (SELECT 1) TO '{file}'",
    "; COPY (SELECT 1) TO '{file}'",
    "EXPLAIN ANALYZE INSERT INTO t VALUES (4, 'e')",
    "EXPLAIN (ANALYZE) DELETE FROM t",
    "EXPLAIN ANALYZE SELECT sneak()",
    "EXPLAIN ANALYZE CREATE TABLE t2 AS SELECT 1",
    "PREPARE p AS DELETE FROM t",
    "SELECT lo_create(424242)",
    "SELECT lo_from_bytea(424243, 'x')",
    "SELECT query_to_xml('DELETE FROM t', true, true, '')",
    "SELECT query_to_xml('SELECT sneak()', true, true, '')",
    "SELECT set_config('transaction_read_only', 'off', false), sneak()",
    "SELECT set_config('default_transaction_read_only', 'off', false), sneak()",
    "NOTIFY news, 'x'",
    "LOAD 'plpgsql'",
    "IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public",
    "SECURITY LABEL ON TABLE t IS 'x'",
    "DISCARD ALL",
    "REFRESH MATERIALIZED VIEW v",
    "BEGIN READ WRITE",
    "SET default_transaction_read_only = off",
    "RESET default_transaction_read_only",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SET TRANSACTION READ WRITE",
]

#: In order on one session, whose last statement would write if one before it had lifted the restriction.
TOGETHER = [
    ["SET TRANSACTION READ WRITE"],
    ["SELECT set_config('transaction_read_only', 'off', false)"],
    ["SELECT set_config('default_transaction_read_only', 'off', false)"],
    ["SET default_transaction_read_only = off"],
    ["SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"],
    ["SET default_transaction_read_only = off", "COMMIT"],
    ["COMMIT AND CHAIN", "SET TRANSACTION READ WRITE"],
    ["SAVEPOINT x", "SET TRANSACTION READ WRITE"],
    ["ROLLBACK", "BEGIN READ WRITE"],
    ["END", "START TRANSACTION READ WRITE"],
    ["ABORT"],
    ["RESET ALL"],
    ["DISCARD ALL"],
    ["PREPARE TRANSACTION 'x'"],
]
LAST = "INSERT INTO t VALUES (50, 'last')"


async def fingerprint(url: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(
            "SELECT (SELECT json_agg(t ORDER BY a) FROM t)::text, (SELECT last_value FROM s), "
            "(SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type), "
            "(SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_roles), "
            "(SELECT count(*) FROM pg_namespace), (SELECT count(*) FROM pg_db_role_setting), "
            "(SELECT count(*) FROM pg_description WHERE objoid = 't'::regclass), "
            "(SELECT relacl FROM pg_class WHERE oid = 't'::regclass)::text"
        )
    finally:
        await connection.close()


@pytest.fixture
async def reader(postgres_database: str) -> AsyncIterator[Connected]:
    connection = await asyncpg.connect(postgres_database)
    await connection.execute(SETUP)
    await connection.close()
    async with connected(PostgresPlugin, "pg", url=postgres_database, read_only=True, pool_size=1) as db:
        yield db


async def attempt(db: Connected, task: str, **arguments: Any) -> bool:
    try:
        await db.call(task, **arguments)
    except FlowExecutionError:
        return False
    return True


@pytest.fixture
def file() -> Path:
    """A file that the server could write, if it were let."""
    return Path(gettempdir()) / f"flowlang_test_{os.getpid()}"


async def test_disguised_writes_have_no_effect(reader: Connected, postgres_database: str, file: Path) -> None:
    before = await fingerprint(postgres_database)
    for text in ALONE:
        statement = text.replace("{file}", str(file))
        for task in ("query", "execute"):
            await attempt(reader, task, query=statement)
        assert not await attempt(reader, "transaction", queries=[statement, LAST]), statement
        assert await fingerprint(postgres_database) == before, statement
    assert list(file.parent.glob(file.name)) == []


@pytest.mark.parametrize("task", ["query", "transaction"])
async def test_the_restriction_cannot_be_lifted(reader: Connected, postgres_database: str, task: str) -> None:
    before = await fingerprint(postgres_database)
    for statements in TOGETHER:
        if task == "transaction":
            await attempt(reader, "transaction", queries=[*statements, LAST])
        else:
            for statement in (*statements, LAST):
                await attempt(reader, "query", query=statement)
        assert await fingerprint(postgres_database) == before, statements


async def test_custom_tasks_cannot_write_either(reader: Connected, postgres_database: str) -> None:
    before = await fingerprint(postgres_database)

    async def tricks(connection: Any) -> None:
        async def lifted() -> None:
            await connection.fetchval("SELECT set_config('default_transaction_read_only', 'off', false)")

        async def in_transaction() -> None:
            async with connection.transaction():
                await connection.fetch("SELECT lo_create(424244)")
                await connection.execute(LAST)

        async def large_object() -> None:
            async with connection.transaction():
                await connection.fetch("SELECT lo_create(424245)")

        async def prepared() -> None:
            await lifted()
            await (await connection.prepare("SELECT sneak()")).fetch()

        async def copied() -> None:
            await lifted()
            await connection.copy_records_to_table("t", records=[(60, "c")])

        for trick in (
            lambda: connection.execute(LAST),
            lambda: connection.execute(f"COMMIT; BEGIN READ WRITE; {LAST}; COMMIT"),
            lambda: connection.execute(f"SELECT 1; {LAST}"),
            lambda: connection.execute("INSERT INTO t VALUES ($1)", 61),
            lambda: connection.fetch("SELECT sneak()"),
            lambda: connection.fetchval(f"{LAST} RETURNING a"),
            lambda: connection.executemany("INSERT INTO t VALUES ($1)", [(62,)]),
            in_transaction,
            large_object,
            prepared,
            copied,
            lifted,
            lambda: connection.execute(LAST),
        ):
            try:
                await trick()
            except (FlowExecutionError, asyncpg.PostgresError, asyncpg.InterfaceError):
                continue

    for _ in range(2):
        await reader.step(tricks)
        assert await fingerprint(postgres_database) == before


async def test_batches_are_refused(reader: Connected, postgres_database: str) -> None:
    before = await fingerprint(postgres_database)
    assert not await attempt(reader, "batch_insert", table="t", records=[{"a": 7}])
    assert not await attempt(reader, "batch_insert", table="v", records=[{"a": 7}])
    assert not await attempt(reader, "batch_update", table="t", updates=[{"a": 1, "b": "z"}], key_field="a")
    assert await fingerprint(postgres_database) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT b FROM t",
        "(SELECT b FROM t)",
        "WITH w AS (SELECT b FROM t) SELECT * FROM w",
        "VALUES ('x')",
        "TABLE v",
        "SHOW server_version",
        "EXPLAIN ANALYZE SELECT * FROM t",
        "-- delete\nSELECT 'DELETE FROM t'",
    ],
)
async def test_reading_works(reader: Connected, query: str) -> None:
    assert (await reader.call("query", query=query))["count"] >= 1
    assert (await reader.call("transaction", queries=[query]))["count"] == 1


async def test_a_refusal_says_why(reader: Connected) -> None:
    with pytest.raises(FlowExecutionError, match="INSERT is refused on a read-only connection"):
        await reader.call("query", query=LAST)
    with pytest.raises(FlowExecutionError, match="cannot execute INSERT in a read-only transaction") as raised:
        await reader.call("query", query="SELECT sneak()")
    assert raised.value.hint == "the connection, or the server, is read-only"
