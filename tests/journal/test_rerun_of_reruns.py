"""A part of a run that was itself a part of one: also from inside of what that had from the journal as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journal.projects import Project

FLOW = """
flow: main
steps:
  - Do: {id: a, what: a}
  - for_each: [1, 2]
    id: each
    as: n
    do:
      - subflow: part
        id: part
        inputs: {n: '${n}'}
  - if: ${1 == 1}
    id: guarded
    then:
      - Do: {id: b, what: b}
      - Try: {id: bad, what: bad}
    on_error:
      - Do: {id: mended, what: mended}
  - Do: {id: last, what: 'last ${each.count}'}
"""
PART = """
flow: part
inputs: [{name: n}]
steps:
  - Do: {id: x, what: 'x${inputs.n}'}
  - subflow: deep
    id: deep
    inputs: {n: '${inputs.n}'}
  - Do: {id: y, what: 'y${inputs.n} ${deep.done}'}
outputs: {all: '${y.done}'}
"""
DEEP = """
flow: deep
inputs: [{name: n}]
steps:
  - Do: {id: p, what: 'p${inputs.n}'}
  - Do: {id: q, what: 'q ${p.done}'}
outputs: {done: '${q.done}'}
"""


@pytest.fixture
async def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for text, name in ((FLOW, "main"), (PART, "part"), (DEEP, "deep")):
        made.write(text, name)
    return made


async def reruns(project: Project, count: int) -> list[str]:
    """The id of a run, and of reruns from its last step, each of the one before."""
    project.break_()
    ids = [(await project.run()).run_id]
    for _ in range(count):
        ids.append((await project.rerun(ids[-1], from_step="last")).run_id)
    project.mend()
    project.effects()
    return ids


@pytest.mark.parametrize(
    ("step", "effects"),
    [
        ("each[1]/part/y", ["y2 q p2"]),
        ("each[0]/part/deep/q", ["q p1"]),
        ("each[1]/part/deep", ["p2", "q p2"]),
        ("b", ["b"]),
        ("bad", ["bad"]),
    ],
)
async def test_a_step_inside_of_what_was_answered_as_a_whole_runs_again(
    project: Project, step: str, effects: list[str]
) -> None:
    for run_id in await reruns(project, 2):
        result = await project.rerun(run_id, from_step=step, only=True)
        assert result.status == "terminated"
        assert project.effects() == effects


async def test_what_comes_after_it_runs_too_and_nothing_before(project: Project) -> None:
    *_, run_id = await reruns(project, 2)
    assert (await project.rerun(run_id, from_step="each[1]/part/deep/q")).success
    assert project.effects() == ["q p2", "y2 q p2", "b", "bad", "last 2"]


async def test_the_run_before_is_not_needed_for_that(project: Project) -> None:
    first, second = await reruns(project, 1)
    project.journal.delete(first)
    assert (await project.rerun(second, from_step="each[1]/part/y", only=True)).status == "terminated"
    assert project.effects() == ["y2 q p2"]
