"""Finding runs: by flow, status, step, text, inputs, time and duration; by a part of the id."""

from __future__ import annotations

import asyncio
from time import time

import pytest

from flowlang import RunQuery
from flowlang.errors import JournalError, RunNotFoundError
from tests.journal.conftest import Recorded

PAY = """\
flow: Pay
inputs: [{name: amount, type: number}, {name: who}, {name: dry, type: boolean, default: false}]
steps: [{Count: {id: charge, n: 1}}]
"""
FAILING = "flow: Failing\nsteps: [{Fail: {id: bad}}]\n"


@pytest.fixture
async def runs(project: Recorded) -> Recorded:
    await project.run(PAY, {"amount": 5, "who": "Zoë 100%"}, run_id="20260101-000000-aaaa1111")
    await project.run(PAY, {"amount": 7, "who": "bob_", "dry": True}, run_id="20260101-000000-bbbb2222")
    await project.run(FAILING, run_id="20260202-000000-cccc3333")
    return project


def found(project: Recorded, **wanted: object) -> list[str]:
    query = RunQuery(**wanted)  # type: ignore[arg-type]  # tests give each its own
    ids = [run.run_id[-8:] for run in project.journal.runs(query)]
    assert project.journal.count(query) == len(ids)
    return ids


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, ["cccc3333", "bbbb2222", "aaaa1111"]),
        ({"flow": "Pay"}, ["bbbb2222", "aaaa1111"]),
        ({"status": "failed"}, ["cccc3333"]),
        ({"step": "charge"}, ["bbbb2222", "aaaa1111"]),
        ({"step": "orders[2]/bad"}, ["cccc3333"]),
        ({"step": "nobody"}, []),
        ({"text": "NO GOOD"}, ["cccc3333"]),
        ({"text": "Zoë"}, ["aaaa1111"]),
        ({"text": "100%"}, ["aaaa1111"]),
        ({"text": "b_"}, ["bbbb2222"]),
        ({"inputs": {"amount": "5"}}, ["aaaa1111"]),
        ({"inputs": {"who": "bob_", "dry": "true"}}, ["bbbb2222"]),
        ({"inputs": {'"; drop': "1"}}, []),
        ({"pinned": True}, []),
        ({"longer_than_ms": 60_000.0}, []),
        ({"until": 1.0}, []),
        ({"flow": "Pay", "status": "failed"}, []),
    ],
)
async def test_runs_are_found_by_what_is_known_of_them(
    runs: Recorded, wanted: dict[str, object], ids: list[str]
) -> None:
    assert found(runs, **wanted) == ids


async def test_a_list_may_be_read_in_windows(runs: Recorded) -> None:
    pages = [runs.journal.runs(RunQuery(limit=1, offset=offset)) for offset in range(4)]
    assert [run.run_id[-8:] for page in pages for run in page] == ["cccc3333", "bbbb2222", "aaaa1111"]


async def test_a_run_under_way_comes_first_and_is_found_too(runs: Recorded) -> None:
    running = asyncio.create_task(
        runs.run("flow: Now\ninputs: [{name: who}]\nsteps: [{Wait: {id: w}}]\n", {"who": "me"})
    )
    await runs.comes_to("step_started")
    assert [run.flow for run in runs.journal.runs(RunQuery(limit=2))] == ["Now", "Failing"]
    assert [run.flow for run in runs.journal.runs(RunQuery(offset=1))] == ["Failing", "Pay", "Pay"]
    for query in (RunQuery(status="running"), RunQuery(step="w"), RunQuery(text="Me"), RunQuery(inputs={"who": "me"})):
        assert [run.flow for run in runs.journal.runs(query)] == ["Now"]
    live = str(runs.recorder.run_id)
    for refused in (runs.journal.delete, runs.journal.pin):
        with pytest.raises(JournalError, match="is running"):
            refused(live)
    runs.waiting.set()
    await running


@pytest.mark.parametrize("part", ["20260202-000000-cccc3333", "20260202", "cccc3333", "3"])
async def test_a_part_of_an_id_will_do_when_no_other_run_has_it(runs: Recorded, part: str) -> None:
    assert runs.journal.run(part).summary.flow == "Failing"


async def test_an_id_that_nobody_has_gets_those_that_may_be_meant(runs: Recorded) -> None:
    with pytest.raises(RunNotFoundError, match="several runs") as several:
        runs.journal.run("20260101")
    assert len(several.value.near) == 2
    with pytest.raises(RunNotFoundError, match="has no run `20260202-000000-cccc4444`") as none:
        runs.journal.run("20260202-000000-cccc4444")
    assert none.value.near[0] == "20260202-000000-cccc3333"
    with pytest.raises(RunNotFoundError):
        runs.journal.run("")


async def test_times_limit_a_search(runs: Recorded) -> None:
    now = time()
    assert len(found(runs, since=now - 60, until=now + 60)) == 3
    assert found(runs, since=now + 60) == []
