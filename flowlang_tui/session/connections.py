"""Everything the workbench can do with connections. It knows no widget; nothing here keeps the screen waiting."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

from flowlang.connections.activity import ProbeOutcome
from flowlang.connections.config import is_secret_key, secret_values
from flowlang.connections.discovery import PluginEntry, Plugins
from flowlang.connections.probe import STAGE_SECONDS, OnStage, ProbeReport, probe
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.records import Overlay, ProjectConnection, now
from flowlang.connections.scaffolding import PluginFailure, asked, example_files, write_files
from flowlang.connections.urls import url_secrets
from flowlang.errors import ConfigurationError, FlowLangError
from flowlang.language.model import Connection, Flow
from flowlang.project import Project
from flowlang.runtime.prepare import Preparer
from flowlang.runtime.uses import UsePlace, stored_uses
from flowlang.tasks.registry import TaskRegistry
from flowlang_tui.session.connection_draft import Draft, draft_of, draft_of_declared, problems_of, record_of
from flowlang_tui.session.connection_rows import (
    BrokenPlugin,
    ConnectionKey,
    ConnectionRow,
    Overview,
    TypeCard,
    declared_row,
    resolved,
    stored_row,
)
from flowlang_tui.session.connection_text import literal_snippet, secret_variables
from flowlang_tui.session.dotenv import add_to_dotenv
from flowlang_tui.session.engine import EngineThread

#: How many places a question lists.
_PLACES: Final = 10

_log = logging.getLogger("flowlang_tui.connections")

P = ParamSpec("P")
T = TypeVar("T")


class Secret(NamedTuple):
    """Something hidden in a connection: where it stands, and what it is."""

    label: str
    value: str


class SessionConnections:
    """The connections of the project in `root` and of its flows.

    What reads files or asks plugins runs in worker threads, one at a time; tests run in the engine's thread.
    Methods raise FlowLangError for what cannot be done; no message holds a secret.
    """

    def __init__(
        self,
        root: Path,
        engine: EngineThread,
        *,
        environment: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.environment = environment
        self._engine = engine
        self._env = env
        self._lock = threading.Lock()
        self._health: dict[tuple[Path, str], ProbeOutcome] = {}
        self._forget_plugins()

    async def overview(self, path: Path | None, flow: Flow | None, *, afresh: bool = False) -> Overview:
        """All connections there are; `afresh` looks for plugins again."""
        return await self._off(self._overview, path, flow, afresh)

    async def types(self) -> list[TypeCard]:
        """The connection types there are, also those that cannot be used."""
        return await self._off(lambda: [_card(entry) for entry in self._plugins.all()])

    async def new_draft(self, connection_type: str) -> Draft:
        """The empty form of a type."""
        return await self.draft_of_record(ProjectConnection(connection_type=connection_type, name=""))

    async def draft(self, name: str) -> Draft:
        """The form of a connection that the project keeps."""

        def made() -> Draft:
            record = self._project.store.get(name)
            draft = draft_of(record, self._project.schema(record.connection_type))
            draft.taken = self._project.store.names()
            return draft

        return await self._off(made)

    async def declared_draft(self, connection: Connection) -> Draft:
        """The form of a connection that the open flow declares. Raises ConfigurationError if its plugin is unusable."""

        def made() -> Draft:
            kind = "" if connection.type is None else connection.type.text
            entry = self._usable(kind)
            assert entry.plugin is not None
            return draft_of_declared(connection, entry.plugin().get_config_schema())

        return await self._off(made)

    async def draft_of_record(self, record: ProjectConnection) -> Draft:
        """The form of a new connection that is known in part, such as one from a template."""

        def made() -> Draft:
            draft = draft_of(record, self._project.schema(record.connection_type), new=True)
            draft.taken = self._project.store.names()
            return draft

        return await self._off(made)

    async def problems(self, draft: Draft) -> dict[tuple[str | None, str], str]:
        """What is wrong with a draft, by environment and key; what its plugin refuses stands under empty keys."""
        return await self._off(self._problems, draft)

    async def save(self, draft: Draft) -> ProjectConnection:
        """Keep what a draft says in the project: as a new connection, or in place of its original."""

        def kept() -> ProjectConnection:
            record = record_of(draft)
            if draft.original is None:
                return self._project.create(record)
            return self._project.update(draft.original.name, lambda _: record)

        return await self._off(kept)

    async def write_dotenv(self, draft: Draft, folder: Path) -> None:
        """Put the secrets of a draft for a flow into the `.env` of the flow's folder."""
        variables = secret_variables(draft)
        values = draft.values()
        await self._off(add_to_dotenv, folder / ".env", {name: values[key] for key, name in variables.items()})

    async def duplicate(self, name: str, new_name: str) -> None:
        """Keep a copy of a stored connection under another name."""
        await self._off(self._project.duplicate, name, new_name)

    async def delete(self, name: str) -> None:
        """Forget a stored connection."""
        await self._off(self._project.delete, name)

    async def uses(self, name: str) -> list[UsePlace]:
        """The places in the project's flows that need a stored connection."""
        return await self._off(lambda: self._uses().get(name, []))

    async def broken_without(self, name: str) -> str:
        """What could not run any more without a stored connection, in lines to show; empty if nothing."""
        places = await self.uses(name)
        if not places:
            return ""
        lines = [self.place(Path(one.path), one.line, one.step) for one in places[:_PLACES]]
        more = [f"… and {len(places) - _PLACES} more"] if len(places) > _PLACES else []
        return "\n".join(["These could not run any more:", *lines, *more])

    def place(self, path: Path, line: int, step: str | None) -> str:
        """A place in a flow, for people."""
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return f"{shown}:{line}" + ("" if step is None else f"  {step}")

    async def last_used(self, name: str) -> dict[tuple[str, str], str]:
        """When runs last opened a stored connection, by flow (its path in the project) and step."""

        def known() -> dict[tuple[str, str], str]:
            entry = self._project.store.entry(name)
            uses = [] if entry is None else self._project.activity.uses(entry.id)
            return {(use.flow, use.step): use.last_used for use in uses}

        return await self._off(known)

    async def history(self, key: ConnectionKey, path: Path | None) -> list[ProbeOutcome]:
        """How the last tests of a connection ended, the latest first; of a flow's own only the last one is known."""
        if not key.stored:
            known = None if path is None else self._health.get((path, key.name))
            return [] if known is None else [known]

        def tests() -> list[ProbeOutcome]:
            entry = self._project.store.entry(key.name)
            return [] if entry is None else self._project.activity.tests(entry.id)

        return await self._off(tests)

    async def secrets(self, key: ConnectionKey, path: Path | None, flow: Flow | None) -> list[Secret]:
        """What is masked everywhere else, to be shown to whoever asks for it deliberately."""
        return await self._off(self._secrets, key, path, flow)

    async def example(self, connection_type: str) -> list[Path]:
        """Write the example flow of a type into the project's `examples` folder; gives the paths of its files."""

        def written() -> list[Path]:
            entry = self._usable(connection_type)
            assert entry.plugin is not None
            try:
                return write_files(example_files(entry.plugin()), self.root / "examples")
            except FileExistsError as error:
                raise FlowLangError(f"{error.filename or error} exists already; nothing was written over it") from error

        return await self._off(written)

    async def test(
        self,
        key: ConnectionKey,
        path: Path | None = None,
        flow: Flow | None = None,
        on_stage: OnStage | None = None,
        timeout: float = STAGE_SECONDS,
    ) -> ProbeReport:
        """Test a connection stage by stage and remember how that ended. `on_stage` is called in the caller's thread."""
        declared = None if key.stored or flow is None else flow.connections.get(key.name)
        name = key.name if declared is None or declared.use is None else declared.use.text
        if key.stored or (declared is not None and declared.use is not None):
            work = self._project.test(name, self.environment, _here(on_stage), timeout)
            return await self._engine.call(work)
        if declared is None or flow is None or path is None:
            raise ConfigurationError(f"the flow declares no connection `{key.name}` any more")
        report = await self._test_declared(declared, flow, path, _here(on_stage), timeout)
        failed = report.failed
        self._health[path, key.name] = ProbeOutcome(
            now(), None, report.ok, failed and failed.stage, failed and failed.message, report.ms
        )
        return report

    async def test_draft(
        self,
        draft: Draft,
        environment: str | None = None,
        on_stage: OnStage | None = None,
        folder: Path | None = None,
    ) -> ProbeReport:
        """Test what a form says, before it is kept anywhere; one for a flow is tested as in the flow's `folder`."""
        if draft.where == "flow" and folder is not None:
            flow, place = await self._off(self._flow_with, draft, folder), folder / "flow.yaml"
            return await self._test_declared(flow.connections["db"], flow, place, _here(on_stage), STAGE_SECONDS)
        record = await self._off(lambda: self._project.checked(record_of(draft)))
        return await self._engine.call(self._project.probe(record, environment, _here(on_stage)))

    async def _test_declared(
        self, declared: Connection, flow: Flow, path: Path, on_stage: OnStage | None, timeout: float
    ) -> ProbeReport:
        def known() -> tuple[PluginEntry, dict[str, Any]]:
            kind = "" if declared.type is None else declared.type.text
            return self._usable(kind), resolved(declared, flow, path.parent, self.root)

        entry, config = await self._off(known)
        assert entry.plugin is not None
        return await self._engine.call(probe(entry.plugin, config, on_stage, timeout, folder=path.parent))

    def _overview(self, path: Path | None, flow: Flow | None, afresh: bool) -> Overview:
        if afresh:
            self._forget_plugins()
        declared = () if flow is None or path is None else tuple(self._declared(path, flow))
        plugins = tuple(
            BrokenPlugin(card.name, card.source, card.error or f"needs {', '.join(card.missing)}")
            for card in map(_card, self._plugins.all())
            if card.error or card.missing
        )
        try:
            names = self._project.store.names()
            uses = self._uses() if names else {}
            stored = tuple(stored_row(self._project, name, _steps(uses.get(name, []))) for name in names)
        except ConfigurationError as error:
            hint = f" {error.hint}" if error.hint else ""
            return Overview(declared, (), plugins, f"{error}.{hint}")
        return Overview(declared, stored, plugins)

    def _declared(self, path: Path, flow: Flow) -> list[ConnectionRow]:
        return [
            declared_row(self._project, connection, flow, path, self._health.get((path, connection.name)))
            for connection in flow.connections.values()
        ]

    def _uses(self) -> dict[str, list[UsePlace]]:
        return stored_uses([flow.path for flow in Project(str(self.root)).flows], self._preparer)

    def _problems(self, draft: Draft) -> dict[tuple[str | None, str], str]:
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

    def _secrets(self, key: ConnectionKey, path: Path | None, flow: Flow | None) -> list[Secret]:
        declared = None if key.stored or flow is None else flow.connections.get(key.name)
        if declared is not None and declared.use is None and flow is not None and path is not None:
            kind = "" if declared.type is None else declared.type.text
            schema = self._project.schema(kind)
            return list(_hidden(Overlay(config=resolved(declared, flow, path.parent, self.root)), schema, ""))
        name = key.name if declared is None or declared.use is None else declared.use.text
        record = self._project.store.get(name)
        schema = self._project.schema(record.connection_type)
        found = _hidden(record, schema, "")
        for environment, overlay in record.environments.items():
            found += _hidden(overlay, schema, f"{environment}: ")
        return found

    def _flow_with(self, draft: Draft, folder: Path) -> Flow:
        """A flow that declares only this connection: its expressions are computed as in any other."""
        text = f"flow: draft\n{literal_snippet(draft).section}steps: [exit]\n"
        return Preparer(TaskRegistry(), tasks_known=False, env=self._env).load(text, folder).flow

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

    async def _off(self, work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """Do something in a worker thread, when the last such thing is done."""

        def alone() -> T:
            with self._lock:
                return _guarded(lambda: work(*arguments, **options))

        return await asyncio.to_thread(alone)


def _guarded(work: Callable[[], T]) -> T:
    try:
        return work()
    except FlowLangError:
        raise
    except OSError as error:
        raise FlowLangError(f"{error.filename or 'a file'}: {error.strerror or error}") from error
    # a plugin is somebody else's code; what it raises may hold values, so only its kind is told
    except Exception as error:
        _log.debug("a plugin failed", exc_info=error)
        raise PluginFailure(
            f"a plugin failed with {type(error).__name__}", hint="`flowlang connection verify` says where."
        ) from error


def _here(on_stage: OnStage | None) -> OnStage | None:
    """A callback for another thread that calls `on_stage` in this one."""
    if on_stage is None:
        return None
    loop, tell = asyncio.get_running_loop(), on_stage
    return lambda stage: loop.call_soon_threadsafe(tell, stage) and None


def _card(entry: PluginEntry) -> TypeCard:
    if entry.plugin is None:
        return TypeCard(entry.name, entry.aliases, "", "", entry.source, error=entry.error)
    plugin = entry.plugin()
    try:
        _, missing = asked(plugin, "check_dependencies")
    except PluginFailure as failure:
        return TypeCard(entry.name, entry.aliases, plugin.description, plugin.category, entry.source, (), str(failure))
    return TypeCard(entry.name, entry.aliases, plugin.description, plugin.category, entry.source, tuple(missing))


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
