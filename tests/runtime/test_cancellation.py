"""Cancelling a run from outside: what is stopped, what still runs, what the result says."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from flowlang import CancellationToken
from tests.runtime.conftest import PATIENCE, Engine

HANG = "{task: Hang, inputs: {name: h}}"


async def test_a_token_that_is_cancelled_before_the_run_lets_no_step_run(engine: Engine) -> None:
    token = CancellationToken()
    await token.cancel("too late")
    result = await engine.run("- {task: Tick}", cancellation_token=token)

    assert (result.status, result.cancelled, result.success, result.reason) == ("cancelled", True, False, "too late")
    assert engine.calls("tick") == 0
    assert engine.types() == ["flow_started", "flow_cancelled"]


async def test_a_token_stops_the_running_step_and_gives_back_a_result(engine: Engine) -> None:
    result = await engine.cancel_when("h", f"- {HANG}\n- {{task: Tick}}\noutputs: {{x: 1}}", "enough")

    assert (result.status, result.cancelled, result.reason) == ("cancelled", True, "enough")
    assert (result.outputs, result.error) == ({}, None)
    assert engine.notes == ["h stopped"]
    assert engine.calls("tick") == 0


async def test_cancelling_after_the_run_changes_nothing(engine: Engine) -> None:
    token = CancellationToken()
    result = await engine.run("- {task: Tick}", cancellation_token=token)
    await token.cancel()

    assert result.success
    assert token.is_cancelled


async def test_a_token_without_a_cancellation_changes_nothing(engine: Engine) -> None:
    token = CancellationToken()

    assert (await engine.run("- {task: Tick}", cancellation_token=token)).success
    assert not token.is_cancelled
    assert token.reason is None


async def test_cleanup_handlers_run_once_the_last_added_first(engine: Engine) -> None:
    token = CancellationToken()
    called: list[str] = []

    async def third() -> None:
        await asyncio.sleep(0)
        called.append("third")

    token.add_cleanup_handler(lambda: called.append("first"))
    token.add_cleanup_handler(lambda: called.append("second"))
    token.add_cleanup_handler(third)
    await token.cancel()
    await token.cancel()

    assert called == ["third", "second", "first"]


async def test_a_cleanup_handler_that_fails_keeps_no_other_from_running(caplog: pytest.LogCaptureFixture) -> None:
    token = CancellationToken()
    called: list[str] = []
    token.add_cleanup_handler(lambda: called.append("first"))
    token.add_cleanup_handler(lambda: called.append(str(1 / 0)))
    await token.cancel()

    assert called == ["first"]
    assert "cleanup handler" in caplog.text


@pytest.mark.parametrize(
    "place",
    [
        "if: true\n  then: [STEP]",
        "switch: 1\n  cases: [{when: 1, do: [STEP]}]",
        "for_each: [1, 2]\n  do: [STEP]",
        "for_each: [1, 2, 3]\n  concurrency: 3\n  do: [STEP]",
        "while: true\n  do: [STEP]",
        "parallel: [STEP, {task: Tick}]",
        "subflow: inner",
        "task: Fail\n  on_error: [STEP]",
        "task: Hang\n  inputs: {name: h}\n  timeout: 1h",
        "task: Fail\n  inputs: {name: f}\n  retry: {max_attempts: 2, delay: 1h}\n  id: waiting",
    ],
)
async def test_a_run_is_stopped_wherever_it_is(engine: Engine, place: str) -> None:
    engine.write("inner.yaml", f"- {HANG}")
    flow = f"- {place.replace('STEP', HANG)}\n  continue_on_error: true\n- {{task: Note, inputs: {{text: never}}}}"
    flow += "\nfinally: [{task: Note, inputs: {text: finally}}]"
    token = CancellationToken()
    reached = asyncio.Event()

    def watch(event: Any) -> None:
        if event["type"] == "step_retrying":
            reached.set()

    running = asyncio.create_task(engine.run(flow, cancellation_token=token, event_callback=watch))
    waits = [asyncio.create_task(reached.wait()), asyncio.create_task(engine.reached("h"))]
    await asyncio.wait(waits, return_when="FIRST_COMPLETED", timeout=PATIENCE)
    for wait in waits:
        wait.cancel()
    await token.cancel()
    result = await running

    assert result.cancelled
    assert "never" not in engine.notes
    assert engine.notes[-1] == "finally"


async def test_cancellation_stops_a_flow_in_dag_mode(engine: Engine) -> None:
    flow = f"flow: f\nmode: dag\nsteps:\n  - {HANG}\n  - {{task: Hang, inputs: {{name: other}}}}\n"

    assert (await engine.cancel_when("h", flow)).cancelled
    assert sorted(engine.notes) == ["h stopped", "other stopped"]


async def test_one_token_may_stop_several_runs(engine: Engine) -> None:
    token = CancellationToken()
    runs = [
        asyncio.create_task(engine.run(f"- {{task: Hang, inputs: {{name: r{n}}}}}", cancellation_token=token))
        for n in range(5)
    ]
    for n in range(5):
        await engine.reached(f"r{n}")
    await token.cancel("all of you")

    assert [(await run).status for run in runs] == ["cancelled"] * 5


async def test_one_run_is_cancelled_and_another_of_the_same_flow_is_not(engine: Engine) -> None:
    flow = "- {task: Meet, id: a, inputs: {me: '${inputs.me}', other: '${inputs.other}'}}"
    token = CancellationToken()
    first = asyncio.create_task(engine.run(flow, {"me": "x", "other": "never"}, cancellation_token=token))
    second = asyncio.create_task(engine.run(flow, {"me": "y", "other": "z"}))
    await engine.reached("x")
    await token.cancel()

    assert (await first).cancelled
    assert not second.done()
    await engine.run(flow, {"me": "z", "other": "y"})
    assert (await second).success


async def test_cancelling_the_task_that_runs_a_flow_raises_after_cleaning_up(engine: Engine) -> None:
    flow = f"""
        - {HANG}
        on_cancel: [{{task: Note, inputs: {{text: on_cancel}}}}]
        finally: [{{task: Note, inputs: {{text: finally}}}}]
        """
    running = asyncio.create_task(engine.run(flow))
    await engine.reached("h")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert engine.notes == ["h stopped", "on_cancel", "finally"]
    assert engine.types()[-1] == "flow_cancelled"


async def test_a_cancellation_from_outside_is_not_mistaken_for_the_tokens(engine: Engine) -> None:
    running = asyncio.create_task(engine.run(f"- {HANG}", cancellation_token=CancellationToken()))
    await engine.reached("h")
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_timeout_of_the_callers_own_works_around_a_run(engine: Engine) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await engine.run(f"- {HANG}", cancellation_token=CancellationToken())

    assert engine.notes == ["h stopped"]


async def test_the_caller_may_go_on_after_a_run_was_cancelled(engine: Engine) -> None:
    token = CancellationToken()

    async def caller() -> str:
        result = await engine.run(f"- {HANG}", cancellation_token=token)
        async with asyncio.timeout(PATIENCE):
            await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        return result.status

    calling = asyncio.create_task(caller())
    await engine.reached("h")
    await token.cancel()

    assert await calling == "cancelled"


async def test_a_task_that_ignores_its_cancellation_does_not_keep_the_run_going(engine: Engine) -> None:
    async def stubborn() -> str:
        try:
            await engine.hang("h")
        except asyncio.CancelledError:
            return "ignored"
        return "unreachable"

    engine.registry.register("Stubborn", stubborn)
    result = await engine.cancel_when("h", "- {task: Stubborn}\n- {task: Tick}\n- {task: Tick}\n- {task: Tick}")

    assert result.cancelled
    assert engine.calls("tick") == 0


async def test_a_task_that_fails_while_it_is_stopped_leaves_the_run_cancelled(engine: Engine) -> None:
    async def clumsy() -> None:
        try:
            await engine.hang("h")
        except asyncio.CancelledError:
            raise RuntimeError("could not clean up") from None

    engine.registry.register("Clumsy", clumsy)
    flow = "- {task: Clumsy, continue_on_error: true}\n- {task: Tick}\nfinally: [{task: Note, inputs: {text: finally}}]"
    result = await engine.cancel_when("h", flow)

    assert result.cancelled
    assert engine.calls("tick") == 0
    assert engine.notes == ["h stopped", "finally"]


async def test_a_plain_function_is_left_to_itself_and_can_see_that_it_should_stop(engine: Engine) -> None:
    ended = threading.Event()
    started = threading.Event()

    def work(context: Any) -> None:
        started.set()
        while not context.is_cancelled:
            ended.wait(0.001)
        ended.set()

    engine.registry.register("Work", work)
    token = CancellationToken()
    running = asyncio.create_task(engine.run("- {task: Work}", cancellation_token=token))
    assert await asyncio.to_thread(started.wait, PATIENCE)
    await token.cancel()

    assert (await running).cancelled
    assert await asyncio.to_thread(ended.wait, PATIENCE)


async def test_on_cancel_reads_what_the_steps_left(engine: Engine) -> None:
    flow = f"""
        - {{task: Give, id: a, inputs: {{value: 5}}}}
        - {HANG}
        on_cancel: [{{task: Note, inputs: {{text: '${{a}}'}}}}]
        """
    await engine.cancel_when("h", flow)

    assert engine.notes == ["h stopped", 5]


async def test_a_failing_on_cancel_does_not_keep_finally_from_running(engine: Engine) -> None:
    flow = f"- {HANG}\non_cancel: [{{task: Fail}}]\nfinally: [{{task: Note, inputs: {{text: finally}}}}]"
    result = await engine.cancel_when("h", flow)

    assert result.cancelled
    assert engine.notes == ["h stopped", "finally"]


async def test_a_cancelled_subflow_runs_its_own_handlers_first(engine: Engine) -> None:
    engine.write(
        "inner.yaml",
        f"""
        - {HANG}
        on_cancel: [{{task: Note, inputs: {{text: inner on_cancel}}}}]
        finally: [{{task: Note, inputs: {{text: inner finally}}}}]
        """,
    )
    await engine.cancel_when("h", "- {subflow: inner}\non_cancel: [{task: Note, inputs: {text: outer on_cancel}}]")

    assert engine.notes == ["h stopped", "inner on_cancel", "inner finally", "outer on_cancel"]


async def test_cancelling_from_a_step_of_the_run_itself_works(engine: Engine) -> None:
    token = CancellationToken()

    async def stop() -> None:
        await token.cancel("by a step")

    engine.registry.register("Stop", stop)
    result = await engine.run("- {task: Stop}\n- {task: Give}\n- {task: Tick}", cancellation_token=token)

    assert (result.status, result.reason) == ("cancelled", "by a step")
    assert engine.calls("tick") == 0
