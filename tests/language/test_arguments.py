"""Whether the arguments of a step fit its task."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flowlang.language.arguments import UNKNOWN, ArgumentProblem, check_arguments
from flowlang.language.catalog import Parameter, TaskInfo


def problems(given: dict[str, Any], *parameters: Parameter, **fields: Any) -> list[ArgumentProblem]:
    return check_arguments(TaskInfo("Send", parameters=parameters, **fields), given)


def test_an_unknown_argument_names_the_near_miss() -> None:
    (problem,) = problems({"adress": "x"}, Parameter("address", "string", False))
    assert (problem.name, problem.code, problem.suggestion) == ("adress", "unknown-argument", "address")
    (problem,) = problems({"x": 1})
    assert problem.message == "the task `Send` has no argument `x`; it takes none"
    (problem,) = problems({"connection": "db"}, wants_connection=True)
    assert "own key `connection`" in problem.message
    assert problems({"x": 1}, open_ended=True) == []


def test_every_missing_argument_is_named() -> None:
    found = problems({}, Parameter("to", "string"), Parameter("text"), Parameter("cc", "string", False))
    assert [(problem.name, problem.code) for problem in found] == [
        ("to", "missing-argument"),
        ("text", "missing-argument"),
    ]
    assert found[0].message == "the task `Send` needs the argument `to` (a string)"
    assert problems({"to": UNKNOWN, "text": UNKNOWN}, Parameter("to", "string"), Parameter("text")) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", 3),
        ("number", 3),
        ("number", 3.5),
        ("string|null", None),
        ("array", [UNKNOWN]),
        ("object", {}),
        ("boolean", True),
        ("integer", UNKNOWN),
        ("string", date(2024, 1, 2)),
        (None, "anything"),
    ],
)
def test_a_value_of_the_right_type_fits(kind: str | None, value: Any) -> None:
    assert problems({"x": value}, Parameter("x", kind)) == []


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("integer", "7", '"7" is a string'),
        ("integer", 3.0, "3.0 is a number"),
        ("integer", True, "true is a boolean"),
        ("string", 5, "5 is an integer"),
        ("string", None, "null is null"),
        ("array", {"a": 1}, "the value {…} is an object"),
        ("object", [1], "the value […] is an array"),
        ("boolean", "a" * 90, "… is a string"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_problem(kind: str, value: Any, said: str) -> None:
    (problem,) = problems({"x": value}, Parameter("x", kind))
    assert problem.code == "argument-type"
    assert said in problem.message


def test_null_fits_where_it_is_the_default() -> None:
    assert problems({"x": None}, Parameter("x", "integer", False, None)) == []
    assert len(problems({"x": None}, Parameter("x", "integer", False, 3))) == 1
