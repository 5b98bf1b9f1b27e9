"""`subflow`: how another flow is found, what it sees, what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang import FlowExecutor, FlowValidationError
from tests.runtime.conftest import Engine

DOUBLE = """
flow: double
inputs: [{name: n, type: integer}]
steps:
  - {task: Give, id: twice, inputs: {value: '${inputs.n * 2}'}}
outputs: {value: '${twice}'}
"""


@pytest.mark.parametrize("place", ["double/flow.yaml", "double.yaml"])
async def test_a_subflow_is_a_folder_or_a_file_beside_the_flow(engine: Engine, place: str) -> None:
    engine.write(place, DOUBLE)
    flow = "- {subflow: double, id: sub, inputs: {n: 4}}\noutputs: {x: '${sub.value}'}"

    assert await engine.outputs(flow) == {"x": 8}


async def test_the_folder_wins_over_the_file(engine: Engine) -> None:
    engine.write("double/flow.yaml", DOUBLE)
    engine.write("double.yaml", "- exit")

    assert await engine.outputs("- {subflow: double, id: s, inputs: {n: 4}}\noutputs: {x: '${s.value}'}") == {"x": 8}


@pytest.mark.parametrize(("depth", "found"), [(0, True), (1, True), (2, True), (3, True), (4, False)])
async def test_it_is_looked_for_in_up_to_three_parents(engine: Engine, depth: int, found: bool) -> None:
    (engine.folder / "flowlang.yaml").write_text("")
    engine.write("shared.yaml", "- {task: Tick}")
    path = engine.write("/".join(["d"] * depth + ["main.yaml"]), "- {subflow: shared}")

    if found:
        assert (await engine.run(path)).success
    else:
        with pytest.raises(FlowValidationError):
            await engine.run(path)


async def test_it_is_never_looked_for_outside_the_project(engine: Engine) -> None:
    engine.write("shared.yaml", "- {task: Tick}")
    path = engine.write("project/flows/main.yaml", "- {subflow: shared}")
    (engine.folder / "project" / "flowlang.yaml").write_text("")

    with pytest.raises(FlowValidationError):
        await engine.run(path)


@pytest.mark.parametrize("name", ["../common", "./common", "common.yaml", "/etc/passwd", "a/b"])
async def test_a_name_is_no_path(engine: Engine, name: str) -> None:
    engine.write("common.yaml", "- {task: Tick}")

    with pytest.raises(FlowValidationError):
        await engine.run(f"- {{subflow: '{name}'}}")


async def test_a_name_that_no_flow_has_is_a_diagnostic_with_the_near_miss(engine: Engine) -> None:
    engine.write("send_invoice.yaml", "- {task: Tick}")
    with pytest.raises(FlowValidationError) as raised:
        await engine.run("- {subflow: send_invoce}")

    (problem,) = raised.value.diagnostics
    assert (problem.code, problem.suggestion) == ("unknown-subflow", "send_invoice")


async def test_a_subflow_has_a_scope_of_its_own(engine: Engine) -> None:
    engine.write("inner.yaml", "- {task: Give, id: a, inputs: {value: inner}}\noutputs: {a: '${a}'}")
    flow = """
        - {task: Give, id: a, inputs: {value: outer}}
        - {subflow: inner, id: sub}
        outputs: {mine: '${a}', its: '${sub.a}'}
        """
    assert await engine.outputs(flow) == {"mine": "outer", "its": "inner"}


async def test_a_subflow_cannot_read_the_steps_of_its_caller(engine: Engine) -> None:
    engine.write("inner.yaml", "- {task: Give, inputs: {value: '${outer_step}'}}")

    with pytest.raises(FlowValidationError, match=r"inner\.yaml"):
        await engine.run("- {task: Tick, id: outer_step}\n- {subflow: inner}")


async def test_its_inputs_are_checked_before_the_run(engine: Engine) -> None:
    engine.write("double.yaml", DOUBLE)
    for inputs, code in [("{m: 1, n: 1}", "unknown-input"), ("{}", "missing-input")]:
        with pytest.raises(FlowValidationError) as raised:
            await engine.run(f"- {{subflow: double, inputs: {inputs}}}")
        assert [problem.code for problem in raised.value.diagnostics] == [code]


async def test_its_inputs_are_coerced_and_refused_as_those_of_any_flow(engine: Engine) -> None:
    engine.write("double.yaml", DOUBLE)
    flow = "- {subflow: double, id: sub, inputs: {n: '${inputs.n}'}}\noutputs: {x: '${sub.value}'}"

    assert await engine.outputs(flow, {"n": "4"}) == {"x": 8}
    result = await engine.run(flow, {"n": "many"})
    assert result.error_type == "SubflowError"
    assert result.error["step"] == "sub"
    assert "`n`" in str(result.error)


async def test_a_failing_subflow_fails_its_step_with_the_whole_story(engine: Engine) -> None:
    engine.write("inner.yaml", "- {task: Fail, id: deep, inputs: {message: no luck}}")
    result = await engine.run("- {subflow: inner, id: sub}")

    assert (result.error_type, result.error["step"]) == ("SubflowError", "sub")
    assert "deep" in str(result.error)
    assert "no luck" in str(result.error)
    assert "ValueError: no luck" in result.error["cause"]
    assert isinstance(result.error.exception.__cause__, ValueError)


async def test_a_subflow_runs_its_own_handlers(engine: Engine) -> None:
    engine.write(
        "inner.yaml",
        """
        - {task: Fail}
        on_error: [{task: Note, inputs: {text: inner error}}]
        finally: [{task: Note, inputs: {text: inner finally}}]
        """,
    )
    await engine.run("- {subflow: inner}\non_error: [{task: Note, inputs: {text: outer error}}]")

    assert engine.notes == ["inner error", "inner finally", "outer error"]


async def test_flows_that_call_each_other_are_a_diagnostic_that_shows_the_path(engine: Engine) -> None:
    path = engine.write("first.yaml", "- {subflow: second}")
    engine.write("second.yaml", "- {subflow: third}")
    engine.write("third.yaml", "- {subflow: first}")
    with pytest.raises(FlowValidationError) as raised:
        await engine.run(path)

    (problem,) = [problem for problem in raised.value.diagnostics if problem.severity == "error"]
    assert problem.code == "subflow-cycle"
    assert "first.yaml → second.yaml → third.yaml → first.yaml" in problem.message


async def test_a_flow_that_calls_itself_is_a_diagnostic(engine: Engine) -> None:
    path = engine.write("self.yaml", "- {subflow: self}")

    with pytest.raises(FlowValidationError, match=r"self\.yaml → self\.yaml"):
        await engine.run(path)


async def test_a_cycle_stays_one_when_the_other_flow_was_checked_first(engine: Engine) -> None:
    first = engine.write("first.yaml", "- {subflow: second}")
    second = engine.write("second.yaml", "- {subflow: first}")
    for path in (first, second, first):
        with pytest.raises(FlowValidationError):
            await engine.run(path)


async def test_a_problem_in_a_subflow_is_told_with_the_place_in_its_own_file(engine: Engine) -> None:
    inner = engine.write("inner.yaml", "- {task: Nobody}")
    with pytest.raises(FlowValidationError) as raised:
        await engine.run("- {subflow: inner}")

    (problem,) = raised.value.diagnostics
    assert (problem.path, problem.line, problem.code) == (str(inner), 3, "unknown-task")


async def test_one_subflow_may_be_called_often_and_at_once(engine: Engine) -> None:
    engine.write("double.yaml", DOUBLE)
    flow = """
        - for_each: ${range(20)}
          id: each
          concurrency: 5
          collect: ${sub.value}
          do: [{subflow: double, id: sub, inputs: {n: '${item}'}}]
        outputs: {x: '${each.results}'}
        """
    assert await engine.outputs(flow) == {"x": [n * 2 for n in range(20)]}


async def test_subflows_may_call_subflows(engine: Engine) -> None:
    engine.write("double.yaml", DOUBLE)
    engine.write(
        "quadruple.yaml", "- {subflow: double, id: d, inputs: {n: '${inputs.n * 2}'}}\noutputs: {value: '${d.value}'}"
    )

    assert await engine.outputs("- {subflow: quadruple, id: q, inputs: {n: 3}}\noutputs: {x: '${q.value}'}") == {
        "x": 12
    }


async def test_a_changed_subflow_is_read_again(engine: Engine) -> None:
    flow = "- {subflow: inner, id: sub}\noutputs: {x: '${sub.value}'}"
    engine.write("inner.yaml", "- exit: {outputs: {value: 1}}")
    first = await engine.outputs(flow)
    engine.write("inner.yaml", "- exit: {outputs: {value: 22}}")

    assert (first, await engine.outputs(flow)) == ({"x": 1}, {"x": 22})


async def test_the_context_of_a_subflow_has_its_name_and_the_runs_id(engine: Engine) -> None:
    engine.write(
        "inner.yaml",
        "- {task: Give, id: a, inputs: {value: '${context.flow} ${context.run_id}'}}\noutputs: {x: '${a}'}",
    )

    outputs = await engine.run("- {subflow: inner, id: sub}\noutputs: {x: '${sub.x}'}", run_id="r1")

    assert dict(outputs) == {"x": "inner r1"}


async def test_events_of_a_subflow_come_through_with_their_path(engine: Engine) -> None:
    engine.write("inner.yaml", "- {task: Tick, id: deep}")
    await engine.run("- {for_each: [1], id: each, do: [{subflow: inner, id: sub}]}")

    assert [(event["type"], event.get("path"), event["flow"]) for event in engine.events] == [
        ("flow_started", None, "test"),
        ("step_started", "each", "test"),
        ("iteration_started", "each", "test"),
        ("step_started", "each[0]/sub", "test"),
        ("subflow_started", "each[0]/sub", "test"),
        ("step_started", "each[0]/sub/deep", "inner"),
        ("step_completed", "each[0]/sub/deep", "inner"),
        ("subflow_completed", "each[0]/sub", "test"),
        ("step_completed", "each[0]/sub", "test"),
        ("iteration_completed", "each", "test"),
        ("step_completed", "each", "test"),
        ("flow_completed", None, "test"),
    ]


async def test_a_failing_subflow_is_told(engine: Engine) -> None:
    engine.write("inner.yaml", "- {task: Fail, id: deep}")
    await engine.run("- {subflow: inner, id: sub}")

    assert engine.types()[-4:] == ["step_failed", "subflow_failed", "step_failed", "flow_failed"]


async def test_a_subflow_that_comes_to_exist_is_called_by_the_same_executor(tmp_path: Path) -> None:
    part = "flow: Part\nsteps: [{{exit: {{outputs: {{n: {}}}}}}}]\n"
    (tmp_path / "flowlang.yaml").touch()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "main.yaml").write_text("flow: Main\nsteps: [{subflow: part, id: part}]\noutputs: {n: '${part.n}'}\n")
    executor = FlowExecutor()
    with pytest.raises(FlowValidationError, match="no flow is called `part`"):
        await executor.execute_flow(inner / "main.yaml")
    (tmp_path / "part.yaml").write_text(part.format(1))
    assert (await executor.execute_flow(inner / "main.yaml"))["n"] == 1
    (inner / "part.yaml").write_text(part.format(2))
    assert (await executor.execute_flow(inner / "main.yaml"))["n"] == 2
