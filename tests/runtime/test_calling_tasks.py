"""Steps that call tasks: async and plain functions, what they are given, what may come back or go wrong."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest

from flowlang import FlowValidationError, RunContext
from tests.runtime.conftest import PATIENCE, Engine


async def test_a_plain_function_runs_in_a_worker_thread(engine: Engine) -> None:
    engine.registry.register("Where", lambda: threading.current_thread() is threading.main_thread())

    assert await engine.outputs("- {task: Where, id: w}\noutputs: {main: '${w}'}") == {"main": False}


async def test_plain_functions_run_at_once(engine: Engine) -> None:
    together = threading.Barrier(3, timeout=PATIENCE)
    engine.registry.register("Meet3", lambda: together.wait())

    assert (await engine.run("- parallel: [{task: Meet3}, {task: Meet3}, {task: Meet3}]")).success


async def test_a_plain_function_does_not_hold_up_the_event_loop(engine: Engine) -> None:
    release = threading.Event()
    engine.registry.register("Block", lambda: release.wait(PATIENCE))
    engine.registry.register("Open", release.set)
    flow = """
        - parallel:
            - {task: Block}
            - {task: Give, id: other, inputs: {value: 1}}
            - {task: Open, depends_on: other}
        """
    assert (await engine.run(flow)).success


async def test_a_plain_function_sees_the_callers_context_variables(engine: Engine) -> None:
    who: ContextVar[str] = ContextVar("who", default="nobody")
    who.set("caller")
    engine.registry.register("Who", lambda: who.get())

    assert await engine.outputs("- {task: Who, id: w}\noutputs: {who: '${w}'}") == {"who": "caller"}


async def test_any_callable_may_be_a_task(engine: Engine) -> None:
    class Doubler:
        async def __call__(self, n: int) -> int:
            return n * 2

        def method(self, n: int) -> int:
            return n * 3

    async def add(a: int, n: int) -> int:
        return a + n

    engine.registry.register("Object", Doubler())
    engine.registry.register("Method", Doubler().method)
    engine.registry.register("Partial", partial(add, 10))
    flow = """
        - {task: Object, id: a, inputs: {n: 1}}
        - {task: Method, id: b, inputs: {n: 1}}
        - {task: Partial, id: c, inputs: {n: 1}}
        outputs: {all: '${[a, b, c]}'}
        """
    assert await engine.outputs(flow) == {"all": [2, 3, 11]}


async def test_a_plain_function_may_give_back_something_to_await(engine: Engine) -> None:
    engine.registry.register("Later", lambda: engine.give(5))

    assert await engine.outputs("- {task: Later, id: a}\noutputs: {x: '${a}'}") == {"x": 5}


@pytest.mark.parametrize("plain", [True, False])
async def test_a_parameter_called_context_gets_the_runs_context(engine: Engine, plain: bool) -> None:
    def look(context: RunContext, n: int) -> dict[str, Any]:
        return {
            "run": context.run_id,
            "flow": context.flow,
            "step": context.step_id,
            "attempt": context.attempt,
            "inputs": dict(context.inputs),
            "env": context.env["COLOUR"],
            "cancelled": context.is_cancelled,
            "n": n,
        }

    async def look_async(context: RunContext, n: int) -> dict[str, Any]:
        return look(context, n)

    engine.env["COLOUR"] = "red"
    engine.registry.register("Look", look if plain else look_async)
    result = await engine.run("- {task: Look, id: a, inputs: {n: 1}}\noutputs: {seen: '${a}'}", {"x": 1}, run_id="r")

    assert result["seen"] == {
        "run": "r",
        "flow": "test",
        "step": "a",
        "attempt": 1,
        "inputs": {"x": 1},
        "env": "red",
        "cancelled": False,
        "n": 1,
    }


@pytest.mark.parametrize("plain", [True, False])
async def test_a_task_may_log(engine: Engine, plain: bool) -> None:
    def tell(context: RunContext) -> None:
        context.log("half way", "warning", done=50)

    async def tell_async(context: RunContext) -> None:
        tell(context)

    engine.registry.register("Tell", tell if plain else tell_async)
    await engine.run("- {task: Tell, id: a}")

    (event,) = engine.of_type("log")
    assert (event["level"], event["message"], event["fields"], event["step_id"]) == (
        "warning",
        "half way",
        {"done": 50},
        "a",
    )
    assert engine.types() == ["flow_started", "step_started", "log", "step_completed", "flow_completed"]


async def test_a_task_that_nobody_registered_is_a_diagnostic_with_the_near_miss(engine: Engine) -> None:
    with pytest.raises(FlowValidationError) as raised:
        await engine.run("- {task: Ecko}")

    (problem,) = raised.value.diagnostics
    assert (problem.code, problem.suggestion) == ("unknown-task", "Echo")


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ("{n: many}", "wrong-argument"),
        ("{n: 1, m: 2}", "unknown-argument"),
        ("{}", "missing-argument"),
        ("{n: [1]}", "wrong-argument"),
    ],
)
async def test_literal_arguments_are_checked_against_the_signature_before_the_run(
    engine: Engine, inputs: str, code: str
) -> None:
    async def typed(n: int, text: str = "") -> None: ...

    engine.registry.register("Typed", typed)
    with pytest.raises(FlowValidationError) as raised:
        await engine.run(f"- {{task: Tick}}\n- {{task: Typed, inputs: {inputs}}}")

    assert len(raised.value.diagnostics) == 1
    assert raised.value.diagnostics[0].line == 4
    assert engine.calls("tick") == 0
    assert code.split("-")[1] in raised.value.diagnostics[0].code


async def test_arguments_that_are_known_only_in_the_run_are_not_checked_before(engine: Engine) -> None:
    async def typed(n: int) -> int:
        return n

    engine.registry.register("Typed", typed)
    result = await engine.run("- {task: Typed, id: a, inputs: {n: '${inputs.n}'}}\noutputs: {n: '${a}'}", {"n": 3})

    assert result["n"] == 3


async def test_a_stub_is_a_warning_and_calling_it_an_error_that_says_where_to_write_it(engine: Engine) -> None:
    @engine.registry.stub("Later")
    async def later(n: int) -> None: ...

    result = await engine.run("- {task: Later, id: a, inputs: {n: 1}}")

    assert result.error_type == "TaskNotImplementedError"
    assert "test_calling_tasks.py" in str(result.error)
    assert result.error["hint"]


async def test_a_body_that_is_not_written_gets_the_hint_too(engine: Engine) -> None:
    async def later() -> None:
        raise NotImplementedError

    engine.registry.register("Later", later)
    result = await engine.run("- {task: Later, id: a}")

    assert result.error_type == "NotImplementedError"
    assert "test_calling_tasks.py" in (result.error["hint"] or "")


async def test_a_task_that_awaits_something_cancelled_fails_and_is_not_taken_for_stopped(engine: Engine) -> None:
    async def awaits_cancelled() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    engine.registry.register("AwaitsCancelled", awaits_cancelled)
    for flow in (
        "- {task: AwaitsCancelled, id: a}",
        "- {task: AwaitsCancelled, id: a, timeout: 5s, retry: {max_attempts: 1}}",
    ):
        result = await engine.run(flow)
        assert result.status == "failed"
        assert result.error["step"] == "a"
        assert "cancelled" in str(result.error)
    handled = await engine.run("- {task: AwaitsCancelled, continue_on_error: true}\n- {task: Tick}")
    assert handled.success


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(
    "place", ["STEP", "parallel: [{STEP}, {task: Give}]", "for_each: [1, 2]\n  concurrency: 2\n  do: [{STEP}]"]
)
async def test_a_task_that_calls_sys_exit_only_fails_its_step(engine: Engine, plain: bool, place: str) -> None:
    def leave() -> None:
        raise SystemExit(3)

    async def leave_async() -> None:
        leave()

    engine.registry.register("Leave", leave if plain else leave_async)
    result = await engine.run(f"- {place.replace('STEP', 'task: Leave')}")

    assert result.status == "failed"
    assert "SystemExit" in f"{result.error_type} {result.error} {result.error['cause']}"


async def test_a_task_that_raises_stop_iteration_only_fails_its_step(engine: Engine) -> None:
    engine.registry.register("Next", lambda: next(iter(())))

    assert (await engine.run("- {task: Next}")).status == "failed"


async def test_an_exception_whose_text_cannot_be_made_is_told_all_the_same(engine: Engine) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    async def fail() -> None:
        raise Broken

    engine.registry.register("FailOddly", fail)
    result = await engine.run("- {task: FailOddly}")

    assert result.error_type == "Broken"
    assert result.to_dict()["error"]["message"]


async def test_tasks_registered_later_are_known_to_the_next_run(engine: Engine) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run("- {task: New}")
    engine.registry.register("New", lambda: 1)
    assert (await engine.run("- {task: New, id: a}\noutputs: {x: '${a}'}"))["x"] == 1
    engine.registry.register("New", lambda: 2, replace=True)
    assert (await engine.run("- {task: New, id: a}\noutputs: {x: '${a}'}"))["x"] == 2


async def test_the_environment_and_the_env_file_beside_the_flow_are_read(engine: Engine) -> None:
    (engine.folder / ".env").write_text("COLOUR=blue\nSIZE=large\n")
    engine.env["COLOUR"] = "red"
    flow = "- {task: Give, id: a, inputs: {value: '${env.COLOUR} ${SIZE} ${SHAPE:round}'}}\noutputs: {x: '${a}'}"

    assert await engine.outputs(flow) == {"x": "red large round"}


async def test_a_missing_variable_is_an_error_that_names_it_before_any_step_runs(engine: Engine) -> None:
    result = await engine.run("- {task: Tick}\n- {task: Give, inputs: {value: '${NO_SUCH_VARIABLE}'}}")

    assert result.error_type == "ConfigurationError"
    assert "`NO_SUCH_VARIABLE`" in str(result.error)
    assert result.error["line"] == 4
    assert engine.calls("tick") == 0


async def test_a_missing_variable_of_a_subflow_is_found_before_any_step_runs(engine: Engine) -> None:
    engine.write("inner.yaml", "- {task: Give, inputs: {value: '${NO_SUCH_VARIABLE}'}}")
    result = await engine.run("- {task: Tick}\n- {subflow: inner}")

    assert "`NO_SUCH_VARIABLE`" in str(result.error)
    assert engine.calls("tick") == 0
