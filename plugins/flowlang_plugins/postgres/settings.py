"""The configuration of a PostgreSQL connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from flowlang.connections.base import RESULT_LIMIT
from flowlang_plugins.sql.config import POOL, READ_ONLY, timeout_of

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "anyOf": [{"required": ["url"]}, {"required": ["host"]}, {"required": ["database"]}],
    "properties": {
        "url": {
            "type": "string",
            "minLength": 1,
            "secret": True,
            "description": "`postgresql://user:password@host:5432/database`, in place of the parts; special "
            "characters in the password are percent-encoded.",
        },
        "host": {"type": "string", "minLength": 1, "description": "Name or address of the server; `localhost`."},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "Port of the server; 5432."},
        "database": {"type": "string", "minLength": 1, "description": "The database; that of the user's name."},
        "user": {"type": "string", "minLength": 1, "description": "Who logs in; `postgres`."},
        "password": {"type": "string", "format": "password", "description": "The user's password."},
        "sslmode": {
            "type": "string",
            "enum": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
            "description": "How much TLS: `prefer` where the server has it, `verify-full` to be sure who answers.",
        },
        **POOL,
        "timeout": {
            "type": "number",
            "default": 30,
            "exclusiveMinimum": 0,
            "description": "Seconds for opening a connection, and for each statement.",
        },
        "read_only": READ_ONLY,
        **RESULT_LIMIT,
    },
}

_SCHEMES: Final = ("postgres", "postgresql")


class Settings(NamedTuple):
    """A connection's configuration, as far as a session needs it."""

    timeout: float
    read_only: bool
    arguments: Mapping[str, Any]
    max_result_mb: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """The settings of a config that was checked."""
        timeout = timeout_of(config)
        read_only = bool(config.get("read_only", False))
        arguments = {key: config[key] for key in ("password", "database") if config.get(key) is not None}
        if config.get("sslmode") is not None:
            arguments["ssl"] = config["sslmode"]
        if config.get("url"):
            arguments["dsn"] = config["url"]
        else:
            arguments["host"] = config.get("host", "localhost")
            arguments["port"] = config.get("port", 5432)
            arguments["user"] = config.get("user", "postgres")
        server = {"application_name": "flowlang"}
        if read_only:
            server["default_transaction_read_only"] = "on"
        arguments.update(timeout=timeout, command_timeout=timeout, server_settings=server)
        return cls(timeout, read_only, arguments, float(config.get("max_result_mb", 256)))

    @property
    def place(self) -> str:
        """Host and port for messages."""
        if "dsn" in self.arguments:
            parts = urlsplit(self.arguments["dsn"])
            return f"{parts.hostname or 'localhost'}:{parts.port or 5432}"
        return f"{self.arguments['host']}:{self.arguments['port']}"


def problem(config: Mapping[str, Any]) -> str | None:
    """Why a configuration that fits the schema can't work, or None."""
    from flowlang_plugins.sql.config import pool_problem, url_problem

    return url_problem(config, _SCHEMES, ("host", "port", "user")) or pool_problem(config)
