"""Connections as a run uses them: which one a step gets, what happens when one cannot be opened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flowlang import FlowValidationError, RunContext
from flowlang.connections.pools import process_pools
from tests.runtime.conftest import Engine

TWO = """
flow: test
connections:
  one: {type: sqlite, database: one.db}
  two: {type: sqlite, database: two.db}
steps:
  - sqlite_execute: {connection: two, query: create table t (n)}
"""

BLOCKS = {
    "task": "task: sqlite_query\n    inputs: {query: select count(*) as n from t}",
    "built-in form": "sqlite_query: {query: select count(*) as n from t, KEYS}",
    "parallel": "parallel: [STEP]",
    "if": "if: true\n    then: [STEP]",
    "switch": "switch: 1\n    cases: [{when: 1, do: [STEP]}]",
    "for_each": "for_each: [1]\n    do: [STEP]",
    "while": "while: ${not q.rows}\n    do: [STEP]",
    "nested": "if: true\n    then: [{for_each: [1], do: [{parallel: [STEP]}]}]",
}


@pytest.mark.parametrize("kind", BLOCKS)
async def test_the_connection_of_a_step_is_that_of_the_steps_inside_it(engine: Engine, kind: str) -> None:
    step = BLOCKS[kind].replace("STEP", "{sqlite_query: {id: q, query: select count(*) as n from t}}")
    step = step.replace("KEYS", "connection: two") if "KEYS" in step else f"{step}\n    connection: two"

    assert (await engine.run(f"{TWO}  - {step}\n")).success


async def test_without_a_name_two_connections_are_a_diagnostic(engine: Engine) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run(TWO + "  - sqlite_query: {query: select 1}\n")


async def test_a_name_that_nobody_declared_is_a_diagnostic_with_the_near_miss(engine: Engine) -> None:
    with pytest.raises(FlowValidationError) as raised:
        await engine.run(TWO.replace("connection: two,", "connection: twoo,"))

    assert [problem.suggestion for problem in raised.value.diagnostics] == ["two"]


async def test_a_task_is_given_the_connection_it_asks_for(engine: Engine) -> None:
    async def count(connection: Any, table: str) -> int:
        cursor = await connection.execute(f"select count(*) from {table}")
        (number,) = await cursor.fetchone()
        await cursor.close()
        return int(number)

    engine.registry.register("Count", count)
    result = await engine.run(TWO + "  - {task: Count, id: n, connection: two, inputs: {table: t}}\noutputs: [n]\n")

    assert result["n"] == 0


async def test_a_task_may_take_a_connection_from_its_context(engine: Engine) -> None:
    async def look(context: RunContext) -> bool:
        async with context.connection("two") as connection:
            return connection is not None

    engine.registry.register("Look", look)
    result = await engine.run(TWO + "  - {task: Look, id: n}\noutputs: [n]\n")

    assert result["n"] is True


async def test_a_connection_that_no_step_uses_is_not_opened(engine: Engine) -> None:
    await engine.run(TWO)

    assert [event["connection"] for event in engine.of_type("connection_opened")] == ["two"]
    assert not (engine.folder / "one.db").exists()


async def test_a_connection_that_cannot_be_opened_fails_the_flow_before_any_step(engine: Engine) -> None:
    flow = """
        flow: test
        connections: {db: {type: sqlite, database: missing.db, read_only: true}}
        steps:
          - {task: Tick}
          - sqlite_query: {query: select 1}
        """
    result = await engine.run(flow)

    assert (result.status, result.error_type) == ("failed", "ConnectionError")
    assert "`db`" in str(result.error)
    assert engine.calls("tick") == 0
    assert engine.types() == ["flow_started", "flow_failed"]
    assert process_pools.count() == 0


@pytest.mark.parametrize("ending", ["- {task: Tick}", "- {task: Fail}", "- exit", "- {task: Hang, timeout: 10ms}"])
async def test_connections_are_closed_however_the_run_ends(engine: Engine, ending: str) -> None:
    await engine.run(f"{TWO}  {ending}\n")

    assert process_pools.count() == 0


async def test_runs_at_once_share_a_pool_that_the_last_one_closes(engine: Engine) -> None:
    flow = TWO + "  - {task: Meet, inputs: {me: '${inputs.me}', other: '${inputs.other}'}}\n"
    flow = flow.replace("create table t", "create table if not exists t")
    first = asyncio.create_task(engine.run(flow, {"me": "a", "other": "b"}))
    await engine.reached("a")

    assert process_pools.count() == 1
    second = asyncio.create_task(engine.run(flow, {"me": "x", "other": "y"}))
    await engine.reached("x")
    assert process_pools.count() == 1
    await engine.run(flow, {"me": "b", "other": "a"})
    assert (await first).success
    assert process_pools.count() == 1
    await engine.run(flow, {"me": "y", "other": "x"})
    assert (await second).success
    assert process_pools.count() == 0


async def test_an_in_memory_database_is_one_for_all_steps_of_a_run_and_no_other(engine: Engine) -> None:
    flow = """
        flow: test
        connections: {db: {type: sqlite, database: ':memory:'}}
        steps:
          - sqlite_execute: {query: create table t (n)}
          - for_each: ${range(10)}
            concurrency: 5
            do: [{sqlite_execute: {query: 'insert into t values (?)', params: ['${item}']}}]
          - sqlite_query: {id: q, query: select sum(n) as n from t}
        outputs: {n: '${q.rows[0].n}'}
        """
    results = await asyncio.gather(*(engine.run(flow) for _ in range(5)))

    assert [result["n"] for result in results] == [45] * 5


async def test_a_position_past_the_end_of_an_empty_result_is_null(engine: Engine) -> None:
    flow = TWO + "  - sqlite_query: {id: q, connection: two, query: select n from t}\noutputs: {n: '${q.rows[0].n}'}\n"

    assert (await engine.run(flow)).outputs == {"n": None}


async def test_keys_that_only_describe_a_flow_change_nothing(engine: Engine) -> None:
    flow = """
        flow: test
        description: What it is for.
        version: '1.0'
        tags: [a, b]
        triggers: [{type: webhook, path: /x}]
        mode: sequential
        steps: [{task: Give, id: a, inputs: {value: 1}}]
        outputs: [a]
        """
    assert await engine.outputs(flow) == {"a": 1}
