"""What a run told is what the journal gives back, with types and without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flowlang import CancellationToken, Journal
from tests.journal.conftest import FLOW, Recorded


def rounded(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event without its times, which are kept to the microsecond."""
    return {name: value for name, value in event.items() if name not in ("timestamp", "duration_ms")}


async def test_the_events_come_back_as_they_were_told(project: Recorded) -> None:
    await project.run()
    back = list(project.journal.run(str(project.recorder.run_id)).events())
    assert [rounded(event) for event in back] == [rounded(event) for event in project.events]
    for told, read in zip(project.events, back, strict=True):
        assert read["timestamp"] == pytest.approx(told["timestamp"], abs=1e-5)
        if "duration_ms" in told:
            assert read["duration_ms"] == pytest.approx(told["duration_ms"], abs=0.002)


async def test_steps_come_back_in_order_with_what_happened_to_each(project: Recorded) -> None:
    await project.run()
    steps = project.journal.run(str(project.recorder.run_id)).steps()
    assert [(step.path, step.status) for step in steps] == [
        ("first", "succeeded"),
        ("large", "succeeded"),
        ("few", "succeeded"),
        ("each", "succeeded"),
        ("each[0]/inner", "succeeded"),
        ("each[1]/inner", "succeeded"),
        ("each[2]/inner", "succeeded"),
        ("quiet", "succeeded"),
        ("money", "succeeded"),
        ("bad", "failed"),
        ("never", "skipped"),
        ("last", "succeeded"),
    ]
    of = {step.step_id: step for step in steps}
    assert of["large"].branch == "else"
    assert of["each"].length == 3
    assert of["quiet"].silent
    assert of["money"].outputs == {"total": Decimal("1.50"), "pair": (1, 2)}
    assert (of["bad"].attempts, of["bad"].handled, len(of["bad"].retries)) == (2, True, 1)
    assert of["bad"].error is not None
    assert of["bad"].error["message"] == "it is no good"
    assert of["last"].inputs == {"n": 2}


async def test_the_summary_tells_what_a_list_shows(project: Recorded) -> None:
    await project.run(inputs={"n": 7})
    [run] = project.journal.runs()
    assert (run.flow, run.status, run.steps, run.inputs) == ("Orders", "succeeded", 11, {"n": 7, "password": None})
    opened = project.journal.run(run.run_id)
    assert opened.outputs == {"last": 2, "each": [1, 2, 3], "money": Decimal("1.50")}
    assert opened.inputs == {"n": 7}
    assert opened.definition == {"Orders.yaml": FLOW}


async def test_a_failed_run_says_where_it_began(project: Recorded) -> None:
    await project.run("flow: Sad\nsteps:\n  - for_each: [1]\n    id: each\n    do: [{Fail: {id: bad}}]\n")
    [run] = project.journal.runs()
    assert (run.status, run.failed_step, run.error, run.error_type) == (
        "failed",
        "each[0]/bad",
        "it is no good",
        "ValueError",
    )
    assert project.journal.run(run.run_id).error is not None


async def test_a_cancelled_run_is_cancelled(project: Recorded) -> None:
    token = CancellationToken()
    running = asyncio.create_task(project.run("flow: Long\nsteps: [{Wait: {id: long}}]\n", cancellation_token=token))
    await project.comes_to("step_started")
    await token.cancel("enough")
    await running
    [run] = project.journal.runs()
    assert run.status == "cancelled"
    assert [step.status for step in project.journal.run(run.run_id).steps()] == ["cancelled"]


async def test_a_run_that_ends_itself_is_terminated(project: Recorded) -> None:
    await project.run("flow: Short\nsteps: [{exit: {reason: done}, id: out}]\n")
    assert [run.status for run in project.journal.runs()] == ["terminated"]


async def test_no_secret_reaches_the_disk(project: Recorded) -> None:
    flow = """\
flow: Secret
inputs: [{name: password, secret: true}, {name: who}]
steps:
  - Give: {id: kept, value: {password: '${inputs.password}', total: 2}}
  - Give: {id: said, value: 'it is ${inputs.password}'}
"""
    await project.run(flow, {"password": "hunter22", "who": "ann"})
    opened = project.journal.run(str(project.recorder.run_id))
    kept, said = opened.steps()
    assert kept.outputs == {"password": "••••", "total": 2}
    assert not kept.restorable
    assert kept.why_not == "it holds a secret, which nobody keeps"
    assert not said.restorable
    assert opened.inputs == {"who": "ann"}
    assert opened.masked_inputs == ("password",)
    project.journal.close()
    everything = b"".join(file.read_bytes() for file in project.folder.rglob("*") if file.is_file())
    assert b"hunter22" not in everything


