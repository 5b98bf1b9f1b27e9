"""An engine to run flows with: a folder of its own, a few small tasks, and a record of every event."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import pytest_asyncio

from flowlang import CancellationToken, Event, FlowExecutor, FlowResult, TaskRegistry

PATIENCE = 10


class Engine:
    """Runs flows in `folder` and remembers what happened: `events` of the last run, `notes` of the tasks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env: dict[str, str] = {}
        self.registry = TaskRegistry()
        self.notes: list[Any] = []
        self.events: list[Event] = []
        self._calls: Counter[str] = Counter()
        self._waiting: dict[str, asyncio.Event] = {}
        self._executor: FlowExecutor | None = None
        for name in ("Give", "Echo", "Note", "Fail", "Flaky", "Hang", "Tick", "Meet"):
            self.registry.register(name, getattr(self, name.lower()))

    @property
    def executor(self) -> FlowExecutor:
        if self._executor is None:
            self._executor = FlowExecutor(self.registry, folder=self.folder, env=self.env)
        return self._executor

    async def close(self) -> None:
        if self._executor is not None:
            await self._executor.close()

    async def run(self, flow: Any, inputs: Mapping[str, Any] | None = None, **options: Any) -> FlowResult:
        """Run a flow. Text that starts with a step gets the flow's first lines put before it."""
        self.events = []
        options.setdefault("event_callback", self.events.append)
        source = written(flow) if isinstance(flow, str) else flow
        async with asyncio.timeout(PATIENCE):
            return await self.executor.execute_flow(source, inputs, **options)

    async def outputs(self, flow: str, inputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The outputs of a flow that has to succeed."""
        result = await self.run(flow, inputs)
        assert result.success, f"{result.error_type}: {result.error}"
        return result.outputs

    async def cancel_when(self, name: str, flow: str, reason: str | None = None, **options: Any) -> FlowResult:
        """Run a flow, and cancel it once the task `Hang` was called with this name."""
        token = CancellationToken()
        running = asyncio.create_task(self.run(flow, cancellation_token=token, **options))
        await self.reached(name)
        await token.cancel(reason)
        return await running

    async def reached(self, name: str) -> None:
        """Wait until the task `Hang` was called with this name."""
        async with asyncio.timeout(PATIENCE):
            await self._waiting.setdefault(name, asyncio.Event()).wait()

    def write(self, name: str, flow: str) -> Path:
        """Write a file into the engine's folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(flow, path.parent.name if path.name == "flow.yaml" else path.stem), encoding="utf-8")
        return path

    def of_type(self, *types: str) -> list[Event]:
        """The events of these types, in their order."""
        return [event for event in self.events if event["type"] in types]

    def types(self) -> list[str]:
        """What happened, in its order."""
        return [event["type"] for event in self.events]

    def calls(self, name: str) -> int:
        """How often `Flaky`, `Tick` or `Fail` was called with this name."""
        return self._calls[name]

    async def give(self, value: Any = None) -> Any:
        """Give back the value itself."""
        await asyncio.sleep(0)
        return value

    async def echo(self, value: Any = None) -> dict[str, Any]:
        """Give back a map with the value."""
        await asyncio.sleep(0)
        return {"value": value}

    async def note(self, text: Any) -> dict[str, Any]:
        """Remember that this step ran."""
        self.notes.append(text)
        return {"noted": text}

    async def fail(self, message: str = "broken", name: str = "fail") -> None:
        """Fail with a ValueError."""
        self._calls[name] += 1
        raise ValueError(message)

    async def flaky(self, times: int, name: str = "flaky", value: Any = None) -> dict[str, Any]:
        """Fail so many times, then succeed."""
        self._calls[name] += 1
        if self._calls[name] <= times:
            raise OSError(f"failure {self._calls[name]}")
        return {"value": value, "calls": self._calls[name]}

    async def tick(self, name: str = "tick") -> dict[str, Any]:
        """Count the calls."""
        self._calls[name] += 1
        return {"count": self._calls[name]}

    async def hang(self, name: str = "hang") -> None:
        """Wait for ever, and remember being stopped."""
        self._waiting.setdefault(name, asyncio.Event()).set()
        try:
            await asyncio.Event().wait()
        finally:
            self.notes.append(f"{name} stopped")

    async def meet(self, me: str, other: str) -> dict[str, Any]:
        """Tell that `me` is here, and wait until `other` is."""
        self._waiting.setdefault(me, asyncio.Event()).set()
        await self.reached(other)
        return {"met": other}


def written(flow: str, name: str = "test") -> str:
    """The text of a flow, with `flow` and `steps` put before a text that starts with a step."""
    text = dedent(flow).lstrip("\n")
    return f"flow: {name}\nsteps:\n{text}" if text.startswith("- ") else text


@pytest_asyncio.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine in an empty folder. No task of a run may be left when the test ends."""
    made = Engine(tmp_path)
    yield made
    await made.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def task(engine: Engine) -> Callable[[Any], Any]:
    """Registers a function as a task of the engine, under the function's own name."""

    def register(function: Any) -> Any:
        return engine.registry.register(function)

    return register
