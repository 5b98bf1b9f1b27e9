"""An error says everything: what, where, with which inputs, after which attempts, and why."""

from __future__ import annotations

import asyncio

import pytest

from flowlang import ErrorInfo, FlowExecutionError
from tests.runtime.conftest import Engine


async def failure(engine: Engine, flow: str) -> ErrorInfo:
    result = await engine.run(flow)
    assert result.status == "failed"
    assert result.error is not None
    return result.error


async def test_the_original_exception_its_step_and_its_place(engine: Engine) -> None:
    path = engine.write("orders.yaml", "- {task: Tick}\n-\n  task: Fail\n  id: charge\n  inputs: {message: no luck}")
    result = await engine.run(path)
    error = result.error

    assert str(error) == "no luck"
    assert (error["type"], error["step"], error["file"], error["line"], error["column"]) == (
        "ValueError",
        "charge",
        str(path),
        5,
        3,
    )
    assert error["inputs"] == {"message": "no luck"}
    assert error["attempts"] == 1
    assert isinstance(error.exception, ValueError)


async def test_the_fields_are_readable_as_attributes_too(engine: Engine) -> None:
    error = await failure(engine, "- {task: Fail, id: a}")

    assert (error.type, error.message, error.step, error.attempts) == ("ValueError", "broken", "a", 1)


async def test_the_chain_of_causes(engine: Engine) -> None:
    async def wrapped() -> None:
        try:
            try:
                raise KeyError("port")
            except KeyError as missing:
                raise OSError("no address") from missing
        except OSError as error:
            raise FlowExecutionError("could not send", hint="check the settings") from error

    engine.registry.register("Wrapped", wrapped)
    error = await failure(engine, "- {task: Wrapped, id: a, retry: {max_attempts: 2, delay: 0}}")

    assert str(error) == "could not send"
    assert error["cause"].splitlines() == ["OSError: no address", "KeyError: key 'port' is missing"]
    assert error["hint"] == "check the settings"


async def test_a_retry_never_hides_the_cause(engine: Engine) -> None:
    error = await failure(engine, "- {task: Flaky, id: a, inputs: {times: 9}, retry: {max_attempts: 3, delay: 0}}")

    assert error["type"] == "OSError"
    assert error["attempts"] == 3
    assert [one["message"] for one in error["attempt_errors"]] == ["failure 1", "failure 2", "failure 3"]


@pytest.mark.parametrize(
    "block",
    [
        "if: true\n  then: [STEP]",
        "for_each: [1]\n  do: [STEP]",
        "parallel: [STEP]",
        "while: true\n  do: [STEP]",
        "switch: 1\n  cases: [{when: 1, do: [STEP]}]",
        "if: true\n  retry: {max_attempts: 2, delay: 0}\n  then: [{for_each: [1], do: [{parallel: [STEP]}]}]",
    ],
)
async def test_a_failure_inside_a_block_keeps_its_own_step_and_inputs(engine: Engine, block: str) -> None:
    error = await failure(
        engine, f"- id: outer\n  {block.replace('STEP', '{task: Fail, id: inner, inputs: {message: m}}')}"
    )

    assert (error["step"], error["inputs"], error["type"]) == ("inner", {"message": "m"}, "ValueError")


async def test_the_line_of_the_tasks_own_code(engine: Engine) -> None:
    error = await failure(engine, "- {task: Fail, id: a}")

    assert "conftest.py:" in error["raised_at"]
    assert error["raised_at"].endswith(" in fail")


async def test_the_statement_that_was_sent(engine: Engine) -> None:
    flow = """
        flow: test
        connections: {db: {type: sqlite, database: ':memory:'}}
        steps:
          - sqlite_query: {id: q, query: 'select * from no_such_table'}
        """
    error = await failure(engine, flow)

    assert error["statement"] == "select * from no_such_table"
    assert "no_such_table" in str(error)
    assert error["cause"]


async def test_an_expression_error_quotes_the_expression_and_its_step(engine: Engine) -> None:
    error = await failure(engine, "- {task: Echo, id: a}\n- {task: Echo, id: b, inputs: {value: 'x ${a.valeu.y}'}}")

    assert error["type"] == "ExpressionError"
    assert error["step"] == "b"
    assert "valeu" in str(error)
    assert error["line"] == 4


async def test_an_exception_without_a_message_is_named(engine: Engine) -> None:
    async def mute() -> None:
        raise asyncio.QueueEmpty

    engine.registry.register("Mute", mute)

    assert str(await failure(engine, "- {task: Mute}")) == "QueueEmpty"


async def test_a_group_of_exceptions_shows_what_is_in_it(engine: Engine) -> None:
    async def several() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(engine.fail("first of two"))
            group.create_task(engine.fail("second of two"))

    engine.registry.register("Several", several)
    error = await failure(engine, "- {task: Several}")
    shown = f"{error} {error['cause']}"

    assert "first of two" in shown
    assert "second of two" in shown


async def test_an_error_is_the_same_mapping_in_events_and_result(engine: Engine) -> None:
    result = await engine.run("- {task: Fail, id: a}")

    assert engine.of_type("flow_failed")[0]["error"] == result.to_dict()["error"]
    assert engine.of_type("step_failed")[0]["error"] == result.to_dict()["error"]
