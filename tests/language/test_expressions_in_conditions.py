"""Conditions, and expressions without `${…}` around them."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang.language.expressions import truth
from tests.language.evaluation import Run


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(status="active", two="in progress")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (True, True),
        (False, False),
        ("${find.ok}", True),
        ("not ${find.ok}", False),
        ("!${find.ok}", False),
        ("not ${skipped.exists}", True),
        ("${one} == 7", True),
        ("${one} > 3 and ${find.count} < 3", True),
        ("${one} > 3 && !${skipped}", True),
        ("${status} == active", True),
        ("${status} == passive", False),
        ("active == ${status}", True),
        ("${status} in [active, passive]", True),
        ("${status} == 'active'", True),
        ("'${status}' == 'active'", True),
        ('"${status}-${one}" == "active-7"', True),
        ("${one + 1} * 2 == 16", True),
        ("${find}.count == 2", True),
        ("len(${find.rows}) > 1", True),
        ("${find.rows} | length > 1", True),
        ("one == 7", True),
        ("find.ok", True),
        ("${HOME:x} == '/root'", True),
        ("${MISSING:x} == x", True),
        ("true", True),
        ("false", False),
        ("${skipped} == null", True),
        ("\n  ${one} == 7\n  and ${find.ok}\n", True),
        ({"any": ["${skipped}", "${one} > 3"]}, True),
        ({"any": ["${skipped}", False]}, False),
        ({"any": []}, False),
        ({"all": ["${one}", True, {"none": ["${skipped}", {"any": [False]}]}]}, True),
        ({"all": ["${one}", "${skipped}"]}, False),
        ({"all": []}, True),
        ({"none": ["${skipped}"]}, True),
        ({"none": ["${one}"]}, False),
        ({"any": ["${one}"], "none": ["${one}"]}, False),
    ],
)
def test_conditions(run: Run, condition: Any, expected: bool) -> None:
    value, problems = run.translated(condition, "condition")
    assert not problems
    assert value.tree is not None
    assert truth(run.value(condition, "condition")) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("inputs.items", [1, 2]),
        ("${inputs.items}", [1, 2]),
        ("range(2)", [0, 1]),
        ("find.rows.*.id", [1, 2]),
        ("active", "active"),
        ("one + 1", 8),
        (["${one}", 2], [7, 2]),
        ({"a": "${one}"}, {"a": 7}),
        (None, None),
        (5, 5),
        ("a ${one}", "a 7"),
    ],
)
def test_expressions_without_braces(run: Run, data: Any, expected: Any) -> None:
    assert run.value(data, "expression") == expected


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (3, "bad-condition"),
        (None, "bad-condition"),
        ([True], "bad-condition"),
        ({}, "bad-condition"),
        ({"any": True}, "bad-condition"),
        ({"anny": [True]}, "unknown-key"),
        ("", "empty-expression"),
        ("${one} = 7", "expression-syntax"),
        ("a${one}", "expression-syntax"),
        ("${one} ${one}", "expression-syntax"),
        ("${status} == in progress", "expression-syntax"),
        ("${status} == us-east", "not-allowed"),
        ("${stauts} == active", "unknown-name"),
        ("stauts.code == 1", "unknown-name"),
        ("${one", "expression-syntax"),
        ("${one} == " + "1" * 10_000, "expression-limit"),
    ],
)
def test_what_is_no_condition_is_a_problem(run: Run, condition: Any, code: str) -> None:
    problem = run.problem(condition, "condition")
    assert (problem.severity, problem.code) == ("error", code)


@pytest.mark.parametrize("condition", ["yes", "'text' == word", "stauts == active"])
def test_a_condition_of_mere_words_is_a_warning(run: Run, condition: str) -> None:
    problem = run.problem(condition, "condition")
    assert (problem.severity, problem.code) == ("warning", "constant-condition")
