"""`timeout`: how a time is written, and what it stops."""

from __future__ import annotations

import asyncio
import threading
from textwrap import dedent

import pytest

from flowlang import FlowValidationError
from tests.runtime.conftest import Engine


@pytest.mark.parametrize("written", ["0.01", "10ms", "0.01s", "'10ms'", "${inputs.t}", "${inputs.t}ms"])
async def test_a_time_is_seconds_or_written_out(engine: Engine, written: str) -> None:
    inputs = {"t": 10} if written.endswith("ms") else {"t": 0.01}
    result = await engine.run(f"- {{task: Hang, id: a, timeout: '{written.strip(chr(39))}'}}", inputs)

    assert result.error_type == "StepTimeoutError"
    assert "10ms" in str(result.error)


@pytest.mark.parametrize("written", ["1h", "5m", "10s", "30", "1.5"])
async def test_work_that_is_done_in_time_is_not_disturbed(engine: Engine, written: str) -> None:
    assert (await engine.run(f"- {{task: Tick, timeout: {written}}}")).success


@pytest.mark.parametrize("written", ["soon", "-1", "5x", "true", "[1]"])
async def test_what_is_no_time_is_a_diagnostic(engine: Engine, written: str) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run(f"- {{task: Tick, timeout: {written}}}")


async def test_what_turns_out_to_be_no_time_fails_the_step(engine: Engine) -> None:
    result = await engine.run("- {task: Tick, id: a, timeout: '${inputs.t}'}", {"t": "soon"})

    assert result.error["step"] == "a"
    assert "soon" in str(result.error)


async def test_the_running_work_is_cancelled(engine: Engine) -> None:
    await engine.run("- {task: Hang, timeout: 10ms}")

    assert engine.notes == ["hang stopped"]


async def test_a_timeout_of_the_tasks_own_is_told_as_the_tasks(engine: Engine) -> None:
    async def impatient() -> None:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)

    engine.registry.register("Impatient", impatient)
    result = await engine.run("- {task: Impatient, timeout: 5s}")

    assert result.error_type == "TimeoutError"


async def test_a_plain_function_is_no_longer_waited_for(engine: Engine) -> None:
    release = threading.Event()
    engine.registry.register("Block", lambda: release.wait(10))
    result = await engine.run("- {task: Block, timeout: 20ms}")
    release.set()

    assert result.error_type == "StepTimeoutError"


async def test_the_timeout_around_is_not_mistaken_for_the_one_inside(engine: Engine) -> None:
    flow = """
        - for_each: [1]
          id: outer
          timeout: 10ms
          do:
            - {task: Hang, id: inner, timeout: 5s}
        """
    result = await engine.run(flow)

    assert result.error["step"] == "outer"
    failed = {event["step_id"]: event["error_type"] for event in engine.of_type("step_failed")}
    assert failed["outer"] == "StepTimeoutError"
    assert set(failed) == {"outer", "inner"}


async def test_the_timeout_of_a_flow_runs_its_handlers(engine: Engine) -> None:
    flow = """
        - {task: Hang}
        timeout: 10ms
        on_error: [{task: Note, inputs: {text: '${context.last_error.type}'}}]
        finally: [{task: Note, inputs: {text: finally}}]
        """
    assert (await engine.run(flow)).status == "failed"
    assert engine.notes == ["hang stopped", "StepTimeoutError", "finally"]


async def test_the_timeout_of_a_subflow_bounds_the_subflow(engine: Engine) -> None:
    engine.write("endless.yaml", "- {task: Hang}\ntimeout: 10ms")
    flow = "- {subflow: endless, id: sub, continue_on_error: true}\noutputs: {e: '${sub.error.message}'}"

    assert "10ms" in (await engine.outputs(flow))["e"]


async def test_the_timeout_of_a_flow_counts_the_opening_of_its_connections(engine: Engine) -> None:
    plugin = engine.folder / "plugins" / "slow"
    plugin.mkdir(parents=True)
    (engine.folder / "flowlang.yaml").write_text("")
    (plugin / "__init__.py").write_text(
        dedent(
            """
            import asyncio
            from ..base import ConnectionPlugin


            class SlowPlugin(ConnectionPlugin):
                name = "slow"

                async def connect(self, config):
                    await asyncio.Event().wait()

                def get_builtin_tasks(self):
                    return {"slow_ping": self.ping}

                async def ping(self, connection=None):
                    return {}
            """
        )
    )
    result = await engine.run("flow: test\ntimeout: 50ms\nconnections: {it: {type: slow}}\nsteps: [slow_ping: ]\n")

    assert result.error_type == "StepTimeoutError"
