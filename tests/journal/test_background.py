"""In a process that goes on, runs that are over are taken into the database by a thread."""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from flowlang.errors import RunNotFoundError
from flowlang.journal import Journal
from flowlang.journal.keeping import FILES_LEFT
from flowlang.journal.spool import MappedSpool
from tests.journal.conftest import Recorded
from tests.journal.test_failing_writes import created, failing

FLOW = "flow: F\nsteps: [{Count: {id: one, n: 1}}]\n"


def files(project: Recorded) -> list[Path]:
    return list((project.folder / ".flowlang" / "running").glob("*.spool"))


def ready(project: Recorded) -> list[Path]:
    return list((project.folder / ".flowlang" / "running").glob("ready-*"))


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        for _ in count():
            if holds():
                return
            await asyncio.sleep(0.01)


async def test_what_is_over_is_found_before_and_after_it_was_taken_in(project: Recorded) -> None:
    project.journal.take_in_background()
    results = [await project.run(FLOW) for _ in range(2 * FILES_LEFT + 1)]
    ids = [result.run_id for result in results]
    assert sorted(run.run_id for run in project.journal.runs()) == sorted(ids)
    project.journal.close()
    assert files(project) == []
    other = Journal(project.folder)
    assert {run.run_id: run.status for run in other.runs()} == dict.fromkeys(ids, "succeeded")
    assert [step.path for step in other.run(ids[0], exact=True).steps()] == ["one"]
    other.close()


async def test_what_a_dead_process_left_is_taken_in_at_the_beginning(project: Recorded) -> None:
    left = (await project.run(FLOW)).run_id
    assert len(files(project)) == 1
    journal = Journal(project.folder)
    journal.take_in_background()
    journal.close()
    assert files(project) == []
    assert project.journal.run(left).summary.status == "succeeded"


async def test_what_cannot_be_taken_in_stays_in_its_files_and_is_told(
    project: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    (project.folder / ".flowlang" / "runs.db").mkdir(parents=True)
    project.journal.take_in_background()
    for _ in range(FILES_LEFT):
        assert (await project.run(FLOW)).success
    await until(lambda: "recorded runs stay in" in caplog.text)
    assert len(files(project)) == FILES_LEFT
    (project.folder / ".flowlang" / "runs.db").rmdir()
    project.journal.close()
    assert files(project) == [], "they are taken in as soon as that is possible"


async def test_a_run_of_which_the_recording_stopped_keeps_its_ending(project: Recorded) -> None:
    project.journal.take_in_background()
    recorder = project.journal.recorder()
    spool = failing(MappedSpool, errno.ENOSPC, 3)
    recorder._create = lambda path: created(path, spool)
    result = await project.run(FLOW, recorder=recorder)
    summary = project.journal.run(result.run_id).summary
    assert (summary.status, summary.gap) == ("succeeded", recorder.problem)


async def test_an_exact_id_is_no_part_of_one(project: Recorded) -> None:
    run_id = (await project.run(FLOW)).run_id
    assert project.journal.run(run_id[-8:]).run_id == run_id
    with pytest.raises(RunNotFoundError, match="has no run"):
        project.journal.run(run_id[-8:], exact=True)


async def test_the_files_of_runs_are_used_again(project: Recorded) -> None:
    project.journal.take_in_background()
    ids = []
    for number in range(3):
        ids += [(await project.run(FLOW.replace("n: 1", f"n: {number}"))).run_id for _ in range(FILES_LEFT)]
        await until(lambda: not files(project))
    assert len(ready(project)) >= FILES_LEFT
    assert [project.journal.run(run_id).outputs for run_id in ids] == [{}] * len(ids)
    assert [project.journal.run(ids[at]).steps()[0].outputs for at in (0, FILES_LEFT, -1)] == [
        {"n": number} for number in range(3)
    ]
    project.journal.close()
    assert list((project.folder / ".flowlang" / "running").iterdir()) == []


async def test_a_folder_that_somebody_removed_is_made_again(project: Recorded) -> None:
    project.journal.take_in_background()
    await project.run(FLOW)
    project.journal.close()
    project.journal.take_in_background()
    await until(lambda: len(ready(project)) == FILES_LEFT)
    shutil.rmtree(project.folder / ".flowlang")
    run_id = (await project.run(FLOW)).run_id
    assert project.recorder.problem is None
    project.journal.close()
    assert [run.run_id for run in Journal(project.folder).runs()] == [run_id]


async def test_another_process_pins_a_run_that_was_over_a_moment_ago(project: Recorded) -> None:
    project.journal.take_in_background()
    run_id = (await project.run(FLOW)).run_id
    other = Journal(project.folder)
    await asyncio.to_thread(other.pin, run_id)
    assert other.run(run_id).summary.pinned
    other.close()
