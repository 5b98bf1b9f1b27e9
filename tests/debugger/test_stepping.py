"""From one stop to the next: over, into and out of what steps have inside, and to a place."""

from __future__ import annotations

import pytest

from flowlang.debugger import Breakpoint, DebuggerError

from .debugging import Debugged, counting

NESTED = """
flow: nested
steps:
  - Count: {id: first, n: 1}
  - for_each: [10, 20]
    id: each
    as: number
    do:
      - Count: {id: one, n: '${number}'}
      - if: ${number == 20}
        id: choice
        then: [{Count: {id: two, n: '${one.n + 1}'}}]
  - parallel:
      - Count: {id: left, n: 2}
      - Count: {id: right, n: 3}
    id: both
  - Count: {id: last, n: 4}
outputs: {last: '${last.n}'}
"""


async def test_pause_stops_at_the_next_step() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, registry=registry, paused=True) as run:
        stop = await run.stop()
        assert (stop.path, stop.reason) == ("first", "pause")
        stop.resume()
        assert (await run.ended()).success


async def test_stepping_over_runs_what_is_inside() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, ["first"], registry) as run:
        stop = await run.stop()
        seen = [stop.path]
        while stop.path != "last":
            stop = await run.over(stop)
            seen.append(stop.path)
            assert stop.reason == "step"
        assert seen == ["first", "each", "both", "last"]


async def test_stepping_into_goes_everywhere_in_turn() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, ["first"], registry) as run:
        stop = await run.stop()
        seen = [stop.path]
        while stop.path != "both":
            stop = await run.into(stop)
            seen.append(stop.path)
    iterations = ["each[0]/one", "each[0]/choice", "each[1]/one", "each[1]/choice", "each[1]/two"]
    assert seen == ["first", "each", *iterations, "both"]


async def test_stepping_over_at_the_end_of_an_iteration_leads_to_the_next() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, [Breakpoint("choice", hits=1)], registry) as run:
        assert (await run.over(await run.stop())).path == "each[1]/one"


async def test_stepping_out_leads_behind_the_loop() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, [Breakpoint("one", hits=1)], registry) as run:
        assert (await run.out(await run.stop())).path == "both"


async def test_stepping_out_of_a_choice_stays_in_the_loop() -> None:
    registry, _ = counting()
    flow = """
flow: f
steps:
  - for_each: [1, 2]
    id: each
    do:
      - if: ${true}
        id: choice
        then: [{Count: {id: a, n: 1}}, {Count: {id: b, n: 2}}]
      - Count: {id: c, n: 3}
"""
    async with Debugged(flow, [Breakpoint("a", hits=1)], registry) as run:
        assert (await run.out(await run.stop())).path == "each[0]/c"


@pytest.mark.parametrize("place", ["two", "each/two", 12])
async def test_run_to_a_step_or_line(place: str | int) -> None:
    registry, _ = counting()
    async with Debugged(NESTED, ["first"], registry) as run:
        stop = await run.stop()
        run.debugger.run_to(place, stop)
        assert (await run.stop()).path == "each[1]/two"


async def test_run_to_nowhere_is_refused() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, ["first"], registry) as run:
        stop = await run.stop()
        with pytest.raises(DebuggerError, match="no step at `nowhere`"):
            run.debugger.run_to("nowhere", stop)
        assert not stop.is_over
