"""What the MySQL plugin writes for people."""

from __future__ import annotations

import runpy
from decimal import Decimal
from pathlib import Path

import flowlang
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.mysql import MySQLPlugin
from tests.plugins.connected import connected


async def test_the_example_flow_checks_clean_and_runs_as_it_is(tmp_path: Path, mysql_database: str) -> None:
    path = Path(MySQLPlugin().scaffold_example_flow(str(tmp_path / "new"), connection_name="shop"))

    assert flowlang.check(path) == []
    for _ in range(2):
        result = await FlowExecutor(env={"MYSQL_URL": mysql_database}).execute_flow(path, {})
        assert result.error is None
        assert result.outputs == {
            "loaded": 3,
            "shipped": 1,
            "new_id": 4,
            "customers": [
                {"customer": "Ada", "orders": 1, "total": Decimal("17.50")},
                {"customer": "Grace", "orders": 1, "total": Decimal("25.00")},
                {"customer": "Linus", "orders": 1, "total": Decimal("18.00")},
            ],
        }


async def test_the_helpers_work_with_a_connection(tmp_path: Path, mysql_database: str) -> None:
    helpers = runpy.run_path(MySQLPlugin().scaffold_task_helpers(str(tmp_path)))
    async with connected(MySQLPlugin, "mysql", url=mysql_database) as db:
        await db.call("execute", query="CREATE TABLE `a b` (x int)")
        await db.call("execute", query="CREATE TABLE c AS SELECT 1 AS x")
        assert await db.step(helpers["table_names"]) == {"tables": ["a b", "c"]}
        assert await db.step(helpers["table_sizes"]) == {"sizes": {"a b": 0, "c": 1}}
