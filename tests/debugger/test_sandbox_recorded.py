"""Sandbox runs in the journal: recorded, but not gone on with, because what they did is undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang import FlowExecutor
from flowlang.debugger.sandbox import Sandbox
from flowlang.journal import Journal, RecordedRun, Rerun, Resumption

FLOW = """\
flow: orders
connections: {db: {type: sqlite, database: shop.db}}
steps:
  - sqlite_execute: {id: make, query: create table orders (n int)}
  - sqlite_execute: {id: add, query: "insert into orders values (1)"}
  - sqlite_execute: {id: broken, query: "insert into nowhere values (1)"}
"""


@pytest.fixture
async def journal(tmp_path: Path) -> Journal:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "orders.yaml").write_text(FLOW)
    return Journal(tmp_path)


async def recorded(journal: Journal) -> RecordedRun:
    recorder = journal.recorder()
    executor = FlowExecutor()
    result = await executor.execute_flow(journal.root / "orders.yaml", recorder=recorder, interceptors=[Sandbox()])
    await executor.close()
    return journal.run(result.run_id)


async def test_a_sandbox_run_is_recorded_as_one_with_what_it_did(journal: Journal) -> None:
    run = await recorded(journal)
    assert run.in_sandbox
    (ended,) = [event for event in run.events() if event["type"] == "sandbox_ended"]
    assert [step["path"] for step in ended["steps"]] == ["make", "add"]


async def test_it_is_not_resumed(journal: Journal) -> None:
    resumption = Resumption(journal, (await recorded(journal)).run_id)
    assert [(problem.kind, problem.blocking) for problem in resumption.problems] == [("undone", True)]


async def test_running_again_from_a_step_of_it_says_what_is_missing(journal: Journal) -> None:
    rerun = Rerun(journal, (await recorded(journal)).run_id, from_step="broken")
    assert [(problem.kind, problem.blocking) for problem in rerun.problems] == [("undone", False)]
