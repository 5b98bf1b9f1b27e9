"""`parallel` and `mode: dag`: what runs at once, what waits, and what happens when a branch fails."""

from __future__ import annotations

import asyncio

import pytest

from flowlang import FlowValidationError
from tests.runtime.conftest import Engine


async def test_branches_run_at_once(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Meet, id: a, inputs: {me: left, other: right}}
            - {task: Meet, id: b, inputs: {me: right, other: left}}
          id: both
        outputs: {both: '${both}', a: '${a.met}'}
        """
    assert await engine.outputs(flow) == {"both": {"a": {"met": "right"}, "b": {"met": "left"}}, "a": "right"}


async def test_max_concurrency_bounds_how_many_branches_run(engine: Engine) -> None:
    running = seen = 0

    async def work() -> None:
        nonlocal running, seen
        running += 1
        seen = max(seen, running)
        for _ in range(3):
            await asyncio.sleep(0)
        running -= 1

    engine.registry.register("Work", work)
    branches = "".join("\n    - {task: Work}" for _ in range(8))
    await engine.outputs(f"- max_concurrency: 3\n  parallel:{branches}")

    assert seen == 3


async def test_a_branch_starts_when_what_it_reads_is_done(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Give, id: c, inputs: {value: '${b + 1}'}}
            - {task: Give, id: b, inputs: {value: '${a + 1}'}}
            - {task: Give, id: a, inputs: {value: 1}}
        outputs: {c: '${c}'}
        """
    assert await engine.outputs(flow) == {"c": 3}


async def test_a_branch_waits_for_what_it_depends_on(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Note, id: last, depends_on: [first, second], inputs: {text: last}}
            - {task: Note, id: second, depends_on: first, inputs: {text: second}}
            - {task: Note, id: first, inputs: {text: first}}
        """
    await engine.outputs(flow)

    assert engine.notes == ["first", "second", "last"]


async def test_a_branch_waits_for_what_steps_inside_it_read_from_inside_another(engine: Engine) -> None:
    flow = """
        - parallel:
            - if: true
              id: reader
              then: [{task: Give, id: seen, inputs: {value: '${inner}'}}]
            - if: true
              id: writer
              then: [{task: Give, id: inner, inputs: {value: 5}}]
        outputs: {x: '${seen}'}
        """
    assert await engine.outputs(flow) == {"x": 5}


async def test_branches_that_wait_for_each_other_are_a_diagnostic(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Give, id: a, inputs: {value: '${b}'}}
            - {task: Give, id: b, inputs: {value: '${a}'}}
        """
    with pytest.raises(FlowValidationError) as raised:
        await engine.run(flow)
    assert "cycle" in {problem.code for problem in raised.value.diagnostics}


async def test_the_first_failure_cancels_the_siblings_and_waits_for_them(engine: Engine) -> None:
    async def slow_to_stop(name: str) -> None:
        try:
            await engine.hang(name)
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            engine.notes.append(f"{name} cleaned up")

    engine.registry.register("SlowToStop", slow_to_stop)
    flow = """
        - parallel:
            - {task: SlowToStop, id: a, inputs: {name: a}}
            - {task: SlowToStop, id: b, inputs: {name: b}}
            - if: true
              then:
                - {task: Meet, inputs: {me: c, other: a}}
                - {task: Meet, inputs: {me: c, other: b}}
                - {task: Fail, id: boom}
          on_error:
            - {task: Note, inputs: {text: handled}}
        """
    assert (await engine.run(flow)).success
    assert engine.notes[-1] == "handled"
    assert sorted(engine.notes[:-1]) == ["a cleaned up", "a stopped", "b cleaned up", "b stopped"]


async def test_the_error_is_the_first_real_one_and_the_others_are_recorded(engine: Engine) -> None:
    async def fails_when_stopped() -> None:
        try:
            await engine.hang("victim")
        except asyncio.CancelledError:
            raise RuntimeError("could not clean up") from None

    engine.registry.register("FailsWhenStopped", fails_when_stopped)
    flow = """
        - parallel:
            - {task: FailsWhenStopped, id: victim}
            - if: true
              then:
                - {task: Meet, inputs: {me: c, other: victim}}
                - {task: Fail, id: culprit, inputs: {message: the real one}}
        """
    result = await engine.run(flow)

    assert (result.error["step"], str(result.error)) == ("culprit", "the real one")
    assert result.to_dict()["error"]["others"] == [
        {"type": "RuntimeError", "message": "could not clean up", "step": "victim"}
    ]


