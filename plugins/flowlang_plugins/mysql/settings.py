"""The configuration of a MySQL connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from flowlang.connections.base import RESULT_LIMIT
from flowlang_plugins.sql.config import POOL, READ_ONLY, pool_problem, timeout_of, url_problem

if TYPE_CHECKING:
    import ssl

_TLS: Final = ("disable", "require", "verify-ca", "verify-full")

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "anyOf": [{"required": ["url"]}, {"required": ["host"]}, {"required": ["database"]}],
    "properties": {
        "url": {
            "type": "string",
            "minLength": 1,
            "secret": True,
            "description": "`mysql://user:password@host:3306/database`, in place of the parts; special characters "
            "in the password are percent-encoded.",
        },
        "host": {"type": "string", "minLength": 1, "description": "Name or address of the server; `localhost`."},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "Port of the server; 3306."},
        "user": {"type": "string", "minLength": 1, "description": "Who logs in; `root`."},
        "password": {"type": "string", "format": "password", "description": "The user's password."},
        "database": {"type": "string", "minLength": 1, "description": "The database."},
        "sslmode": {
            "type": "string",
            "enum": list(_TLS),
            "description": "How much TLS: `disable` unless said, `verify-full` to be sure who answers.",
        },
        **POOL,
        "charset": {"type": "string", "default": "utf8mb4", "minLength": 1, "description": "Character set of text."},
        "autocommit": {
            "type": "boolean",
            "default": False,
            "description": "Whether what a custom task sends takes effect at once. If not, the task commits; what "
            "it leaves open is rolled back. The tasks of the plugin commit what they do.",
        },
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

_SCHEMES: Final = ("mariadb", "mysql")
_PARTS: Final = ("host", "port", "user")


class Settings(NamedTuple):
    """A connection's configuration, as a session needs it."""

    host: str
    port: int
    user: str
    password: str
    database: str | None
    sslmode: str
    charset: str
    autocommit: bool
    timeout: float
    read_only: bool
    max_result_mb: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """The settings of a config that was checked."""
        parts = {**_in_url(config["url"]), **_given(config)} if config.get("url") else _given(config)
        return cls(
            parts.get("host", "localhost"),
            parts.get("port", 3306),
            parts.get("user", "root"),
            parts.get("password", ""),
            parts.get("database"),
            parts.get("sslmode", "disable"),
            config.get("charset", "utf8mb4"),
            bool(config.get("autocommit", False)),
            timeout_of(config),
            bool(config.get("read_only", False)),
            float(config.get("max_result_mb", 256)),
        )

    @property
    def password_for_driver(self) -> str:
        """The password so that its bytes are those of UTF-8, once the driver has encoded it as Latin-1."""
        return self.password.encode().decode("latin-1")

    @property
    def place(self) -> str:
        """Host and port for messages."""
        return f"{self.host}:{self.port}"

    def tls(self) -> ssl.SSLContext | None:
        """How the connection is encrypted, or None if it isn't."""
        if self.sslmode == "disable":
            return None
        import ssl

        context = ssl.create_default_context()
        context.check_hostname = self.sslmode == "verify-full"
        if self.sslmode == "require":
            context.verify_mode = ssl.CERT_NONE
        return context


def _given(config: Mapping[str, Any]) -> dict[str, Any]:
    keys = (*_PARTS, "password", "database", "sslmode")
    return {key: config[key] for key in keys if config.get(key) is not None}


def _in_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    found = {
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username and unquote(parts.username),
        "password": parts.password and unquote(parts.password),
        "database": unquote(parts.path.lstrip("/")) or None,
        "sslmode": options["sslmode"][-1] if "sslmode" in options else None,
    }
    return {key: value for key, value in found.items() if value is not None}


def problem(config: Mapping[str, Any]) -> str | None:
    """Why a configuration that fits the schema can't work, or None."""
    why = url_problem(config, _SCHEMES, _PARTS) or pool_problem(config)
    if why is not None:
        return why
    mode = Settings.of(config).sslmode
    if mode not in _TLS:
        return f"`sslmode` must be one of {', '.join(f'`{known}`' for known in _TLS)}"
    return _charset_problem(config.get("charset", "utf8mb4"))


def _charset_problem(charset: str) -> str | None:
    try:
        from pymysql.charset import charset_by_name
    except ImportError:
        # without the driver nothing is opened anyway
        return None
    return None if charset_by_name(charset) else f"`charset` {charset!r} is no character set of MySQL"
