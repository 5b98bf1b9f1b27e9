"""Running a part of a run again: from a step, only a step, up to a step; nothing upstream happens again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flowlang.journal import ReplayError, Rerun
from tests.journal.projects import Project

FLOW = """
flow: main
inputs: [{name: who, default: Ada}]
steps:
  - Do: {id: a, what: 'a ${inputs.who}'}
  - for_each: [1, 2, 3]
    id: each
    as: n
    do:
      - Do: {id: b, what: 'b${n}'}
      - if: ${n == 2}
        id: second
        then: [{Do: {id: c, what: 'c${n} ${b.done}'}}]
      - Do: {id: d, what: 'd${n}'}
    collect: ${d.done}
  - parallel:
      - Do: {id: left, what: left}
      - Do: {id: right, what: right}
      - Do: {id: after_left, what: 'after ${left.done}'}
  - subflow: part
    id: part
    inputs: {n: '${a.done}'}
  - Do: {id: last, what: 'last ${part.all} ${each.results}'}
outputs: {all: '${last.done}'}
finally: [{Do: {id: tidy, what: tidy}}]
"""

PART = """
flow: part
inputs: [{name: n}]
steps:
  - Do: {id: x, what: 'x ${inputs.n}'}
  - Do: {id: y, what: 'y ${x.done}'}
