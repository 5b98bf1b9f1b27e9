"""`if` and `switch`: which branch runs."""

from __future__ import annotations

import pytest

from tests.runtime.conftest import Engine

LADDER = """
- if: ${inputs.n > 10}
  id: size
  then:
    - {task: Note, inputs: {text: large}}
  elif:
    - if: ${inputs.n > 5}
      then: [{task: Note, inputs: {text: medium}}]
    - if: ${inputs.n > 1}
      then: [{task: Note, inputs: {text: small}}]
  else:
    - {task: Note, inputs: {text: tiny}}
"""


@pytest.mark.parametrize(("n", "word"), [(11, "large"), (6, "medium"), (2, "small"), (0, "tiny")])
async def test_the_first_condition_that_holds_decides(engine: Engine, n: int, word: str) -> None:
    await engine.outputs(LADDER, {"n": n})

    assert engine.notes == [word]


async def test_without_else_nothing_runs(engine: Engine) -> None:
    result = await engine.run("- if: false\n  then: [{task: Note, inputs: {text: no}}]")

    assert result.success
    assert engine.notes == []


async def test_the_event_tells_which_branch_was_taken(engine: Engine) -> None:
    for n, branch in [(11, "then"), (6, "elif 1"), (2, "elif 2"), (0, "else")]:
        await engine.run(LADDER, {"n": n})
        assert [event["branch"] for event in engine.of_type("branch_taken")] == [branch]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("true", True),
        ("false", False),
        ("${inputs.n}", True),
        ("'not ${inputs.n}'", False),
        ("${inputs.n} > 3 and ${inputs.word} == 'hi'", True),
        ("${inputs.word} == hi", True),
        ("{any: ['${inputs.n == 0}', '${inputs.n == 7}']}", True),
        ("{all: ['${inputs.n == 0}', '${inputs.n == 7}']}", False),
        ("{none: ['${inputs.n == 0}', {all: [true, false]}]}", True),
        ("${inputs.empty}", False),
        ("${inputs.word_false}", True),
    ],
)
async def test_a_condition_decides(engine: Engine, condition: str, holds: bool) -> None:
    inputs = {"n": 7, "word": "hi", "empty": [], "word_false": "false"}
    await engine.outputs(f"- if: {condition}\n  then: [{{task: Note, inputs: {{text: ran}}}}]", inputs)

    assert engine.notes == (["ran"] if holds else [])


SWITCH = """
- switch: ${inputs.status}
  id: choice
  cases:
    - default: [{task: Note, inputs: {text: other}}]
    - when: new
      do: [{task: Note, inputs: {text: first}}]
    - when: [open, new, 7]
      do: [{task: Note, inputs: {text: second}}]
outputs: {branch: '${choice.branch}'}
"""


@pytest.mark.parametrize(
    ("status", "note"), [("new", "first"), ("open", "second"), (7, "second"), ("7", "second"), (None, "other")]
)
async def test_the_first_case_that_is_equal_wins_and_the_default_only_when_none_is(
    engine: Engine, status: object, note: str
) -> None:
    await engine.outputs(SWITCH, {"status": status})

    assert engine.notes == [note]


async def test_a_default_beside_the_cases_is_the_same(engine: Engine) -> None:
    await engine.outputs(
        """
        - switch: ${inputs.status}
          cases:
            - when: new
              do: [{task: Note, inputs: {text: first}}]
          default:
            - {task: Note, inputs: {text: other}}
        """,
        {"status": "old"},
    )

    assert engine.notes == ["other"]


async def test_a_switch_without_a_match_and_default_does_nothing(engine: Engine) -> None:
    result = await engine.run("- switch: 1\n  cases:\n    - when: 2\n      do: [{task: Note, inputs: {text: no}}]")

    assert result.success
    assert engine.notes == []


async def test_the_value_of_a_case_may_be_an_expression(engine: Engine) -> None:
    await engine.outputs(
        "- switch: 3\n  cases:\n    - when: ${inputs.a + 1}\n      do: [{task: Note, inputs: {text: yes}}]", {"a": 2}
    )

    assert engine.notes == ["yes"]


async def test_steps_of_a_branch_are_readable_after_it(engine: Engine) -> None:
    flow = "- if: true\n  then: [{task: Give, id: a, inputs: {value: 5}}]\noutputs: {x: '${a}'}"

    assert await engine.outputs(flow) == {"x": 5}
