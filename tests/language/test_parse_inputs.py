"""Declared inputs, and the values that are given for them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flowlang.errors import FlowInputError
from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.inputs import bind_inputs, coerce_input
from flowlang.language.model import Flow
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_text


def parse(inputs: str) -> tuple[Flow, list[Diagnostic]]:
    problems = Problems()
    flow = parse_flow(read_text(f"flow: F\nsteps: [{{task: A}}]\n{inputs}", problems), problems)
    return flow, problems.in_order()


def declared(inputs: str) -> Flow:
    flow, found = parse(inputs)
    assert found == []
    return flow


def refused(flow: Flow, given: dict[str, Any]) -> list[str]:
    with pytest.raises(FlowInputError) as raised:
        bind_inputs(flow, given)
    return list(raised.value.problems)


@pytest.mark.parametrize(
    ("value", "type", "expected"),
    [
        ("x", "string", "x"),
        ("7", "string", "7"),
        ("7", "integer", 7),
        (" -7 ", "int", -7),
        (7.0, "integer", 7),
        ("7.5", "number", 7.5),
        ("7", "float", 7),
        (7, "number", 7),
        (Decimal("7.5"), "number", Decimal("7.5")),
        ("true", "boolean", True),
        (False, "bool", False),
        ('{"a": [1]}', "object", {"a": [1]}),
        ({"a": 1}, "object", {"a": 1}),
        ("[1, 2]", "array", [1, 2]),
        ((1, 2), "list", [1, 2]),
    ],
)
def test_a_value_is_converted_where_nothing_is_lost(value: Any, type: str, expected: Any) -> None:
    found = coerce_input(value, type)
    assert found == expected
    assert found.__class__ is expected.__class__


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (7, "string"),
        (None, "string"),
        ("7.5", "integer"),
        (7.5, "integer"),
        (True, "integer"),
        ("9" * 5000, "integer"),
        ("1_000", "integer"),
        (True, "number"),
        ("nan", "number"),
        ("x", "number"),
        (1, "boolean"),
        ("True", "boolean"),
        ("yes", "boolean"),
        ("[1]", "object"),
        ("{", "object"),
        ("[" * 100_000, "array"),
        ('{"a": 1}', "array"),
        ({"a": 1}, "array"),
    ],
)
def test_a_value_that_would_lose_something_is_refused(value: Any, type: str) -> None:
    with pytest.raises(ValueError, match=r"must be an? "):
        coerce_input(value, type)


@pytest.mark.parametrize(
    "text",
    [
        "inputs:\n  - {name: a, type: int, default: 3}\n  - name: b\n    required: false\n",
        "inputs:\n  a: {type: int, default: 3}\n  b: {required: false}\n",
    ],
)
def test_inputs_are_a_list_or_a_map(text: str) -> None:
    assert bind_inputs(declared(text), {}) == {"a": 3, "b": None}


def test_a_flow_without_inputs_takes_whatever_it_is_given() -> None:
    assert declared("").inputs is None
    assert bind_inputs(declared(""), {"x": 1}) == {"x": 1}
    assert refused(declared("inputs:\n"), {"x": 1}) == ["the flow has no input `x`; it takes none"]


def test_every_problem_of_the_given_values_is_told_at_once() -> None:
    flow = declared(
        "inputs:\n  - {name: user_id, type: integer}\n  - {name: count, type: integer}\n"
        "  - {name: colour, enum: [red, blue]}\n  - {name: pin, type: integer, secret: true}\n"
    )
    assert refused(flow, {"user_di": 1, "count": "many", "colour": "green", "pin": "hunter2", "_trigger": 1}) == [
        "input `user_id` (integer) is missing",
        'input `count` must be an integer, and is text: "many"',
        'input `colour` must be one of "red", "blue", and is "green"',
        "input `pin` must be an integer, and is text",
        "the flow has no input `user_di`; did you mean `user_id`?",
    ]


def test_keys_with_an_underscore_pass() -> None:
    assert bind_inputs(declared("inputs: []\n"), {"_trigger": {"a": 1}}) == {"_trigger": {"a": 1}}


def test_null_is_a_value_only_for_an_input_that_is_not_required() -> None:
    flow = declared("inputs:\n  - {name: a, type: string}\n  - {name: b, type: string, required: false}\n")
    assert refused(flow, {"a": None, "b": None}) == ["input `a` must be a string, and is null"]
    assert bind_inputs(flow, {"a": "x", "b": None}) == {"a": "x", "b": None}


def test_every_run_has_a_default_of_its_own() -> None:
    flow = declared("inputs:\n  - {name: a, default: {x: [1]}}\n")
    bind_inputs(flow, {})["a"]["x"].append(2)
    assert bind_inputs(flow, {}) == {"a": {"x": [1]}}


def test_a_boolean_is_not_a_number_of_an_enum() -> None:
    flow = declared("inputs:\n  - {name: a, enum: [1, 0]}\n")
    assert bind_inputs(flow, {"a": 1}) == {"a": 1}
    assert len(refused(flow, {"a": True})) == 1


@pytest.mark.parametrize(
    ("inputs", "expected", "suggestion"),
    [
        ("inputs:\n  - {name: a, type: integr}\n", ("invalid-choice", 4, 21), "integer"),
        ("inputs:\n  - {name: a, type: int, default: x}\n", ("invalid-default", 4, 35), None),
        ("inputs:\n  - {name: a, default: x, enum: [y]}\n", ("invalid-default", 4, 24), None),
        ("inputs:\n  - {name: a, default: '${x}'}\n", ("not-literal", 4, 24), None),
        ("inputs:\n  - {name: a, type: int, enum: [1, x]}\n", ("wrong-type", 4, 36), None),
        ("inputs:\n  - {name: a, enum: x}\n", ("wrong-type", 4, 21), None),
        ("inputs:\n  - {name: a}\n  - {name: a}\n", ("duplicate-input", 5, 12), None),
        ("inputs:\n  - {name: a b}\n", ("invalid-name", 4, 12), "a_b"),
        ("inputs:\n  - {nam: a}\n", ("unknown-key", 4, 6), "name"),
        ("inputs:\n  - {name: a, required: True}\n", ("wrong-type", 4, 25), "true"),
        ("inputs:\n  - a\n", ("wrong-type", 4, 5), "name: a"),
        ("inputs:\n  a: integer\n", ("wrong-type", 4, 6), "{type: integer}"),
        ("inputs:\n  name: a\n  type: int\n", ("wrong-type", 4, 3), None),
        ("inputs: a\n", ("wrong-type", 3, 9), None),
    ],
)
def test_a_problem_of_a_declaration_has_its_place(
    inputs: str, expected: tuple[str, int, int], suggestion: str | None
) -> None:
    found = parse(inputs)[1][0]
    assert ((found.code, found.line, found.column), found.suggestion) == (expected, suggestion)
