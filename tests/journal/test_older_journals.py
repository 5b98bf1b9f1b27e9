"""Journals that earlier versions wrote: their runs are listed, shown, gone on with and run again."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from flowlang.journal import Rerun
from flowlang.journal.schema import VERSION
from tests.journal.older import FLOW, HERE
from tests.journal.projects import Project

OLDER = sorted(HERE.glob("version_*.zip"))


@pytest.fixture(params=OLDER, ids=lambda path: path.stem)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write(FLOW)
    with zipfile.ZipFile(request.param) as file:
        file.extractall(made.journal.home)
    return made


def test_there_is_a_journal_of_every_version() -> None:
    assert [path.stem for path in OLDER] == [f"version_{number}" for number in range(1, VERSION + 1)]


def test_its_runs_are_as_they_were(project: Project) -> None:
    found = {run.run_id: run for run in project.journal.runs()}
    assert {run_id: (run.status, run.pinned, run.steps) for run_id, run in found.items()} == {
        "waiting": ("failed", False, 9),
        "succeeded": ("succeeded", True, 6),
        "failed": ("failed", False, 8),
    }
    run = project.journal.run("failed")
    steps = {step.path: step for step in run.steps()}
    assert steps["price"].outputs == {"amount": Decimal("1.50"), "tags": ("a", "b")}
    assert steps["large"].outputs == "x" * 100_000
    assert steps["each[2]/ship"].inputs == {"what": "ship 2"}
    assert (run.inputs, run.masked_inputs) == ({"amount": 3}, ("password",))
    assert run.definition["main.yaml"].strip() == FLOW.strip()
    assert found["failed"].failed_step == "last"


@pytest.mark.parametrize("run_id", ["failed", "waiting"])
async def test_a_run_that_failed_then_is_gone_on_with_now(project: Project, run_id: str) -> None:
    result = await project.resume(run_id, inputs={"password": "hush"})
    assert result.success, result.error
    assert project.effects() == ["last"]
    assert dict(result.outputs) == {"price": Decimal("1.50"), "large": 100_000}
    assert project.journal.run(run_id).summary.sessions == 2


async def test_a_part_of_it_is_run_again(project: Project) -> None:
    result = await Rerun(project.journal, "succeeded", from_step="each[1]/ship", inputs={"password": "hush"}).execute(
        project.executor
    )
    assert result.success, result.error
    assert project.effects() == ["ship 1", "large"]
