"""`on_error`, `continue_on_error`, `on_cancel`, `finally`: what runs after a failure, in which order."""

from __future__ import annotations

from typing import Any

from tests.runtime.conftest import Engine


def note(text: str) -> str:
    return f"{{task: Note, inputs: {{text: '{text}'}}}}"


async def test_on_error_runs_after_the_last_attempt(engine: Engine) -> None:
    flow = f"""
        - task: Flaky
          id: a
          inputs: {{times: 9}}
          retry: {{max_attempts: 2, delay: 0}}
          on_error: [{note("handled")}]
        """
    assert (await engine.run(flow)).success
    assert engine.calls("flaky") == 2
    assert engine.notes == ["handled"]


async def test_on_error_knows_the_last_error(engine: Engine) -> None:
    flow = """
        - task: Flaky
          id: a
          inputs: {times: 9}
          retry: {max_attempts: 2, delay: 0}
          on_error:
            - {task: Give, id: seen, inputs: {value: '${context.last_error}'}}
            - {task: Give, id: text, inputs: {value: 'said: ${context.last_error}'}}
        outputs: {seen: '${seen}', text: '${text}'}
        """
    assert await engine.outputs(flow) == {
        "seen": {"type": "OSError", "message": "failure 2", "step": "a", "attempts": 2},
        "text": "said: failure 2",
    }


async def test_the_last_error_is_null_where_nothing_is_handled(engine: Engine) -> None:
    flow = """
        - {task: Fail, on_error: [{task: Tick}]}
        - {task: Give, id: after, inputs: {value: '${context.last_error}'}}
        outputs: {x: '${after}'}
        """
    assert await engine.outputs(flow) == {"x": None}


async def test_the_failed_step_reads_as_failed_inside_its_handler(engine: Engine) -> None:
    flow = """
        - task: Fail
          id: a
          on_error: [{task: Give, id: seen, inputs: {value: '${a.status} ${a.error.message}'}}]
        outputs: {x: '${seen}'}
        """
    assert await engine.outputs(flow) == {"x": "failed broken"}


async def test_a_failure_in_on_error_is_the_flows_and_the_first_is_recorded(engine: Engine) -> None:
    result = await engine.run(
        "- {task: Fail, id: a, inputs: {message: first}, on_error: [{task: Fail, id: b, inputs: {message: second}}]}"
    )

    assert (result.error["step"], str(result.error)) == ("b", "second")
    assert result.error["others"] == [{"type": "ValueError", "message": "first", "step": "a"}]


async def test_on_error_together_with_continue_on_error_runs_the_handler(engine: Engine) -> None:
    assert (await engine.run(f"- {{task: Fail, continue_on_error: true, on_error: [{note('handled')}]}}")).success
    assert engine.notes == ["handled"]


async def test_on_error_does_not_run_when_nothing_failed(engine: Engine) -> None:
    assert (await engine.run(f"- {{task: Tick, on_error: [{note('handled')}]}}")).success
    assert engine.notes == []


async def test_the_nearest_handler_around_a_failure_handles_it(engine: Engine) -> None:
    flow = f"""
        - if: true
          id: outer
          on_error: [{note("outer ${context.last_error.step}")}]
          then:
            - if: true
              id: inner
              on_error: [{note("inner ${context.last_error.step}")}]
              then:
                - {{task: Fail, id: boom}}
                - {note("never")}
            - {note("after inner")}
        """
    assert (await engine.run(flow)).success
    assert engine.notes == ["inner boom", "after inner"]


async def test_on_error_of_a_flow_runs_and_the_flow_still_fails(engine: Engine) -> None:
    flow = f"- {{task: Fail, id: a}}\non_error: [{note('${context.last_error.step}: ${context.last_error.message}')}]"
    result = await engine.run(flow)

    assert result.status == "failed"
    assert str(result.error) == "broken"
    assert engine.notes == ["a: broken"]


async def test_handlers_of_a_flow_may_be_written_with_steps(engine: Engine) -> None:
    await engine.run(
        f"- {{task: Fail}}\non_error: {{steps: [{note('error')}]}}\nfinally: {{steps: [{note('finally')}]}}"
    )

    assert engine.notes == ["error", "finally"]


HANDLERS = f"""
on_error: [{note("flow on_error")}]
on_cancel: [{note("flow on_cancel")}]
finally: [{note("finally")}]
"""


async def test_a_good_end_runs_only_finally(engine: Engine) -> None:
    result = await engine.run(f"- {note('step')}{HANDLERS}")

    assert result.success
    assert engine.notes == ["step", "finally"]


