"""The MongoDB plugin: its configuration, and the life of its connections."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from flowlang.connections.base import RESULT_LIMIT
from flowlang.errors import ConnectionError
from flowlang_plugins.scaffolds import ScaffoldingPlugin

if TYPE_CHECKING:
    from flowlang_plugins.mongodb.client import Database
    from flowlang_plugins.scaffolds import Templates

_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {
            "type": "string",
            "minLength": 1,
            "description": "`mongodb://user:password@host:27017/?authSource=admin`, or `mongodb+srv://…`.",
        },
        "database": {
            "type": "string",
            "minLength": 1,
            "description": "Name of the database; the one in `url` without it.",
        },
        "max_pool_size": {
            "type": "integer",
            "default": 100,
            "minimum": 1,
            "maximum": 10000,
            "description": "How many connections there are at most; further operations wait.",
        },
        "min_pool_size": {
            "type": "integer",
            "default": 0,
            "minimum": 0,
            "description": "How many connections are kept open.",
        },
        "server_selection_timeout_ms": {
            "type": "integer",
            "default": 5000,
            "minimum": 1,
            "description": "Milliseconds to wait for a server that can be used.",
        },
        "connect_timeout_ms": {
            "type": "integer",
            "default": 5000,
            "minimum": 1,
            "description": "Milliseconds to wait while a connection is opened.",
        },
        "read_only": {
            "type": "boolean",
            "default": False,
            "description": "Whether the driver's connections send only commands that read.",
        },
        **RESULT_LIMIT,
    },
}

_URL: Final = re.compile(r"mongodb(?:\+srv)?://(?:[^@/]*@)?(?P<hosts>[^/?@]+)(?:/(?P<database>[^?]*))?(?:\?.*)?\Z")


class MongoDBPlugin(ScaffoldingPlugin):
    """MongoDB databases, through Motor.

    Steps share the driver's pool; a custom task gets a Motor database, `connection.client` is its client. An
    operation that is cancelled is ended at the server.
    """

    name = "mongodb"
    aliases = ("mongo",)
    description = "MongoDB databases"
    version = "1.0.0"
    category = "database"
    server_cancel = True
    explainable = True
    read_only = True
    reading_tasks = frozenset({"mongo_find", "mongo_find_one", "mongo_count"})
    threaded = True

    def __init__(self) -> None:
        super().__init__()
        self._database: Database | None = None

    def get_config_schema(self) -> dict[str, Any]:
        return _SCHEMA

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        parts = _URL.match(config["url"])
        if parts is None:
            return False, "`url` must be like `mongodb://user:password@host:27017/`, special characters as `%40`"
        name = _database_of(config)
        if not name:
            return False, "`database` is missing: name it, or put it into `url`"
        if any(character in '/\\. "$\0' for character in name):
            return False, f"`{name}` is no name of a database"
        if config.get("min_pool_size", 0) > config.get("max_pool_size", 100):
            return False, "`min_pool_size` is larger than `max_pool_size`"
        return True, None

    async def connect(self, config: dict[str, Any]) -> Database:
        from pymongo.errors import PyMongoError

        from flowlang_plugins.mongodb.client import greet, open_database
        from flowlang_plugins.mongodb.errors import connect_failure

        target = _hosts(config["url"])
        try:
            self._database = open_database(config, _database_of(config))
            await asyncio.shield(self._database.run(greet(self._database, config)))
        except ConnectionError:
            raise
        except (PyMongoError, OSError, ValueError, TypeError) as error:
            raise connect_failure(error, target) from error
        return self._database

    async def disconnect(self) -> None:
        if self._database is not None:
            from flowlang_plugins.mongodb.client import close_database

            database, self._database = self._database, None
            await close_database(database)

    async def get_connection(self) -> Database:
        if self._database is None:
            raise ConnectionError("the connection is not open")
        return self._database

    async def release_connection(self, connection: Any) -> None:
        """Nothing to do: the driver lends a connection for one operation."""

    def try_release(self, connection: Any) -> bool:
        return True

    async def check(self, connection: Any) -> str:
        from pymongo.errors import PyMongoError

        from flowlang_plugins.mongodb.errors import connect_failure

        try:
            names = await connection.list_collection_names()
        except PyMongoError as error:
            raise connect_failure(error, connection.name) from error
        return f"MongoDB, database {connection.name}, {len(names)} collections"

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        from flowlang_plugins.mongodb import tasks

        return {
            "mongo_find": tasks.mongo_find,
            "mongo_find_one": tasks.mongo_find_one,
            "mongo_insert": tasks.mongo_insert,
            "mongo_update": tasks.mongo_update,
            "mongo_delete": tasks.mongo_delete,
            "mongo_count": tasks.mongo_count,
            "mongo_aggregate": tasks.mongo_aggregate,
        }

    def get_dependencies(self) -> list[str]:
        return ["motor>=3.6"]

    def scaffold_connection_config(self, name: str = "db", **kwargs: Any) -> str:
        return self._templates().CONFIG.format(
            name=name, url=kwargs.get("url", "${env.MONGODB_URL}"), database=kwargs.get("database", name)
        )

    def _templates(self) -> Templates:
        from flowlang_plugins.mongodb import templates

        return templates


def _database_of(config: dict[str, Any]) -> str:
    parts = _URL.match(config["url"])
    return config.get("database") or unquote((parts and parts["database"]) or "")


def _hosts(url: str) -> str:
    """Where a URL points, without who connects there."""
    parts = _URL.match(url)
    return parts["hosts"] if parts is not None else "the server"
