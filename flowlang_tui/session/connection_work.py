"""The work behind the workbench's connections: it reads files and asks plugins, so it is done in worker threads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from flowlang.connections.activity import ProbeOutcome
from flowlang.connections.config import is_secret_key, secret_values
from flowlang.connections.discovery import PluginEntry, Plugins
from flowlang.connections.probe import STAGE_SECONDS, OnStage, ProbeReport, probe
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import Overlay, ProjectConnection, now
from flowlang.connections.scaffolding import example_files, write_files
from flowlang.connections.urls import url_secrets
from flowlang.errors import ConfigurationError, FlowLangError
from flowlang.language.model import Connection, Flow
from flowlang.project import Project
from flowlang.runtime.prepare import Preparer
from flowlang.runtime.uses import UsePlace, stored_uses
from flowlang.tasks.registry import TaskRegistry
from flowlang_tui.session.connection_draft import Draft, draft_of, draft_of_declared, problems_of, record_of
from flowlang_tui.session.connection_listing import broken_plugins, declared_row, resolved, stored_row, type_card
from flowlang_tui.session.connection_rows import ConnectionKey, Overview, Secret, TypeCard
from flowlang_tui.session.connection_text import literal_snippet, secret_variables
from flowlang_tui.session.dotenv import add_to_dotenv

#: A test that is ready to begin, in whichever loop it is awaited.
Ready = Callable[[OnStage | None], Coroutine[Any, Any, ProbeReport]]


class ConnectionWork:
    """What `SessionConnections` does, one call at a time. Raises FlowLangError for what cannot be done."""

    def __init__(self, root: Path, env: Mapping[str, str] | None) -> None:
        self.root = root
        self._env = env
        self._health: dict[tuple[Path, str], ProbeOutcome] = {}
        self._forget_plugins()

    def overview(self, path: Path | None, flow: Flow | None, afresh: bool) -> Overview:
        """All connections there are; `afresh` looks for plugins again."""
        if afresh:
            self._forget_plugins()
        declared = (
            ()
            if flow is None or path is None
            else tuple(
                declared_row(self._project, connection, flow, path, self._health.get((path, connection.name)))
                for connection in flow.connections.values()
            )
        )
        plugins = broken_plugins(self._project)
        try:
            names = self._project.store.names()
            uses = self._uses() if names else {}
            stored = tuple(stored_row(self._project, name, _steps(uses.get(name, []))) for name in names)
        except ConfigurationError as error:
            hint = f" {error.hint}" if error.hint else ""
            return Overview(declared, (), plugins, f"{error}.{hint}")
        return Overview(declared, stored, plugins)

    def types(self) -> list[TypeCard]:
        """The connection types there are, also those that cannot be used."""
        return [type_card(entry) for entry in self._plugins.all()]

    def draft(self, name: str) -> Draft:
        """The form of a connection that the project keeps."""
        record = self._project.store.get(name)
        draft = draft_of(record, self._project.schema(record.connection_type))
        draft.taken = self._project.store.names()
        return draft

    def new_draft(self, record: ProjectConnection) -> Draft:
        """The form of a new connection that is known in part."""
        draft = draft_of(record, self._project.schema(record.connection_type), new=True)
        draft.taken = self._project.store.names()
        return draft

    def declared_draft(self, connection: Connection) -> Draft:
        """The form of a connection that a flow declares."""
        kind = "" if connection.type is None else connection.type.text
        entry = self._usable(kind)
        assert entry.plugin is not None
        return draft_of_declared(connection, entry.plugin().get_config_schema())

    def problems(self, draft: Draft) -> dict[tuple[str | None, str], str]:
        """What is wrong with a draft, by environment and key."""
        found = problems_of(draft)
        if found:
            return found
        try:
            self._project.checked(record_of(draft))
        except FlowLangError as error:
            message = str(error).removeprefix(f"connection `{draft.name}`: ")
            hint = f" ({error.hint})" if error.hint else ""
            return {} if _is_computed(draft) else {(None, ""): f"{message}{hint}"}
        return {}

    def save(self, draft: Draft) -> str:
        """Keep what a draft says, and give the name under which it is kept."""
        record = record_of(draft)
        if draft.original is None:
            return self._project.create(record).name
        return self._project.update(draft.original.name, lambda _: record).name

    def write_dotenv(self, draft: Draft, folder: Path) -> None:
        """Put the secrets of a draft for a flow into the `.env` of the flow's folder."""
        values = draft.values()
        add_to_dotenv(folder / ".env", {name: values[key] for key, name in secret_variables(draft).items()})

    def duplicate(self, name: str, new_name: str) -> None:
        """Keep a copy under another name."""
        self._project.duplicate(name, new_name)

    def delete(self, name: str) -> None:
        """Forget a connection."""
        self._project.delete(name)

    def uses(self, name: str) -> list[UsePlace]:
        """The places in the project's flows that need a stored connection."""
        return self._uses().get(name, [])

    def last_used(self, name: str) -> dict[tuple[str, str], str]:
        """When runs last opened a stored connection, by flow and step."""
        entry = self._project.store.entry(name)
        uses = [] if entry is None else self._project.activity.uses(entry.id)
        return {(use.flow, use.step): use.last_used for use in uses}

    def history(self, key: ConnectionKey, path: Path | None) -> list[ProbeOutcome]:
        """How the last tests of a connection ended, the latest first."""
        if not key.stored:
            known = None if path is None else self._health.get((path, key.name))
            return [] if known is None else [known]
        entry = self._project.store.entry(key.name)
        return [] if entry is None else self._project.activity.tests(entry.id)

    def remember(self, key: ConnectionKey, path: Path, report: ProbeReport) -> None:
        """Keep in mind how the test of a flow's own connection ended."""
        failed = report.failed
        stage, message = (None, None) if failed is None else (failed.stage, failed.message)
        self._health[path, key.name] = ProbeOutcome(now(), None, report.ok, stage, message, report.ms)

    def secrets(self, key: ConnectionKey, path: Path | None, flow: Flow | None) -> list[Secret]:
        """What is masked everywhere else."""
        declared = None if key.stored or flow is None else flow.connections.get(key.name)
        if declared is not None and declared.use is None and flow is not None and path is not None:
            kind = "" if declared.type is None else declared.type.text
            own = Overlay(config=resolved(declared, flow, path.parent, self.root))
            return _hidden(own, self._project.schema(kind), "")
        record = self._project.store.get(_stored_name(key, declared))
        schema = self._project.schema(record.connection_type)
        found = _hidden(record, schema, "")
        for environment, overlay in record.environments.items():
            found += _hidden(overlay, schema, f"{environment}: ")
        return found

    def example(self, connection_type: str) -> list[Path]:
        """Write the example flow of a type into the project's `examples` folder; the paths of its files."""
        entry = self._usable(connection_type)
        assert entry.plugin is not None
        try:
            return write_files(example_files(entry.plugin()), self.root / "examples")
        except FileExistsError as error:
            raise FlowLangError(f"{error.filename or error} exists already; nothing was written over it") from error

    def ready(
        self, key: ConnectionKey, path: Path | None, flow: Flow | None, environment: str | None, timeout: float | None
    ) -> Ready:
        """The test of a connection; that of a stored one remembers how it ended."""
        declared = None if key.stored or flow is None else flow.connections.get(key.name)
        if key.stored or (declared is not None and declared.use is not None):
            name = _stored_name(key, declared)
            return lambda on_stage: self._project.test(name, environment, on_stage, timeout)
        if declared is None or flow is None or path is None:
            raise ConfigurationError(f"the flow declares no connection `{key.name}` any more")
        return self._declared_ready(declared, flow, path.parent, timeout)

    def draft_ready(self, draft: Draft, environment: str | None, folder: Path | None) -> Ready:
        """The test of a draft; one for a flow is tested as in the flow's `folder`."""
        if draft.where == "flow" and folder is not None:
            # in a flow that declares nothing else its expressions are computed as in any other
            text = f"flow: draft\n{literal_snippet(draft).section}steps: [exit]\n"
            flow = Preparer(TaskRegistry(), tasks_known=False, env=self._env).load(text, folder).flow
            return self._declared_ready(flow.connections["db"], flow, folder, None)
        record = self._project.checked(record_of(draft))
        return lambda on_stage: self._project.probe(record, environment, on_stage)

    def _declared_ready(self, declared: Connection, flow: Flow, folder: Path, timeout: float | None) -> Ready:
        entry = self._usable("" if declared.type is None else declared.type.text)
        config = resolved(declared, flow, folder, self.root)
        plugin = entry.plugin
        assert plugin is not None
        return lambda on_stage: probe(plugin, config, on_stage, timeout or STAGE_SECONDS, folder=folder)

    def _uses(self) -> dict[str, list[UsePlace]]:
        return stored_uses([flow.path for flow in Project(str(self.root)).flows], self._preparer)

    def _usable(self, connection_type: str) -> PluginEntry:
        entry = self._plugins.get(connection_type)
        if entry is None or entry.plugin is None:
            why = "there is none" if entry is None else entry.error
            raise ConfigurationError(f"the plugin of type `{connection_type}` cannot be used: {why}")
        return entry

    def _forget_plugins(self) -> None:
        self._preparer = Preparer(TaskRegistry(), tasks_known=False, env=self._env)
        self._plugins: Plugins = self._preparer.plugins(self.root)
        self._project = ProjectConnections(self.root, self._plugins, self._env)


def _stored_name(key: ConnectionKey, declared: Connection | None) -> str:
    return key.name if declared is None or declared.use is None else declared.use.text


def _hidden(layer: Overlay, schema: Mapping[str, Any], prefix: str) -> list[Secret]:
    found = []
    if layer.connection_url is not None and url_secrets(layer.connection_url):
        found.append(Secret(f"{prefix}url", layer.connection_url))
    properties = schema.get("properties", {})
    for key, value in layer.config.items():
        if is_secret_key(key, properties.get(key, {})) or secret_values({}, {key: value}):
            found.append(Secret(f"{prefix}{key}", str(value)))
    return found


def _is_computed(draft: Draft) -> bool:
    """Whether values are known only in a run, so that the plugin cannot judge them."""
    return draft.where == "flow" and any("${" in text for text in draft.values().values())


def _steps(places: list[UsePlace]) -> int:
    return sum(place.step is not None for place in places)
