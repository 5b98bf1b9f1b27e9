"""What the SQLite plugin writes for people, and says of itself."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

import flowlang
from flowlang.connections.config import check_config
from flowlang.connections.discovery import Plugins
from flowlang.runtime.executor import FlowExecutor
from flowlang_plugins.sqlite import SQLitePlugin


async def test_the_example_flow_checks_clean_and_runs_as_it_is(tmp_path: Path) -> None:
    path = SQLitePlugin().scaffold_example_flow(str(tmp_path / "new"), connection_name="shop")

    assert flowlang.check(Path(path)) == []
    for _ in range(2):
        result = await FlowExecutor().execute_flow(Path(path), {})
        assert result.error is None
        assert result.outputs == {
            "loaded": 3,
            "shipped": 1,
            "new_id": 4,
            "customers": [
                {"customer": "Ada", "orders": 1, "total": 12.5},
                {"customer": "Grace", "orders": 1, "total": 30.0},
                {"customer": "Linus", "orders": 1, "total": 18.0},
            ],
        }


def test_the_scaffolded_config_fits_the_schema() -> None:
    plugin = SQLitePlugin()
    config = yaml.safe_load(plugin.scaffold_connection_config("orders"))["orders"]

    assert config.pop("type") == "sqlite"
    assert config["database"] == "data/orders.db"
    assert check_config(plugin.get_config_schema(), config)[1] == []


async def test_the_helpers_work_with_a_connection(tmp_path: Path, sqlite: Callable[..., Any]) -> None:
    helpers = runpy.run_path(SQLitePlugin().scaffold_task_helpers(str(tmp_path)))
    async with sqlite() as db:
        await db.call(
            "transaction", queries=['CREATE TABLE "a b" (x)', "CREATE TABLE c (x)", "INSERT INTO c VALUES (1)"]
        )
        assert await db.step(helpers["table_names"]) == {"tables": ["a b", "c"]}
        assert await db.step(helpers["table_sizes"]) == {"sizes": {"a b": 0, "c": 1}}


def test_every_task_says_what_it_takes_and_gives_with_an_example() -> None:
    plugins = Plugins()
    entry = plugins.get("sqlite")
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
    info = SQLitePlugin().get_info()

    assert info["tasks"] == [
        f"sqlite_{task}" for task in ("query", "execute", "transaction", "batch_insert", "batch_update")
    ]
    can = ("transactional", "server_cancel", "explainable", "read_only", "sandbox")
    assert info["capabilities"] == dict.fromkeys(can, True)
    assert SQLitePlugin().check_dependencies() == (True, [])
