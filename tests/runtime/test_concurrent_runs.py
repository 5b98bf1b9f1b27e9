"""Any number of runs at once on one executor, none of which sees another."""

from __future__ import annotations

import asyncio
from typing import Any

from flowlang import FlowExecutor, TaskRegistry
from tests.runtime.conftest import Engine

FLOW = """
flow: busy
inputs: [{name: n, type: integer}]
steps:
  - {task: Give, id: a, inputs: {value: '${inputs.n}'}}
  - for_each: ${range(inputs.n % 5 + 1)}
    id: each
    concurrency: 3
    collect: ${one}
    do: [{task: Give, id: one, inputs: {value: '${a * 100 + item}'}}]
  - parallel:
      - {task: Give, id: left, inputs: {value: '${a + 1}'}}
      - {task: Give, id: right, inputs: {value: '${left + 1}'}}
outputs: {n: '${a}', all: '${each.results}', right: '${right}', run: '${context.run_id}'}
"""


async def test_a_hundred_runs_at_once_each_with_its_own_inputs(engine: Engine) -> None:
    events: dict[str, list[Any]] = {}

    async def one(n: int) -> None:
        own: list[Any] = []
        events[f"run {n}"] = own
        result = await engine.executor.execute_flow(FLOW, {"n": n}, own.append, run_id=f"run {n}")
        assert result.outputs == {
            "n": n,
            "all": [n * 100 + item for item in range(n % 5 + 1)],
            "right": n + 2,
            "run": f"run {n}",
        }

    await asyncio.gather(*(one(n) for n in range(100)))

    for run_id, own in events.items():
        assert {event["run_id"] for event in own} == {run_id}
        assert [event["seq"] for event in own] == list(range(1, len(own) + 1))


async def test_one_failing_run_does_not_disturb_the_others(engine: Engine) -> None:
    flow = "- {task: Give, id: a, inputs: {value: '${10 // inputs.n}'}}\noutputs: {x: '${a}'}"
    results = await asyncio.gather(*(engine.run(flow, {"n": n}) for n in range(5)))

    assert [result.success for result in results] == [False, True, True, True, True]


async def test_a_run_may_start_another_on_the_same_executor(engine: Engine) -> None:
    async def nested() -> Any:
        result = await engine.executor.execute_flow("flow: n\nsteps:\n  - {exit: {outputs: {x: 1}}}\n")
        return dict(result)

    engine.registry.register("Nested", nested)

    assert await engine.outputs("- {task: Nested, id: a}\noutputs: {x: '${a.x}'}") == {"x": 1}


async def test_every_run_has_an_id_of_its_own(engine: Engine) -> None:
    results = [await engine.run("- exit") for _ in range(50)]

    assert len({result.run_id for result in results}) == 50


def test_one_executor_works_in_one_event_loop_after_the_other() -> None:
    registry = TaskRegistry()
    registry.register("Plain", lambda: 1)
    executor = FlowExecutor(registry)
    flow = "flow: f\nsteps:\n  - {task: Plain, id: a}\n  - parallel: [{task: Plain}, {task: Plain}]\noutputs: [a]\n"

    for _ in range(3):
        assert asyncio.run(executor.execute_flow(flow))["a"] == 1


async def test_an_executor_can_be_used_again_after_it_was_closed(engine: Engine) -> None:
    engine.registry.register("Plain", lambda: 1)
    await engine.run("- {task: Plain}")
    await engine.executor.close()

    assert (await engine.run("- {task: Plain}")).success
