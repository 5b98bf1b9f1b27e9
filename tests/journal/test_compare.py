"""What two recorded runs did differently."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flowlang.journal.compare import Branches, Comparison, Difference, Figures, compare, latest
from flowlang.journal.compare_values import Change
from flowlang.values import to_json
from tests.journal.projects import Project

FLOW = """
flow: main
inputs:
  - {name: n, type: integer, default: 1}
steps:
  - Price: {id: price}
  - Do: {id: make, what: make, result: {n: '${inputs.n}', rows: [1, 2, 3]}}
  - if: ${inputs.n > 10}
    id: big
    then:
      - Do: {id: shout, what: shout}
    else:
      - Do: {id: whisper, what: whisper}
  - for_each: ${range(inputs.n)}
    id: each
    as: i
    do:
      - Do: {id: ship, what: 'ship ${i}'}
outputs: {n: '${make.n}'}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write(FLOW)
    return made


async def compared(project: Project, before: dict[str, Any], after: dict[str, Any], **options: Any) -> Comparison:
    """Two runs of the project's flow with these inputs, compared."""
    a, b = await project.run(before), await project.run(after)
    return compare(project.journal.run(a.run_id), project.journal.run(b.run_id), **options)


async def test_two_runs_that_did_the_same_have_no_difference(project: Project) -> None:
    comparison = await compared(project, {}, {}, min_ms=60_000)
    assert comparison.same
    assert comparison.first is None
    assert comparison.values == comparison.missing == comparison.added == comparison.branches == comparison.rows == []
    assert comparison.definition == comparison.timings == []


async def test_other_inputs_are_the_first_difference_and_values_are_told_by_their_leaves(project: Project) -> None:
    comparison = await compared(project, {"n": 2}, {"n": 3})
    assert comparison.first == Difference("", "inputs", "n", 2, 3)
    make = next(step for step in comparison.values if step.path == "make")
    assert make.inputs == [Change("result.n", "changed", 2, 3)]
    assert make.outputs == [Change("n", "changed", 2, 3)]
    assert comparison.outputs == [Change("n", "changed", 2, 3)]
    assert [step.path for step in comparison.values] == ["make", "each"]
    assert comparison.added == ["each[2]/ship"]
    assert not comparison.same


async def test_a_choice_that_went_another_way_is_a_branch(project: Project) -> None:
    comparison = await compared(project, {"n": 10}, {"n": 11})
    assert comparison.branches == [Branches("big", "else", "then")]
    assert (comparison.missing, comparison.added) == (["whisper"], ["shout", "each[10]/ship"])


async def test_without_other_inputs_the_first_difference_is_the_step_that_gave_something_else(project: Project) -> None:
    before = await project.run({"n": 2})
    project.write(FLOW.replace("{n: '${inputs.n}', rows", "{n: 7, rows"))
    after = await project.run({"n": 2})
    comparison = compare(project.journal.run(before.run_id), project.journal.run(after.run_id))
    assert comparison.first == Difference("make", "inputs", "result.n", 2, 7)
    (file,) = comparison.definition
    assert file.name == "main.yaml"
    assert [line[:1] for line in file.diff if line[:1] in "+-" and line[:3] not in ("+++", "---")] == ["-", "+"]


async def test_a_failure_is_the_first_difference_at_the_step_that_failed(project: Project) -> None:
    project.write("  - Do: {id: a, what: a}\n  - Try: {id: b, what: b}\n  - Do: {id: c, what: c}")
    good = await project.run()
    project.break_()
    bad = await project.run()
    comparison = compare(project.journal.run(good.run_id), project.journal.run(bad.run_id))
    assert comparison.first == Difference("b", "status", "", "succeeded", "failed: b is broken")
    assert comparison.missing == ["c"]
    assert Change("message", "added", after="b is broken") in comparison.error
    assert [(step.path, step.status) for step in comparison.values] == [("b", ("succeeded", "failed"))]


async def test_a_failure_inside_a_loop_is_told_once(project: Project) -> None:
    project.write("  - for_each: [1, 2]\n    id: each\n    do:\n      - Try: {id: b, what: b}")
    good = await project.run()
    project.break_()
    bad = await project.run()
    comparison = compare(project.journal.run(good.run_id), project.journal.run(bad.run_id))
    assert comparison.first == Difference("each[0]/b", "status", "", "succeeded", "failed: b is broken")
    assert [step.path for step in comparison.values if step.error] == ["each[0]/b"]


