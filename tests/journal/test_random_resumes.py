"""Random nests of blocks, interrupted at a random event and gone on with, do what they do undisturbed.

The interruption is a copy of the run's file at that moment, in the journal of another project.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowlang import FlowExecutor, FlowResult, TaskRegistry
from flowlang.journal import Journal, RecordedRun, Rerun, Resumption
from tests.journal.fingerprint import fingerprint
from tests.runtime.test_random_flows import FLOWS, Writer

EXAMPLES = 2000 if "FLOWLANG_TEST_LONG" in os.environ else 30


class Steps:
    """The tasks of the random flows, and what they did."""

    def __init__(self) -> None:
        self.done: Counter[tuple[str, str | None]] = Counter()
        self.registry = TaskRegistry()

        @self.registry.register("Token")
        async def token(me: str, seen: str | None = None) -> str:
            self.done[me, seen] += 1
            for _ in range(sum(map(ord, me)) % 4):
                await asyncio.sleep(0)
            return me

        @self.registry.register("FailToken")
        async def fail_token(me: str, seen: str | None = None) -> str:
            self.done[me, seen] += 1
            await asyncio.sleep(0)
            raise ValueError(me)

    @property
    def executor(self) -> FlowExecutor:
        return FlowExecutor(self.registry, env={})


def project(folder: str, name: str, text: str) -> Path:
    """A project with a flow."""
    root = Path(folder, name)
    (root / ".flowlang").mkdir(parents=True)
    (root / "random.yaml").write_text(text)
    return root


def only_run(root: Path) -> RecordedRun:
    """The run that is in the journal of a project."""
    journal = Journal(root)
    [summary] = journal.runs()
    run = journal.run(summary.run_id)
    journal.close()
    return run


def interrupted(here: Path, there: Path, number: int) -> tuple[FlowResult, Steps]:
    """Run the flow here, and leave it there as it was after an event."""
    steps = Steps()
    before: list[Counter[Any]] = []

    def hear(event: Any) -> None:
        if event["seq"] == number:
            shutil.copytree(here / ".flowlang" / "running", there / ".flowlang" / "running")
            before.append(steps.done.copy())

    async def run() -> FlowResult:
        recorder = Journal(here).recorder()
        return await steps.executor.execute_flow(here / "random.yaml", event_callback=hear, recorder=recorder)

    result = asyncio.run(run())
    if before:
        steps.done = before[0]
    return result, steps


@settings(max_examples=EXAMPLES, deadline=None)
@given(FLOWS, st.integers(2, 60))
def test_an_interrupted_flow_ends_as_it_would_have(shapes: list[Any], number: int) -> None:
    writer = Writer()
    steps = writer.sequence(shapes, [], [])
    outputs = {id: f"${{{id}}}" for id in writer.ids} | {id: f"${{{id}.results}}" for id in writer.loops}
    text = json.dumps({"flow": "random", "steps": steps, "outputs": outputs}, indent=1)
    with tempfile.TemporaryDirectory() as folder:
        here, there = project(folder, "here", text), project(folder, "there", text)
        expected, before = interrupted(here, there, number)
        assert expected.success, expected.error
        (there / ".flowlang" / "running").mkdir(exist_ok=True)
        journal = Journal(there)
        runs = journal.runs()
        if not runs or runs[0].status == "succeeded":
            return  # it was over before that event
        assert runs[0].status == "interrupted"
        completed = {
            json.dumps(step.inputs, sort_keys=True)
            for step in journal.run(runs[0].run_id).steps()
            if step.kind == "task" and step.status == "succeeded"
        }
        after = Steps()
        result = asyncio.run(Resumption(journal, runs[0].run_id, on_unknown="retry").execute(after.executor))
        assert result.success, result.error
        assert result.outputs == expected.outputs
        again = {json.dumps({"me": me, "seen": seen}, sort_keys=True) for me, seen in after.done}
        assert not again & completed

        # and the whole of it is in the journal by now: a part run again needs nothing else
        last = Steps()
        rerun = Rerun(journal, runs[0].run_id, from_step=steps[-1]["id"])
        assert [problem for problem in rerun.problems if problem.blocking] == []
        repeated = asyncio.run(rerun.execute(last.executor))
        assert repeated.outputs == expected.outputs
        # a replay of what was interrupted and gone on with is the run that nobody disturbed; only what is in a block
        # whose failure was handled is not told again, but it can still be read by the replay of a replay
        if "FailToken" not in text:
            assert fingerprint(journal.run(repeated.run_id)) == fingerprint(only_run(here))
        second = Rerun(journal, repeated.run_id, from_step=steps[-1]["id"])
        assert asyncio.run(second.execute(Steps().executor)).outputs == expected.outputs
        journal.close()
        every = Steps()
        asyncio.run(every.executor.execute_flow(there / "random.yaml"))
        assert set(before.done) | set(after.done) == set(every.done)
