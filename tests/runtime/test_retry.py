"""`retry`: how often, how long between, for which errors."""

from __future__ import annotations

from typing import Any

import pytest

from flowlang import FlowValidationError
from tests.runtime.conftest import Engine


async def delays(engine: Engine, retry: str, inputs: dict[str, Any] | None = None) -> list[float]:
    """The waits between the attempts of a step that always fails."""
    result = await engine.run(f"- {{task: Fail, id: a, retry: {retry}}}", inputs)
    assert result.status == "failed"
    return [event["delay"] for event in engine.of_type("step_retrying")]


async def test_three_attempts_a_second_apart_is_the_default(engine: Engine) -> None:
    flow = "- {task: Fail, id: a, retry: {}, timeout: 5s}\ntimeout: 50ms"
    result = await engine.run(flow)

    assert result.error_type == "StepTimeoutError"
    assert [(event["delay"], event["attempts"]) for event in engine.of_type("step_retrying")] == [(1.0, 3)]


async def test_max_attempts_counts_all_of_them(engine: Engine) -> None:
    await delays(engine, "{max_attempts: 4, delay: 0}")

    assert engine.calls("fail") == 4


async def test_one_attempt_is_no_retry(engine: Engine) -> None:
    assert await delays(engine, "{max_attempts: 1}") == []


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        ("{max_attempts: 4, delay: 1ms}", [0.001, 0.001, 0.001]),
        ("{max_attempts: 4, delay_seconds: 0.001}", [0.001, 0.001, 0.001]),
        ("{max_attempts: 4, delay: 1ms, backoff: fixed}", [0.001, 0.001, 0.001]),
        ("{max_attempts: 4, delay: 1ms, backoff: linear}", [0.001, 0.002, 0.003]),
        ("{max_attempts: 4, delay: 2ms, backoff: exponential}", [0.002, 0.004, 0.008]),
        ("{max_attempts: 4, delay: 2ms, backoff: 2}", [0.002, 0.004, 0.008]),
        ("{max_attempts: 4, delay: 1ms, backoff: exponential, backoff_multiplier: 3}", [0.001, 0.003, 0.009]),
        ("{max_attempts: 4, delay: 2ms, backoff: exponential, max_delay: 3ms}", [0.002, 0.003, 0.003]),
        ("{max_attempts: 3, delay: 1ms, backoff: 1.5}", [0.001, 0.0015]),
        ("{max_attempts: '${inputs.n}', delay: '${inputs.d}'}", [0.001, 0.001]),
    ],
)
async def test_the_waits_follow_the_backoff(engine: Engine, retry: str, waits: list[float]) -> None:
    assert await delays(engine, retry, {"n": 3, "d": "1ms"}) == pytest.approx(waits)


async def test_jitter_is_the_share_of_the_wait_that_is_drawn_at_random(engine: Engine) -> None:
    for share, least in (("0.5", 0.0005), ("true", 0.0009), ("1", 0.0)):
        waits = await delays(engine, f"{{max_attempts: 20, delay: 1ms, jitter: {share}}}")
        assert all(least <= wait <= 0.001 for wait in waits)
        assert len(set(waits)) > 1


async def test_a_later_attempt_may_succeed(engine: Engine) -> None:
    flow = """
        - {task: Flaky, id: a, inputs: {times: 2, value: done}, retry: {max_attempts: 3, delay: 0}}
        outputs: {value: '${a.value}', attempts: '${a.attempts}', error: '${a.error}', status: '${a.status}'}
        """
    assert await engine.outputs(flow) == {"value": "done", "attempts": 3, "error": None, "status": "succeeded"}


async def test_arguments_are_computed_again_for_each_attempt(engine: Engine) -> None:
    async def twice(attempt: int) -> None:
        engine.notes.append(attempt)
        raise OSError

    engine.registry.register("Twice", twice)
    await engine.run("- {task: Twice, inputs: {attempt: '${context.attempt}'}, retry: {max_attempts: 3, delay: 0}}")

    assert engine.notes == [1, 2, 3]


