"""The plugin that is checked, with configurations to check it with."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from flowlang.connections.addresses import URL_KEYS
from flowlang.connections.base import ConnectionPlugin
from flowlang.connections.config import is_secret_key
from flowlang.connections.contract.core import NotApplicable, Violation
from flowlang.connections.limits import limited
from flowlang.connections.manager import ConnectionSpec, prepared
from flowlang.connections.pools import masking
from flowlang.connections.urls import canonical_url, config_of_url
from flowlang.errors import ConfigurationError
from flowlang.language.diagnostics import Problems
from flowlang.language.source import read_text

#: What stands for every secret in configurations that are made up.
SECRET: Final = "c4nary-s3cret"
#: How many seconds connecting, and closing, may take.
CONNECT_SECONDS: Final = 15.0

_EXPRESSION: Final = re.compile(r"\$\{[^}]*\}")
_POOL_SIZES: Final = ("pool_size", "max_pool_size", "max_connections", "max_size")


class RunFlow(Protocol):
    """Runs a flow given as data; the result has an `error`, which is None if all went well."""

    async def __call__(self, flow: Any, inputs: Mapping[str, Any], event_callback: Callable[[Any], Any], /) -> Any: ...


class Subject:
    """A plugin under test. `config` is one that it takes: of the URL if there is one, else made up."""

    def __init__(
        self,
        plugin: type[ConnectionPlugin],
        url: str | None,
        config: Mapping[str, Any],
        run: RunFlow | None,
        *,
        live: bool,
    ) -> None:
        self.plugin = plugin
        self.run = run
        self.live = live
        #: What the caller says of the configuration.
        self.given = {**({} if url is None else self._of_url(url)), **config}

    @property
    def name(self) -> str:
        """The plugin's name."""
        return str(self.plugin.name)

    def fresh(self) -> ConnectionPlugin:
        """A new instance, with a folder to start from."""
        plugin = self.plugin()
        plugin.folder = Path.cwd()
        return plugin

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        """The schema, which must at least be a map of maps."""
        schema = self.plugin().get_config_schema()
        if not isinstance(schema, Mapping) or not isinstance(schema.get("properties", {}), Mapping):
            raise Violation("the schema is no map with `properties`")
        return schema

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The schema's properties."""
        found: Mapping[str, Any] = self.schema.get("properties", {})
        return found

    @cached_property
    def candidate(self) -> dict[str, Any]:
        """A configuration that the plugin may take: the given one; unless that leads to a server, the rest made up."""
        return self.given if self.live else {**self._scaffolded, **self.given}

    @cached_property
    def config(self) -> dict[str, Any]:
        """A configuration that the plugin takes. Raises NotApplicable if none is known."""
        refusals = []
        for config in self._candidates():
            try:
                prepared(ConnectionSpec("sample", self.name, self.plugin, config, folder=Path.cwd()))
            except ConfigurationError as error:
                refusals.append(error)
            else:
                return config
        if self.live:
            raise Violation(f"what is given makes no configuration: {refusals[0]}")
        raise NotApplicable(f"no configuration could be made up ({refusals[0]}); give `examples` in the schema")

    def _candidates(self) -> Iterator[dict[str, Any]]:
        yield self.candidate
        key = next((key for key in URL_KEYS if key in self.candidate and key not in self.given), None)
        if key is not None:
            # the path of a URL may be a name, a number, or nothing
            for path in ("/0", ""):
                yield {**self.candidate, key: urlsplit(str(self.candidate[key]))._replace(path=path).geturl()}

    @cached_property
    def live_config(self) -> dict[str, Any]:
        """The configuration with a pool of two sessions, complete and normalised."""
        config = self.config | {key: 2 for key in _POOL_SIZES if key in self.properties}
        if "min_pool_size" in self.properties:
            config["min_pool_size"] = self.properties["min_pool_size"].get("minimum", 0)
        return prepared(ConnectionSpec("live", self.name, self.plugin, config, folder=Path.cwd()))[0].config

    @cached_property
    def pool_size(self) -> int | None:
        """How many sessions `live_config` allows, None if the plugin has no such setting."""
        return 2 if any(key in self.properties for key in _POOL_SIZES) else None

    @cached_property
    def unreachable(self) -> dict[str, Any]:
        """A configuration that leads to a port where nothing listens, with a secret in it."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        config = {key: value for key, value in self.config.items() if key not in (*URL_KEYS, "host", "port")}
        key = next((key for key in URL_KEYS if key in self.properties), None)
        if key is not None:
            sample = str(self.config.get(key) or "")
            scheme = urlsplit(sample).scheme.partition("+")[0] or self.name
            path = urlsplit(sample).path if sample else "/sample"
            for part in ("user", "username", "password", "database"):
                config.pop(part, None)
            config[key] = f"{scheme}://ada:{SECRET}@127.0.0.1:{port}{path}"
        elif "host" in self.properties:
            config |= {"host": "127.0.0.1"} | ({"port": port} if "port" in self.properties else {})
            config |= {"password": SECRET} if "password" in self.properties else {}
        else:
            raise NotApplicable("the configuration names no server")
        for name, declared in self.properties.items():
            if "timeout" in name and declared.get("type") in ("integer", "number"):
                config[name] = max(500 if name.endswith("_ms") else 1, declared.get("minimum", 0))
        try:
            return prepared(ConnectionSpec("sample", self.name, self.plugin, config))[0].config
        except ConfigurationError as error:
            raise NotApplicable(f"no configuration of a server that is away could be made up ({error})") from error

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[ConnectionPlugin]:
        """A fresh instance, connected with `live_config` and disconnected at the end."""
        plugin = self.fresh()
        try:
            await limited(plugin.connect(dict(self.live_config)), CONNECT_SECONDS)
            yield plugin
        finally:
            await limited(plugin.disconnect(), CONNECT_SECONDS)

    def mask(self, text: str) -> str:
        """`text` without the secrets that were given."""
        return masking(self.plugin(), self.given)(text) if self.given else text

    def _of_url(self, url: str) -> dict[str, Any]:
        key = next((key for key in URL_KEYS if key in self.properties), None)
        return config_of_url(canonical_url(url), self.schema) if key in (None, "url") else {str(key): url}

    @cached_property
    def _scaffolded(self) -> dict[str, Any]:
        """The plugin's own scaffold, with its expressions replaced; else what the schema asks for."""
        root = read_text(f"connections:\n{self.plugin().scaffold_connection_config('sample')}", Problems()).root
        try:
            config: dict[str, Any] = dict(root.data["connections"]["sample"]) if root is not None else {}
        except (KeyError, TypeError):
            config = {}
        config.pop("type", None)
        config |= {key: self._sample(key) for key in self.schema.get("required", ()) if key not in config}
        made_up = {
            key: self._sample(key)
            for key, value in config.items()
            if isinstance(value, str) and _EXPRESSION.search(value)
        }
        return {key: made_up.get(key, value) for key, value in config.items()}

    def _sample(self, key: str) -> Any:
        """A value for a property: what its schema says, else something of its type."""
        declared: Mapping[str, Any] = self.properties.get(key, {})
        for keyword in ("examples", "enum"):
            if declared.get(keyword):
                return declared[keyword][0]
        for keyword in ("const", "default"):
            if declared.get(keyword) is not None:
                return declared[keyword]
        if key in URL_KEYS:
            return f"{self.name}://ada:{SECRET}@127.0.0.1:1/sample"
        if is_secret_key(key, declared):
            return SECRET
        kind = declared.get("type", "string")
        kind = kind if isinstance(kind, str) else kind[0]
        samples = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "null": None}
        if kind in ("integer", "number"):
            return max(declared.get("minimum", 1), 1)
        return samples.get(kind, "127.0.0.1" if key == "host" else "sample")
