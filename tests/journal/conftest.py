"""A project whose runs are recorded, and tasks that do what runs do: succeed, fail, wait, count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flowlang import Event, FlowExecutor, FlowResult, Journal, TaskRegistry
from flowlang.journal.recording import RunRecorder

FLOW = """\
flow: Orders
inputs: [{name: n, type: integer, default: 3}, {name: password, secret: true, required: false}]
steps:
  - Count: {id: first, n: 1}
  - if: ${first.n > 5}
    id: large
    then: [{Count: {id: much, n: 10}}]
    else: [{Count: {id: few, n: 20}}]
  - for_each: [1, 2, 3]
    id: each
    as: number
    do: [{Count: {id: inner, n: '${number}'}}]
    collect: ${inner.n}
  - Count: {id: quiet, n: 5, silent: true}
  - Money: {id: money}
  - Fail: {id: bad, retry: {max_attempts: 2, delay: 0ms}, continue_on_error: true}
  - Count: {id: never, n: 1}
    if: ${first.n > 5}
  - Count: {id: last, n: '${first.n + 1}'}
outputs: {last: '${last.n}', each: '${each.results}', money: '${money.total}'}
"""


class Recorded:
    """A project in `folder` with its journal; `events` are those of the last run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder)
        self.registry = TaskRegistry()
        self.events: list[Event] = []
        self.recorder: RunRecorder
        self.waiting = asyncio.Event()
        self._wanted = ""
        for name in ("Count", "Money", "Fail", "Wait", "Give"):
            self.registry.register(name, getattr(self, name.lower()))

    async def run(
        self,
        flow: str = FLOW,
        inputs: Mapping[str, Any] | None = None,
        *,
        recorder: RunRecorder | None = None,
        heard: Callable[[Event], None] | None = None,
        **options: Any,
    ) -> FlowResult:
        """Run a flow, recorded."""
        self.events = []
        self.recorder = self.journal.recorder() if recorder is None else recorder

        def listen(event: Event) -> None:
            self.events.append(event.copy())
            if event["type"] == self._wanted:
                self._came.set()
            if heard is not None:
                heard(event)

        executor = FlowExecutor(self.registry, folder=self.folder, env={})
        async with asyncio.timeout(20):
            return await executor.execute_flow(flow, inputs, listen, recorder=self.recorder, **options)

    async def comes_to(self, type: str) -> None:
        """Wait for an event."""
        self._wanted, self._came = type, asyncio.Event()
        await self._came.wait()

    async def count(self, n: int) -> dict[str, int]:
        return {"n": n}

    async def money(self) -> dict[str, Any]:
        return {"total": Decimal("1.50"), "pair": (1, 2)}

    async def fail(self) -> None:
        raise ValueError("it is no good")

    async def wait(self) -> None:
        await self.waiting.wait()

    async def give(self, value: Any = None, size: int = 0, digits: int = 0) -> Any:
        if digits:
            return {"number": 10**digits}
        return {"text": "x" * size} if size else value


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Recorded]:
    (tmp_path / "flowlang.yaml").write_text("name: test\n")
    made = Recorded(tmp_path)
    yield made
    made.journal.close()
