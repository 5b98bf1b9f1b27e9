"""The time for which a run stands at stops: it is nobody's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from flowlang import Journal
from flowlang.debugger import Breakpoint, Stop
from flowlang.journal.compare import compare

from .debugging import Debugged, counting

#: For how many seconds the tests stand: much longer than the steps take.
A_WHILE = 0.4

FLOW = """
flow: nested
steps:
  - parallel:
      - for_each: [1, 2]
        id: each
        do:
          - if: true
            id: choice
            then:
              - Count: {id: inner, n: 1}
          - Count: {id: seen, n: '${inner.duration_ms + choice.duration_ms}'}
      - Count: {id: left, n: 3}
    id: both
  - Count: {id: last, n: '${both.duration_ms}'}
outputs: {both: '${both.duration_ms}', inner: '${seen.n}'}
"""


class Stood:
    """Stands at stops, and knows for how many seconds that was."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def at(self, stop: Stop) -> None:
        began = perf_counter()
        await asyncio.sleep(A_WHILE)
        self.seconds += perf_counter() - began
        stop.resume()


def milliseconds(run: Debugged) -> dict[str, float]:
    """The times that events tell, by path; that of the run under its name."""
    return {
        event.get("path", event["flow"]): event["duration_ms"]
        for event in run.events
        if event["type"] in ("step_completed", "step_failed", "flow_completed", "flow_failed", "flow_cancelled")
    }


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("others", ["wait", "go on"])
async def test_time_at_a_stop_is_that_of_no_step_and_not_of_the_flow(when: Any, others: Any) -> None:
    registry, _ = counting()
    stood = Stood()
    began = perf_counter()
    async with Debugged(FLOW, [Breakpoint("each/inner", when)], registry, others=others) as run:
        for _ in range(2):
            await stood.at(await run.stop())
        result = await run.ended()
    left = (perf_counter() - began - stood.seconds) * 1000
    assert len(milliseconds(run)) == 11
    assert all(0 <= took <= left for took in milliseconds(run).values())
    assert result.duration_ms <= left
    assert all(0 <= value <= left for value in result.outputs.values())
    assert all(step["duration_ms"] <= left for step in result.steps)


async def test_a_subflow_and_what_is_tried_again_around_a_stop_are_no_longer_for_it(tmp_path: Path) -> None:
    registry, _ = counting()
    (tmp_path / "inner.yaml").write_text("flow: inner\nsteps: [{Fail: {id: it, until: 2}}]\n")
    flow = """
flow: outer
steps:
  - subflow: inner
    id: call
    retry: {max_attempts: 2, delay: 0ms}
"""
    stood = Stood()
    began = perf_counter()
    async with Debugged(flow, [Breakpoint("it", flow="inner")], registry, folder=tmp_path) as run:
        for _ in range(2):
            await stood.at(await run.stop())
        assert (await run.ended()).success
    left = (perf_counter() - began - stood.seconds) * 1000
    assert set(milliseconds(run)) == {"call/it", "call", "outer"}
    assert all(0 <= took <= left for took in milliseconds(run).values())


async def test_branches_that_stand_at_once_take_their_time_off_the_flow_once() -> None:
    registry, _ = counting()
    points = [Breakpoint("each/inner", "after"), Breakpoint("left", "after")]
    began = perf_counter()
    async with Debugged(FLOW, points, registry, others="go on") as run:
        first, second = await run.stop(), await run.stop()
        at_once = perf_counter()
        await asyncio.sleep(A_WHILE)
        stood = perf_counter() - at_once
        first.resume()
        second.resume()
        await run.to_end()
    left = (perf_counter() - began - stood) * 1000
    assert all(0 <= took <= left for took in milliseconds(run).values())


async def test_a_step_that_waits_for_another_branch_takes_no_time_meanwhile() -> None:
    registry, _ = counting()
    flow = """
flow: waiting
steps:
  - parallel:
      - Count: {id: one, n: 1}
      - for_each: [1]
        id: each
        do: [{Count: {id: two, n: 2}}]
"""
    stood = Stood()
    began = perf_counter()
    async with Debugged(flow, ["one"], registry) as run:
        await stood.at(await run.stop())
        await run.ended()
    left = (perf_counter() - began - stood.seconds) * 1000
    assert all(took <= left for took in milliseconds(run).values())


async def test_a_condition_on_the_time_of_a_block_does_not_see_the_stops_inside() -> None:
    registry, _ = counting()
    points = [Breakpoint("each/inner"), Breakpoint("each", "after", condition=f"duration_ms > {A_WHILE * 1000}")]
    async with Debugged(FLOW, points, registry) as run:
        for _ in range(2):
            await Stood().at(await run.stop())
        await run.ended()


async def test_a_step_that_fails_after_a_stop_tells_its_own_time() -> None:
    registry, _ = counting()
    flow = "flow: failing\nsteps: [{Fail: {id: it}}]"
    stood = Stood()
    began = perf_counter()
    async with Debugged(flow, [Breakpoint("it", "error")], registry) as run:
        await stood.at(await run.stop())
        result = await run.ended()
    left = (perf_counter() - began - stood.seconds) * 1000
    assert result.status == "failed"
    assert set(milliseconds(run)) == {"it", "failing"}
    assert all(took <= left for took in milliseconds(run).values())


async def test_statements_of_a_transaction_are_not_late_for_standing_before_them(tmp_path: Path) -> None:
    flow = f"""
flow: shop
connections: {{db: {{type: sqlite, database: '{tmp_path}/shop.db'}}}}
steps:
  - sqlite_transaction:
      id: pay
      queries:
        - {{query: CREATE TABLE paid (amount int)}}
        - {{query: INSERT INTO paid VALUES (1)}}
"""
    stood = Stood()
    began = perf_counter()
    async with Debugged(flow, [Breakpoint("pay", "statement", statement="INSERT")]) as run:
        await stood.at(await run.stop())
        await run.ended()
    left = (perf_counter() - began - stood.seconds) * 1000
    assert all(event["ms"] <= left for event in run.told("statement"))
    assert all(took <= left for took in milliseconds(run).values())


async def test_a_run_that_stood_is_no_slower_in_a_comparison(tmp_path: Path) -> None:
    registry, _ = counting()
    journal = Journal(tmp_path)
    recorders, left = [journal.recorder(), journal.recorder()], []
    for recorder, points in zip(recorders, ([], ["each/inner"]), strict=True):
        stood = Stood()
        began = perf_counter()
        async with Debugged(FLOW, points, registry, recorder=recorder) as run:
            for _ in points * 2:
                await stood.at(await run.stop())
            await run.ended()
        left.append((perf_counter() - began - stood.seconds) * 1000)
    before, after = (journal.run(str(recorder.run_id)) for recorder in recorders)
    assert compare(before, after, min_ms=max(left)).timings == []
    assert after.summary.duration_ms <= left[1]
    journal.close()
