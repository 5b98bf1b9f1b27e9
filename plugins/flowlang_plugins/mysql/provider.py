"""The MySQL plugin: its configuration, and the life of its connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowlang.connections.base import Address, ConnectionPlugin
from flowlang.errors import ConnectionError
from flowlang_plugins.mysql.settings import SCHEMA, Settings, problem

if TYPE_CHECKING:
    from flowlang_plugins.mysql.connection import MySQLConnection
    from flowlang_plugins.sql.pool import SessionPool


class MySQLPlugin(ConnectionPlugin):
    """MySQL and MariaDB databases, through aiomysql.

    A step has its session for itself and gives it back clean: an open transaction is rolled back, variables,
    locks and temporary tables are reset. Custom tasks get an `aiomysql.Connection`.
    """

    name = "mysql"
    aliases = ("mariadb",)
    description = "MySQL and MariaDB databases"
    version = "1.0.0"
    category = "database"
    transactional = True
    server_cancel = True
    explainable = True
    read_only = True

    def __init__(self) -> None:
        super().__init__()
        self._pool: SessionPool[MySQLConnection] | None = None

    def get_config_schema(self) -> dict[str, Any]:
        return SCHEMA

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        why = problem(config)
        return why is None, why

    async def connect(self, config: dict[str, Any]) -> SessionPool[MySQLConnection]:
        from flowlang_plugins.mysql.opening import opener
        from flowlang_plugins.sql.pool import SessionPool

        settings = Settings.of(config)
        self._pool = SessionPool(opener(settings), config.get("pool_size", 10), config.get("min_pool_size", 1))
        await self._pool.open()
        return self._pool

    async def disconnect(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def get_connection(self) -> MySQLConnection:
        if self._pool is None:
            raise ConnectionError("the connection is not open")
        return await self._pool.acquire()

    async def release_connection(self, connection: MySQLConnection) -> None:
        if self._pool is not None:
            await self._pool.release(connection)

    def try_release(self, connection: MySQLConnection) -> bool:
        return self._pool is None or self._pool.try_release(connection)

    async def check(self, connection: MySQLConnection) -> str:
        row = (await connection.send("SELECT version() AS version, coalesce(database(), '(none)') AS name")).rows[0]
        server = "MariaDB" if "mariadb" in row["version"].lower() else "MySQL"
        return f"{server} {row['version'].partition('-')[0]}, database {row['name']}"

    def addresses(self, config: dict[str, Any]) -> Sequence[Address | Path]:
        return super().addresses(config if config.get("url") else {"host": "localhost", "port": 3306, **config})

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        from flowlang_plugins.mysql import tasks

        return {
            "mysql_query": tasks.mysql_query,
            "mysql_execute": tasks.mysql_execute,
            "mysql_transaction": tasks.mysql_transaction,
            "mysql_batch_insert": tasks.mysql_batch_insert,
            "mysql_batch_update": tasks.mysql_batch_update,
        }

    def get_dependencies(self) -> list[str]:
        return ["aiomysql>=0.2"]

    def scaffold_connection_config(self, name: str = "db", **kwargs: Any) -> str:
        from flowlang_plugins.mysql.templates import CONFIG

        return CONFIG.format(name=name, variable=kwargs.get("variable", "MYSQL_URL"))

    def scaffold_task_helpers(self, output_dir: str, **kwargs: Any) -> str:
        from flowlang_plugins.mysql.templates import HELPERS
        from flowlang_plugins.sql.files import written

        return written(output_dir, "mysql_helpers.py", HELPERS)

    def scaffold_example_flow(self, output_dir: str, connection_name: str = "db", **kwargs: Any) -> str:
        from flowlang_plugins.mysql.templates import EXAMPLE
        from flowlang_plugins.sql.files import written

        return written(output_dir, "mysql_example.yaml", EXAMPLE.replace("CONNECTION", connection_name))
