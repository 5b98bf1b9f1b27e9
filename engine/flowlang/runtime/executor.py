"""The way in: runs flows."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from copy import copy
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowlang.connections.project import check_environment
from flowlang.runtime.control import CancellationToken
from flowlang.runtime.events import EventCallback
from flowlang.runtime.plan import Plan
from flowlang.runtime.prepare import FlowSource, Preparer
from flowlang.runtime.result import FlowResult
from flowlang.runtime.run import Run
from flowlang.tasks.registry import TaskRegistry

if TYPE_CHECKING:
    from flowlang.environment import Environment
    from flowlang.runtime.interception import Interceptor
    from flowlang.runtime.recording import Recorder
    from flowlang.tasks.threads import WorkerThreads


class FlowExecutor:
    """Runs flows with the tasks of one registry, any number of them at once.

    A flow given as text or data looks for `.env` and for subflows in `folder` (default: the current folder); a
    file looks in its own. `env` stands for the environment of the process, `env_file` is read besides `.env`.
    `environment` (`dev`, `staging` or `prod`) chooses the values that the project's stored connections have there.
    Connection pools that no run uses are kept for `idle_seconds`.
    """

    def __init__(
        self,
        registry: TaskRegistry | None = None,
        *,
        folder: str | PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        env_file: str | PathLike[str] | None = None,
        environment: str | None = None,
        idle_seconds: float = 0,
    ) -> None:
        check_environment(environment)
        self.registry = TaskRegistry() if registry is None else registry
        self._folder = None if folder is None else Path(folder).absolute()
        self._env: Mapping[str, str] = os.environ if env is None else env
        self._env_file = None if env_file is None else Path(env_file)
        self._threads: WorkerThreads | None = None
        self.connection_environment = environment
        self.idle_seconds = idle_seconds
        self.preparer = Preparer(self.registry, env=self._env)

    def with_texts(self, texts: Mapping[Path, str]) -> FlowExecutor:
        """One that takes these texts for the content of files, by their absolute paths, and is the same otherwise."""
        twin = copy(self)
        twin._threads = self.threads
        twin.preparer = Preparer(self.registry, env=self._env, texts=texts)
        return twin

    async def execute_flow(
        self,
        flow: FlowSource,
        inputs: Mapping[str, Any] | None = None,
        event_callback: EventCallback | None = None,
        cancellation_token: CancellationToken | None = None,
        *,
        run_id: str | None = None,
        timeout: float | None = None,
        recorder: Recorder | None = None,
        interceptors: Sequence[Interceptor] = (),
    ) -> FlowResult:
        """Run a flow: its text, a dict of what the text would say, or the path of its file.

        `event_callback` gets every `Event`, in order; it may be async. `timeout` is in seconds. `recorder` writes
        the run down; `interceptors` step in where steps begin and end, the first one first. A flow that fails gives
        a result that says so. Raises FlowValidationError for a flow that cannot run as it is
        written; a file that cannot be read is such a one.
        """
        return await self.execute_plan(
            self.prepare(flow),
            inputs,
            event_callback,
            cancellation_token,
            run_id=run_id,
            timeout=timeout,
            recorder=recorder,
            interceptors=interceptors,
        )

    async def execute_plan(
        self,
        plan: Plan,
        inputs: Mapping[str, Any] | None = None,
        event_callback: EventCallback | None = None,
        cancellation_token: CancellationToken | None = None,
        *,
        run_id: str | None = None,
        timeout: float | None = None,
        recorder: Recorder | None = None,
        interceptors: Sequence[Interceptor] = (),
    ) -> FlowResult:
        """Run a flow that was prepared, whatever its file holds by now. Arguments and result as for `execute_flow`."""
        interception = None
        if interceptors:
            from flowlang.runtime.interception import Interception

            interception = Interception(interceptors)
        run = Run(
            self,
            run_id=run_id,
            callback=event_callback,
            token=cancellation_token,
            recorder=recorder,
            interception=interception,
            watched=plan.marks,
        )
        return await run.execute(plan, inputs or {}, timeout)

    def prepare(self, flow: FlowSource) -> Plan:
        """Read, check and plan a flow without running it. Raises as `execute_flow` does."""
        return self.preparer.plan(flow, self._folder or Path.cwd())

    async def close(self) -> None:
        """Close the connection pools that no run uses any more, and end idle threads."""
        if self._threads is not None:
            self._threads.close()
            self._threads = None
        manager = sys.modules.get("flowlang.connections.pools")
        if manager is not None:
            await manager.process_pools.close_idle()

    @property
    def threads(self) -> WorkerThreads:
        """Where plain functions run."""
        if self._threads is None:
            from flowlang.tasks.threads import WorkerThreads

            self._threads = WorkerThreads()
        return self._threads

    def environment(self, plan: Plan) -> Environment:
        """The environment in which a flow runs."""
        from flowlang.environment import Environment

        return Environment.load(plan.folder, plan.root, self._env_file, self._env)