async def test_the_order_is_the_steps_handler_the_flows_then_finally(engine: Engine) -> None:
    await engine.run(f"- {{task: Fail, on_error: [{note('step on_error')}, {{task: Fail}}]}}{HANDLERS}")

    assert engine.notes == ["step on_error", "flow on_error", "finally"]


async def test_a_cancelled_flow_runs_on_cancel_and_finally(engine: Engine) -> None:
    result = await engine.cancel_when("h", f"- {{task: Hang, inputs: {{name: h}}}}{HANDLERS}")

    assert result.status == "cancelled"
    assert engine.notes == ["h stopped", "flow on_cancel", "finally"]


async def test_an_exit_runs_finally(engine: Engine) -> None:
    result = await engine.run(f"- exit{HANDLERS}")

    assert result.terminated
    assert engine.notes == ["finally"]


async def test_an_output_that_cannot_be_computed_runs_on_error_and_finally(engine: Engine) -> None:
    result = await engine.run(f"- {{task: Echo, id: a}}\noutputs: {{x: '${{a.missing}}'}}{HANDLERS}")

    assert result.status == "failed"
    assert engine.notes == ["flow on_error", "finally"]


async def test_a_failure_in_finally_fails_a_flow_that_did_well(engine: Engine) -> None:
    result = await engine.run("- {task: Tick}\nfinally: [{task: Fail, id: late}]\noutputs: {x: 1}")

    assert result.status == "failed"
    assert result.error["step"] == "late"


async def test_a_failure_in_a_handler_does_not_hide_the_first(engine: Engine) -> None:
    flow = """
        - {task: Fail, id: a, inputs: {message: first}}
        on_error: [{task: Fail, id: b, inputs: {message: second}}]
        finally: [{task: Fail, id: c, inputs: {message: third}}]
        """
    result = await engine.run(flow)

    assert str(result.error) == "first"
    assert [other["message"] for other in result.error["others"]] == ["second", "third"]


async def test_finally_runs_after_a_failing_on_error(engine: Engine) -> None:
    await engine.run(f"- {{task: Fail}}\non_error: [{{task: Fail}}]\nfinally: [{note('finally')}]")

    assert engine.notes == ["finally"]


async def test_handlers_read_what_the_steps_left(engine: Engine) -> None:
    flow = """
        - {task: Give, id: a, inputs: {value: 5}}
        - {task: Fail, id: b}
        - {task: Give, id: c, inputs: {value: 5}}
        finally: [{task: Note, inputs: {text: '${[a, b, c, b.status, c.status]}'}}]
        """
    await engine.run(flow)

    assert engine.notes == [[5, None, None, "failed", "pending"]]


async def test_handler_steps_are_told_like_any_other(engine: Engine) -> None:
    await engine.run("- {task: Fail, id: a}\non_error: [{task: Tick, id: b}]\nfinally: [{task: Tick, id: c}]")
    told: list[Any] = [(event["type"], event.get("step_id")) for event in engine.events]

    assert told == [
        ("flow_started", None),
        ("step_started", "a"),
        ("step_failed", "a"),
        ("step_started", "b"),
        ("step_completed", "b"),
        ("step_started", "c"),
        ("step_completed", "c"),
        ("flow_failed", None),
    ]


async def test_the_event_of_a_failure_tells_whether_it_is_handled(engine: Engine) -> None:
    await engine.run(
        "- {task: Fail, continue_on_error: true}\n- {task: Fail, on_error: [{task: Tick}]}\n- {task: Fail}"
    )

    assert [event["handled"] for event in engine.of_type("step_failed")] == [True, True, False]


async def test_handlers_run_when_a_connection_cannot_be_opened(engine: Engine) -> None:
    (engine.folder / "taken").write_text("a file where a folder would have to be")
    flow = """
        flow: test
        connections: {db: {type: sqlite, database: taken/shop.db}}
        steps:
          - sqlite_query: {query: select 1}
        on_error:
          - {task: Note, inputs: {text: "${context.last_error.type}"}}
          - sqlite_query: {id: late, query: select 1, on_error: [{task: Note, inputs: {text: "${late.error}"}}]}
        finally:
          - {task: Note, inputs: {text: finally}}
    """
    result = await engine.run(flow)

    assert result.error is not None
    assert result.error.phase == "connect"
    assert [str(note) for note in engine.notes] == ["ConnectionError", "connection `db` is not open", "finally"]