async def test_a_branch_that_was_stopped_reads_as_cancelled(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Hang, id: stopped, inputs: {name: a}}
            - if: true
              then:
                - {task: Meet, inputs: {me: c, other: a}}
                - {task: Fail}
        """
    result = await engine.run(flow)

    assert {step["id"]: step["status"] for step in result.steps}["stopped"] == "cancelled"


async def test_a_handled_failure_in_a_branch_leaves_the_others_alone(engine: Engine) -> None:
    flow = """
        - parallel:
            - {task: Fail, id: a, continue_on_error: true}
            - {task: Give, id: b, inputs: {value: 1}}
            - {task: Fail, id: c, on_error: [{task: Note, inputs: {text: '${context.last_error.step}'}}]}
          id: all
        outputs: {x: '${all}'}
        """
    assert await engine.outputs(flow) == {"x": {"a": None, "b": 1, "c": None}}
    assert engine.notes == ["c"]


async def test_variables_of_a_branch_are_not_seen_by_another_that_waits_for_nothing(engine: Engine) -> None:
    flow = """
        - parallel:
            - for_each: [1, 2, 3]
              as: x
              id: left
              collect: ${here}
              do: [{task: Give, id: here, inputs: {value: '${x}'}}]
            - for_each: [4, 5, 6]
              as: x
              id: right
              collect: ${there}
              do: [{task: Give, id: there, inputs: {value: '${x}'}}]
        outputs: {left: '${left.results}', right: '${right.results}'}
        """
    assert await engine.outputs(flow) == {"left": [1, 2, 3], "right": [4, 5, 6]}


DAG = """
flow: graph
mode: dag
steps:
  - {task: Note, id: last, depends_on: [third], inputs: {text: '${second.noted}!'}}
  - {task: Note, id: third, depends_on: second, inputs: {text: three}}
  - {task: Note, id: second, inputs: {text: '${first.noted} two'}}
  - {task: Note, id: first, inputs: {text: one}}
"""


async def test_in_dag_mode_a_step_starts_when_what_it_reads_is_done(engine: Engine) -> None:
    await engine.outputs(DAG)

    assert engine.notes == ["one", "one two", "three", "one two!"]


async def test_in_dag_mode_steps_that_wait_for_nothing_run_at_once(engine: Engine) -> None:
    flow = """
        flow: graph
        mode: dag
        steps:
          - {task: Meet, id: a, inputs: {me: left, other: right}}
          - {task: Meet, id: b, inputs: {me: right, other: left}}
        """
    assert (await engine.run(flow)).success


async def test_in_dag_mode_a_failure_stops_the_rest(engine: Engine) -> None:
    flow = """
        flow: graph
        mode: dag
        steps:
          - {task: Fail, id: a, depends_on: meet}
          - {task: Meet, id: meet, inputs: {me: m, other: h}}
          - {task: Hang, id: h, inputs: {name: h}}
          - {task: Note, depends_on: a, inputs: {text: never}}
        """
    result = await engine.run(flow)

    assert result.error["step"] == "a"
    assert engine.notes == ["h stopped"]


async def test_in_dag_mode_a_skipped_or_handled_step_counts_as_done(engine: Engine) -> None:
    flow = """
        flow: graph
        mode: dag
        steps:
          - {task: Note, depends_on: [a, b], inputs: {text: 'after ${a.status} ${b.status}'}}
          - {task: Tick, id: a, if: false}
          - {task: Fail, id: b, continue_on_error: true}
        """
    await engine.outputs(flow)

    assert engine.notes == ["after skipped failed"]


@pytest.mark.parametrize(
    "steps",
    [
        "- {task: Tick, id: a, depends_on: b}\n  - {task: Tick, id: b, depends_on: a}",
        "- {task: Tick, id: a, depends_on: a}",
        "- {task: Tick, id: a, depends_on: nobody}",
    ],
)
async def test_what_can_never_be_done_is_a_diagnostic(engine: Engine, steps: str) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run(f"flow: graph\nmode: dag\nsteps:\n  {steps}\n")


async def test_in_sequential_mode_waiting_for_a_later_step_is_a_diagnostic(engine: Engine) -> None:
    with pytest.raises(FlowValidationError):
        await engine.run("- {task: Tick, id: a, depends_on: b}\n- {task: Tick, id: b}")


async def test_sequential_steps_run_from_top_to_bottom(engine: Engine) -> None:
    await engine.outputs("".join(f"- {{task: Note, inputs: {{text: {n}}}}}\n" for n in range(10)))

    assert engine.notes == list(range(10))