outputs: {all: '${y.done}'}
"""

LAST = "last y x a Ada ['d1', 'd2', 'd3']".replace("'", '"')
BESIDE = ["left", "right", "after left"]
PARTS = ["x a Ada", "y x a Ada"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write(FLOW)
    made.write(PART, "part")
    return made


@pytest.fixture
async def run_id(project: Project) -> str:
    result = await project.run()
    assert result.success, result.error
    project.effects()
    return result.run_id


@pytest.mark.parametrize(
    ("step", "effects"),
    [
        ("last", [LAST, "tidy"]),
        ("part", [*PARTS, LAST, "tidy"]),
        ("part/y", [PARTS[1], LAST, "tidy"]),
        ("each[2]/d", ["d3", *BESIDE, *PARTS, LAST, "tidy"]),
        ("each[1]/c", ["c2 b2", "d2", "b3", "d3", *BESIDE, *PARTS, LAST, "tidy"]),
        ("each[1]/second", ["c2 b2", "d2", "b3", "d3", *BESIDE, *PARTS, LAST, "tidy"]),
        ("left", ["left", "after left", *PARTS, LAST, "tidy"]),
        ("right", ["right", *PARTS, LAST, "tidy"]),
        ("tidy", ["tidy"]),
    ],
)
async def test_what_comes_after_the_step_runs_and_nothing_else(
    project: Project, run_id: str, step: str, effects: list[str]
) -> None:
    result = await project.rerun(run_id, from_step=step)
    assert project.effects() == effects
    assert result["all"] == LAST
    assert result.run_id != run_id
    summary = project.journal.run(result.run_id).summary
    assert summary.origin is not None
    assert (summary.origin.run_id, summary.origin.how, summary.origin.from_step) == (run_id, "rerun", step)


async def test_a_loop_without_an_iteration_means_its_first_one(project: Project, run_id: str) -> None:
    await project.rerun(run_id, from_step="each/d", until="each[1]/b")
    assert project.effects() == ["d1", "b2", "tidy"]


@pytest.mark.parametrize(
    ("step", "effects"),
    [("last", [LAST]), ("each[1]/b", ["b2"]), ("each[1]/second", ["c2 b2"]), ("part/y", [PARTS[1]]), ("part", PARTS)],
)
async def test_only_one_step_runs_if_that_is_wanted(
    project: Project, run_id: str, step: str, effects: list[str]
) -> None:
    result = await project.rerun(run_id, from_step=step, only=True)
    assert project.effects() == effects
    assert (result.status, result.reason) == ("terminated", f"stopped after `{step}`, as asked")


async def test_a_run_goes_up_to_a_step(project: Project, run_id: str) -> None:
    result = await project.rerun(run_id, until="each[1]/c")
    assert project.effects() == ["a Ada", "b1", "d1", "b2", "c2 b2", "tidy"]
    assert result.status == "terminated"
    assert result.reason == "stopped after `each[1]/c`, as asked"


async def test_a_run_ends_in_a_subflow_too(project: Project, run_id: str) -> None:
    result = await project.rerun(run_id, from_step="part/x", until="part/x")
    assert project.effects() == ["x a Ada", "tidy"]
    assert result.status == "terminated"


async def test_results_upstream_may_be_changed(project: Project, run_id: str) -> None:
    result = await project.rerun(run_id, from_step="last", outputs={"part": {"all": "new"}, "each[0]/d": {"done": "D"}})
    assert result["all"] == 'last new ["D","d2","d3"]' or "new" in result["all"]
    assert project.steps(result.run_id)["part"].answered_by == "debugger"
    assert "D" in result["all"]


async def test_inputs_may_be_changed(project: Project, run_id: str) -> None:
    await project.rerun(run_id, inputs={"who": "Grace"}, until="a")
    assert project.effects() == ["a Grace", "tidy"]


async def test_a_part_run_again_is_recorded_as_a_whole_run(project: Project, run_id: str) -> None:
    again = await project.rerun(run_id, from_step="last")
    steps = project.steps(again.run_id)
    assert steps["each[2]/d"].outputs == {"done": "d3"}
    assert steps["each[2]/d"].answered_by == "journal"
    assert steps["last"].answered_by is None
    project.effects()
    third = await project.rerun(again.run_id, from_step="part")
    assert project.effects() == [*PARTS, LAST, "tidy"]
    assert third["all"] == LAST
    assert Rerun(project.journal, again.run_id, from_step="part/y").problems == []


async def test_a_part_that_was_interrupted_can_be_resumed(project: Project, run_id: str) -> None:
    project.write(FLOW.replace("Do: {id: last", "Try: {id: last"))
    project.break_()
    failed = await project.rerun(run_id, from_step="part")
    assert not failed.success
    project.mend()
    project.effects()
    result = await project.resume(failed.run_id)
    assert project.effects() == [LAST, "tidy"]
    assert result["all"] == LAST


async def test_the_file_may_be_as_it_is_now_or_as_it_was(project: Project, run_id: str) -> None:
    project.write(FLOW.replace("'last ", "'now "))
    await project.rerun(run_id, from_step="last")
    assert project.effects()[0].startswith("now ")
    await project.rerun(run_id, from_step="last", as_it_was=True)
    assert project.effects()[0] == LAST


async def test_a_step_that_there_is_not_is_told_with_what_may_be_meant(project: Project, run_id: str) -> None:
    (problem,) = Rerun(project.journal, run_id, from_step="lasst").problems
    assert (problem.kind, problem.hint) == ("unreached", "did you mean `last`?")
    with pytest.raises(ReplayError):
        await project.rerun(run_id, from_step="lasst")
    assert project.effects() == []


async def test_a_step_before_which_another_failed_cannot_be_run_again(project: Project) -> None:
    project.write("- Try: {id: a, what: a}\n- Do: {id: b, what: 'b ${a.done}'}")
    project.break_()
    failed = await project.run()
    (problem,) = Rerun(project.journal, failed.run_id, from_step="b").problems
    assert (problem.kind, problem.path) == ("unreached", "a")
    project.effects()
    result = await project.rerun(failed.run_id, from_step="b", outputs={"a": {"done": "by hand"}})
    assert result.success
    assert project.effects() == ["b by hand"]


async def test_an_iteration_or_a_branch_that_the_run_did_not_have_is_told(project: Project, run_id: str) -> None:
    for step in ("each[7]/b", "each[0]/c"):
        result = Rerun(project.journal, run_id, from_step=step)
        assert [problem.kind for problem in result.problems] == ["unreached"]


async def test_an_iteration_after_one_that_failed_cannot_be_run_again(project: Project) -> None:
    project.write("- for_each: [1, 2, 3]\n  id: each\n  as: n\n  do: [{Try: {id: a, what: 'a${n}', if: '${n > 1}'}}]")
    project.break_()
    failed = await project.run()
    (problem,) = Rerun(project.journal, failed.run_id, from_step="each[2]/a").problems
    assert problem.path == "each[1]/a"


async def test_what_comes_before_the_step_is_no_place_to_end(project: Project, run_id: str) -> None:
    (problem,) = Rerun(project.journal, run_id, from_step="last", until="a").problems
    assert "comes before" in problem.message


async def test_the_summary_says_what_will_happen(project: Project, run_id: str) -> None:
    assert Rerun(project.journal, run_id, from_step="last").summary == "12 steps from the journal, 2 will run"
    assert (
        Rerun(project.journal, run_id, from_step="last", only=True).summary == "12 steps from the journal, 1 will run"
    )
    assert Rerun(project.journal, run_id, from_step="a").summary == "0 steps from the journal, 11 will run"


@pytest.mark.parametrize(
    ("options", "first", "rest"),
    [
        ({"until": "left"}, "each[2]/b", ["b3", "d3", "left", "tidy"]),
        ({"from_step": "each[1]/b", "until": "each[2]/d"}, "each[1]/d", ["d2", "b3", "d3", "tidy"]),
        ({"from_step": "part", "until": "part/x"}, "part", ["x a Ada", "tidy"]),
        ({"from_step": "each", "only": True}, "each[1]/b", ["b2", "c2 b2", "d2", "b3", "d3"]),
        (
            {"from_step": "each", "outputs": {"each/d": {"done": "given"}}, "until": "left"},
            "each[2]/b",
            ["b3", "left", "tidy"],
        ),
    ],
)
async def test_a_part_that_was_interrupted_goes_on_to_where_it_would_have_ended(
    project: Project, run_id: str, options: Mapping[str, Any], first: str, rest: list[str]
) -> None:
    again = project.kill_rerun_at(run_id, "step_started", first, **options)
    project.effects()
    result = await project.resume(again, on_unknown="retry")
    assert result.status == "terminated"
    assert project.effects() == rest


async def test_a_part_whose_last_step_was_done_has_nothing_left_to_run(project: Project, run_id: str) -> None:
    again = project.kill_rerun_at(run_id, "step_completed", "each[1]/d", from_step="each[0]/b", until="each[1]/d")
    project.effects()
    assert (await project.resume(again)).status == "terminated"
    assert project.effects() == ["tidy"]


async def test_a_run_ends_after_a_step_that_was_given(project: Project, run_id: str) -> None:
    result = await project.rerun(run_id, from_step="left", outputs={"part": {"all": "given"}}, until="part")
    assert (result.status, result.reason) == ("terminated", "stopped after `part`, as asked")
    assert sorted(project.effects()) == ["after left", "left", "tidy"]


async def test_a_secret_among_the_results_that_were_given_has_to_be_given_again(project: Project) -> None:
    steps = "[{Do: {id: a, what: a}}, {Do: {id: b, what: b}}, {Do: {id: c, what: c}}]"
    project.write(f"flow: main\ninputs: [{{name: who, secret: true}}]\nsteps: {steps}")
    secret = {"who": "quite-secret"}
    run_id = (await project.run(secret)).run_id
    outputs = {"c": {"done": "quite-secret"}}
    again = project.kill_rerun_at(run_id, "step_started", "b", from_step="b", outputs=outputs, inputs=secret)
    found = project.resumption(again, on_unknown="retry", inputs=secret).problems
    assert [(problem.kind, problem.path) for problem in found] == [("unrestorable", "c")]


@pytest.mark.parametrize(
    ("options", "effects"),
    [
        ({"from_step": "b", "only": True}, ["b1"]),
        ({"from_step": "each/c", "outputs": {"each": {"count": 0}}, "only": True}, None),
        ({"until": "b"}, ["a Ada", "b1", "tidy"]),
        ({"from_step": "each[1]/b", "until": "d"}, ["b2", "c2 b2", "d2", "tidy"]),
        ({"from_step": "each[1]/c", "until": "each/d"}, ["c2 b2", "d2", "tidy"]),
        ({"from_step": "each[1]/c", "until": "each"}, ["c2 b2", "d2", "b3", "d3", "tidy"]),
        ({"from_step": "each", "until": "each", "outputs": {"d": {"done": 0}}}, ["b1", "b2", "c2 b2", "b3", "tidy"]),
    ],
)
async def test_the_loops_around_a_step_go_without_saying(
    project: Project, run_id: str, options: Mapping[str, Any], effects: list[str] | None
) -> None:
    if effects is None:
        with pytest.raises(ReplayError, match=r"did not come to `each\[0\]/c`"):
            await project.rerun(run_id, **options)
        return
    assert (await project.rerun(run_id, **options)).status == "terminated"
    assert project.effects() == effects


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"from_step": "each[1]"}, "`each[1]` is no step; name a step in it, such as `each[1]/b`"),
        ({"until": "each[1]"}, "`each[1]` is no step; name a step in it, such as `each[1]/b`"),
        ({"from_step": "a[1]"}, "`a[1]` is no step; `a` is no loop"),
        ({"from_step": "y"}, "the flow has no step `y`; did you mean `part/y`?"),
        ({"from_step": "a", "outputs": {"parts": 1}}, "the flow has no step `parts`; did you mean `part`?"),
        (
            {"from_step": "right", "until": "left"},
            "`left` doesn't come after `right`, so it is taken from the journal and nothing would run",
        ),
    ],
)
async def test_a_part_that_makes_no_sense_is_told(
    project: Project, run_id: str, options: Mapping[str, Any], said: str
) -> None:
    assert [str(problem) for problem in Rerun(project.journal, run_id, **options).problems] == [said]


async def test_a_step_that_was_put_into_a_loop_since_is_told_to_run(project: Project, run_id: str) -> None:
    added = "      - Do: {id: new, what: 'new${n}'}\n      - Do: {id: d, what: 'd${n}'}"
    project.write(FLOW.replace("      - Do: {id: d, what: 'd${n}'}", added))
    again = Rerun(project.journal, run_id, from_step="last")
    told = f"`each[0]/new` comes before `last` and has no result in run {run_id}, so it will run"
    assert told in [problem.message for problem in again.problems]
    assert (await again.execute(project.executor)).success
    assert project.effects() == ["new1", "new2", "new3", LAST, "tidy"]


async def test_a_step_that_the_flow_has_no_more_runs_with_the_text_that_ran(project: Project, run_id: str) -> None:
    project.write(FLOW.replace("{id: right, what: right}", "{id: rights, what: right}"))
    again = Rerun(project.journal, run_id, from_step="right", only=True)
    assert "the flow has no step `right`; the flow as it was has it" in map(str, again.problems)
    await project.rerun(run_id, from_step="right", only=True, as_it_was=True)
    assert project.effects() == ["right"]


@pytest.mark.parametrize("step", ["a", "each[2]/d", "after_left", "part/y", "last", "tidy"])
async def test_a_flow_that_is_what_it_was_has_no_new_steps(project: Project, run_id: str, step: str) -> None:
    assert Rerun(project.journal, run_id, from_step=step).problems == []


async def test_no_iteration_of_a_loop_that_ran_over_nothing_can_be_run_again(project: Project) -> None:
    project.write("""
    inputs: [{name: items, type: array, default: []}]
    steps:
      - for_each: ${inputs.items}
        id: each
        do: [{Do: {id: a, what: a}}]
      - Do: {id: last, what: last}
    """)
    run = await project.run()
    with pytest.raises(ReplayError, match=r"did not come to `each\[0\]/a`"):
        await project.rerun(run.run_id, from_step="each[0]/a")
    assert project.effects() == ["last"]
