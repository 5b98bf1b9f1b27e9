"""What a run gives back: outputs in every form, the result's fields and keys, and its plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowlang import FlowExecutor, FlowResult, FlowValidationError, check
from tests.runtime.conftest import Engine

TOTAL = "- {task: Give, id: total, inputs: {value: 12}}\n"


async def test_outputs_may_be_a_list_of_names_and_values(engine: Engine) -> None:
    flow = (
        TOTAL
        + "outputs:\n  - {name: sum, value: '${total}', description: All of it}\n  - {name: text, value: 'is ${total}'}"
    )

    assert await engine.outputs(flow) == {"sum": 12, "text": "is 12"}


async def test_a_bare_name_among_the_outputs_means_what_it_names(engine: Engine) -> None:
    assert await engine.outputs(TOTAL + "outputs:\n  - total") == {"total": 12}


async def test_outputs_may_be_a_mapping(engine: Engine) -> None:
    assert await engine.outputs(TOTAL + "outputs: {sum: '${total}', list: ['${total}', 1]}") == {
        "sum": 12,
        "list": [12, 1],
    }


async def test_a_flow_without_outputs_gives_back_an_empty_mapping(engine: Engine) -> None:
    result = await engine.run(TOTAL)

    assert result.success
    assert dict(result) == {}


async def test_an_output_that_cannot_be_computed_fails_the_flow_at_its_place(engine: Engine) -> None:
    result = await engine.run("- {task: Echo, id: a}\noutputs:\n  sum: ${a.sum}")

    assert result.status == "failed"
    assert result.error_type == "ExpressionError"
    assert (result.error["line"], result.error["column"]) == (5, 8)
    assert "value" in str(result.error)


async def test_a_result_is_a_mapping_over_the_outputs(engine: Engine) -> None:
    result = await engine.run(TOTAL + "outputs: {sum: '${total}', other: 1}")

    assert result["sum"] == 12
    assert list(result) == ["sum", "other"]
    assert len(result) == 2
    assert dict(result) == result.outputs
    with pytest.raises(KeyError):
        result["missing"]


async def test_a_successful_result_has_every_field(engine: Engine) -> None:
    result = await engine.run(TOTAL, run_id="mine")

    assert result.success is True
    assert result.status == "succeeded"
    assert result.error is None
    assert result.error_type is None
    assert result.terminated is False
    assert result.cancelled is False
    assert result.reason is None
    assert result.run_id == "mine"
    assert result.duration_ms >= 0


async def test_every_field_is_readable_as_a_key(engine: Engine) -> None:
    result = await engine.run("- {task: Fail, id: a}")
    fields = "success outputs error error_type status terminated reason cancelled run_id duration_ms"

    for name in fields.split():
        assert result[name] == getattr(result, name)


async def test_an_output_with_the_name_of_a_field_wins_as_a_key(engine: Engine) -> None:
    result = await engine.run(TOTAL + "outputs: {status: mine}")

    assert result["status"] == "mine"
    assert result.status == "succeeded"


async def test_a_failed_result_says_so(engine: Engine) -> None:
    result = await engine.run("- {task: Fail, id: a, inputs: {message: no luck}}\noutputs: {x: '${a}'}")

    assert result.success is False
    assert result.status == "failed"
    assert str(result.error) == "no luck"
    assert result.error_type == "ValueError"
    assert result.outputs == {}


async def test_the_original_exception_can_be_raised_from_a_failed_result(engine: Engine) -> None:
    result = await engine.run("- {task: Fail, id: a, inputs: {message: no luck}}")

    with pytest.raises(ValueError, match="no luck"):
        result.raise_for_error()
    good = await engine.run(TOTAL)
    assert good.raise_for_error() is good


KEYS = ["flow", "run_id", "success", "status", "outputs", "error", "error_type", "reason", "duration_ms", "steps"]
ERROR_KEYS = ["type", "message", "step", "file", "line", "column", "inputs", "attempts", "cause", "hint"]


async def test_plain_data_of_a_successful_run_has_these_keys(engine: Engine) -> None:
    data = (await engine.run(TOTAL + "outputs: {sum: '${total}'}")).to_dict()

    assert list(data) == KEYS
    assert data["flow"] == "test"
    assert data["outputs"] == {"sum": 12}
    assert data["error"] is None
    assert [(step["id"], step["status"], step["attempts"]) for step in data["steps"]] == [("total", "succeeded", 1)]
    assert set(data["steps"][0]) == {"id", "status", "duration_ms", "attempts"}


async def test_plain_data_of_a_failed_run_has_the_whole_error(engine: Engine) -> None:
    data = (await engine.run("- {task: Fail, id: a, inputs: {message: no luck}}")).to_dict()

    assert list(data) == KEYS
    assert set(ERROR_KEYS) <= set(data["error"])
    assert data["error"]["message"] == "no luck"
    assert data["error"]["step"] == "a"
    assert data["error_type"] == data["error"]["type"] == "ValueError"
    assert data["error"]["inputs"] == {"message": "no luck"}
    assert json.loads(json.dumps(data)) == data


async def test_the_steps_of_a_result_tell_how_each_ended(engine: Engine) -> None:
    flow = """
        - {task: Tick, id: good}
        - {task: Tick, id: left_out, if: false}
        - {task: Fail, id: bad, continue_on_error: true, retry: {max_attempts: 2, delay: 0}}
        - {exit: , id: end}
        - {task: Tick, id: never}
        """
    steps = (await engine.run(flow)).steps

    assert [(step["id"], step["status"], step["attempts"]) for step in steps] == [
        ("good", "succeeded", 1),
        ("left_out", "skipped", 0),
        ("bad", "failed", 2),
        ("end", "terminated", 1),
    ]


async def test_a_flow_may_be_text_a_dict_or_a_path(engine: Engine) -> None:
    text = "flow: test\nsteps:\n  - {task: Give, id: a, inputs: {value: 1}}\noutputs: {x: '${a}'}\n"
    data = {
        "flow": "test",
        "steps": [{"task": "Give", "id": "a", "inputs": {"value": 1}}],
        "outputs": {"x": "${a}"},
    }
    path = engine.write("flow.yaml", text)
    for flow in (text, data, path, str(path)):
        assert dict(await engine.run(flow)) == {"x": 1}


async def test_a_file_that_is_not_there_is_a_problem_like_any_other(engine: Engine) -> None:
    with pytest.raises(FlowValidationError, match="can't be read"):
        await engine.run(engine.folder / "missing.yaml")


async def test_a_changed_file_is_read_again(engine: Engine) -> None:
    path = engine.write("flow.yaml", TOTAL + "outputs: {x: '${total}'}")
    first = await engine.run(path)
    engine.write("flow.yaml", TOTAL + "outputs: {x: '${total + 1}'}")

    assert (first["x"], (await engine.run(path))["x"]) == (12, 13)


async def test_an_invalid_flow_raises_with_every_problem(engine: Engine) -> None:
    flow = """
        flow: bad
        stps: []
        steps:
          - {task: Nobody, id: a}
          - {task: Give, inputs: {valu: 1}}
        outputs: {x: '${b}'}
        """

    with pytest.raises(FlowValidationError) as raised:
        await engine.run(flow)

    codes = {problem.code for problem in raised.value.diagnostics}
    assert {"unknown-key", "unknown-task", "unknown-argument", "unknown-name"} <= codes
    assert engine.events == []


async def test_check_gives_back_the_same_problems_without_running(engine: Engine) -> None:
    flow = "flow: bad\nsteps:\n  - {task: Nobody, id: a}\noutputs: {x: '${b}'}\n"

    with pytest.raises(FlowValidationError) as raised:
        await engine.run(flow)

    assert check(flow, engine.registry) == list(raised.value.diagnostics)


async def test_the_timeout_of_a_flow_bounds_the_whole_run(engine: Engine) -> None:
    result = await engine.run("- {task: Hang}\ntimeout: 20ms")

    assert (result.status, result.error_type) == ("failed", "StepTimeoutError")
    assert engine.notes == ["hang stopped"]


async def test_the_caller_may_bound_a_run_too(engine: Engine) -> None:
    result = await engine.run("- {task: Hang}\ntimeout: 1h", timeout=0.02)

    assert result.error_type == "StepTimeoutError"


@pytest.mark.parametrize("value", [None, [], {}, 0, "", "x" * 1_000_000, list(range(50_000))])
async def test_any_value_may_be_an_output(engine: Engine, value: Any) -> None:
    flow = "- {task: Give, id: a, inputs: {value: '${inputs.v}'}}\noutputs: {x: '${a}'}"

    assert (await engine.outputs(flow, {"v": value}))["x"] == value


async def test_an_executor_works_without_tasks() -> None:
    result: FlowResult = await FlowExecutor().execute_flow("flow: f\nsteps:\n  - exit\n")

    assert result.status == "terminated"
