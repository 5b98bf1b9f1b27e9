"""Ids: unique where two steps can both run, made where they are missing."""

from __future__ import annotations

import time

import pytest

from flowlang.language.diagnostics import Diagnostic, Problems
from flowlang.language.parse import parse_flow
from flowlang.language.source import read_text
from flowlang.language.vocabulary import RESERVED


def parse(steps: str) -> tuple[list[str], list[Diagnostic]]:
    """All ids of a flow with these steps, of which the first is in line 3, and its problems."""
    problems = Problems()
    flow = parse_flow(read_text("flow: F\nsteps:\n" + steps, problems), problems)
    return [step.id for step in flow.walk()], problems.in_order()


def test_a_missing_id_is_made_from_the_task_or_kind() -> None:
    ids, found = parse(
        "- pg_query: {query: a}\n- pg_query: {query: b}\n- task: 2-fast.task\n- parallel: [{task: pg_query}]\n"
        "- if: a\n  then: [{task: A}]\n- if: b\n  else: []\n- exit\n- subflow: other\n"
    )
    assert found == []
    assert ids == [
        *("pg_query", "pg_query_2", "_2_fast_task", "parallel", "pg_query_3"),
        *("if_1", "A", "if_2", "exit", "subflow"),
    ]


def test_a_made_id_is_never_one_that_stands_in_the_text() -> None:
    ids, found = parse(
        "- task: A\n- task: A\n- {task: B, id: A}\n- {task: C, id: A_2}\n"
        "- for_each: [1]\n  as: D\n  do: []\n- task: D\n"
    )
    assert found == []
    assert ids == ["A_3", "A_4", "A", "A_2", "for_each", "D_2"]


def test_ids_are_made_fast_for_many_steps_of_one_task() -> None:
    started = time.perf_counter()
    ids, _ = parse("- task: A\n" * 5_000)
    assert len(set(ids)) == 5_000
    assert time.perf_counter() - started < 5


def test_two_steps_that_can_both_run_need_different_ids() -> None:
    _, found = parse("- {task: A, id: x}\n- parallel:\n    - {task: B, id: x}\n")
    assert [(problem.code, problem.line, problem.column) for problem in found] == [("duplicate-id", 5, 21)]
    assert found[0].related[0][1][:2] == (3, 17)


@pytest.mark.parametrize(
    "steps",
    [
        "- if: a\n  then: [{task: A, id: x}]\n  else: [{task: B, id: x}]\n",
        "- if: a\n  then: [{task: A, id: x}]\n  elif: [{if: b, then: [{task: B, id: x}]}]\n",
        "- switch: a\n  cases:\n    - {when: 1, do: [{task: A, id: x}]}\n    - {when: 2, do: [{task: A, id: x}]}\n"
        "    - {default: [{task: A, id: x}]}\n",
        "- if: a\n  then: [{parallel: [{task: A, id: x}]}]\n  else: [{if: b, then: [{task: B, id: x}]}]\n",
    ],
)
def test_branches_of_one_choice_may_use_the_same_id(steps: str) -> None:
    assert parse(steps)[1] == []


@pytest.mark.parametrize(
    "steps",
    [
        "- if: a\n  then: [{task: A, id: x}]\n- if: b\n  else: [{task: B, id: x}]\n",
        "- if: a\n  then: [{task: A, id: x}]\n- {task: B, id: x}\n",
        "- {task: B, id: x}\n- if: a\n  then: [{task: A, id: x}]\n",
        "- if: a\n  then: [{task: A, id: x}, {task: B, id: x}]\n",
        "- if: a\n  id: x\n  then: [{task: A, id: x}]\n",
        "- if: a\n  then: [{task: A, id: x}]\n  on_error: [{task: B, id: x}]\n",
        "- if: a\n  then: [{if: b, then: [{task: A, id: x}]}, {if: c, else: [{task: A, id: x}]}]\n",
    ],
)
def test_other_steps_may_not(steps: str) -> None:
    assert [problem.code for problem in parse(steps)[1]] == ["duplicate-id"]


@pytest.mark.parametrize("word", sorted(RESERVED - {"true", "false", "null"}))
def test_words_of_the_expression_language_are_no_ids(word: str) -> None:
    _, found = parse(f"- {{task: A, id: {word}}}\n")
    assert [problem.code for problem in found] == ["reserved-id"]


def test_an_id_that_cannot_be_suggests_one_that_can() -> None:
    _, (problem,) = parse("- {task: A, id: fetch users}\n")
    assert (problem.code, problem.column, problem.suggestion) == ("invalid-name", 17, "fetch_users")


def test_a_loop_variable_has_no_name_of_a_step_and_no_reserved_one() -> None:
    _, found = parse(
        "- {task: A, id: row}\n- for_each: [1]\n  as: row\n  do: []\n- for_each: [1]\n  as: loop\n  do: []\n"
    )
    assert [(problem.code, problem.line) for problem in found] == [("name-clash", 5), ("reserved-id", 8)]
    _, (problem,) = parse("- {task: A, id: item}\n- for_each: [1]\n  do: []\n")
    assert (problem.code, problem.line) == ("name-clash", 4)
