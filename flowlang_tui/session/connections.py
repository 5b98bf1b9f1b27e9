"""Everything the workbench can do with connections. It knows no widget; nothing here keeps the screen waiting."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from flowlang.errors import FlowLangError
from flowlang_tui.session.connection_rows import ConnectionKey, Overview, Secret, TypeCard
from flowlang_tui.session.engine import EngineThread

if TYPE_CHECKING:
    from flowlang.connections.activity import ProbeOutcome
    from flowlang.connections.probe import OnStage, ProbeReport
    from flowlang.connections.records import ProjectConnection
    from flowlang.language.model import Connection, Flow
    from flowlang.runtime.uses import UsePlace
    from flowlang_tui.session.connection_draft import Draft
    from flowlang_tui.session.connection_work import ConnectionWork

T = TypeVar("T")

#: How many places a question lists.
_PLACES: Final = 10

_log = logging.getLogger("flowlang_tui.connections")


class SessionConnections:
    """The connections of the project in `root` and of its flows.

    What reads files or asks plugins runs in worker threads, one at a time, and is loaded with the first of it; tests
    run in the engine's thread. Methods raise FlowLangError for what cannot be done; no message holds a secret.
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
        self._worker: ConnectionWork | None = None

    async def overview(self, path: Path | None, flow: Flow | None, *, afresh: bool = False) -> Overview:
        """All connections there are; `afresh` looks for plugins again."""
        return await self._off(lambda work: work.overview(path, flow, afresh))

    async def types(self) -> list[TypeCard]:
        """The connection types there are, also those that cannot be used."""
        return await self._off(lambda work: work.types())

    async def new_draft(self, connection_type: str) -> Draft:
        """The empty form of a type."""
        from flowlang.connections.records import ProjectConnection

        return await self.draft_of_record(ProjectConnection(connection_type=connection_type, name=""))

    async def draft_of_record(self, record: ProjectConnection) -> Draft:
        """The form of a new connection that is known in part, such as one from a template."""
        return await self._off(lambda work: work.new_draft(record))

    async def draft(self, name: str) -> Draft:
        """The form of a connection that the project keeps."""
        return await self._off(lambda work: work.draft(name))

    async def declared_draft(self, connection: Connection) -> Draft:
        """The form of a connection that the open flow declares."""
        return await self._off(lambda work: work.declared_draft(connection))

    async def problems(self, draft: Draft) -> dict[tuple[str | None, str], str]:
        """What is wrong with a draft, by environment and key; what its plugin refuses stands under empty keys."""
        return await self._off(lambda work: work.problems(draft))

    async def save(self, draft: Draft) -> str:
        """Keep what a draft says, as a new connection or in place of its original; gives its name."""
        return await self._off(lambda work: work.save(draft))

    async def write_dotenv(self, draft: Draft, folder: Path) -> None:
        """Put the secrets of a draft for a flow into the `.env` of the flow's folder."""
        await self._off(lambda work: work.write_dotenv(draft, folder))

    async def duplicate(self, name: str, new_name: str) -> None:
        """Keep a copy of a stored connection under another name."""
        await self._off(lambda work: work.duplicate(name, new_name))

    async def delete(self, name: str) -> None:
        """Forget a stored connection."""
        await self._off(lambda work: work.delete(name))

    async def uses(self, name: str) -> list[UsePlace]:
        """The places in the project's flows that need a stored connection."""
        return await self._off(lambda work: work.uses(name))

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
        return await self._off(lambda work: work.last_used(name))

    async def history(self, key: ConnectionKey, path: Path | None) -> list[ProbeOutcome]:
        """How the last tests of a connection ended, the latest first; of a flow's own only the last one is known."""
        return await self._off(lambda work: work.history(key, path))

    async def secrets(self, key: ConnectionKey, path: Path | None, flow: Flow | None) -> list[Secret]:
        """What is masked everywhere else, to be shown to whoever asks for it deliberately."""
        return await self._off(lambda work: work.secrets(key, path, flow))

    async def example(self, connection_type: str) -> list[Path]:
        """Write the example flow of a type into the project's `examples` folder; gives the paths of its files."""
        return await self._off(lambda work: work.example(connection_type))

    async def test(
        self,
        key: ConnectionKey,
        path: Path | None = None,
        flow: Flow | None = None,
        on_stage: OnStage | None = None,
        timeout: float | None = None,
    ) -> ProbeReport:
        """Test a connection stage by stage and remember how that ended. `on_stage` is called in the caller's thread.

        `timeout` is in seconds, for each stage.
        """
        ready = await self._off(lambda work: work.ready(key, path, flow, self.environment, timeout))
        report = await self._engine.call(ready(_here(on_stage)))
        if not key.stored and path is not None:
            await self._off(lambda work: work.remember(key, path, report))
        return report

    async def test_draft(
        self,
        draft: Draft,
        environment: str | None = None,
        on_stage: OnStage | None = None,
        folder: Path | None = None,
    ) -> ProbeReport:
        """Test what a form says, before it is kept anywhere; one for a flow is tested as in the flow's `folder`."""
        ready = await self._off(lambda work: work.draft_ready(draft, environment, folder))
        return await self._engine.call(ready(_here(on_stage)))

    async def _off(self, do: Callable[[ConnectionWork], T]) -> T:
        """Do something in a worker thread, when the last such thing is done."""
        return await asyncio.to_thread(self._alone, do)

    def _alone(self, do: Callable[[ConnectionWork], T]) -> T:
        with self._lock:
            from flowlang.connections.scaffolding import PluginFailure
            from flowlang_tui.session.connection_work import ConnectionWork

            if self._worker is None:
                self._worker = ConnectionWork(self.root, self._env)
            try:
                return do(self._worker)
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
