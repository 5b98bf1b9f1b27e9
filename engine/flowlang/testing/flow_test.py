"""`FlowTest`: a flow under test, for tests written in Python."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from flowlang.project import Project
from flowlang.runtime.executor import FlowExecutor
from flowlang.tasks.loader import load_registry
from flowlang.tasks.registry import TaskRegistry
from flowlang.testing.mocks import NOTHING, Mock, Reply
from flowlang.testing.running import TestRun, run_flow


class FlowTest:
    """A flow's file, run as often as a test wants, with mocks for what it should not really do.

        def test_a_new_user_is_looked_up():
            flow = FlowTest("flow.yaml")
            flow.mock("redis_get", returns={"value": None, "exists": False})
            query = flow.mock("pg_query", returns={"rows": [{"id": 1}], "count": 1, "columns": ["id"]})
            run = flow.run(user_id=1)
            assert run.outputs["user"] == {"id": 1}
            assert query.call_count == 1

    `path` is a flow's file or a folder with one. The tasks are those of `registry`, else of `flow.py` beside the flow.
    `env` is added to the environment of the process. Waits cost no time: the clock jumps (`TestRun.seconds` tells
    by how much), unless the flow works on a real connection. With a `cassette` connections give what is recorded there;
    with `record` they are real, and it is recorded.
    """

    __test__ = False

    def __init__(
        self,
        path: str | os.PathLike[str],
        registry: TaskRegistry | None = None,
        *,
        env: Mapping[str, str] | None = None,
        cassette: str | os.PathLike[str] | None = None,
        record: bool = False,
    ) -> None:
        project = Project(path)
        self.path = Path(project.main).absolute()
        if registry is None and project.tasks_file is not None:
            registry = load_registry(Path(project.tasks_file))
        self._registry = registry
        self._env = {**os.environ, **(env or {})}
        self._mocks: dict[str, Mock] = {}
        self._cassette = None if cassette is None else Path(cassette)
        self._record = record

    def mock(
        self,
        name: str,
        *,
        returns: Any = NOTHING,
        raises: BaseException | type[BaseException] | None = None,
        calls: Callable[..., Any] | None = None,
        replies: Iterable[Reply] | None = None,
        delay: float = 0.0,
    ) -> Mock:
        """Let something stand for a step (by its id), a task or a subflow (by its name), in subflows too.

        It gives `returns`, raises `raises`, or what `calls`, a plain or async function, makes of the inputs; after
        `delay` seconds. `replies` says it for one call after the other; the last holds for all that follow. A mock
        of the same name before is forgotten.
        """
        several = [Reply(returns, raises, calls, delay)] if replies is None else list(replies)
        if not several:
            raise ValueError("`replies` needs at least one reply")
        mock = self._mocks[name] = Mock(name, several)
        return mock

    def run(self, inputs: Mapping[str, Any] | None = None, /, **more: Any) -> TestRun:
        """Run the flow with these inputs to its end, on an event loop of its own."""
        given = {**(inputs or {}), **more}
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._run(given)
        raise RuntimeError("this is an async test: write `await flow.execute(…)`")

    async def execute(self, inputs: Mapping[str, Any] | None = None, /, **more: Any) -> TestRun:
        """The same in an async test: the flow runs in a thread, on an event loop of its own."""
        return await asyncio.to_thread(self._run, {**(inputs or {}), **more})

    def _run(self, inputs: Mapping[str, Any]) -> TestRun:
        executor = FlowExecutor(self._registry, env=self._env)
        if self._cassette is None:
            return run_flow(executor, self.path, inputs, self._mocks.values())
        from flowlang.testing.cassettes import player_of

        player = player_of(self._cassette, record=self._record)
        run = run_flow(executor, self.path, inputs, self._mocks.values(), [player])
        player.eject()
        return run
