"""The SQLite plugin: its configuration, and the life of its connections."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowlang.connections.base import RESULT_LIMIT
from flowlang.errors import ConnectionError
from flowlang_plugins.sql.plugin import SQLPlugin

if TYPE_CHECKING:
    from flowlang_plugins.scaffolds import Templates
    from flowlang_plugins.sql.marks import Marks
    from flowlang_plugins.sqlite.connection import Settings, SQLiteConnection
    from flowlang_plugins.sqlite.pool import SQLitePool
    from flowlang_plugins.sqlite.sandbox import SandboxedSQLite

MEMORY: Final = ":memory:"

_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["database"],
    "properties": {
        "database": {
            "type": "string",
            "minLength": 1,
            "description": "Path of the file, relative to the flow's folder; a missing folder is created. "
            "`:memory:` is one empty database for the whole run.",
        },
        "timeout": {
            "type": "number",
            "default": 5,
            "minimum": 0,
            "description": "Seconds to wait while another writer has the database locked.",
        },
        "isolation_level": {
            "type": "string",
            "enum": ["deferred", "immediate", "exclusive", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"],
            "description": "How `sqlite_transaction` begins: `immediate` unless the connection is read-only.",
        },
        "foreign_keys": {
            "type": "boolean",
            "default": True,
            "description": "Whether references between tables are enforced.",
        },
        "read_only": {
            "type": "boolean",
            "default": False,
            "description": "Whether writing is impossible, in this database and in any other file.",
        },
        **RESULT_LIMIT,
    },
}


class SQLitePlugin(SQLPlugin["SQLiteConnection"]):
    """SQLite databases, through aiosqlite.

    A step has its connection for itself, so nothing ever gets between the statements of a transaction. A file
    is opened up to five times, for steps that run at once; an in-memory database once. Custom tasks get an
    `aiosqlite.Connection` on which every statement takes effect at once unless the task begins a transaction.
    """

    name = "sqlite"
    description = "SQLite databases in a file or in memory"
    version = "1.0.0"
    may_idle = False
    reading_tasks = frozenset({"sqlite_query"})

    def get_config_schema(self) -> dict[str, Any]:
        return _SCHEMA

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        if "\0" in config["database"]:
            return False, "`database` is no path"
        if config["database"] == MEMORY and config.get("read_only"):
            return False, "a `:memory:` database is empty, so it can't be `read_only`"
        return True, None

    def normalise_config(self, config: dict[str, Any]) -> dict[str, Any]:
        if config["database"] == MEMORY:
            return config
        path = Path(config["database"]).expanduser()
        return {**config, "database": str(((self.folder or Path()) / path).resolve())}

    def shareable(self, config: dict[str, Any]) -> bool:
        return bool(config["database"] != MEMORY)

    def _new_pool(self, config: dict[str, Any]) -> SQLitePool:
        from flowlang_plugins.sqlite.pool import SQLitePool

        return SQLitePool(self._settings(config))

    async def _sandboxed(self, config: dict[str, Any]) -> SandboxedSQLite:
        from flowlang_plugins.sqlite.errors import connect_failure
        from flowlang_plugins.sqlite.sandbox import SandboxedSQLite

        settings = self._settings(config)
        try:
            return await SandboxedSQLite.begun(settings)
        except sqlite3.Error as error:
            raise connect_failure(error, settings.database) from error

    def _new_marks(self) -> Marks:
        from flowlang_plugins.sql.marks import Marks

        return Marks(lambda _: "?")

    def _templates(self) -> Templates:
        from flowlang_plugins.sqlite import templates

        return templates

    def _settings(self, config: dict[str, Any]) -> Settings:
        from flowlang_plugins.sqlite.connection import Settings

        settings = Settings.of(self.normalise_config(config))
        if not settings.in_memory:
            _prepare_file(Path(settings.database), settings.read_only)
        return settings

    async def check(self, connection: SQLiteConnection) -> str:
        outcome = await connection.send(
            "SELECT sqlite_version() AS version, count(*) AS tables FROM sqlite_master WHERE type = 'table'"
        )
        return "SQLite {version}, tables: {tables}".format_map(outcome.rows[0])

    def addresses(self, config: dict[str, Any]) -> Sequence[Path]:
        return [] if config["database"] == MEMORY else [Path(config["database"])]

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        from flowlang_plugins.sqlite import tasks

        return {
            "sqlite_query": tasks.sqlite_query,
            "sqlite_execute": tasks.sqlite_execute,
            "sqlite_transaction": tasks.sqlite_transaction,
            "sqlite_batch_insert": tasks.sqlite_batch_insert,
            "sqlite_batch_update": tasks.sqlite_batch_update,
        }

    def get_dependencies(self) -> list[str]:
        return ["aiosqlite>=0.20"]

    def scaffold_connection_config(self, name: str = "db", **kwargs: Any) -> str:
        return self._templates().CONFIG.format(name=name, database=kwargs.get("database", f"data/{name}.db"))


def _prepare_file(path: Path, read_only: bool) -> None:
    if path.is_dir():
        raise ConnectionError(f"{path} is a folder", hint="give the path of a file", stage="resolve")
    if read_only:
        if not path.exists():
            raise ConnectionError(
                f"{path} does not exist",
                hint="a `read_only` connection creates no database; check the path, relative to the flow's folder",
                stage="resolve",
            )
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConnectionError(
            f"the folder {path.parent} can't be created: {error.strerror}",
            hint="check `database`, and who may write there",
            stage="resolve",
        ) from error
