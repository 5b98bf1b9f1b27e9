"""`exit`: the end of a flow, from wherever it stands."""

from __future__ import annotations

import pytest

from flowlang import FlowResult
from tests.runtime.conftest import Engine

AFTER = "\n- {task: Note, inputs: {text: never}}\noutputs: {x: ${1 / 0}}"


async def ended(engine: Engine, flow: str) -> FlowResult:
    result = await engine.run(flow)
    assert result.terminated, result.error
    assert "never" not in engine.notes
    return result


@pytest.mark.parametrize("form", ["- exit", "- exit:", "- exit: {}", "- {exit: , id: end}"])
async def test_a_bare_exit_ends_the_flow_well_without_outputs(engine: Engine, form: str) -> None:
    result = await ended(engine, form + AFTER)

    assert result.success
    assert (result.status, result.reason, result.outputs, result.error) == ("terminated", None, {}, None)


async def test_everything_of_an_exit_is_resolved(engine: Engine) -> None:
    flow = """
        - {task: Give, id: a, inputs: {value: [1, 2]}}
        - exit:
            reason: found ${a | length} of ${inputs.n}
            outputs: {items: '${a}', deep: {n: ['${inputs.n}']}}
        """
    result = await engine.run(flow, {"n": 2})

    assert result.reason == "found 2 of 2"
    assert result.outputs == {"items": [1, 2], "deep": {"n": [2]}}
    assert result["items"] == [1, 2]


async def test_an_exit_may_say_that_the_flow_failed(engine: Engine) -> None:
    result = await ended(engine, "- exit: {reason: no stock, status: failure, outputs: {left: 0}}" + AFTER)

    assert result.success is False
    assert result.status == "failed"
    assert result.reason == "no stock"
    assert result.error_type == "FlowExitError"
    assert "no stock" in str(result.error)
    assert result.outputs == {"left": 0}


async def test_a_failing_exit_runs_the_flows_on_error(engine: Engine) -> None:
    await engine.run("- exit: {reason: no stock, status: failure}\non_error: [{task: Note, inputs: {text: handled}}]")

    assert engine.notes == ["handled"]


@pytest.mark.parametrize(
    "place",
    [
        "if: true\n  then: [exit: {reason: here}]",
        "if: false\n  then: [{task: Tick}]\n  else: [exit: {reason: here}]",
        "switch: 1\n  cases: [{when: 1, do: [exit: {reason: here}]}]",
        "for_each: [1, 2]\n  do: [{task: Tick}, {exit: {reason: here}}, {task: Note, inputs: {text: never}}]",
        "for_each: [1, 2, 3]\n  concurrency: 3\n  do: [{task: Tick}, {exit: {reason: here}}]",
        "while: true\n  do: [{exit: {reason: here}}]",
        "parallel: [{exit: {reason: here}}, {task: Hang}]",
        "task: Fail\n  on_error: [{exit: {reason: here}}]",
        "if: true\n  on_error: [{task: Note, inputs: {text: never}}]\n  then: [{exit: {reason: here}}]",
        "if: true\n  continue_on_error: true\n  then: [{exit: {reason: here}}]",
        "if: true\n  timeout: 5s\n  then: [{exit: {reason: here}}]",
    ],
)
async def test_an_exit_ends_the_whole_flow_from_wherever_it_stands(engine: Engine, place: str) -> None:
    result = await ended(engine, f"- {place}{AFTER}")

    assert result.reason == "here"


async def test_an_exit_in_one_branch_stops_the_others_and_waits_for_them(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Hang, id: a, inputs: {name: a}}
            - if: true
              then:
                - {task: Meet, inputs: {me: b, other: a}}
                - exit
        """
    result = await engine.run(flow)

    assert result.status == "terminated"
    assert engine.notes == ["a stopped"]


async def test_an_exit_in_dag_mode_ends_the_flow(engine: Engine) -> None:
    flow = (
        "flow: f\nmode: dag\nsteps:\n  - {exit: , id: end}\n  - {task: Note, depends_on: end, inputs: {text: never}}\n"
    )

    await ended(engine, flow)


async def test_an_exit_in_a_subflow_ends_only_the_subflow(engine: Engine) -> None:
    engine.write("inner.yaml", "- {exit: {outputs: {x: 1}}}\n- {task: Note, inputs: {text: never}}")
    flow = "- {subflow: inner, id: sub}\n- {task: Note, inputs: {text: after}}\noutputs: {x: '${sub.x}'}"

    assert await engine.outputs(flow) == {"x": 1}
    assert engine.notes == ["after"]


async def test_a_failing_exit_in_a_subflow_fails_the_step(engine: Engine) -> None:
    engine.write("inner.yaml", "- {exit: {status: failure, reason: no stock}}")
    result = await engine.run("- {subflow: inner, id: sub}")

    assert result.error_type == "SubflowError"
    assert not result.terminated
    assert "no stock" in str(result.error)


async def test_an_exit_in_the_flows_on_error_leaves_it_failed(engine: Engine) -> None:
    result = await engine.run("- {task: Fail}\non_error: [exit, {task: Note, inputs: {text: never}}]")

    assert result.status == "failed"
    assert str(result.error) == "broken"
    assert engine.notes == []


async def test_an_exit_that_cannot_be_resolved_is_a_failure_of_its_step(engine: Engine) -> None:
    result = await engine.run("- {task: Echo, id: a}\n- {exit: {reason: '${a.missing}'}, id: end}")

    assert result.status == "failed"
    assert result.error["step"] == "end"


async def test_the_events_of_an_exit(engine: Engine) -> None:
    await engine.run("- {exit: {reason: done, outputs: {x: 1}}, id: end}")

    assert engine.types() == ["flow_started", "step_started", "step_completed", "flow_terminated", "flow_completed"]
    terminated, completed = engine.events[-2:]
    assert terminated["reason"] == "done"
    assert completed["terminated"] is True
    assert completed["outputs"] == {"x": 1}


async def test_the_blocks_around_an_exit_end_too(engine: Engine) -> None:
    await engine.run("- {for_each: [1], id: outer, do: [{if: true, id: inner, then: [{exit: , id: end}]}]}")

    assert [event["step_id"] for event in engine.of_type("step_completed")] == ["end", "inner", "outer"]
