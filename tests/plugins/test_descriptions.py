"""What each plugin in the box says of itself: the same questions to all of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
import yaml

from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.config import check_config
from flowlang.connections.discovery import Plugins
from flowlang_plugins.mongodb import MongoDBPlugin
from flowlang_plugins.mysql import MySQLPlugin
from flowlang_plugins.postgres import PostgresPlugin
from flowlang_plugins.redis import RedisPlugin
from flowlang_plugins.sqlite import SQLitePlugin

SQL = ("query", "execute", "transaction", "batch_insert", "batch_update")
ALL = {"transactional", "server_cancel", "explainable", "read_only", "sandbox"}


class Told(NamedTuple):
    """A plugin by one of its names, the first of its tasks, what it can do, and what its scaffold leads to."""

    plugin: type[ConnectionPlugin]
    alias: str
    tasks: tuple[str, ...]
    can: set[str]
    scaffolded: Mapping[str, Any]
    drivers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.plugin.name


TABLE = [
    Told(SQLitePlugin, "sqlite", tuple(f"sqlite_{task}" for task in SQL), ALL, {"database": "data/orders.db"}),
    Told(
        PostgresPlugin,
        "postgresql",
        tuple(f"pg_{task}" for task in SQL),
        ALL,
        {"url": "${env.DATABASE_URL}"},
        ("asyncpg",),
    ),
    Told(
        MySQLPlugin,
        "mariadb",
        tuple(f"mysql_{task}" for task in SQL),
        ALL,
        {"url": "${env.MYSQL_URL}"},
        ("aiomysql", "pymysql"),
    ),
    Told(
        RedisPlugin,
        "redis",
        ("redis_get", "redis_set"),
        {"server_cancel", "read_only"},
        {"url": "${env.REDIS_URL}"},
    ),
    Told(
        MongoDBPlugin,
        "mongo",
        tuple(f"mongo_{task}" for task in ("find", "find_one", "insert", "update", "delete", "count", "aggregate")),
        {"server_cancel", "explainable", "read_only"},
        {"database": "orders"},
    ),
]

every_plugin = pytest.mark.parametrize("told", TABLE, ids=str)


@every_plugin
def test_every_task_says_what_it_takes_and_gives_with_an_example(told: Told) -> None:
    plugins = Plugins()
    entry = plugins.get(told.alias)
    assert entry is not None
    for name in entry.tasks:
        info = plugins.task_info(name)
        assert info is not None
        assert info.description
        assert info.results
        assert info.wants_connection
        assert all(parameter.description for parameter in info.parameters), name
        # in Redis any value can be stored
        assert all(parameter.type for parameter in info.parameters) or told.plugin is RedisPlugin, name
        step = yaml.safe_load(info.example)[0][name]
        assert {parameter.name for parameter in info.parameters if parameter.required} <= set(step)
        assert set(step) - {"id", "connection", "outputs"} <= {parameter.name for parameter in info.parameters}


@every_plugin
def test_the_scaffolded_config_fits_the_schema(told: Told) -> None:
    plugin = told.plugin()
    config = yaml.safe_load(plugin.scaffold_connection_config("orders"))["orders"]

    assert config.pop("type") == plugin.name
    assert config.items() >= told.scaffolded.items()
    assert check_config(plugin.get_config_schema(), config)[1] == []


@every_plugin
def test_the_plugin_tells_what_it_can_do(told: Told) -> None:
    info = told.plugin().get_info()

    assert tuple(info["tasks"])[: len(told.tasks)] == told.tasks
    assert len(info["tasks"]) == (32 if told.plugin is RedisPlugin else len(told.tasks))
    assert info["capabilities"] == {name: name in told.can for name in ALL}
    assert told.plugin().check_dependencies() == (True, [])


@pytest.mark.parametrize("told", [one for one in TABLE if one.drivers], ids=str)
def test_everything_but_connecting_works_without_the_driver(told: Told) -> None:
    program = f"""
import sys
sys.modules.update(dict.fromkeys({told.drivers}))
from {told.plugin.__module__} import {told.plugin.__name__}
plugin = {told.plugin.__name__}()
assert plugin.validate_config({{"host": "h"}})[0]
assert len(plugin.get_builtin_tasks()) == 5
assert plugin.get_info()["tasks"]
assert plugin.addresses({{"host": "h"}})
"""
    subprocess.run([sys.executable, "-c", program], check=True)
