"""What a flow takes: its declared inputs, checked and coerced only where nothing is lost."""

from __future__ import annotations

from textwrap import indent
from typing import Any

import pytest

from flowlang import FlowInputError, FlowResult, FlowValidationError, check
from tests.runtime.conftest import Engine


def reading(declaration: str, name: str = "x") -> str:
    """A flow with these inputs that gives back the one called `name`."""
    return (
        f"flow: reader\ninputs:\n{indent(declaration, '  ')}\n"
        f"steps:\n  - task: Give\n    id: got\n    inputs: {{value: '${{inputs.{name}}}'}}\noutputs:\n  x: ${{got}}\n"
    )


async def refused(engine: Engine, flow: str, inputs: dict[str, Any]) -> FlowResult:
    result = await engine.run(flow, inputs)
    assert not result.success
    assert result.error_type == "FlowInputError"
    assert isinstance(result.error.exception, FlowInputError)
    return result


@pytest.mark.parametrize(
    ("type", "given", "wanted"),
    [
        ("string", "text", "text"),
        ("string", "7", "7"),
        ("integer", 7, 7),
        ("integer", "7", 7),
        ("integer", "-7", -7),
        ("integer", 7.0, 7),
        ("int", "7", 7),
        ("number", 7, 7),
        ("number", 7.5, 7.5),
        ("number", "7.5", 7.5),
        ("float", "7.5", 7.5),
        ("boolean", True, True),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("bool", "true", True),
        ("object", {"a": 1}, {"a": 1}),
        ("object", '{"a": 1}', {"a": 1}),
        ("array", [1, 2], [1, 2]),
        ("array", "[1, 2]", [1, 2]),
        ("list", "[1, 2]", [1, 2]),
    ],
)
async def test_a_value_is_coerced_where_nothing_is_lost(engine: Engine, type: str, given: Any, wanted: Any) -> None:
    outputs = await engine.outputs(reading(f"- {{name: x, type: {type}}}"), {"x": given})

    assert outputs["x"] == wanted
    assert outputs["x"].__class__ is wanted.__class__


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("string", 7),
        ("string", True),
        ("string", ["a"]),
        ("integer", "7.5"),
        ("integer", 7.5),
        ("integer", "seven"),
        ("integer", True),
        ("integer", ""),
        ("number", "much"),
        ("number", True),
        ("number", "nan"),
        ("boolean", 1),
        ("boolean", "yes"),
        ("object", [1]),
        ("object", "[1]"),
        ("object", "{broken"),
        ("array", {"a": 1}),
        ("array", '{"a": 1}'),
        ("array", "a,b"),
    ],
)
async def test_a_value_of_another_type_is_an_error(engine: Engine, type: str, given: Any) -> None:
    result = await refused(engine, reading(f"- {{name: x, type: {type}}}"), {"x": given})

    assert "`x`" in str(result.error)


async def test_an_input_without_a_type_takes_any_value(engine: Engine) -> None:
    for value in (1, "text", True, [1], {"a": 1}):
        assert (await engine.outputs(reading("- {name: x}"), {"x": value}))["x"] == value


async def test_an_input_is_required(engine: Engine) -> None:
    result = await refused(engine, reading("- {name: x, type: integer}"), {})

    assert "`x`" in str(result.error)


async def test_an_input_with_a_default_may_be_left_out(engine: Engine) -> None:
    assert await engine.outputs(reading("- {name: x, type: integer, default: 3}")) == {"x": 3}


async def test_an_input_that_is_not_required_is_null(engine: Engine) -> None:
    assert await engine.outputs(reading("- {name: x, type: integer, required: false}")) == {"x": None}


async def test_a_default_is_used_even_where_the_input_says_required(engine: Engine) -> None:
    assert await engine.outputs(reading("- {name: x, required: false, default: 3}")) == {"x": 3}


async def test_a_value_outside_the_enum_is_an_error_that_lists_what_is_allowed(engine: Engine) -> None:
    flow = reading("- {name: x, type: string, enum: [small, large]}")

    assert await engine.outputs(flow, {"x": "large"}) == {"x": "large"}
    result = await refused(engine, flow, {"x": "huge"})
    assert "small" in str(result.error)
    assert "large" in str(result.error)


async def test_an_enum_is_compared_after_coercion(engine: Engine) -> None:
    assert await engine.outputs(reading("- {name: x, type: integer, enum: [1, 2]}"), {"x": "2"}) == {"x": 2}


async def test_an_undeclared_input_is_an_error_that_names_the_near_miss(engine: Engine) -> None:
    result = await refused(engine, reading("- {name: user_id, required: false}", "user_id"), {"user_ud": 1})

    assert "user_ud" in str(result.error)
    assert "`user_id`" in str(result.error)


async def test_keys_that_start_with_an_underscore_are_trigger_metadata(engine: Engine) -> None:
    assert await engine.outputs(reading("- {name: x}"), {"x": 1, "_source": "webhook"}) == {"x": 1}


async def test_all_problems_are_told_at_once(engine: Engine) -> None:
    flow = reading("- {name: x, type: integer}\n- {name: y, type: boolean}\n- {name: z}")

    result = await refused(engine, flow, {"x": "much", "y": "perhaps", "w": 1})

    assert len(result.error.exception.problems) == 4
    for name in "xyzw":
        assert f"`{name}`" in str(result.error)


async def test_bad_inputs_run_no_step_and_end_with_an_event(engine: Engine) -> None:
    await refused(engine, reading("- {name: x, type: integer}"), {"x": "much"})

    assert engine.types() == ["flow_started", "flow_failed"]


async def test_a_flow_that_declares_no_inputs_takes_whatever_it_is_given(engine: Engine) -> None:
    flow = "- {task: Give, id: got, inputs: {value: '${inputs.anything}'}}\noutputs: {x: '${got}'}"

    assert await engine.outputs(flow, {"anything": [1]}) == {"x": [1]}


def test_a_flow_that_reads_an_input_without_declaring_any_gets_a_warning() -> None:
    problems = check("flow: f\nsteps:\n  - {exit: {reason: '${inputs.x}'}}\n")

    assert [problem.severity for problem in problems] == ["warning"]


async def test_reading_an_input_that_is_not_declared_is_a_diagnostic_with_the_near_miss(engine: Engine) -> None:
    with pytest.raises(FlowValidationError) as raised:
        await engine.run(reading("- {name: user_id}", "user_ud"))

    assert [problem.suggestion for problem in raised.value.diagnostics] == ["user_id"]


async def test_an_empty_list_of_inputs_takes_nothing(engine: Engine) -> None:
    await refused(engine, "flow: f\ninputs: []\nsteps:\n  - exit\n", {"x": 1})


async def test_the_values_given_are_not_changed(engine: Engine) -> None:
    given = {"x": "[1, 2]"}
    await engine.outputs(reading("- {name: x, type: array}"), given)

    assert given == {"x": "[1, 2]"}