async def test_values_are_compared_with_their_types(project: Project) -> None:
    project.write("  - Price: {id: price}")
    before = await project.run()
    after = await project.rerun(before.run_id, from_step="price")
    assert compare(project.journal.run(before.run_id), project.journal.run(after.run_id)).same
    project.write("  - Do: {id: price, what: price, result: {amount: '1.50', tags: [a, b]}}")
    other = await project.run()
    comparison = compare(project.journal.run(before.run_id), project.journal.run(other.run_id))
    assert comparison.values[0].outputs == [
        Change("amount", "changed", Decimal("1.50"), "1.50"),
        Change("tags", "changed", ("a", "b"), ["a", "b"]),
    ]


async def test_what_a_resumed_run_took_from_the_journal_counts_as_it_ran(project: Project) -> None:
    project.write("  - Do: {id: a, what: a}\n  - Try: {id: b, what: b}")
    good = await project.run()
    project.break_()
    bad = await project.run()
    project.mend()
    await project.resume(bad.run_id)
    resumed = project.journal.run(bad.run_id)
    assert [step.answered_by for step in latest(resumed.steps()).values()] == [None, None]
    assert compare(project.journal.run(good.run_id), resumed).same


async def test_times_over_a_threshold_and_row_counts_are_told_by_step(project: Project) -> None:
    flow = """
    flow: main
    connections:
      db: {type: sqlite, database: rows.db}
    steps:
      - sqlite_query:
          id: fetch
          query: WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < COUNT) SELECT i FROM n
      - for_each: [1, 2]
        id: each
        do:
          - sqlite_query: {id: again, query: SELECT 1}
    """
    project.write(flow.replace("COUNT", "3"))
    before = await project.run()
    project.write(flow.replace("COUNT", "5"))
    after = await project.run()
    a, b = project.journal.run(before.run_id), project.journal.run(after.run_id)
    assert compare(a, b).rows == [Figures("fetch", 3, 5)]
    assert {one.address for one in compare(a, b, min_ms=0, min_share=0).timings} == {"fetch", "each", "each/again"}
    assert compare(a, b, min_ms=1e9).timings == []


async def test_a_comparison_is_data(project: Project) -> None:
    comparison = await compared(project, {"n": 2}, {"n": 30})
    data = comparison.to_dict()
    assert (data["before"], data["after"]) == (comparison.before.run_id, comparison.after.run_id)
    assert data["first"]["what"] == "inputs"
    assert data["branches"] == [{"path": "big", "before": "else", "after": "then"}]
    assert to_json(data)


async def test_a_default_counts_as_if_it_had_been_given(project: Project) -> None:
    assert (await compared(project, {}, {"n": 1})).same
    comparison = await compared(project, {}, {"n": 2})
    assert comparison.inputs == [Change("n", "changed", 1, 2)]
    assert (comparison.defaults.before, comparison.defaults.after) == (["n"], [])
    assert comparison.to_dict()["defaults"] == {"before": ["n"], "after": []}


async def test_a_default_that_was_changed_in_the_file_is_a_difference_of_the_inputs(project: Project) -> None:
    before = await project.run()
    project.write(FLOW.replace("default: 1", "default: 2"))
    after = await project.run()
    comparison = compare(project.journal.run(before.run_id), project.journal.run(after.run_id))
    assert comparison.first == Difference("", "inputs", "n", 1, 2)
    assert comparison.defaults.before == comparison.defaults.after == ["n"]


async def test_inputs_are_compared_as_the_flow_had_them(project: Project) -> None:
    assert (await compared(project, {"n": "2"}, {"n": 2})).same


async def test_inputs_of_types_that_json_lacks_are_told_from_their_texts(project: Project) -> None:
    project.write("flow: main\nsteps: [{Do: {id: a, what: a}}]")
    comparison = await compared(project, {"price": Decimal("1.50")}, {"price": "1.50"})
    assert comparison.inputs == [Change("price", "changed", Decimal("1.50"), "1.50")]


async def test_what_the_caller_adds_is_told_but_is_no_difference_of_its_own(project: Project) -> None:
    project.write("flow: main\ninputs: []\nsteps: [{Price: {id: price}}]")
    comparison = await compared(project, {"_schedule": {"due": "monday"}}, {"_schedule": {"due": "tuesday"}})
    assert comparison.inputs == [Change("_schedule.due", "changed", "monday", "tuesday")]
    assert comparison.first is None
