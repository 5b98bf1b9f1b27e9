"""The Redis plugin: its configuration, and the life of its connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from flowlang.connections.base import RESULT_LIMIT
from flowlang.errors import ConnectionError
from flowlang_plugins.scaffolds import ScaffoldingPlugin

if TYPE_CHECKING:
    from flowlang_plugins.redis.client import RedisClient
    from flowlang_plugins.scaffolds import Templates

_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {
            "type": "string",
            "minLength": 1,
            "description": "`redis://user:password@host:6379/0`; `rediss://` with TLS, `unix:///path` for a socket. "
            "The number at the end is the database.",
        },
        "max_connections": {
            "type": "integer",
            "default": 50,
            "minimum": 1,
            "maximum": 10000,
            "description": "How many connections there are at most; further commands wait.",
        },
        "decode_responses": {
            "type": "boolean",
            "default": True,
            "description": "Whether values come back as text and JSON; if not, as bytes.",
        },
        "socket_timeout": {
            "type": "number",
            "default": 5,
            "exclusiveMinimum": 0,
            "description": "Seconds to wait for an answer, beyond what a command itself waits.",
        },
        "socket_connect_timeout": {
            "type": "number",
            "default": 5,
            "exclusiveMinimum": 0,
            "description": "Seconds to wait while a connection is opened.",
        },
        "read_only": {
            "type": "boolean",
            "default": False,
            "description": "Whether only commands pass that the server flags as reading.",
        },
        **RESULT_LIMIT,
    },
}


class RedisPlugin(ScaffoldingPlugin):
    """Redis and its compatibles, through redis-py.

    Steps share a pool of connections, each lent for one command; a custom task gets a `redis.asyncio.Redis` on that
    pool. A command that is cancelled or gets no answer takes its connection with it.
    """

    name = "redis"
    description = "Redis: values, hashes, lists, sets, sorted sets, streams"
    version = "1.0.0"
    category = "database"
    usual_name = "cache"
    server_cancel = True
    read_only = True
    reading_tasks = frozenset(
        {"redis_exists", "redis_get", "redis_hgetall", "redis_keys", "redis_llen", "redis_lrange", "redis_sismember"}
        | {"redis_smembers", "redis_ttl", "redis_xlen", "redis_xread", "redis_zrange", "redis_zscore"}
    )

    def __init__(self) -> None:
        super().__init__()
        self._client: RedisClient | None = None

    def get_config_schema(self) -> dict[str, Any]:
        return _SCHEMA

    def validate_config(self, config: dict[str, Any]) -> tuple[bool, str | None]:
        from urllib.parse import urlsplit

        try:
            url = urlsplit(config["url"])
            port = url.port
        except ValueError as error:
            return False, f"`url` can't be read: {error}"
        if url.scheme not in ("redis", "rediss", "unix"):
            return False, "`url` must begin with `redis://`, `rediss://` or `unix://`"
        if url.scheme == "unix":
            return (True, None) if url.path else (False, "`url` names no socket: `unix:///path/to/redis.sock`")
        if port == 0:
            return False, "`url` has the port 0"
        database = url.path.strip("/")
        if database and not database.isdecimal():
            return False, f"`url` must end with the number of a database, not `{database}`"
        return True, None

    async def connect(self, config: dict[str, Any]) -> RedisClient:
        from redis.exceptions import RedisError

        from flowlang_plugins.redis.client import RedisClient
        from flowlang_plugins.redis.errors import connect_failure
        from flowlang_plugins.redis.pool import RedisPool

        timeouts = {key: config.get(key, 5) for key in ("socket_timeout", "socket_connect_timeout")}
        try:
            pool = RedisPool.from_url(
                config["url"],
                max_connections=config.get("max_connections", 50),
                max_result_mb=config.get("max_result_mb", 256),
                decode_responses=config.get("decode_responses", True),
                **timeouts,
            )
        except (ValueError, TypeError) as error:
            raise ConnectionError(f"`url` can't be used: {error}", hint="check its options", stage="resolve") from error
        self._client = RedisClient(connection_pool=pool)
        try:
            await self._client.reach()
            if config.get("read_only"):
                await self._client.learn_commands()
        except (RedisError, OSError) as error:
            raise connect_failure(error, _target(config["url"]), config["url"].startswith("rediss")) from error
        return self._client

    async def disconnect(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.pool.disconnect()

    async def get_connection(self) -> RedisClient:
        if self._client is None:
            raise ConnectionError("the connection is not open")
        return self._client

    async def release_connection(self, connection: Any) -> None:
        """Nothing to do: a connection is lent for one command."""

    def try_release(self, connection: Any) -> bool:
        return True

    async def check(self, connection: RedisClient) -> str:
        from flowlang_plugins.redis.client import decoded

        server = dict(
            line.split(":", 1) for line in decoded(await connection.ask("INFO", "server")).splitlines() if ":" in line
        )
        return f"Redis {server.get('redis_version', '')}, database {connection.pool.connection_kwargs.get('db') or 0}"

    def get_builtin_tasks(self) -> dict[str, Callable[..., Any]]:
        from flowlang_plugins.redis.tasks import TASKS

        return {task.__name__: task for task in TASKS}

    def get_dependencies(self) -> list[str]:
        return ["redis>=5.0"]

    def scaffold_connection_config(self, name: str = "cache", **kwargs: Any) -> str:
        return self._templates().CONFIG.format(name=name, url=kwargs.get("url", "${env.REDIS_URL}"))

    def _templates(self) -> Templates:
        from flowlang_plugins.redis import templates

        return templates


def _target(url: str) -> str:
    """Where a URL points, without who connects there."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
