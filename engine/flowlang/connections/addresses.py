"""Where a connection leads, read from its configuration without a driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

#: The properties that hold the URL of a service, in the order in which they are looked for.
URL_KEYS: Final = ("url", "uri", "dsn", "base_url", "endpoint")

_PORTS: Final[Mapping[str, int]] = {
    "amqp": 5672,
    "amqps": 5671,
    "http": 80,
    "https": 443,
    "mariadb": 3306,
    "mongodb": 27017,
    "mysql": 3306,
    "postgres": 5432,
    "postgresql": 5432,
    "redis": 6379,
    "rediss": 6379,
    "ws": 80,
    "wss": 443,
}
_TLS_FROM_THE_START: Final = frozenset({"amqps", "https", "rediss", "wss"})


class Address(NamedTuple):
    """A server. `tls` is true where TLS begins with the first byte; most databases negotiate it later."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def addresses_of(config: Mapping[str, Any]) -> list[Address]:
    """The servers that a URL, or `host` and `port`, in a configuration name; empty where only the driver knows."""
    url = next((config[key] for key in URL_KEYS if "://" in str(config.get(key) or "")), None)
    if url is not None:
        return list(_in_url(str(url)))
    host, port = str(config.get("host") or ""), config.get("port")
    # a host that begins with a slash is the folder of a local socket
    if not host or host.startswith("/") or not isinstance(port, int):
        return []
    return [Address(host, port)]


def _in_url(url: str) -> Iterator[Address]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    scheme, _, transport = parts.scheme.partition("+")
    # the servers behind a `+srv` name stand in the DNS
    if transport in ("srv", "unix"):
        return
    options = {name.lower(): value.lower() for name, value in parse_qsl(parts.query)}
    asked = scheme == "mongodb" and "true" in (options.get("tls"), options.get("ssl"))
    for place in parts.netloc.rpartition("@")[2].split(","):
        host, port = _split(place, _PORTS.get(scheme))
        if host and port is not None and not host.startswith("/"):
            yield Address(host, port, asked or scheme in _TLS_FROM_THE_START)


def _split(place: str, default: int | None) -> tuple[str, int | None]:
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        host, _, port = place.partition(":")
    return unquote(host), int(port) if port.isdecimal() else default
