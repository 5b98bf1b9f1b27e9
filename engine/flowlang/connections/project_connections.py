"""What can be done with the connections that a project keeps: checked against their plugins, tested, rotated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flowlang.connections.activity import Activity
from flowlang.connections.discovery import Plugins
from flowlang.connections.manager import ConnectionSpec, prepared
from flowlang.connections.project import check_environment
from flowlang.connections.records import Overlay, ProjectConnection
from flowlang.connections.store import Change, Store
from flowlang.connections.urls import canonical_url, type_of_url, with_password
from flowlang.errors import ConfigurationError
from flowlang.language.diagnostics import did_you_mean
from flowlang.redaction import Redactor

if TYPE_CHECKING:
    from flowlang.connections.base import ConnectionPlugin
    from flowlang.connections.discovery import PluginEntry
    from flowlang.connections.probe import OnStage, ProbeReport, StageResult

L = TypeVar("L", bound=Overlay)


class ProjectConnections:
    """The connections of the project in `root`.

    `plugins` are those that its flows can use, and `env` stands for the environment of the process.

    Its methods raise ConfigurationError for what cannot be: a name that nothing has, a configuration that the
    plugin refuses, a connection that is locked. No message holds a secret.
    """

    def __init__(self, root: Path, plugins: Plugins | None = None, env: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.plugins = Plugins(root) if plugins is None else plugins
        self.store = Store(root, env)
        self.activity = Activity(root)

    def schema(self, connection_type: str) -> Mapping[str, Any]:
        """The JSON Schema of a type's configuration; an empty one if its plugin cannot be used."""
        found = self.plugins.connection_type(connection_type)
        return {} if found is None else found.schema

    def create(self, record: ProjectConnection) -> ProjectConnection:
        """Keep a new connection."""
        return self.store.add(self.checked(record))

    def update(self, name: str, change: Change) -> ProjectConnection:
        """Replace a connection by what `change` makes of it."""
        return self.store.update(name, lambda record: self.checked(change(record)))

    def duplicate(self, name: str, new_name: str) -> ProjectConnection:
        """Keep a copy of a connection under another name."""
        record = self.store.get(name)
        fresh = ProjectConnection(connection_type=record.connection_type, name=new_name)
        copied = {field: getattr(record, field) for field in ("connection_url", "config", "pool", "environments")}
        return self.store.add(replace(fresh, **copied))

    def delete(self, name: str) -> None:
        """Forget a connection and what happened to it. Flows that use it can't run any more."""
        entry = self.store.entry(name)
        self.store.remove(name)
        if entry is not None:
            self.activity.forget(entry.id)

    def checked(self, record: ProjectConnection) -> ProjectConnection:
        """The record with the plugin's own name for its type, if it can work in every environment."""
        entry, plugin = self._plugin(record.connection_type)
        record = replace(
            _canonical(record),
            connection_type=entry.name,
            environments={name: _canonical(overlay) for name, overlay in record.environments.items()},
        )
        for environment in (None, *record.environments):
            try:
                prepared(self._spec(record, plugin, environment))
            except ConfigurationError as error:
                if environment is None:
                    raise
                raise ConfigurationError(f"in {environment}: {error}", hint=error.hint) from error
        return record

    async def test(
        self, name: str, environment: str | None = None, on_stage: OnStage | None = None, timeout: float | None = None
    ) -> ProbeReport:
        """Test a connection stage by stage, and remember how that ended."""
        record = self.store.get(name)
        report = await self.probe(record, environment, on_stage, timeout)
        self.activity.note_report(record.id, environment, report)
        return report

    async def probe(
        self,
        record: ProjectConnection,
        environment: str | None = None,
        on_stage: OnStage | None = None,
        timeout: float | None = None,
    ) -> ProbeReport:
        """Test a record that need not be kept. `timeout` is in seconds, for each stage."""
        from flowlang.connections.probe import STAGE_SECONDS, probe

        _, plugin = self._plugin(record.connection_type)
        schema = plugin().get_config_schema()
        mask = Redactor(record.secrets(schema)).text

        def masked(stage: StageResult) -> StageResult:
            hint = None if stage.hint is None else mask(stage.hint)
            return stage._replace(message=mask(stage.message), hint=hint)

        def tell(stage: StageResult) -> None:
            if on_stage is not None:
                on_stage(masked(stage))

        report = await probe(
            plugin, record.resolved(schema, environment), tell, timeout or STAGE_SECONDS, folder=self.root
        )
        return report._replace(target=mask(report.target), stages=tuple(map(masked, report.stages)))

    async def rotate(
        self, name: str, change: Change, environment: str | None = None, on_stage: OnStage | None = None
    ) -> ProbeReport:
        """Give a connection new credentials, if a test with them succeeds; if not, it stays as it was."""
        candidate = self.checked(change(self.store.get(name)))
        report = await self.probe(candidate, environment, on_stage)
        if report.ok:
            self.activity.note_report(self.update(name, change).id, environment, report)
        return report

    def new_password(self, password: str, environment: str | None = None) -> Change:
        """The change that puts another password where the one in use stands: in the URL, else in the config."""
        check_environment(environment)

        def change(record: ProjectConnection) -> ProjectConnection:
            layer = record if environment is None else record.environments.get(environment, Overlay())
            url = layer.connection_url or record.connection_url
            if url is not None and "password" not in layer.config:
                return in_environment(record, environment, connection_url=with_password(url, password))
            if "password" in self.schema(record.connection_type).get("properties", {}):
                return in_environment(record, environment, config={**layer.config, "password": password})
            raise ConfigurationError(
                f"connections of type `{record.connection_type}` have no `password`", hint="give the whole new URL"
            )

        return change

    def record_of_url(self, name: str, url: str) -> ProjectConnection:
        """A record for a URL, which says the type by its scheme."""
        entry, _ = self._plugin(type_of_url(url))
        return ProjectConnection(connection_type=entry.name, name=name, connection_url=url)

    def _plugin(self, connection_type: str) -> tuple[PluginEntry, type[ConnectionPlugin]]:
        entry = self.plugins.get(connection_type)
        if entry is None:
            names = self.plugins.names()
            raise ConfigurationError(
                f"no plugin makes connections of type `{connection_type}`{did_you_mean(connection_type, names)}",
                hint=f"There are {', '.join(sorted(names))}.",
            )
        if entry.plugin is None:
            raise ConfigurationError(f"the plugin of type `{entry.name}` cannot be used: {entry.error}")
        return entry, entry.plugin

    def _spec(
        self, record: ProjectConnection, plugin: type[ConnectionPlugin], environment: str | None
    ) -> ConnectionSpec:
        config = record.resolved(plugin().get_config_schema(), environment)
        return ConnectionSpec(record.name, plugin.name, plugin, config, folder=self.root)


def in_environment(record: ProjectConnection, environment: str | None, **fields: Any) -> ProjectConnection:
    """The record with other values: its own, or those of one environment."""
    if environment is None:
        return replace(record, **fields)
    check_environment(environment)
    overlay = replace(record.environments.get(environment, Overlay()), **fields)
    return replace(record, environments={**record.environments, environment: overlay})


def _canonical(layer: L) -> L:
    url = layer.connection_url
    return layer if url is None else replace(layer, connection_url=canonical_url(url))
