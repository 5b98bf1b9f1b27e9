"""Procedures of MySQL, which give several results: all of them together are one statement."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from flowlang.errors import FlowExecutionError
from flowlang_plugins.mysql import MySQLPlugin
from tests.plugins.connected import Connected, connected
from tests.plugins.onlookers import MySQLOnlooker

MySQL = Callable[..., Any]


@pytest.fixture
def mysql(mysql_database: str) -> MySQL:
    """Opens an empty database for an `async with` block."""
    return partial(connected, MySQLPlugin, "mysql", url=mysql_database)


async def create(db: Connected, body: str) -> None:
    await db.call("execute", query="DROP PROCEDURE IF EXISTS p")
    await db.call("execute", query=f"CREATE PROCEDURE p() BEGIN {body} END")


async def call(db: Connected, body: str) -> Any:
    """What a query that calls a procedure gives."""
    await create(db, body)
    return await db.call("query", query="CALL p()")


async def test_the_first_result_with_rows_is_that_of_the_query(mysql: MySQL) -> None:
    async with mysql() as db:
        assert (await call(db, "DO 1; SELECT 5 AS a; SELECT 6 AS b;"))["rows"] == [{"a": 5}]
        assert (await db.call("query", query="SELECT 7 AS a"))["rows"] == [{"a": 7}]


async def test_a_later_result_that_takes_too_long_ends_at_the_server(mysql: MySQL, mysql_database: str) -> None:
    async with mysql(timeout=0.3) as db:
        with pytest.raises(FlowExecutionError, match=r"did not finish the statement within 0\.3 s"):
            await call(db, "SELECT 1; SELECT sleep(60);")
        await MySQLOnlooker(mysql_database).sees(0, MySQLOnlooker.busy)
        assert (await db.call("query", query="SELECT 7 AS a"))["rows"] == [{"a": 7}]


async def test_the_results_count_together(mysql: MySQL) -> None:
    async with mysql(max_result_mb=1) as db:
        assert (await call(db, "SELECT repeat('x', 600000) AS a; SELECT 1;"))["count"] == 1
        with pytest.raises(FlowExecutionError, match="the result is larger than 1 MB"):
            await call(db, "SELECT repeat('x', 600000) AS a; SELECT repeat('y', 600000) AS b;")


async def test_a_later_result_that_fails_is_the_error_of_the_query(mysql: MySQL) -> None:
    async with mysql() as db:
        with pytest.raises(FlowExecutionError, match="Unknown column 'nope'"):
            await call(db, "SELECT 1; SELECT nope;")


async def test_the_results_that_a_custom_task_fetches_are_bounded_too(mysql: MySQL) -> None:
    async def work(connection: Any) -> None:
        async with connection.cursor() as cursor:
            await cursor.execute("CALL p()")
            assert await cursor.fetchall() == ((1,),)
            with pytest.raises(TimeoutError, match=r"no answer within 0\.3 s"):
                await cursor.nextset()

    async with mysql(timeout=0.3) as db:
        await create(db, "SELECT 1; SELECT sleep(60);")
        await db.step(work)
        assert (await db.call("query", query="SELECT 7 AS a"))["rows"] == [{"a": 7}]
