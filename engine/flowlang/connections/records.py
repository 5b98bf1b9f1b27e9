"""A connection that a project keeps: the record, what an environment changes in it, and how it is shown."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from flowlang.connections.addresses import URL_KEYS
from flowlang.connections.config import is_secret_key, secret_values
from flowlang.connections.project import check_environment
from flowlang.connections.urls import config_of_url, masked_url, url_secrets
from flowlang.errors import ConfigurationError
from flowlang.redaction import Redactor

#: The keys of a record's `pool`, the largest and the smallest number of sessions, with what plugins call them.
POOL_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "size": ("pool_size", "max_pool_size", "max_connections"),
    "min_size": ("min_pool_size",),
}

_PLACE: Final = frozenset({*URL_KEYS, "host", "port", "user", "username", "password", "database", "sslmode"})


@dataclass(slots=True, kw_only=True)
class Overlay:
    """What a record says differently in one environment. A URL here takes the place of the record's own."""

    connection_url: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    pool: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class ProjectConnection(Overlay):
    """A connection that a project keeps.

    `connection_url` and `config` together are the plugin's configuration. `pool` has `size` and `min_size`,
    whatever the plugin calls them. Times are ISO 8601, in UTC.
    """

    id: str = field(default_factory=lambda: uuid4().hex)
    project_id: str = ""
    connection_type: str
    name: str
    environments: dict[str, Overlay] = field(default_factory=dict)
    created_by: str = field(default_factory=lambda: current_user())
    created_at: str = field(default_factory=lambda: now())
    updated_at: str = field(default_factory=lambda: now())

    def resolved(self, schema: Mapping[str, Any], environment: str | None = None) -> dict[str, Any]:
        """The configuration for the plugin with this schema, in an environment.

        An environment for which the record says nothing has the record's own values.
        """
        check_environment(environment)
        layers: list[Overlay] = [self]
        if environment in self.environments:
            layers.append(self.environments[environment])
        config: dict[str, Any] = {}
        for layer in layers:
            if layer.connection_url is not None:
                # another server: its URL is not to be mixed with the host or password of the record's own
                config = _placeless(config, schema) | config_of_url(layer.connection_url, schema)
            config |= layer.config
        for layer in layers:
            config |= {_pool_key(key, schema): value for key, value in layer.pool.items()}
        return config

    def secrets(self, schema: Mapping[str, Any]) -> list[str]:
        """All that must not be shown: passwords, keys, and the URLs that have them inside."""
        found: list[str] = []
        for layer in (self, *self.environments.values()):
            url = layer.connection_url
            hidden = [] if url is None else url_secrets(url)
            found += [*hidden, *secret_values(schema, layer.config)]
            if url is not None and hidden:
                found.append(url)
        return list(dict.fromkeys(found))

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data, with its secrets."""
        return asdict(self)

    def masked(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The record as plain data that may be shown."""
        overlays = {name: masked_layer(overlay, schema) for name, overlay in self.environments.items()}
        return asdict(self) | masked_layer(self, schema) | {"environments": overlays}

    def target(self) -> str:
        """Where the connection leads, without secrets: for lists."""
        if self.connection_url is not None:
            return masked_url(self.connection_url)
        host, database = self.config.get("host"), self.config.get("database")
        port = f":{self.config['port']}" if "port" in self.config else ""
        return "/".join(str(part) for part in (f"{host}{port}" if host else None, database) if part)


def from_dict(data: Mapping[str, Any]) -> ProjectConnection:
    """The record that `to_dict` made. What a later version added is passed over."""
    known = {key: value for key, value in data.items() if key in ProjectConnection.__dataclass_fields__}
    overlays = {
        name: Overlay(**{key: value for key, value in overlay.items() if key in Overlay.__dataclass_fields__})
        for name, overlay in data.get("environments", {}).items()
    }
    return ProjectConnection(**{**known, "environments": overlays})


def now() -> str:
    """This moment, as records have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def current_user() -> str:
    """Who is at work here, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def masked_layer(layer: Overlay, schema: Mapping[str, Any]) -> dict[str, Any]:
    """URL, config and pool of a record, or of one of its environments, as plain data that may be shown."""
    mask = Redactor(secret_values(schema, layer.config))
    return {
        "connection_url": None if layer.connection_url is None else masked_url(layer.connection_url),
        "config": {key: mask(value) for key, value in layer.config.items()},
        "pool": dict(layer.pool),
    }


def _pool_key(key: str, schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties", {})
    for name in POOL_KEYS.get(key, ()):
        if name in properties:
            return name
    raise ConfigurationError(f"connections of this type have no pool whose `{key}` could be set")


def _placeless(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Of a configuration, what says nothing about where it leads or who asks."""
    declared = schema.get("properties", {})
    return {
        key: value
        for key, value in config.items()
        if key not in _PLACE and not is_secret_key(key, declared.get(key, {}))
    }
