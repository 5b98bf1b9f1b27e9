"""`FlowTest`: what stands for tasks, steps and subflows, what is told of a run, and what waiting costs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flowlang import FlowValidationError
from flowlang.testing import FlowTest, MockError, Reply

FLOW = """
flow: Users
inputs: [{name: user_id, type: integer}]
connections:
  db: {type: postgres, url: 'postgresql://nobody@127.0.0.1:1/none'}
timeout: 1h
steps:
  - pg_query: {id: find, query: 'SELECT 1', retry: {max_attempts: 3, delay: 60}}
  - task: Greet
    id: greet
    inputs: {user: '${find.rows[0]}'}
  - subflow: part
    id: part
    inputs: {text: '${greet.text}'}
outputs: {text: '${part.text}'}
"""
PART = """
flow: Part
inputs: [{name: text}]
steps: [{task: Shout, id: shout, inputs: {text: '${inputs.text}'}}]
outputs: {text: '${shout.result}'}
"""
TASKS = """
import asyncio, os, time
from flowlang import TaskRegistry

def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Greet")
    async def greet(user, context):
        await asyncio.sleep(600)
        context.log("greeted")
        return {"text": "Hello " + user["name"]}

    @registry.register("Shout")
    def shout(text):
        time.sleep(0.05)
        return text.upper()

    return registry
"""
ADA = {"rows": [{"name": "Ada"}], "count": 1, "columns": ["name"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "part.yaml").write_text(PART)
    (tmp_path / "flow.py").write_text(TASKS)
    return tmp_path


def test_a_connection_that_only_mocked_steps_use_is_not_opened(project: Path) -> None:
    flow = FlowTest(project)
    query = flow.mock("pg_query", returns=ADA)
    run = flow.run(user_id=1)
    assert run.result.success, run.result
    assert run.outputs == {"text": "HELLO ADA"}
    assert query.call_count == 1
    assert query.calls[0].inputs == {"query": "SELECT 1"}


def test_waits_cost_no_time_and_keep_their_order(project: Path) -> None:
    flow = FlowTest(project)
    flow.mock("find", replies=[Reply(raises=ConnectionError("gone")), Reply(returns=ADA, delay=1000)])
    began = time.process_time()
    run = flow.run(user_id=1)
    assert run.result.success, run.result
    assert 1660 < run.seconds < 1670
    assert time.process_time() - began < 60
    assert [event["delay"] for event in run.events if event["type"] == "step_retrying"] == [60]


def test_a_time_limit_is_over_as_soon_as_nothing_else_is_to_be_done(project: Path) -> None:
    flow = FlowTest(project)
    flow.mock("find", returns=ADA, delay=4000)
    run = flow.run(user_id=1)
    assert run.result.error_type == "StepTimeoutError"
    assert 3599 < run.seconds < 3601


def test_a_plain_function_has_the_time_that_it_needs(project: Path) -> None:
    (project / "part.yaml").write_text(PART.replace("task: Shout", "task: Shout, timeout: 20s"))
    flow = FlowTest(project)
    flow.mock("find", returns=ADA)
    assert flow.run(user_id=1).result.success


def test_subflows_and_steps_inside_them_can_be_mocked(project: Path) -> None:
    flow = FlowTest(project)
    flow.mock("find", returns=ADA)
    part = flow.mock("part", returns={"text": "short"})
    assert flow.run(user_id=1).outputs == {"text": "short"}
    assert part.calls[0].inputs == {"text": "Hello Ada"}

    flow = FlowTest(project)
    flow.mock("find", returns=ADA)
    flow.mock("Shout", calls=lambda text: text[::-1])
    assert flow.run(user_id=1).outputs == {"text": "adA olleH"}


def test_a_mocked_error_is_handled_as_any(project: Path) -> None:
    flow = FlowTest(project)
    mock = flow.mock("find", raises=ConnectionError("gone"))
    run = flow.run(user_id=1)
    assert run.result.error_type == "ConnectionError"
    assert run.result.error is not None
    assert run.result.error["attempts"] == mock.call_count == 3


def test_what_a_run_did_is_told(project: Path) -> None:
    flow = FlowTest(project)
    flow.mock("find", returns=ADA)
    run = flow.run(user_id=1)
    assert run.order == ["find", "greet", "part", "part/shout"]
    assert run.steps == dict.fromkeys(["find", "greet", "part/shout", "part"], "succeeded")
    assert [call.name for call in run.calls] == ["pg_query", "Greet", "part", "Shout"]
    assert run.calls_of("Greet")[0].inputs == {"user": {"name": "Ada"}}
    assert run.logs == ["greeted"]


def test_a_mock_of_nothing_is_refused_with_what_was_meant(project: Path) -> None:
    flow = FlowTest(project)
    flow.mock("pg_querry", returns=ADA)
    with pytest.raises(MockError, match="called `pg_querry`; did you mean `pg_query`"):
        flow.run(user_id=1)


def test_a_flow_with_problems_raises_them(project: Path) -> None:
    (project / "flow.yaml").write_text("flow: F\nsteps: [{task: Nobody}]\n")
    with pytest.raises(FlowValidationError, match="Nobody"):
        FlowTest(project).run()


async def test_an_async_test_awaits_the_run(project: Path) -> None:
    flow = FlowTest(project)
    flow.mock("find", returns=ADA)
    with pytest.raises(RuntimeError, match="await"):
        flow.run(user_id=1)
    assert (await flow.execute(user_id=1)).outputs == {"text": "HELLO ADA"}


def test_a_real_connection_has_the_time_that_it_needs(project: Path) -> None:
    (project / "flow.yaml").write_text("""
flow: F
connections: {db: {type: sqlite, database: ':memory:'}}
timeout: 10s
steps:
  - sqlite_query:
      id: q
      query: WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) AS i FROM n
outputs: {i: '${q.rows[0].i}'}
""")
    run = FlowTest(project).run()
    assert run.outputs == {"i": 300_000}
    assert len(run.statements) == 1
