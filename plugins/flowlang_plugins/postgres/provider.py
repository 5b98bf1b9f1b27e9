"""The PostgreSQL plugin: its configuration, and what it does in its own way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from flowlang_plugins.postgres.settings import SCHEMA, Settings, problem
from flowlang_plugins.sql.plugin import ServerPlugin

if TYPE_CHECKING:
    from flowlang_plugins.postgres.connection import PostgresConnection
    from flowlang_plugins.postgres.sandbox import SandboxedPostgres
    from flowlang_plugins.scaffolds import Templates
    from flowlang_plugins.sql.marks import Marks


class PostgresPlugin(ServerPlugin["PostgresConnection"]):
    """PostgreSQL databases, through asyncpg.

    A step has its session for itself and gives it back clean: an open transaction is rolled back, settings,
    locks and temporary tables are reset. Custom tasks get an `asyncpg.Connection`.
    """

    name = "postgres"
    aliases = ("postgresql",)
    description = "PostgreSQL databases"
    version = "1.0.0"
    port = 5432
    url_variable = "DATABASE_URL"
    reading_tasks = frozenset({"pg_query"})

    def get_config_schema(self) -> dict[str, Any]:
        return SCHEMA

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        why = problem(config)
        return why is None, why

    def _opener(self, config: dict[str, Any]) -> Callable[[], Awaitable[PostgresConnection]]:
        from flowlang_plugins.postgres.opening import opener

        return opener(Settings.of(config))

    def _new_marks(self) -> Marks:
        from flowlang_plugins.sql.marks import Marks

        return Marks(lambda number: f"${number}")

    async def _sandboxed(self, config: dict[str, Any]) -> SandboxedPostgres:
        from flowlang_plugins.postgres.opening import opener_of
        from flowlang_plugins.postgres.sandbox import SandboxedPostgres

        session = await opener_of(SandboxedPostgres, Settings.of(config))()
        await session.begin()
        return session

    async def check(self, connection: PostgresConnection) -> str:
        outcome = await connection.send(
            "SELECT current_setting('server_version') AS version, current_database() AS name"
        )
        return "PostgreSQL {version}, database {name}".format_map(outcome.rows[0])

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        from flowlang_plugins.postgres import tasks

        return {
            "pg_query": tasks.pg_query,
            "pg_execute": tasks.pg_execute,
            "pg_transaction": tasks.pg_transaction,
            "pg_batch_insert": tasks.pg_batch_insert,
            "pg_batch_update": tasks.pg_batch_update,
        }

    def get_dependencies(self) -> list[str]:
        return ["asyncpg>=0.29"]

    def _templates(self) -> Templates:
        from flowlang_plugins.postgres import templates

        return templates
