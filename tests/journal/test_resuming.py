"""Going on with a run: what was completed is taken from the journal, the rest runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flowlang import CancellationToken
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
    told = [event["path"] for event in events if event.get("answered_by") == "journal"]
    assert told == ["one/a", "one/b", "one", "two/a"]
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