@pytest.mark.parametrize(
    ("types", "calls"),
    [("[ValueError]", 3), ("ValueError", 3), ("[OSError, ValueError]", 3), ("[Exception]", 3), ("[OSError]", 1)],
)
async def test_on_names_the_errors_that_are_tried_again(engine: Engine, types: str, calls: int) -> None:
    await delays(engine, f"{{max_attempts: 3, delay: 0, on: {types}}}")

    assert engine.calls("fail") == calls


async def test_on_looks_at_the_cause_too(engine: Engine) -> None:
    async def wrapped() -> None:
        engine.notes.append("call")
        try:
            raise TimeoutError("slow")
        except TimeoutError as error:
            raise RuntimeError("could not") from error

    engine.registry.register("Wrapped", wrapped)
    await engine.run("- {task: Wrapped, retry: {max_attempts: 2, delay: 0, on: [TimeoutError]}}")

    assert len(engine.notes) == 2


async def test_a_timeout_can_be_tried_again_by_its_name(engine: Engine) -> None:
    await engine.run("- {task: Hang, timeout: 5ms, retry: {max_attempts: 2, delay: 0, on: [StepTimeoutError]}}")

    assert engine.notes == ["hang stopped"] * 2


async def test_the_error_after_the_last_attempt_has_every_attempt(engine: Engine) -> None:
    result = await engine.run("- {task: Flaky, id: a, inputs: {times: 9}, retry: {max_attempts: 3, delay: 0}}")

    assert str(result.error) == "failure 3"
    assert result.error["attempts"] == 3
    assert [(one["attempt"], one["message"]) for one in result.error["attempt_errors"]] == [
        (1, "failure 1"),
        (2, "failure 2"),
        (3, "failure 3"),
    ]
    assert isinstance(result.error.exception, OSError)


async def test_a_step_starts_and_ends_once_however_often_it_is_tried(engine: Engine) -> None:
    await engine.run("- {task: Flaky, id: a, inputs: {times: 2}, retry: {max_attempts: 3, delay: 0}}")

    assert engine.types() == [
        "flow_started",
        "step_started",
        "step_retrying",
        "step_retrying",
        "step_completed",
        "flow_completed",
    ]


@pytest.mark.parametrize(
    "retry",
    [
        "{max_attempts: 0}",
        "{max_attempts: many}",
        "{delay: soon}",
        "{delay: -1}",
        "{backoff: wild}",
        "{jitter: 2}",
        "3",
    ],
)
async def test_a_policy_that_makes_no_sense_is_a_diagnostic(engine: Engine, retry: str) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run(f"- {{task: Fail, retry: {retry}}}")


@pytest.mark.parametrize(
    "retry",
    ["max_attempts: '${inputs.bad}'", "delay: '${inputs.bad}'", "backoff: '${inputs.bad}'", "jitter: '${inputs.bad}'"],
)
async def test_a_policy_that_turns_out_to_make_no_sense_fails_the_step(engine: Engine, retry: str) -> None:
    result = await engine.run(f"- {{task: Fail, id: a, retry: {{{retry}}}}}", {"bad": "nonsense"})

    assert result.status == "failed"
    assert result.error["step"] == "a"
    assert "nonsense" in str(result.error)


async def test_a_nested_step_is_tried_again_with_the_block_around_it(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Flaky, id: a, inputs: {times: 1, name: a}}
            - {task: Tick, id: b}
          id: block
          retry: {max_attempts: 2, delay: 0}
        outputs: {calls: '${a.calls}', attempts: '${block.attempts}'}
        """
    assert await engine.outputs(flow) == {"calls": 2, "attempts": 2}


async def test_an_exit_is_not_tried_again(engine: Engine) -> None:
    flow = "- {if: true, then: [{task: Tick}, exit], retry: {max_attempts: 3, delay: 0}}"

    assert (await engine.run(flow)).terminated
    assert engine.calls("tick") == 1


async def test_a_cancelled_run_is_not_tried_again(engine: Engine) -> None:
    result = await engine.cancel_when("h", "- {task: Hang, inputs: {name: h}, retry: {max_attempts: 3, delay: 0}}")

    assert result.cancelled
    assert engine.notes == ["h stopped"]
