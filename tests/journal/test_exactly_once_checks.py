"""`idempotent` and `exactly_once` in a flow's text: where they may stand, and what is told where they may not."""

from __future__ import annotations

from textwrap import dedent

import pytest

from flowlang import Diagnostic, TaskRegistry, check

HEAD = """
flow: Orders
connections:
  db: {type: sqlite, database: ':memory:'}
  cache: {type: redis, url: 'redis://localhost'}
steps:
"""


def problems(steps: str, registry: TaskRegistry | None = None) -> list[Diagnostic]:
    return check(HEAD + dedent(steps).strip("\n") + "\n", registry=registry)


def test_both_are_keys_of_every_task_on_a_database() -> None:
    steps = """
    - sqlite_execute: {id: inside, query: DELETE FROM t, exactly_once: true, idempotent: false}
    - sqlite_execute: {id: beside, query: DELETE FROM t}
      exactly_once: true
    - for_each: [1]
      idempotent: true
      do: [{redis_get: {key: a, idempotent: true}}]
    """
    assert problems(steps) == []


@pytest.mark.parametrize(
    ("step", "why", "column"),
    [
        ("- redis_set: {key: a, value: 1, exactly_once: true}", "a connection of type `redis` has none", 33),
        ("- {for_each: [1], exactly_once: true, do: [exit]}", "put it on the steps inside this `for_each`", 19),
        ("- {exit: {}, exactly_once: true}", "put it on the steps inside this `exit`", 14),
        ("- task: Plain\n  exactly_once: true", "task `Plain` takes no connection", 3),
    ],
)
def test_what_cannot_keep_the_promise_is_told_at_its_place(step: str, why: str, column: int) -> None:
    registry = TaskRegistry()

    @registry.register("Plain")
    async def plain() -> None: ...

    (problem,) = (one for one in problems(step, registry) if one.code == "not-exactly-once")
    assert problem.severity == "error"
    assert why in problem.message
    assert problem.span.column == column


def test_a_task_of_the_project_may_be_exactly_once_on_a_database_only() -> None:
    registry = TaskRegistry()

    @registry.register("Store")
    async def store(connection: object) -> None: ...

    assert problems("- {task: Store, connection: db, exactly_once: true}", registry) == []
    found = problems("- {task: Store, connection: cache, exactly_once: true}", registry)
    assert [problem.code for problem in found] == ["not-exactly-once"]


@pytest.mark.parametrize("key", ["idempotent", "exactly_once"])
def test_each_takes_true_or_false(key: str) -> None:
    (problem,) = problems(f"- sqlite_execute: {{query: DELETE FROM t, {key}: sometimes}}")
    assert problem.code == "wrong-type"
