"""The MySQL plugin: its configuration, and what it does in its own way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from flowlang_plugins.mysql.settings import SCHEMA, Settings, problem
from flowlang_plugins.sql.plugin import ServerPlugin

if TYPE_CHECKING:
    from flowlang_plugins.mysql.connection import MySQLConnection
    from flowlang_plugins.mysql.sandbox import SandboxedMySQL
    from flowlang_plugins.scaffolds import Templates
    from flowlang_plugins.sql.marks import Marks


class MySQLPlugin(ServerPlugin["MySQLConnection"]):
    """MySQL and MariaDB databases, through aiomysql.

    A step has its session for itself and gives it back clean: an open transaction is rolled back, variables,
    locks and temporary tables are reset. Custom tasks get an `aiomysql.Connection`.
    """

    name = "mysql"
    aliases = ("mariadb",)
    description = "MySQL and MariaDB databases"
    version = "1.0.0"
    port = 3306
    url_variable = "MYSQL_URL"
    reading_tasks = frozenset({"mysql_query"})

    def get_config_schema(self) -> dict[str, Any]:
        return SCHEMA

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        why = problem(config)
        return why is None, why

    def _opener(self, config: dict[str, Any]) -> Callable[[], Awaitable[MySQLConnection]]:
        from flowlang_plugins.mysql.opening import opener

        return opener(Settings.of(config))

    def _new_marks(self) -> Marks:
        from flowlang_plugins.sql.marks import Marks

        return Marks(lambda _: "%s", text="longtext", options=" ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")

    async def _sandboxed(self, config: dict[str, Any]) -> SandboxedMySQL:
        from flowlang_plugins.mysql.opening import opener_of
        from flowlang_plugins.mysql.sandbox import SandboxedMySQL

        session = await opener_of(SandboxedMySQL, Settings.of(config))()
        await session.begin_sandbox()
        return session

    async def check(self, connection: MySQLConnection) -> str:
        row = (await connection.send("SELECT version() AS version, coalesce(database(), '(none)') AS name")).rows[0]
        server = "MariaDB" if "mariadb" in row["version"].lower() else "MySQL"
        return f"{server} {row['version'].partition('-')[0]}, database {row['name']}"

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

    def _templates(self) -> Templates:
        from flowlang_plugins.mysql import templates

        return templates
