"""What later steps read of a step: its result, how it ended, and null where there is nothing."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang import FlowValidationError
from tests.runtime.conftest import Engine


async def read(engine: Engine, steps: str, **expressions: str) -> dict[str, Any]:
    """The values of these expressions after the steps."""
    outputs = "".join(f"  {name}: {text}\n" for name, text in expressions.items())
    return await engine.outputs(f"{steps.rstrip()}\noutputs:\n{outputs}")


async def test_the_keys_of_a_map_are_read_below_the_id(engine: Engine) -> None:
    steps = "- {task: Give, id: user, inputs: {value: {name: Ada, tags: [a, b]}}}"

    assert await read(engine, steps, name="${user.name}", tag="${user.tags[1]}", all="${user}") == {
        "name": "Ada",
        "tag": "b",
        "all": {"name": "Ada", "tags": ["a", "b"]},
    }


@pytest.mark.parametrize("value", ["7", "text", "[1, 2]", "true", "null", "1.5"])
async def test_any_other_value_is_the_id_itself_and_result(engine: Engine, value: str) -> None:
    found = await read(engine, f"- {{task: Give, id: a, inputs: {{value: {value}}}}}", bare="${a}", named="${a.result}")

    assert found["bare"] == found["named"]


async def test_a_step_that_succeeded_tells_how(engine: Engine) -> None:
    found = await read(
        engine, "- {task: Tick, id: a}", e="${a.error}", s="${a.status}", n="${a.attempts}", t="${a.duration_ms >= 0}"
    )

    assert found == {"e": None, "s": "succeeded", "n": 1, "t": True}


async def test_a_key_of_the_result_wins_over_a_field_of_that_name(engine: Engine) -> None:
    steps = "- {task: Give, id: a, inputs: {value: {status: open, error: none, attempts: 9}}}"

    found = await read(engine, steps, s="${a.status}", e="${a.error}", n="${a.attempts}", t="${a.duration_ms >= 0}")

    assert found == {"s": "open", "e": "none", "n": 9, "t": True}


async def test_a_skipped_step_reads_as_null_and_so_does_anything_below(engine: Engine) -> None:
    found = await read(
        engine,
        "- {task: Tick, id: a, if: false}",
        whole="${a}",
        below="${a.rows[0].name}",
        text="'[${a}]'",
        s="${a.status}",
        e="${a.error}",
        n="${a.attempts}",
    )

    assert found == {"whole": None, "below": None, "text": "[]", "s": "skipped", "e": None, "n": 0}


async def test_a_step_whose_failure_was_handled_reads_as_null_but_for_its_error(engine: Engine) -> None:
    steps = "- {task: Fail, id: a, inputs: {message: no luck}, continue_on_error: true}"

    found = await read(
        engine,
        steps,
        whole="${a}",
        below="${a.rows[0].name}",
        s="${a.status}",
        n="${a.attempts}",
        e="${a.error}",
        m="${a.error.message}",
        text="'it said: ${a.error}'",
    )

    assert found == {
        "whole": None,
        "below": None,
        "s": "failed",
        "n": 1,
        "e": {"type": "ValueError", "message": "no luck", "attempts": 1},
        "m": "no luck",
        "text": "it said: no luck",
    }


async def test_a_step_in_a_branch_that_was_not_taken_reads_as_null(engine: Engine) -> None:
    steps = "- if: false\n  then:\n    - {task: Tick, id: inner}"

    assert await read(engine, steps, x="${inner.count}", s="${inner.status}") == {"x": None, "s": "pending"}


async def test_an_id_that_no_step_has_is_a_diagnostic_before_the_run(engine: Engine) -> None:
    with pytest.raises(FlowValidationError) as raised:
        await engine.run("- {task: Tick, id: fetch_users}\n- {task: Give, inputs: {value: '${fetch_user.count}'}}")

    (problem,) = raised.value.diagnostics
    assert (problem.code, problem.suggestion, problem.line) == ("unknown-name", "fetch_users", 4)
    assert engine.calls("tick") == 0


async def test_a_key_that_the_result_lacks_is_an_error_that_lists_those_it_has(engine: Engine) -> None:
    result = await engine.run("- {task: Echo, id: a}\n- {task: Give, id: b, inputs: {value: '${a.valeu}'}}")

    assert result.error_type == "ExpressionError"
    assert result.error["step"] == "b"
    assert "valeu" in str(result.error)
    assert "value" in str(result.error)


async def test_a_promised_name_that_the_result_has_is_fine(engine: Engine) -> None:
    assert (await engine.run("- {task: Echo, id: a, outputs: [value]}")).success
    assert (await engine.run("- {task: Echo, id: a, outputs: value}")).success


@pytest.mark.parametrize("value", ["{other: 1}", "7", "null", "[1]"])
async def test_a_promised_name_that_the_result_lacks_is_a_step_error(engine: Engine, value: str) -> None:
    result = await engine.run(f"- {{task: Give, id: a, inputs: {{value: {value}}}, outputs: [value]}}")

    assert result.error_type == "MissingOutputError"
    assert result.error["step"] == "a"
    assert "`value`" in str(result.error)


async def test_a_broken_promise_can_be_tried_again_and_handled(engine: Engine) -> None:
    flow = """
        - task: Tick
          id: a
          outputs: [missing]
          retry: {max_attempts: 3, delay: 0}
          continue_on_error: true
        outputs: {calls: '${a.attempts}', type: '${a.error.type}'}
        """
    assert await engine.outputs(flow) == {"calls": 3, "type": "MissingOutputError"}
    assert engine.calls("tick") == 3


async def test_a_step_without_id_is_kept_under_its_task_or_kind_made_unique(engine: Engine) -> None:
    flow = """
        - {task: Give, inputs: {value: 1}}
        - {task: Give, inputs: {value: 2}}
        - {for_each: [], do: [{task: Tick}]}
        outputs: {first: '${Give}', second: '${Give_2}', loop: '${for_each.count}'}
        """
    assert await engine.outputs(flow) == {"first": 1, "second": 2, "loop": 0}


async def test_two_steps_with_one_id_are_a_diagnostic(engine: Engine) -> None:
    with pytest.raises(FlowValidationError) as raised:
        await engine.run("- {task: Tick, id: a}\n- {task: Tick, id: a}")

    assert "duplicate-id" in {problem.code for problem in raised.value.diagnostics}


@pytest.mark.parametrize("flag", ["true", "false"])
async def test_branches_of_one_choice_may_use_the_same_id(engine: Engine, flag: str) -> None:
    flow = f"""
        - if: {flag}
          then:
            - {{task: Give, id: a, inputs: {{value: yes}}}}
          else:
            - {{task: Give, id: a, inputs: {{value: no}}}}
        - switch: {flag}
          cases:
            - when: true
              do: [{{task: Give, id: b, inputs: {{value: yes}}}}]
            - default: [{{task: Give, id: b, inputs: {{value: no}}}}]
        outputs: {{a: '${{a}}', b: '${{b}}'}}
        """
    word = "yes" if flag == "true" else "no"

    assert await engine.outputs(flow) == {"a": word, "b": word}


async def test_a_task_may_change_what_it_was_given_without_changing_what_others_read(engine: Engine) -> None:
    async def append(items: list[int]) -> None:
        items.append(4)

    engine.registry.register("Append", append)
    flow = """
        - for_each: [1, 2]
          collect: ${got}
          id: each
          do:
            - {task: Append, inputs: {items: [1, 2, 3]}}
            - {task: Give, id: got, inputs: {value: [1, 2, 3]}}
        outputs: {x: '${each.results}'}
        """
    assert await engine.outputs(flow) == {"x": [[1, 2, 3], [1, 2, 3]]}
