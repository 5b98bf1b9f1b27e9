"""Going on with a run: what was completed is taken from the journal, the rest runs, and nobody guesses."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flowlang import CancellationToken
from flowlang.journal import ReplayError
from flowlang.journal.records import RecordedStep
from tests.journal.projects import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


async def test_completed_steps_are_taken_from_the_journal_with_their_types_and_the_rest_runs(project: Project) -> None:
    project.write("""
    flow: main
    steps:
      - Price: {id: price}
      - Try: {id: charge, what: charge}
      - Do: {id: last, what: last}
    outputs: {amount: '${price.amount}', tags: '${price.tags}', twice: '${price.amount + price.amount}'}
    """)
    project.break_()
    failed = await project.run()
    assert project.effects() == ["price", "charge"]
    project.mend()
    resumption = project.resumption(failed.run_id)
    assert resumption.problems == []
    assert resumption.summary == "1 step from the journal, 2 will run"
    result = await resumption.execute(project.executor)
    assert project.effects() == ["charge", "last"]
    assert result.outputs == {"amount": Decimal("1.50"), "tags": ("a", "b"), "twice": Decimal("3.00")}
    assert result.run_id == failed.run_id
    summary = project.journal.run(failed.run_id).summary
    assert (summary.status, summary.sessions) == ("succeeded", 2)


async def test_a_loop_goes_on_in_the_iteration_where_it_was(project: Project) -> None:
    project.write("""
    flow: main
    steps:
      - for_each: [1, 2, 3]
        id: each
        as: n
        do:
          - Do: {id: first, what: 'first ${n}'}
          - Try: {id: second, what: 'second ${n}', if: '${n != 1}'}
        collect: ${first.done}
    outputs: {all: '${each.results}'}
    """)
    project.break_()
    failed = await project.run()
    assert project.effects() == ["first 1", "first 2", "second 2"]
    project.mend()
    result = await project.resume(failed.run_id)
    assert project.effects() == ["second 2", "first 3", "second 3"]
    assert result["all"] == ["first 1", "first 2", "first 3"]


async def test_a_loop_over_another_number_of_items_is_refused_before_anything_happens(project: Project) -> None:
    project.write("- for_each: [1, 2, 3]\n  id: each\n  do: [{Try: {id: a, what: a}}, {Try: {id: b, what: b}}]")
    project.break_()
    failed = await project.run()
    project.effects()
    project.write("- for_each: [1, 2]\n  id: each\n  do: [{Try: {id: a, what: a}}, {Try: {id: b, what: b}}]")
    assert "changed" in {problem.kind for problem in project.resumption(failed.run_id).problems}
    result = await project.resume(failed.run_id)
    assert "ran over 3 items before and would run over 2 now" in str(result.error)
    assert project.effects() == []


async def test_branches_are_taken_again_whatever_their_conditions_say_by_now(project: Project) -> None:
    project.write("""
    - if: ${MOOD == 'good'}
      id: mood
      then: [{Do: {id: a, what: smile}}, {Try: {id: b, what: laugh}}]
      else: [{Do: {id: c, what: frown}}]
    """)
    project.break_()
    (project.root / ".env").write_text("MOOD=good\n")
    failed = await project.run()
    (project.root / ".env").write_text("MOOD=bad\n")
    project.mend()
    assert (await project.resume(failed.run_id)).success
    assert project.effects() == ["smile", "laugh", "laugh"]


async def test_a_while_goes_on_with_the_iteration_that_it_had_begun(project: Project) -> None:
    project.write("""
    flow: main
    steps:
      - Do: {id: n, what: zero, result: {n: 0}}
      - while: ${(round.n or 0) < 3}
        id: rounds
        do:
          - Do: {id: round, what: 'round ${round.n}', result: {n: '${(round.n or 0) + 1}'}}
          - Try: {id: check, what: 'check ${round.n}', if: '${round.n == 2}'}
    outputs: {count: '${rounds.iterations}'}
    """)
    project.break_()
    failed = await project.run()
    project.mend()
    project.effects()
    result = await project.resume(failed.run_id)
    assert result.outputs == {"count": 3}
    assert project.effects() == ["check 2", "round 2"]


async def test_a_completed_subflow_is_answered_as_a_whole_and_one_under_way_is_gone_into(project: Project) -> None:
    project.write(
        """
        flow: part
        inputs: [{name: n}]
        steps:
          - Do: {id: a, what: 'a${inputs.n}'}
          - Try: {id: b, what: 'b${inputs.n}', if: '${inputs.n == 2}'}
        outputs: {all: '${a.done}'}
        on_error: [{Do: {id: sorry, what: sorry}}]
        """,
        "part",
    )
    project.write("""
    flow: main
    steps:
      - subflow: part
        id: one
        inputs: {n: 1}
      - subflow: part
        id: two
        inputs: {n: 2}
    outputs: {all: '${one.all} ${two.all}'}
    """)
    project.break_()
    failed = await project.run()
    assert project.effects() == ["a1", "a2", "b2", "sorry"]
    events = []
    resumption = project.resumption(failed.run_id)
    still_broken = await resumption.execute(project.executor, events.append)
    assert not still_broken.success
    # the handlers of a flow that came to its end belong to that end
    assert project.effects() == ["b2", "sorry"]
    assert [event["path"] for event in events if event.get("answered_by") == "journal"] == ["one", "two/a"]
    project.mend()
    assert (await project.resume(failed.run_id))["all"] == "a1 a2"


async def test_failures_that_the_flow_handled_stay_failures(project: Project) -> None:
    project.write("""
    flow: main
    steps:
      - Try: {id: risky, what: risky, on_error: [{Do: {id: mend, what: mend}}]}
      - if: true
        id: group
        continue_on_error: true
        then: [{Do: {id: inner, what: inner}}, {Try: {id: outer, what: outer}}]
      - Try: {id: last, what: last}
    outputs: {why: '${risky.error.message}', inner: '${inner.done}', group: '${group.error.message}'}
    """)
    project.break_()
    failed = await project.run()
    project.mend()
    project.effects()
    result = await project.resume(failed.run_id)
    assert project.effects() == ["last"]
    assert result.outputs == {"why": "risky is broken", "inner": "inner", "group": "outer is broken"}


async def test_what_ran_in_a_block_before_it_was_tried_again_counts_no_more(project: Project) -> None:
    project.write("""
    - if: true
      id: block
      retry: {max_attempts: 5, delay: 0}
      then: [{Do: {id: a, what: a}}, {Try: {id: b, what: b}}]
    """)
    project.break_()
    run_id = project.kill_at("step_retrying", "block")
    assert project.effects() == ["a", "b"]
    project.mend()
    resumption = project.resumption(run_id)
    assert resumption.unknown == []
    assert (await resumption.execute(project.executor)).success
    assert project.effects() == ["a", "b"]
    assert project.steps(run_id)["block"].attempts == 2


async def test_a_step_that_was_under_way_needs_a_choice(project: Project) -> None:
    project.write("- Do: {id: a, what: a}\n- Do: {id: b, what: b}\n- Do: {id: c, what: 'c ${b.done}'}")
    run_id = project.kill_at("step_started", "b")
    assert project.journal.run(run_id).summary.status == "interrupted"
    (problem,) = project.resumption(run_id).problems
    assert (problem.kind, problem.path, problem.blocking) == ("unknown", "b", True)
    assert problem.step is not None
    with pytest.raises(ReplayError, match="nobody knows whether it took effect"):
        await project.resume(run_id)
    assert project.effects() == ["a"]
    assert (await project.resume(run_id, on_unknown={"b": "skip"})).success
    assert project.effects() == ["c "]


@pytest.mark.parametrize("choice", ["retry", {"b": "retry"}, {"*": "retry"}, lambda step: "retry"])
async def test_a_step_under_way_is_repeated_if_that_is_chosen(project: Project, choice: object) -> None:
    project.write("- Do: {id: a, what: a}\n- Do: {id: b, what: b}")
    run_id = project.kill_at("step_started", "b")
    asked: list[RecordedStep] = project.resumption(run_id, on_unknown=choice).unknown
    assert [step.path for step in asked] == ["b"]
    assert (await project.resume(run_id, on_unknown=choice)).success
    assert project.effects() == ["a", "b"]


async def test_an_idempotent_step_is_repeated_without_asking(project: Project) -> None:
    project.write("- Do: {id: a, what: a}\n- Do: {id: b, what: b, idempotent: true}")
    run_id = project.kill_at("step_started", "b")
    assert project.resumption(run_id).problems == []
    assert (await project.resume(run_id)).success


async def test_attempts_go_on_counting(project: Project) -> None:
    project.write("""
    flow: main
    steps:
      - Try: {id: a, what: 'attempt ${context.attempt}', retry: {max_attempts: 3, delay: 0}, idempotent: true}
    """)
    project.break_()
    run_id = project.kill_at("step_retrying", "a")
    project.effects()
    result = await project.resume(run_id)
    assert project.effects() == ["attempt 2", "attempt 3"]
    assert result.error is not None
    assert result.error["attempts"] == 3


async def test_handlers_of_a_session_that_died_are_not_repeated(project: Project) -> None:
    project.write("""
    flow: main
    steps: [{Do: {id: a, what: a}}]
    finally: [{Do: {id: tidy, what: tidy}}, {Do: {id: mail, what: mail}}]
    """)
    run_id = project.kill_at("step_completed", "tidy")
    assert (await project.resume(run_id)).success
    assert project.effects() == ["a", "tidy", "mail"]


async def test_a_cancelled_run_goes_on_and_its_handlers_run_again_at_its_end(project: Project) -> None:
    project.write("""
    flow: main
    steps: [{Do: {id: a, what: a}}, {Hang: {id: b, what: b}}, {Do: {id: c, what: c}}]
    on_cancel: [{Do: {id: sorry, what: sorry}}]
    finally: [{Do: {id: tidy, what: tidy}}]
    """)
    project.break_()
    token = CancellationToken()
    cancelling = []

    def hear(event: Mapping[str, Any]) -> None:
        if event["type"] == "step_started" and event["path"] == "b":
            cancelling.append(asyncio.ensure_future(token.cancel("enough")))

    cancelled = await project.run(event_callback=hear, cancellation_token=token)
    await cancelling[0]
    assert cancelled.status == "cancelled"
    assert project.effects() == ["a", "b", "sorry", "tidy"]
    project.mend()
    resumption = project.resumption(cancelled.run_id)
    assert resumption.problems == []
    assert (await resumption.execute(project.executor)).success
    assert project.effects() == ["b", "c", "tidy"]


async def test_a_secret_input_has_to_be_given_again_and_what_holds_it_is_made_again(project: Project) -> None:
    project.write("""
    flow: main
    inputs: [{name: password, secret: true}, {name: n}]
    steps:
      - Login: {id: login, password: '${inputs.password}'}
      - Try: {id: use, what: 'use ${inputs.n}'}
      - Do: {id: sent, what: '${login.token | length}'}
    """)
    project.break_()
    failed = await project.run({"password": "hunter2hunter2", "n": 5})
    kinds = {(problem.kind, problem.path) for problem in project.resumption(failed.run_id).problems}
    assert kinds == {("input", "password"), ("unrestorable", "login")}
    project.mend()
    project.effects()
    given = {"password": "hunter2hunter2"}
    assert (await project.resume(failed.run_id, inputs=given, on_unknown={"login": "retry"})).success
    assert project.effects() == ["login", "use 5", "23"]


async def test_a_value_that_cannot_be_restored_matters_only_if_something_will_read_it(project: Project) -> None:
    project.write("""
    flow: main
    inputs: [{name: password, secret: true}]
    steps:
      - Login: {id: login, password: '${inputs.password}'}
      - Try: {id: use, what: use}
    """)
    project.break_()
    failed = await project.run({"password": "hunter2hunter2"})
    project.mend()
    project.effects()
    assert (await project.resume(failed.run_id, inputs={"password": "other"})).success
    assert project.effects() == ["use"]


async def test_a_run_that_came_to_its_end_is_not_resumed(project: Project) -> None:
    project.write("- Do: {id: a, what: a}")
    done = await project.run()
    with pytest.raises(ReplayError, match="came to its end"):
        await project.resume(done.run_id)


async def test_what_changed_since_is_told(project: Project) -> None:
    project.write("- Do: {id: a, what: a}\n- Try: {id: b, what: b}")
    project.break_()
    failed = await project.run()
    project.write("- Do: {id: a, what: a}\n- Do: {id: b, what: new}")
    (project.root / "flow.py").write_text((project.root / "flow.py").read_text() + "\n# edited\n")
    problems = project.resumption(failed.run_id).problems
    assert {(problem.kind, problem.path, problem.blocking) for problem in problems} == {
        ("changed", "main.yaml", False),
        ("changed", "flow.py", False),
    }
    project.effects()
    project.mend()
    as_it_was = project.resumption(failed.run_id, as_it_was=True)
    assert [problem.path for problem in as_it_was.problems] == []
    assert (await as_it_was.execute(project.executor)).success
    assert project.effects() == ["b"]


async def test_the_flow_as_it_was_needs_no_file(project: Project) -> None:
    project.write("flow: part\nsteps: [{Do: {id: x, what: x}}]", "part")
    project.write("- Try: {id: a, what: a}\n- {subflow: part, id: part}")
    project.break_()
    failed = await project.run()
    project.mend()
    project.flow.unlink()
    (project.root / "part.yaml").unlink()
    (missing,) = (problem for problem in project.resumption(failed.run_id).problems if problem.blocking)
    assert (missing.kind, missing.path) == ("missing", "main.yaml")
    project.effects()
    assert (await project.resume(failed.run_id, as_it_was=True)).success
    assert project.effects() == ["a", "x"]


async def test_a_run_may_be_resumed_again_and_again(project: Project) -> None:
    project.write("".join(f"- Try: {{id: t{n}, what: t{n}, if: '${{true}}'}}\n" for n in range(3)))
    project.break_()
    run_id = (await project.run()).run_id
    for _ in range(2):
        assert not (await project.resume(run_id)).success
    project.mend()
    project.effects()
    assert (await project.resume(run_id)).success
    assert project.effects() == ["t0", "t1", "t2"]
    assert project.journal.run(run_id).summary.sessions == 4


async def test_looking_first_shows_what_was_sent_and_still_needs_a_choice(project: Project) -> None:
    project.write("""
    flow: main
    connections: {db: {type: sqlite, database: data.db}}
    steps:
      - sqlite_execute: {id: make, query: CREATE TABLE t (a int)}
    """)
    run_id = project.kill_at("step_completed", "make", "before")
    (problem,) = project.resumption(run_id, on_unknown="verify").problems
    assert "it had sent `CREATE TABLE t (a int)`" in problem.message
    assert problem.blocking
    assert (await project.resume(run_id, on_unknown="skip")).success


async def test_branches_may_have_steps_of_one_id(project: Project) -> None:
    project.write("flow: part\nsteps: [{Do: {id: x, what: part}}]\noutputs: {done: '${x.done}'}", "part")
    project.write("""
    flow: main
    steps:
      - if: false
        id: which
        then: [{Do: {id: same, what: task}}]
        else: [{subflow: part, id: same}]
      - Try: {id: last, what: 'last ${same.done}'}
    """)
    project.break_()
    failed = await project.run()
    project.mend()
    project.effects()
    assert (await project.resume(failed.run_id)).success
    assert project.effects() == ["last part"]


async def test_steps_in_the_order_of_what_they_read_go_on_where_they_were(project: Project) -> None:
    project.write("""
    flow: main
    mode: dag
    steps:
      - Try: {id: c, what: 'c ${b.done}'}
      - Do: {id: b, what: 'b ${a.done}'}
      - Do: {id: a, what: a}
      - Do: {id: alone, what: alone}
    """)
    project.break_()
    failed = await project.run()
    project.mend()
    project.effects()
    assert (await project.resume(failed.run_id)).success
    assert project.effects() == ["c b a"]
    await project.rerun(failed.run_id, from_step="b")
    assert project.effects() == ["b a", "c b a"]


async def test_an_effect_whose_result_is_a_secret_is_not_done_twice(project: Project) -> None:
    project.write("""
    flow: main
    inputs: [{name: token, secret: true}]
    connections: {db: {type: sqlite, database: data.db}}
    steps:
      - sqlite_execute: {id: make, query: CREATE TABLE IF NOT EXISTS t (a text), idempotent: true}
      - sqlite_query:
          id: put
          query: INSERT INTO t VALUES (?) RETURNING a
          params: ['${inputs.token}']
          exactly_once: true
      - sqlite_query: {id: look, query: SELECT count(*) AS n FROM t, idempotent: true}
    outputs: {n: '${look.rows[0].n}', put: '${put.rows}'}
    """)
    secret = {"token": "a-long-secret-token"}
    run_id = project.kill_at("step_completed", "put", "before", secret)
    failed = await project.resume(run_id, inputs=secret)
    assert failed.error_type == "ResultNotKeptError"
    (problem,) = project.resumption(run_id, inputs=secret).problems
    assert (problem.kind, problem.path) == ("unrestorable", "put")
    result = await project.resume(run_id, inputs=secret, on_unknown={"put": "skip"})
    assert result.outputs == {"n": 1, "put": None}


async def test_secrets_inside_what_is_done_ask_for_nothing(project: Project) -> None:
    project.write(
        """
        flow: part
        inputs: [{name: password, secret: true}]
        steps:
          - Login: {id: login, password: '${inputs.password}'}
          - Do: {id: use, what: 'use ${login.token | length}'}
        outputs: {used: '${use.done}'}
        """,
        "part",
    )
    project.write("""
    flow: main
    inputs: [{name: password, secret: true}]
    steps:
      - subflow: part
        id: part
        inputs: {password: '${inputs.password}'}
      - for_each: [1, 2]
        id: each
        do:
          - Login: {id: again, password: '${inputs.password}'}
          - Do: {id: use, what: 'use ${again.token | length}'}
      - Try: {id: last, what: last}
    """)
    secret = {"password": "hunter2hunter2"}
    project.break_()
    failed = await project.run(secret)
    project.mend()
    project.effects()
    resumption = project.resumption(failed.run_id, inputs=secret)
    assert resumption.problems == []
    assert (await resumption.execute(project.executor)).success
    assert project.effects() == ["last"]


async def test_a_run_is_not_resumed_where_that_could_not_be_recorded(project: Project) -> None:
    project.write("- Try: {id: a, what: a}")
    project.break_()
    failed = await project.run()
    resumption = project.resumption(failed.run_id)
    assert resumption.steps
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        (problem,) = resumption.problems
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (problem.kind, problem.blocking) == ("unwritable", True)
    assert "File too large" in problem.message


async def test_a_run_is_gone_on_with_by_one_at_a_time(project: Project) -> None:
    project.write("- Try: {id: a, what: a}\n- Do: {id: b, what: b}")
    project.break_()
    failed = await project.run()
    project.mend()
    project.effects()
    first, second = project.resumption(failed.run_id), project.resumption(failed.run_id)
    refused: list[ReplayError] = []

    async def meanwhile() -> None:
        with pytest.raises(ReplayError, match="somebody else has gone on") as told:
            await second.execute(project.executor)
        refused.append(told.value)

    def hear(event: Mapping[str, Any]) -> None:
        if event["type"] == "flow_started":
            others.append(asyncio.ensure_future(meanwhile()))

    others: list[asyncio.Future[None]] = []
    assert (await first.execute(project.executor, hear)).success
    await others[0]
    await meanwhile()
    assert len(refused) == 2
    assert project.effects() == ["a", "b"]
    assert list((project.root / ".flowlang").glob("*.resuming")) == []