async def test_a_large_value_is_kept_once_and_a_very_large_one_is_not(project: Recorded) -> None:
    (project.folder / "flowlang.yaml").write_text("journal: {value_limit: 1 MB}\n")
    project.journal = Journal(project.folder)
    flow = """\
flow: Large
steps:
  - Give: {id: one, size: 100000}
  - Give: {id: same, size: 100000}
  - Give: {id: huge, size: 2000000}
  - Give: {id: echo, value: '${huge}'}
"""
    await project.run(flow)
    one, same, huge, echo = project.journal.run(str(project.recorder.run_id)).steps()
    assert one.outputs == same.outputs == {"text": "x" * 100_000}
    assert one.restorable
    assert not huge.restorable
    assert huge.why_not == "it is too large to be kept (2.0 MB as JSON)"
    assert echo.inputs == {"value": "… 2.0 MB, not kept"}
    with project.journal._store.reading() as database:
        assert database.execute("SELECT count(*) FROM blobs").fetchone() == (1,)


async def test_a_value_that_has_no_json_stops_nothing(project: Recorded) -> None:
    result = await project.run(
        "flow: Odd\nsteps:\n  - Give: {id: odd, digits: 5000}\n  - Give: {id: on, value: '${odd}'}\n"
    )
    assert project.recorder.problem is None, project.recorder.problem
    assert result.success, result.error
    odd, on = project.journal.run(result.run_id).steps()
    assert odd.outputs == on.outputs == {"number": 10**5000}


async def test_subflows_belong_to_the_definition(project: Recorded) -> None:
    (project.folder / "flow.py").write_text("# tasks\n")
    (project.folder / "ship.yaml").write_text("flow: Ship\nsteps: [{Money: {id: money}}]\n")
    main = project.folder / "main.yaml"
    main.write_text("flow: Main\nsteps: [{subflow: ship, id: send}]\n")
    await project.run(main)  # type: ignore[arg-type]  # a path is a flow too
    opened = project.journal.run(str(project.recorder.run_id))
    assert opened.summary.path == "main.yaml"
    assert list(opened.definition) == ["main.yaml", "ship.yaml"]
    assert list(opened.tasks) == ["flow.py"]
    assert [(step.path, step.flow) for step in opened.steps()] == [("send", "Main"), ("send/money", "Ship")]


async def test_steps_of_two_flows_with_the_same_id_in_the_same_line_are_two(project: Recorded) -> None:
    (project.folder / "ship.yaml").write_text("flow: Ship\nsteps:\n  - Count: {id: one, n: 1}\n")
    main = project.folder / "main.yaml"
    main.write_text("flow: Main\nsteps:\n  - Money: {id: one}\n  - {subflow: ship, id: send}\n  - Money: {id: last}\n")
    for _ in range(2):  # the second run knows the steps from the first
        await project.run(main, recorder=project.journal.recorder())  # type: ignore[arg-type]  # as above
    for run in project.journal.runs():
        assert [(step.path, step.flow, step.task) for step in project.journal.run(run.run_id).steps()] == [
            ("one", "Main", "Money"),
            ("send", "Main", None),
            ("send/one", "Ship", "Count"),
            ("last", "Main", "Money"),
        ]


async def test_a_resumed_run_has_another_session_and_goes_on_counting(project: Recorded) -> None:
    await project.run()
    first = len(project.events)
    run_id = str(project.recorder.run_id)
    await project.run(recorder=project.journal.recorder(resuming=run_id), run_id=run_id)
    [run] = project.journal.runs()
    assert (run.sessions, run.steps, run.status) == (2, 22, "succeeded")
    opened = project.journal.run(run_id)
    assert [session.number for session in opened.sessions()] == [1, 2]
    assert [event["seq"] for event in opened.events()] == list(range(1, 2 * first + 1))
    assert {step.session for step in opened.steps(session=2)} == {2}


async def test_a_run_under_way_is_running_and_so_is_its_step(project: Recorded) -> None:
    running = asyncio.create_task(project.run("flow: Long\nsteps: [{Wait: {id: long}}]\n"))
    await project.comes_to("step_started")
    [run] = Journal(project.folder).runs()
    assert (run.status, run.ended) == ("running", None)
    assert [step.status for step in Journal(project.folder).run(run.run_id).steps()] == ["running"]
    project.waiting.set()
    await running
    assert [run.status for run in project.journal.runs()] == ["succeeded"]


async def test_a_journal_that_is_switched_off_writes_nothing(project: Recorded) -> None:
    (project.folder / "flowlang.yaml").write_text("journal: {enabled: false}\n")
    project.journal = Journal(project.folder)
    await project.run()
    assert not (project.folder / ".flowlang").exists()
    assert project.journal.runs() == []


async def test_runs_with_the_same_id_at_once_are_both_kept(project: Recorded) -> None:
    await project.run(run_id="nightly/1")
    await project.run(run_id="nightly/1")
    [run] = project.journal.runs()
    assert (run.run_id, run.sessions) == ("nightly/1", 2)


def test_the_folder_of_the_journal_is_made_when_something_is_recorded(tmp_path: Path) -> None:
    assert Journal(tmp_path).runs() == []
    assert not list(tmp_path.iterdir())
