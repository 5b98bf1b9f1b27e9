"""Every common key works on every kind of step: a table of kinds against keys."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from flowlang import FlowValidationError
from tests.runtime.conftest import Engine

#: Each kind as a step that succeeds, one that fails, and one that never ends; `KEYS` stands where its keys go.
GOOD = {
    "task": "task: Echo",
    "built-in form": "Echo: {KEYS}",
    "parallel": "parallel: [{task: Echo, id: inner}]",
    "if": "if: true\nthen: [{task: Echo, id: inner}]",
    "switch": "switch: 1\ncases: [{when: 1, do: [{task: Echo, id: inner}]}]",
    "for_each": "for_each: [1]\ndo: [{task: Echo, id: inner}]",
    "while": "while: ${not inner.count}\ndo: [{task: Tick, id: inner}]",
    "subflow": "subflow: good",
}
BAD = {
    "task": "task: Fail",
    "built-in form": "Fail: {KEYS}",
    "parallel": "parallel: [{task: Fail, id: inner}]",
    "if": "if: true\nthen: [{task: Fail, id: inner}]",
    "switch": "switch: 1\ncases: [{when: 1, do: [{task: Fail, id: inner}]}]",
    "for_each": "for_each: [1]\ndo: [{task: Fail, id: inner}]",
    "while": "while: true\ndo: [{task: Fail, id: inner}]",
    "subflow": "subflow: bad",
    "exit": "exit: {reason: '${[1, 2].first}'}",
}
ENDLESS = {
    "task": "task: Hang",
    "built-in form": "Hang: {KEYS}",
    "parallel": "parallel: [{task: Hang, id: inner}]",
    "if": "if: true\nthen: [{task: Hang, id: inner}]",
    "switch": "switch: 1\ncases: [{when: 1, do: [{task: Hang, id: inner}]}]",
    "for_each": "for_each: [1]\ndo: [{task: Hang, id: inner}]",
    "while": "while: true\ndo: [{task: Hang, id: inner}]",
    "subflow": "subflow: endless",
}


@pytest.fixture(autouse=True)
def subflows(engine: Engine) -> None:
    engine.write("good.yaml", "- {task: Echo}\noutputs: {value: 1}")
    engine.write("bad.yaml", "- {task: Fail}")
    engine.write("endless.yaml", "- {task: Hang}")


def flow(step: str, keys: str) -> str:
    """A flow of one step with these keys, and the last note and a look at the step after it."""
    keys = dedent(keys).strip()
    if "KEYS" in step:
        name = step.partition(":")[0]
        step = f"{name}:\n{indent(keys, '  ')}\n  id: it"
    else:
        step = f"{step}\nid: it\n{keys}"
    return (
        f"flow: test\nsteps:\n  -\n{indent(step, '    ')}\n  - {{task: Note, id: after, inputs: {{text: after}}}}\n"
        "outputs: {status: '${it.status}', attempts: '${it.attempts}', error: '${it.error.message}'}\n"
    )


@pytest.mark.parametrize("kind", GOOD)
async def test_a_step_is_kept_under_its_id(engine: Engine, kind: str) -> None:
    outputs = await engine.outputs(flow(GOOD[kind], "description: what it is for"))

    assert outputs == {"status": "succeeded", "attempts": 1, "error": None}


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind != "if"])
async def test_a_step_whose_condition_is_false_is_skipped(engine: Engine, kind: str) -> None:
    outputs = await engine.outputs(flow(BAD[kind], "if: ${1 > 2}"))

    assert outputs["status"] == "skipped"
    assert engine.notes == ["after"]
    assert [event["step_id"] for event in engine.of_type("step_skipped")] == ["it"]


@pytest.mark.parametrize("kind", GOOD)
async def test_a_step_may_depend_on_another(engine: Engine, kind: str) -> None:
    text = flow(GOOD[kind], "depends_on: [before]").replace("flow: test\nsteps:\n", "flow: test\nmode: dag\nsteps:\n")
    before = "  - {task: Note, id: before, inputs: {text: before}}\n"
    text = text.replace("{task: Note, id: after,", "{task: Note, id: after, depends_on: it,").replace(
        "outputs:", f"{before}outputs:", 1
    )
    await engine.outputs(text)

    assert engine.notes == ["before", "after"]


@pytest.mark.parametrize("kind", BAD)
async def test_a_failing_step_is_tried_again(engine: Engine, kind: str) -> None:
    result = await engine.run(flow(BAD[kind], "retry: {max_attempts: 3, delay: 0}"))

    assert result.status == "failed"
    assert {step["id"]: step["attempts"] for step in result.steps}["it"] == 3
    retries = [event for event in engine.of_type("step_retrying") if event["step_id"] == "it"]
    assert [event["attempt"] for event in retries] == [1, 2]


@pytest.mark.parametrize("kind", ENDLESS)
async def test_a_timeout_stops_a_step(engine: Engine, kind: str) -> None:
    result = await engine.run(flow(ENDLESS[kind], "timeout: 10ms"))

    assert result.error_type == "StepTimeoutError"
    assert result.error["step"] == "it"
    assert engine.notes == ["hang stopped"]


@pytest.mark.parametrize("kind", ENDLESS)
async def test_a_timeout_bounds_one_attempt(engine: Engine, kind: str) -> None:
    result = await engine.run(flow(ENDLESS[kind], "timeout: 10ms\nretry: {max_attempts: 2, delay: 0}"))

    assert result.error_type == "StepTimeoutError"
    assert engine.notes == ["hang stopped", "hang stopped"]


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("form", ["[{STEP}]", "{steps: [{STEP}]}"])
async def test_on_error_runs_and_the_flow_goes_on(engine: Engine, kind: str, form: str) -> None:
    handler = form.replace("{STEP}", "{task: Note, inputs: {text: handled}}")
    outputs = await engine.outputs(flow(BAD[kind], f"on_error: {handler}"))

    assert outputs["status"] == "failed"
    assert engine.notes == ["handled", "after"]


@pytest.mark.parametrize("kind", BAD)
async def test_continue_on_error_lets_the_flow_go_on(engine: Engine, kind: str) -> None:
    outputs = await engine.outputs(flow(BAD[kind], "continue_on_error: true"))

    assert outputs["status"] == "failed"
    assert outputs["error"]
    assert engine.notes == ["after"]


@pytest.mark.parametrize("kind", GOOD)
async def test_a_silent_step_tells_nothing(engine: Engine, kind: str) -> None:
    await engine.outputs(flow(GOOD[kind], "silent: true"))

    assert {event["step_id"] for event in engine.events if "step_id" in event} == {"after"}


@pytest.mark.parametrize("kind", GOOD)
async def test_a_step_of_a_silent_flow_may_speak(engine: Engine, kind: str) -> None:
    await engine.outputs("silent: true\n" + flow(GOOD[kind], "silent: false"))

    assert engine.of_type("step_started")[0]["step_id"] == "it"
    assert "after" not in {event.get("step_id") for event in engine.events}


@pytest.mark.parametrize("kind", GOOD)
async def test_a_result_must_have_the_promised_names(engine: Engine, kind: str) -> None:
    result = await engine.run(flow(GOOD[kind], "outputs: [no_such_name]"))

    assert result.error_type == "MissingOutputError"
    assert result.error["step"] == "it"


@pytest.mark.parametrize("kind", GOOD)
async def test_an_unknown_key_is_a_diagnostic_with_a_suggestion(engine: Engine, kind: str) -> None:
    with pytest.raises(FlowValidationError) as raised:
        await engine.run(flow(GOOD[kind], "continue_on_eror: true"))

    assert "continue_on_error" in [problem.suggestion for problem in raised.value.diagnostics]


async def test_two_kinds_in_one_step_are_a_diagnostic(engine: Engine) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run("- {task: Echo, subflow: good}")


async def test_a_step_of_no_kind_is_a_diagnostic(engine: Engine) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run("- {id: a, description: nothing}")


async def test_an_exit_may_be_left_out_by_its_condition(engine: Engine) -> None:
    await engine.outputs("- {exit: {reason: early}, if: false}\n- {task: Note, inputs: {text: after}}")

    assert engine.notes == ["after"]


async def test_the_built_in_form_takes_common_keys_out_and_arguments_from_the_rest(engine: Engine) -> None:
    flow = """
        - Flaky: {id: a, times: 1, name: mine, value: '${1 + 1}', retry: {max_attempts: 2, delay: 0}, outputs: [calls]}
        outputs: {value: '${a.value}', calls: '${a.calls}'}
        """
    assert await engine.outputs(flow) == {"value": 2, "calls": 2}


async def test_the_built_in_form_takes_arguments_with_the_names_of_flow_keys(engine: Engine) -> None:
    async def measure(inputs: list[int]) -> int:
        return len(inputs)

    engine.registry.register("Measure", measure)

    assert await engine.outputs("- task: Measure\n  id: a\n  inputs: {inputs: [1, 2]}\noutputs: {n: '${a}'}") == {
        "n": 2
    }
