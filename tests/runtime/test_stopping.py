"""What was asked to stop stops, whatever its tasks do with the CancelledError; what was not goes on."""

from __future__ import annotations

import asyncio

import pytest

from flowlang import CancellationToken
from tests.runtime.conftest import Engine


@pytest.fixture(autouse=True)
def unruly_tasks(engine: Engine) -> None:
    async def stubborn(name: str = "stubborn") -> str:
        try:
            await engine.hang(name)
        except asyncio.CancelledError:
            return "ignored"
        return "unreachable"

    async def clumsy(name: str = "clumsy") -> None:
        try:
            await engine.hang(name)
        except asyncio.CancelledError:
            raise RuntimeError("could not clean up") from None

    async def group() -> str:
        """Before Python 3.13 a group whose member fails leaves a cancellation of this task counted."""
        try:
            async with asyncio.TaskGroup() as members:
                members.create_task(engine.fail())
        except ExceptionGroup:
            return "handled"
        return "unreachable"

    engine.registry.register("Stubborn", stubborn)
    engine.registry.register("Clumsy", clumsy)
    engine.registry.register("Group", group)


@pytest.mark.parametrize("task", ["Stubborn", "Clumsy"])
@pytest.mark.parametrize("keys", ["", ", continue_on_error: true", ", on_error: [{task: Tick}]", ", retry: {delay: 0}"])
async def test_a_block_that_ran_out_of_time_ends_there(engine: Engine, task: str, keys: str) -> None:
    flow = f"""
        - if: true
          id: block
          timeout: 10ms
          then:
            - if: true
              then: [{{task: {task}{keys}}}]
            - {{task: Tick}}
        """
    result = await engine.run(flow)

    assert (result.error["step"], result.error_type) == ("block", "StepTimeoutError")
    assert engine.calls("tick") == 0


@pytest.mark.parametrize("task", ["Stubborn", "Clumsy"])
async def test_a_flow_that_ran_out_of_time_ends_there(engine: Engine, task: str) -> None:
    flow = f"- {{if: true, then: [{{task: {task}, continue_on_error: true}}]}}\n- {{task: Tick}}\ntimeout: 10ms"
    result = await engine.run(flow)

    assert result.error_type == "StepTimeoutError"
    assert engine.calls("tick") == 0


@pytest.mark.parametrize("task", ["Stubborn", "Clumsy"])
async def test_a_sibling_of_a_failed_branch_ends_there(engine: Engine, task: str) -> None:
    flow = f"""
        - parallel:
            - if: true
              then:
                - {{if: true, then: [{{task: {task}, inputs: {{name: s}}, continue_on_error: true}}]}}
                - {{task: Tick}}
            - if: true
              then:
                - {{task: Meet, inputs: {{me: m, other: s}}}}
                - {{task: Fail, id: culprit}}
        """
    result = await engine.run(flow)

    assert result.error["step"] == "culprit"
    assert engine.calls("tick") == 0


async def test_a_step_that_answers_its_own_timeout_has_that_result(engine: Engine) -> None:
    assert await engine.outputs("- {task: Stubborn, id: a, timeout: 10ms}\noutputs: [a]") == {"a": "ignored"}


async def test_a_step_that_fails_when_its_time_is_over_failed_for_that_reason(engine: Engine) -> None:
    result = await engine.run("- {task: Clumsy, id: a, timeout: 10ms}")

    assert result.error_type == "StepTimeoutError"
    assert "could not clean up" in result.error["cause"]


async def test_a_task_group_that_failed_inside_a_task_stops_nothing(engine: Engine) -> None:
    flow = """
        - {task: Group, id: a}
        - {task: Group, id: b, timeout: 5s, retry: {max_attempts: 2, delay: 0}}
        - {task: Fail, continue_on_error: true}
        - {parallel: [{task: Group}, {task: Fail, continue_on_error: true}]}
        - {task: Hang, timeout: 10ms, continue_on_error: true, id: late}
        outputs: [a, b, {name: late, value: '${late.error.type}'}]
        """
    assert await engine.outputs(flow) == {"a": "handled", "b": "handled", "late": "StepTimeoutError"}


async def test_a_block_with_such_a_group_can_run_out_of_time(engine: Engine) -> None:
    result = await engine.run("- {if: true, id: block, timeout: 10ms, then: [{task: Group}, {task: Hang}]}")

    assert (result.error["step"], result.error_type) == ("block", "StepTimeoutError")


async def test_a_run_with_such_a_group_can_be_cancelled(engine: Engine) -> None:
    result = await engine.cancel_when("h", "- {task: Group}\n- {task: Hang, inputs: {name: h}}")

    assert result.cancelled


@pytest.mark.parametrize(
    "handler",
    [
        "{task: Fail, continue_on_error: true}",
        "{task: Fail, on_error: [{task: Tick}]}",
        "{task: Flaky, inputs: {times: 1}, retry: {max_attempts: 2, delay: 0}}",
        "{task: Hang, timeout: 10ms, continue_on_error: true}",
        "{parallel: [{task: Fail}, {task: Hang}], continue_on_error: true}",
        "{subflow: inner, continue_on_error: true}",
        "{task: Group}",
    ],
)
async def test_handlers_of_a_cancelled_run_work_like_any_steps(engine: Engine, handler: str) -> None:
    engine.write("inner.yaml", "- {task: Fail}\non_error: [{task: Tick}]")
    flow = f"""
        - {{task: Hang, inputs: {{name: h}}}}
        on_cancel:
          - {handler}
          - {{task: Note, inputs: {{text: on_cancel}}}}
        finally:
          - {handler}
          - {{task: Note, inputs: {{text: finally}}}}
        """
    result = await engine.cancel_when("h", flow)

    assert result.cancelled
    assert [note for note in engine.notes if note in ("on_cancel", "finally")] == ["on_cancel", "finally"]


async def test_a_run_inside_a_task_stops_with_the_one_around_it(engine: Engine) -> None:
    async def nested() -> None:
        await engine.executor.execute_flow("flow: n\nsteps:\n  - {task: Hang, inputs: {name: h}}\n")

    engine.registry.register("Nested", nested)
    result = await engine.cancel_when("h", "- {task: Nested}\n- {task: Tick}")

    assert result.cancelled
    assert engine.calls("tick") == 0


async def test_a_run_inside_a_task_can_be_stopped_alone(engine: Engine) -> None:
    token = CancellationToken()

    async def nested() -> str:
        inner = "flow: n\nsteps:\n  - {task: Hang, inputs: {name: h}}\n"
        return (await engine.executor.execute_flow(inner, cancellation_token=token)).status

    engine.registry.register("Nested", nested)
    running = asyncio.create_task(engine.run("- {task: Nested, id: a}\n- {task: Tick}\noutputs: [a]"))
    await engine.reached("h")
    await token.cancel()

    assert (await running).outputs == {"a": "cancelled"}
    assert engine.calls("tick") == 1
