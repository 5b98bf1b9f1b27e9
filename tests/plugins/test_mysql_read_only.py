"""A read-only MySQL connection writes nothing, however the writing is dressed up."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import unquote, urlsplit

import aiomysql
import pytest
from pymysql.constants import CLIENT

from flowlang.errors import FlowExecutionError
from flowlang_plugins.mysql import MySQLPlugin
from tests.plugins.connected import Connected, connected

SETUP = """
CREATE TABLE t (a int PRIMARY KEY, b varchar(50));
INSERT INTO t VALUES (1, 'x');
CREATE TABLE old (a int) ENGINE = MyISAM;
CREATE SEQUENCE s;
CREATE VIEW v AS SELECT * FROM t;
CREATE FUNCTION sneak() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO t VALUES (99, 'f'); RETURN 1; END;
CREATE FUNCTION old_sneak() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO old VALUES (99); RETURN 1; END;
CREATE PROCEDURE proc() BEGIN COMMIT; SET SESSION TRANSACTION READ WRITE; DELETE FROM t; COMMIT; END
"""

ALONE = [
    "INSERT INTO t VALUES (2, 'y')",
    "INSERT INTO t VALUES (2, 'y') RETURNING a",
    "INSERT IGNORE INTO t VALUES (2, 'y')",
    "INSERT DELAYED INTO old VALUES (2)",
    "INSERT INTO old VALUES (2)",
    "INSERT INTO t SELECT 5, 'x'",
    "INSERT INTO t VALUES (1, 'z') ON DUPLICATE KEY UPDATE b = 'z'",
    "REPLACE INTO t VALUES (1, 'y')",
    "UPDATE t SET b = 'y'",
    "UPDATE t, v SET t.b = 'y'",
    "UPDATE v SET b = 'y'",
    "DELETE FROM t",
    "DELETE t FROM t JOIN v ON v.a = t.a",
    "DELETE FROM old",
    "TRUNCATE t",
    "TRUNCATE TABLE old",
    "WITH w AS (SELECT 1 AS a) DELETE FROM t WHERE a IN (SELECT a FROM w)",
    "WITH w AS (SELECT 1 AS a) UPDATE t SET b = 'y'",
    "/* SELECT */ DELETE FROM t",
    "/*! DELETE FROM t */",
    "/*!50000 DELETE FROM t */",
    "/*M! DELETE FROM t */",
    "-- SELECT\nDELETE FROM t",
    "# SELECT\nDELETE FROM t",
    "; DELETE FROM t",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; COMMIT; DELETE FROM t",
    "COMMIT; DELETE FROM t",
    "SELECT sneak()",
    "SELECT old_sneak()",
    "SELECT (SELECT sneak()) FROM t",
    "SELECT a FROM t WHERE a = sneak()",
    "VALUES (sneak())",
    "WITH w AS (SELECT sneak() AS n) SELECT * FROM w",
    "DO sneak()",
    "CALL proc()",
    "BEGIN NOT ATOMIC DELETE FROM t; END",
    "EXECUTE IMMEDIATE 'DELETE FROM t'",
    "PREPARE p FROM 'DELETE FROM t'",
    "SELECT * FROM t INTO OUTFILE '{file}'",
    "SELECT 'x' INTO DUMPFILE '{file}'",
    "SELECT a INTO OUTFILE '{file}' FROM t",
    "SELECT 'x' /*! INTO OUTFILE '{file}' */",
    "SELECT 'x' /*!50000 INTO DUMPFILE '{file}' */",
    "(SELECT 'x' INTO OUTFILE '{file}')",
    "SELECT 'it\\'s' INTO OUTFILE '{file}'",
    'SELECT "a\\"" INTO OUTFILE \'{file}\'',
    "SELECT * FROM t UNION SELECT 1, 2 INTO OUTFILE '{file}'",
    "LOAD DATA INFILE '/etc/hostname' INTO TABLE t",
    "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t",
    "CREATE TABLE t2 (a int)",
    "CREATE TABLE t2 SELECT * FROM t",
    "CREATE TEMPORARY TABLE t2 SELECT * FROM t",
    "CREATE OR REPLACE TABLE t (a int)",
    "CREATE VIEW v2 AS SELECT 1",
    "CREATE INDEX i ON t (b)",
    "CREATE FUNCTION f() RETURNS int RETURN 1",
    "CREATE PROCEDURE p2() SELECT 1",
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 'z'",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t",
    "CREATE DATABASE flowlang_sneaked",
    "CREATE USER flowlang_sneaked",
    "CREATE SEQUENCE s2",
    "ALTER TABLE t ADD c int",
    "ALTER VIEW v AS SELECT 1",
    "ALTER SEQUENCE s RESTART 50",
    "ALTER USER CURRENT_USER PASSWORD EXPIRE NEVER",
    "RENAME TABLE t TO t2",
    "DROP TABLE t",
    "DROP VIEW v",
    "DROP FUNCTION sneak",
    "DROP DATABASE flowlang_sneaked",
    "GRANT SELECT ON t TO PUBLIC",
    "REVOKE ALL ON t FROM PUBLIC",
    "OPTIMIZE TABLE t",
    "ANALYZE TABLE t",
    "REPAIR TABLE old",
    "LOCK TABLES t WRITE",
    "FLUSH TABLES",
    "RESET QUERY CACHE",
    "SELECT NEXTVAL(s)",
    "SELECT NEXT VALUE FOR s",
    "SELECT NEXT /**/ VALUE FOR s",
    "SELECT SETVAL(s, 100)",
    "SELECT nextval(`s`)",
    "EXPLAIN ANALYZE DELETE FROM t",
    "ANALYZE FORMAT = JSON DELETE FROM t",
    "ANALYZE DELETE FROM t",
    "EXPLAIN DELETE FROM t",
    "HANDLER t OPEN",
    "KILL 1",
    "SET GLOBAL max_connections = 301",
    "SET PASSWORD = PASSWORD('only-for-tests')",
    "SET STATEMENT max_statement_time = 5 FOR DELETE FROM t",
    "SET SESSION TRANSACTION READ WRITE",
    "SET @@session.tx_read_only = 0",
    "SET autocommit = 0",
    "START TRANSACTION READ WRITE",
    "INSTALL SONAME 'ha_blackhole'",
    "SELECT @a := sneak()",
    "SHOW TABLES WHERE sneak() = 1",
]

#: In order on one session, whose last statement would write if one before it had lifted the restriction.
TOGETHER = [
    ["SET SESSION TRANSACTION READ WRITE"],
    ["SET TRANSACTION READ WRITE"],
    ["SET @@session.tx_read_only = 0"],
    ["SET tx_read_only = OFF", "COMMIT"],
    ["COMMIT"],
    ["COMMIT AND CHAIN"],
    ["ROLLBACK", "START TRANSACTION READ WRITE"],
    ["/*!50000 COMMIT */"],
    ["BEGIN"],
    ["SET autocommit = 1"],
    ["SET STATEMENT tx_read_only = 0 FOR COMMIT"],
    ["CALL proc()"],
    ["EXECUTE IMMEDIATE 'COMMIT'"],
    ["SELECT 1 INTO @x"],
]
LAST = "INSERT INTO t VALUES (50, 'last')"


def address(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username,
        "password": unquote(parts.password or ""),
        "db": parts.path[1:],
    }


async def fingerprint(url: str) -> Any:
    connection = await aiomysql.connect(autocommit=True, **address(url))
    seen = []
    async with connection.cursor() as cursor:
        for query in (
            "SELECT * FROM t",
            "SELECT * FROM old",
            "SELECT next_not_cached_value, cycle_count FROM s",
            "SHOW FULL TABLES",
            "SHOW CREATE TABLE t",
            "SHOW CREATE VIEW v",
            "SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = database() ORDER BY 1",
            "SELECT count(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = database()",
            "SELECT count(*) FROM information_schema.EVENTS",
            "SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = database()",
            "SELECT User FROM mysql.user ORDER BY 1",
            "SHOW DATABASES LIKE 'flowlang_sneaked'",
            "SELECT @@global.max_connections",
        ):
            await cursor.execute(query)
            seen.append(await cursor.fetchall())
    await connection.ensure_closed()
    return seen


@pytest.fixture
async def reader(mysql_database: str) -> AsyncIterator[Connected]:
    connection = await aiomysql.connect(autocommit=True, client_flag=CLIENT.MULTI_STATEMENTS, **address(mysql_database))
    async with connection.cursor() as cursor:
        for statement in SETUP.strip().split(";\n"):
            await cursor.execute(statement)
    await connection.ensure_closed()
    async with connected(MySQLPlugin, "mysql", url=mysql_database, read_only=True, pool_size=1) as db:
        yield db


@pytest.fixture
def file() -> Path:
    """A file that the server could write, if it were let."""
    return Path(gettempdir()) / f"flowlang_test_{os.getpid()}"


async def attempt(db: Connected, task: str, **arguments: Any) -> bool:
    try:
        await db.call(task, **arguments)
    except FlowExecutionError:
        return False
    return True


async def test_disguised_writes_have_no_effect(reader: Connected, mysql_database: str, file: Path) -> None:
    before = await fingerprint(mysql_database)
    for text in ALONE:
        statement = text.replace("{file}", str(file))
        for task in ("query", "execute"):
            await attempt(reader, task, query=statement)
        assert not await attempt(reader, "transaction", queries=[statement, LAST]), statement
        assert await fingerprint(mysql_database) == before, statement
    assert list(file.parent.glob(file.name)) == []


@pytest.mark.parametrize("task", ["query", "transaction"])
async def test_the_restriction_cannot_be_lifted(reader: Connected, mysql_database: str, task: str) -> None:
    before = await fingerprint(mysql_database)
    for statements in TOGETHER:
        if task == "transaction":
            await attempt(reader, "transaction", queries=[*statements, LAST])
        else:
            for statement in (*statements, LAST):
                await attempt(reader, "query", query=statement)
        assert await fingerprint(mysql_database) == before, statements


async def test_custom_tasks_cannot_write_either(reader: Connected, mysql_database: str) -> None:
    before = await fingerprint(mysql_database)

    async def tricks(connection: Any) -> None:
        async with connection.cursor() as cursor:
            for statement in (
                LAST,
                "SELECT sneak()",
                f"COMMIT; {LAST}",
                f"SELECT 1; {LAST}",
                "SET tx_read_only = 0",
                LAST,
            ):
                try:
                    await cursor.execute(statement)
                    await connection.commit()
                except (FlowExecutionError, aiomysql.MySQLError):
                    continue
            with pytest.raises(FlowExecutionError):
                await cursor.executemany("INSERT INTO t VALUES (%s, %s)", [(5, "x"), (6, "y")])
            await connection.begin()
            with pytest.raises(aiomysql.MySQLError, match="READ ONLY"):
                await cursor.execute("SELECT sneak()")

    for _ in range(2):
        await reader.step(tricks)
        assert await fingerprint(mysql_database) == before


async def test_batches_are_refused(reader: Connected, mysql_database: str) -> None:
    before = await fingerprint(mysql_database)
    assert not await attempt(reader, "batch_insert", table="t", records=[{"a": 7}])
    assert not await attempt(reader, "batch_insert", table="old", records=[{"a": 7}])
    assert not await attempt(reader, "batch_update", table="t", updates=[{"a": 1, "b": "z"}], key_field="a")
    assert await fingerprint(mysql_database) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT b FROM t",
        "(SELECT b FROM t)",
        "WITH w AS (SELECT b FROM t) SELECT * FROM w",
        "VALUES ('x')",
        "SHOW TABLES",
        "DESCRIBE t",
        "EXPLAIN SELECT * FROM t",
        "-- delete\nSELECT 'DELETE FROM t INTO OUTFILE'",
    ],
)
async def test_reading_works(reader: Connected, query: str) -> None:
    assert (await reader.call("query", query=query))["count"] >= 1
    assert (await reader.call("transaction", queries=[query]))["count"] == 1


async def test_a_refusal_says_why(reader: Connected) -> None:
    with pytest.raises(FlowExecutionError, match="INSERT is refused on a read-only connection"):
        await reader.call("query", query=LAST)
    with pytest.raises(FlowExecutionError, match="READ ONLY transaction") as raised:
        await reader.call("query", query="SELECT sneak()")
    assert raised.value.hint == "the connection, or the server, is read-only"
