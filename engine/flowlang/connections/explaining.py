"""What a failure to connect means: the stage it happened in, and what to try."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from flowlang.connections.base import ConnectionPlugin
from flowlang.errors import ConnectionError

_SLOW: Final[Mapping[str, str]] = {
    "resolve": "the name server doesn't answer: check the network",
    "reach": "check host and port, and the firewalls between here and there",
    "tls": "something listens, but doesn't speak TLS: check the port",
    "authenticate": "something listens, but perhaps no server of this type: check the port",
    "authorise": "the server is slow, or waits for a lock",
    "latency": "the server is slow, or waits for a lock",
}
_TLS_KEYS: Final = ("sslmode", "ssl", "tls", "ssl_mode", "ssl-mode")
_TLS_WORDS: Final = ("require", "required", "verify-ca", "verify-full", "verify_ca", "verify_identity", "true", "1")


def stage_of(error: Exception) -> str:
    """How far connecting had come when it failed: what the plugin says, else what the causes tell."""
    said = getattr(error, "stage", None)
    if said in _SLOW:
        return str(said)
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return "tls"
        if isinstance(cause, socket.gaierror):
            return "resolve"
    return "authenticate"


def explained(error: Exception, stage: str, plugin: ConnectionPlugin, seconds: float) -> tuple[str, str | None]:
    """What to say of a failure in a stage of so many seconds, and what to try."""
    hint = getattr(error, "hint", None)
    if isinstance(error, ImportError) or getattr(error, "stage", None) == "dependencies":
        missing = plugin.check_dependencies()[1]
        return str(error), hint or (f"flowlang connection install {plugin.name}" if missing else None)
    if isinstance(error, TimeoutError) and not isinstance(error, ConnectionError):
        return f"no answer within {seconds:g} s", hint or _SLOW[stage]
    return str(error) or type(error).__name__, hint


def asks_for_tls(config: Mapping[str, Any]) -> bool:
    """Whether a configuration insists on TLS that is negotiated while connecting."""
    options = {str(key).lower(): str(value).lower() for key, value in config.items()}
    options |= {key.lower(): value.lower() for key, value in parse_qsl(urlsplit(str(config.get("url") or "")).query)}
    return any(options.get(key) in _TLS_WORDS for key in _TLS_KEYS)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
