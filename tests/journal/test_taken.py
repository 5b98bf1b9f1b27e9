"""What a run took from the journal as a whole is told step by step, so that nobody takes it for not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowlang.journal import RecordedStep, ReplayError, Rerun
from flowlang.journal.compare import compare
from tests.journal.projects import Project

FLOW = """
flow: main
steps:
  - subflow: part
    id: part
    inputs: {n: 3}
  - if: true
    id: block
    then:
      - Do: {id: inside, what: inside}
      - if: ${1 == 2}
        id: choice
        then: [{Do: {id: other, what: other}}]
      - Try: {id: bad, what: bad}
      - Do: {id: never, what: never}
    on_error: [{Do: {id: mend, what: '${context.last_error.message}'}}]
  - for_each: [1, 2]
    id: each
    as: n
    continue_on_error: true
    do:
      - Do: {id: before, what: '${n}'}
      - Try: {id: fails, what: fails}
  - Do: {id: last, what: '${bad.status} ${never.status} ${before.done} ${fails.error.message}'}
outputs: {last: '${last.done}'}
"""
PART = """
flow: part
inputs: [{name: n}]
steps:
  - Do: {id: x, what: 'x${inputs.n}', silent: true}
  - for_each: [1, 2]
    id: twice
    do: [{Do: {id: y, what: y}}]
outputs: {done: '${x.done}'}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write(FLOW)
    made.write(PART, "part")
    made.break_()
    return made


def facts(step: RecordedStep) -> tuple[Any, ...]:
    error = None if step.error is None else step.error["message"]
    return step.path, step.status, step.handled, step.outputs, error, step.branch, step.length, step.silent


async def test_a_rerun_has_a_record_of_everything_that_it_took(project: Project) -> None:
    first = await project.run()
    project.effects()
    again = await project.rerun(first.run_id, from_step="last")
    assert project.effects() == [first["last"]] == ["failed pending 1 fails is broken"]
    before, after = (project.journal.run(run.run_id) for run in (first, again))
    assert sorted(map(facts, after.steps())) == sorted(map(facts, before.steps()))
    assert {step.path for step in after.steps() if step.answered_by != "journal"} == {"last"}
    assert after.summary.steps == 1


async def test_a_comparison_with_it_finds_no_difference(project: Project) -> None:
    first = await project.run()
    again = await project.rerun(first.run_id, from_step="last")
    found = compare(project.journal.run(first.run_id), project.journal.run(again.run_id))
    assert (found.same, found.first, found.missing, found.values, found.branches) == (True, None, [], [], [])


async def test_figures_are_compared_of_what_both_runs_did_themselves(project: Project) -> None:
    project.write("""
flow: main
connections: {db: {type: sqlite, database: shop.db}}
steps:
  - sqlite_execute: {id: make, query: CREATE TABLE IF NOT EXISTS t (n int)}
  - for_each: [1, 2, 3]
    id: each
    as: n
    do:
      - if: ${n > 0}
        id: choice
        then: [{sqlite_execute: {id: add, query: INSERT INTO t VALUES (1)}}]
  - Do: {id: last, what: last}
    """)
    first = await project.run()
    again = await project.rerun(first.run_id, from_step="each[2]/add")
    found = compare(*(project.journal.run(run.run_id) for run in (first, again)), min_ms=0, min_share=0)
    assert {one.address for one in found.timings} <= {"each/choice", "each/add", "last"}
    assert found.rows == []


async def test_what_nobody_keeps_is_not_kept_by_a_rerun_either(project: Project) -> None:
    text = """
    inputs: [{name: password, secret: true}]
    steps:
      - Login: {id: login, password: '${inputs.password}'}
      - Do: {id: last, what: last}
    """
    project.write(text)
    first = await project.run({"password": "s3cret"})
    again = await project.rerun(first.run_id, from_step="last", inputs={"password": "s3cret"})
    [login, _] = project.journal.run(again.run_id).steps()
    assert (login.restorable, login.outputs) == (False, {"token": "token of ••••"})
    project.write(text.replace("what: last", "what: '${login.token}'"))
    with pytest.raises(ReplayError, match="the journal doesn't have it: it holds a secret"):
        await Rerun(project.journal, again.run_id, from_step="last", inputs={"password": "x"}).execute(project.executor)


async def test_a_resumed_run_tells_once_what_became_of_the_steps_in_iterations_that_were_done(project: Project) -> None:
    project.write("""
  - for_each: [1, 2, 3, 4]
    id: each
    as: n
    do:
      - Do: {id: one, what: '${n}'}
      - if: ${n == 2}
        id: choice
        then: [{Do: {id: two, what: two}}]
      - Do: {id: odd, what: '${n}'}
        if: ${n % 2}
      - subflow: part
        id: called
        inputs: {n: '${n}'}
  - Try: {id: last, what: last}
    """)
    failed = await project.run()
    project.effects()
    events: list[Any] = []
    await project.resumption(failed.run_id).execute(project.executor, events.append)
    assert project.effects() == ["last"]
    told = [
        (event["type"], event["path"])
        for event in events
        if event.get("answered_by") == "journal" or event["type"] in ("branch_taken", "iterations_answered")
    ]
    assert sorted(told) == [
        ("branch_taken", "each[3]/choice"),
        ("iterations_answered", "each"),
        ("iterations_answered", "each[3]/called/twice"),
        ("step_completed", "each[1]/two"),
        ("step_completed", "each[2]/odd"),
        ("step_completed", "each[3]/called"),
        ("step_completed", "each[3]/called/twice"),
        ("step_completed", "each[3]/called/twice[1]/y"),
        ("step_completed", "each[3]/choice"),
        ("step_completed", "each[3]/one"),
        ("step_skipped", "each[3]/odd"),
    ]
    [counted] = [event for event in events if event["type"] == "iterations_answered" and event["path"] == "each"]
    assert (counted["count"], counted["length"]) == (4, 4)


async def test_iterations_that_were_done_are_told_before_the_next_one(project: Project) -> None:
    project.write("""
  - for_each: [1, 2, 3]
    id: each
    as: n
    do:
      - if: ${n == 3}
        id: choice
        then: [{Try: {id: last, what: last}}]
    """)
    failed = await project.run()
    events: list[Any] = []
    await project.resumption(failed.run_id).execute(project.executor, events.append)
    loop = [(event["type"], event.get("index", event.get("count"))) for event in events if event.get("path") == "each"]
    assert loop[:3] == [("step_started", None), ("iterations_answered", 2), ("iteration_started", 2)]


async def test_a_resumed_run_is_no_other_one_for_what_it_told_again(project: Project) -> None:
    project.write("""
  - for_each: [1, 2, 3]
    id: each
    as: n
    do: [{Do: {id: one, what: '${n}'}}]
  - Try: {id: last, what: last}
    """)
    failed = await project.run()
    for _ in range(2):
        await project.resume(failed.run_id)
    project.mend()
    assert (await project.resume(failed.run_id)).success
    run = project.journal.run(failed.run_id)
    assert (run.summary.steps, run.summary.sessions) == (3 + 4 + 4, 4)
    assert project.effects() == ["1", "2", "3", "last", "last", "last", "last"]
