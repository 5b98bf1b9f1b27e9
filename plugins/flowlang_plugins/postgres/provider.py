"""The PostgreSQL plugin: its configuration, and the life of its connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowlang.connections.base import Address, ConnectionPlugin
from flowlang.errors import ConnectionError
from flowlang_plugins.postgres.settings import SCHEMA, Settings, problem

if TYPE_CHECKING:
    from flowlang_plugins.postgres.connection import PostgresConnection
    from flowlang_plugins.sql.pool import SessionPool


class PostgresPlugin(ConnectionPlugin):
    """PostgreSQL databases, through asyncpg.

    A step has its session for itself and gives it back clean: an open transaction is rolled back, settings,
    locks and temporary tables are reset. Custom tasks get an `asyncpg.Connection`.
    """

    name = "postgres"
    aliases = ("postgresql",)
    description = "PostgreSQL databases"
    version = "1.0.0"
    category = "database"
    transactional = True
    server_cancel = True
    explainable = True
    read_only = True

    def __init__(self) -> None:
        super().__init__()
        self._pool: SessionPool[PostgresConnection] | None = None

    def get_config_schema(self) -> dict[str, Any]:
        return SCHEMA

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        why = problem(config)
        return why is None, why

    async def connect(self, config: dict[str, Any]) -> SessionPool[PostgresConnection]:
        from flowlang_plugins.postgres.opening import opener
        from flowlang_plugins.sql.pool import SessionPool

        settings = Settings.of(config)
        self._pool = SessionPool(opener(settings), config.get("pool_size", 10), config.get("min_pool_size", 1))
        await self._pool.open()
        return self._pool

    async def disconnect(self) -> None:
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def get_connection(self) -> PostgresConnection:
        if self._pool is None:
            raise ConnectionError("the connection is not open")
        return await self._pool.acquire()

    async def release_connection(self, connection: PostgresConnection) -> None:
        if self._pool is not None:
            await self._pool.release(connection)

    def try_release(self, connection: PostgresConnection) -> bool:
        return self._pool is None or self._pool.try_release(connection)

    async def check(self, connection: PostgresConnection) -> str:
        outcome = await connection.send(
            "SELECT current_setting('server_version') AS version, current_database() AS name"
        )
        return "PostgreSQL {version}, database {name}".format_map(outcome.rows[0])

    def addresses(self, config: dict[str, Any]) -> Sequence[Address | Path]:
        return super().addresses(config if config.get("url") else {"host": "localhost", "port": 5432, **config})

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

    def scaffold_connection_config(self, name: str = "db", **kwargs: Any) -> str:
        from flowlang_plugins.postgres.templates import CONFIG

        return CONFIG.format(name=name, variable=kwargs.get("variable", "DATABASE_URL"))

    def scaffold_task_helpers(self, output_dir: str, **kwargs: Any) -> str:
        from flowlang_plugins.postgres.templates import HELPERS
        from flowlang_plugins.sql.files import written

        return written(output_dir, "postgres_helpers.py", HELPERS)

    def scaffold_example_flow(self, output_dir: str, connection_name: str = "db", **kwargs: Any) -> str:
        from flowlang_plugins.postgres.templates import EXAMPLE
        from flowlang_plugins.sql.files import written

        return written(output_dir, "postgres_example.yaml", EXAMPLE.replace("CONNECTION", connection_name))
