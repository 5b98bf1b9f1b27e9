"""What the MySQL plugin writes for people, and says of itself."""

from __future__ import annotations

import runpy
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import yaml

import flowlang
from flowlang.connections.config import check_config
from flowlang.connections.discovery import Plugins
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


def test_the_scaffolded_config_fits_the_schema() -> None:
    plugin = MySQLPlugin()
    config = yaml.safe_load(plugin.scaffold_connection_config("orders"))["orders"]

    assert config.pop("type") == "mysql"
    assert config["url"] == "${env.MYSQL_URL}"
    assert check_config(plugin.get_config_schema(), config)[1] == []


async def test_the_helpers_work_with_a_connection(tmp_path: Path, mysql_database: str) -> None:
    helpers = runpy.run_path(MySQLPlugin().scaffold_task_helpers(str(tmp_path)))
    async with connected(MySQLPlugin, "mysql", url=mysql_database) as db:
        await db.call("execute", query="CREATE TABLE `a b` (x int)")
        await db.call("execute", query="CREATE TABLE c AS SELECT 1 AS x")
        assert await db.step(helpers["table_names"]) == {"tables": ["a b", "c"]}
        assert await db.step(helpers["table_sizes"]) == {"sizes": {"a b": 0, "c": 1}}


def test_every_task_says_what_it_takes_and_gives_with_an_example() -> None:
    plugins = Plugins()
    entry = plugins.get("mariadb")
    assert entry is not None
    for name in entry.tasks:
        info = plugins.task_info(name)
        assert info is not None
        assert info.description
        assert info.results
        assert info.wants_connection
        assert all(parameter.description and parameter.type for parameter in info.parameters), name
        step = yaml.safe_load(info.example)[0][name]
        assert {parameter.name for parameter in info.parameters if parameter.required} <= set(step)


def test_the_plugin_tells_what_it_can_do() -> None:
    info = MySQLPlugin().get_info()

    assert info["tasks"] == [
        f"mysql_{task}" for task in ("query", "execute", "transaction", "batch_insert", "batch_update")
    ]
    can = ("transactional", "server_cancel", "explainable", "read_only", "sandbox")
    assert info["capabilities"] == dict.fromkeys(can, True)
    assert MySQLPlugin().check_dependencies() == (True, [])


def test_everything_but_connecting_works_without_the_driver() -> None:
    program = """
import sys
sys.modules.update(dict.fromkeys({drivers}))
from {module} import {plugin}
plugin = {plugin}()
assert plugin.validate_config({{"host": "h"}})[0]
assert len(plugin.get_builtin_tasks()) == 5
assert plugin.get_info()["tasks"]
assert plugin.addresses({{"host": "h"}})
"""
    program = program.format(
        drivers=["aiomysql", "pymysql"], module=MySQLPlugin.__module__, plugin=MySQLPlugin.__name__
    )
    subprocess.run([sys.executable, "-c", program], check=True)
