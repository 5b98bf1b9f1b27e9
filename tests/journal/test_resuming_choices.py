"""Whether a run may be gone on with: what needs a choice, what is refused, what changed since. Nobody guesses."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flowlang.journal import ReplayError, resuming
from flowlang.journal.records import RecordedStep
from tests.journal.projects import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


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


async def test_who_comes_while_another_lets_go_does_not_go_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("- Try: {id: a, what: a}")
    project.break_()
    failed = await project.run()
    project.mend()
    project.effects()
    path = project.root / ".flowlang" / f"{failed.run_id}.resuming"
    locked = resuming._locked

    def late(descriptor: int) -> bool:
        path.unlink()
        return locked(descriptor)

    monkeypatch.setattr(resuming, "_locked", late)
    with pytest.raises(ReplayError, match="somebody else has gone on"):
        await project.resume(failed.run_id)
    assert project.effects() == []
