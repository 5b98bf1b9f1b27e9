"""Where a run stops: breakpoints with their conditions and counts, branches, limits and errors."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flowlang import FlowExecutor
from flowlang.connections.base import statement_gate
from flowlang.debugger import Breakpoint, Debugger, DebuggerError, Stop
from flowlang.runtime.interception import Interceptor

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


async def test_a_run_stops_before_a_step_with_a_breakpoint_and_goes_on_when_told() -> None:
    registry, calls = counting()
    async with Debugged(NESTED, ["last"], registry) as run:
        stop = await run.stop()
        assert (stop.path, stop.when, stop.reason, stop.line) == ("last", "before", "breakpoint", 17)
        assert stop.inputs == {"n": 4}
        assert 4 not in calls
        assert run.debugger.stops == (stop,)
        stop.resume()
        result = await run.ended()
    assert result["last"] == 4
    assert stop.is_over
    assert run.debugger.stops == ()
    assert run.resumed == [stop]


async def test_a_breakpoint_in_a_loop_stops_in_each_iteration() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, ["each/one"], registry) as run:
        for path in ("each[0]/one", "each[1]/one"):
            stop = await run.stop()
            assert stop.path == path
            stop.resume()
        assert (await run.ended()).success


@pytest.mark.parametrize(
    ("point", "stops"),
    [
        (Breakpoint("one", condition="number == 20"), ["each[1]/one"]),
        (Breakpoint("one", condition="loop.last and first.n == 1"), ["each[1]/one"]),
        (Breakpoint("one", "after", condition="${result.n} > 15"), ["each[1]/one"]),
        (Breakpoint("one", "after", condition="one.n > 15 and attempts == 1"), ["each[1]/one"]),
        (Breakpoint("one", "after", condition="duration_ms > 60000"), []),
        (Breakpoint("one", hits=2), ["each[1]/one"]),
        (Breakpoint("one", hits="every 1"), ["each[0]/one", "each[1]/one"]),
        (Breakpoint("one", hits=">= 2"), ["each[1]/one"]),
        (Breakpoint("*", hits=3), ["each[0]/one"]),
        (Breakpoint("one", enabled=False), []),
        (Breakpoint("other/one"), []),
        (Breakpoint("one", flow="another"), []),
        (Breakpoint("two"), ["each[1]/two"]),
        (Breakpoint("choice"), ["each[0]/choice", "each[1]/choice"]),
        (Breakpoint("*", condition="inputs == null"), []),
    ],
)
async def test_a_breakpoint_stops_where_it_says(point: Breakpoint, stops: list[str]) -> None:
    registry, _ = counting()
    async with Debugged(NESTED, [point], registry) as run:
        for path in stops:
            stop = await run.stop()
            assert stop.path == path
            assert stop.breakpoint == point
            stop.resume()
        assert (await run.ended()).success


async def test_only_steps_whose_condition_holds_are_counted() -> None:
    registry, _ = counting()
    flow = """
flow: f
steps:
  - Count: {id: limit, n: 3}
  - for_each: ${range(12)}
    id: each
    as: number
    do: [{Count: {id: one, n: '${number}'}}]
"""
    point = Breakpoint("each/one", condition="number % 2 and loop.index > limit.n and attempts == 1", hits="every 2")
    async with Debugged(flow, [point], registry) as run:
        stops = [await run.stop()]
        stops[0].resume()
        stops.append(await run.stop())
        stops[1].resume()
        await run.ended()
    assert [stop.path for stop in stops] == ["each[7]/one", "each[11]/one"]


async def test_two_conditions_at_a_step_are_both_looked_at() -> None:
    registry, _ = counting()
    points = [Breakpoint("each/one", condition="number == 99"), Breakpoint("each/one", condition="number == 20")]
    async with Debugged(NESTED, points, registry) as run:
        assert (await run.stop()).path == "each[1]/one"
        await run.to_end()


async def test_a_condition_reads_the_rows_of_a_result() -> None:
    registry, _ = counting()
    flow = "flow: f\nsteps:\n  - for_each: [1, 5]\n    as: n\n    do: [{Rows: {id: find, n: '${n}'}}]"
    point = Breakpoint("find", "after", condition="rows|length > 3")
    async with Debugged(flow, [point], registry) as run:
        stop = await run.stop()
        assert stop.result == {"rows": [{"number": number} for number in range(5)]}
        assert await stop.evaluate("rows[4].number") == 4


async def test_a_condition_that_fails_stops_and_says_why() -> None:
    registry, _ = counting()
    point = Breakpoint("last", condition="first.n.missing > 1")
    async with Debugged(NESTED, [point], registry) as run:
        stop = await run.stop()
        assert "missing" in str(stop.problem)


async def test_a_log_point_logs_and_does_not_stop() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, [Breakpoint("one", "after", log="${number} became ${result.n}")], registry) as run:
        assert (await run.ended()).success
    assert [event["message"] for event in run.told("log")] == ["10 became 10", "20 became 20"]
    assert run.seen == []


async def test_a_step_whose_condition_does_not_hold_is_no_place_to_stop() -> None:
    registry, _ = counting()
    flow = "flow: f\nsteps:\n  - Count: {id: a, n: 1, if: false}\n  - Count: {id: b, n: 2}"
    async with Debugged(flow, ["a", "b"], registry) as run:
        assert (await run.stop()).path == "b"


async def test_stepping_stays_in_its_branch_while_the_others_wait_at_their_next_step() -> None:
    registry, _calls = counting()
    flow = """
flow: f
steps:
  - parallel:
      - if: ${true}
        id: left
        then: [{Count: {id: l1, n: 1}}, {Count: {id: l2, n: 2}}, {Count: {id: l3, n: 3}}]
      - if: ${true}
        id: right
        then: [{Count: {id: r1, n: 11}}, {Count: {id: r2, n: 12}}, {Count: {id: r3, n: 13}}]
    id: both
  - Count: {id: last, n: 4}
"""
    async with Debugged(flow, ["l1"], registry) as run:
        stop = await run.stop()
        seen = [stop.path]
        for _ in range(3):
            stop = await run.over(stop)
            seen.append(stop.path)
        assert seen == ["l1", "l2", "l3", "last"]


async def test_one_branch_stands_and_the_others_wait() -> None:
    registry, calls = counting()
    flow = "flow: f\nsteps:\n  - parallel:\n" + "".join(
        f"      - if: true\n        id: branch{n}\n"
        f"        then: [{{Pass: {{id: pass{n}}}}}, {{Count: {{id: count{n}, n: {n}}}}}]\n"
        for n in range(50)
    )
    async with Debugged(flow, ["count7"], registry) as run:
        stop = await run.stop()
        before = len(calls)
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(calls) == before
        assert 7 not in calls
        stop.resume()
        assert (await run.ended()).success
    assert sorted(calls) == list(range(50))


async def test_one_branch_stands_and_the_others_go_on() -> None:
    registry, calls = counting()
    flow = "flow: f\nsteps:\n  - parallel:\n" + "".join(f"      - Count: {{id: c{n}, n: {n}}}\n" for n in range(50))
    async with Debugged(flow, ["c7", "c9"], registry, others="go on") as run:
        stops = {(await run.stop()).path, (await run.stop()).path}
        assert stops == {"c7", "c9"}
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(calls) == 48
        assert not {7, 9} & set(calls)
        for stop in run.debugger.stops:
            stop.resume()
        assert (await run.ended()).success


async def test_stepping_into_branches_stops_in_one_of_them_only() -> None:
    registry, _ = counting()
    flow = "flow: f\nsteps:\n  - id: all\n    parallel:\n" + "".join(
        f"      - Count: {{id: c{n}, n: {n}}}\n" for n in range(5)
    )
    async with Debugged(flow, ["all"], registry, others="go on") as run:
        stop = await run.into(await run.stop())
        assert stop.path == "c0"
        stop.resume()
        assert (await run.ended()).success
    assert len(run.seen) == 2


async def test_stops_of_branches_that_wait_come_one_after_the_other() -> None:
    registry, _ = counting()
    flow = "flow: f\nsteps:\n  - parallel:\n" + "".join(f"      - Count: {{id: c{n}, n: {n}}}\n" for n in range(5))
    async with Debugged(flow, [f"c{n}" for n in range(5)], registry) as run:
        seen = []
        for _ in range(5):
            stop = await run.stop()
            assert run.debugger.stops == (stop,)
            seen.append(stop.path)
            stop.resume()
        assert sorted(seen) == [f"c{n}" for n in range(5)]
        assert (await run.ended()).success


async def test_ten_thousand_iterations_with_a_condition_stop_once() -> None:
    registry, calls = counting()
    flow = "flow: f\nsteps:\n  - for_each: ${range(10000)}\n    as: n\n    do: [{Count: {id: c, n: '${n}'}}]"
    async with Debugged(flow, [Breakpoint("c", condition="n == 9000")], registry) as run:
        stop = await run.stop()
        assert len(calls) == 9000
        assert await stop.evaluate("n + loop.index") == 18000
        stop.resume()
        assert (await run.ended()).success
    assert len(calls) == 10000


async def test_the_time_limit_of_a_step_that_stands_stands_still() -> None:
    registry, _ = counting()
    flow = """
flow: f
timeout: 50ms
steps:
  - if: ${true}
    id: block
    timeout: 30ms
    then: [{Pass: {id: a, value: 1, timeout: 20ms}}]
"""
    async with Debugged(flow, ["a"], registry) as run:
        stop = await run.stop()
        await asyncio.sleep(0.1)
        stop.resume()
        assert (await run.ended()).success


async def test_an_error_stops_at_each_attempt_and_shows_it() -> None:
    registry, _calls = counting()
    flow = "flow: f\nsteps: [{Fail: {id: a, until: 3, retry: {max_attempts: 5, delay: 0}}}]\noutputs: {a: '${a}'}"
    async with Debugged(flow, [Breakpoint("*", "error")], registry) as run:
        for attempt in (1, 2):
            stop = await run.stop()
            assert (stop.attempt, stop.when, stop.reason) == (attempt, "error", "error")
            assert stop.error is not None
            assert stop.error["message"] == f"no {attempt}"
            assert await stop.evaluate("${error.message} ${attempts}") == f"no {attempt} {attempt}"
            stop.resume()
        result = await run.ended()
    assert result["a"] == "at last"


async def test_an_error_inside_blocks_stops_once() -> None:
    registry, _ = counting()
    flow = "flow: f\nsteps:\n  - for_each: [1]\n    id: e\n    do: [{if: true, id: i, then: [{Fail: {id: a}}]}]"
    async with Debugged(flow, [Breakpoint("*", "error")], registry) as run:
        stop = await run.stop()
        assert stop.path == "e[0]/a"
        stop.resume()
        assert not (await run.ended()).success
    assert len(run.seen) == 1


async def test_subflows_are_stepped_into_over_and_out_of(tmp_path: Path) -> None:
    registry, _ = counting()
    (tmp_path / "inner.yaml").write_text(
        "flow: inner\ninputs: [{name: x}]\n"
        "steps:\n  - Count: {id: a, n: '${inputs.x}'}\n  - Count: {id: b, n: 2}\noutputs: {sum: '${a.n + b.n}'}\n"
    )
    (tmp_path / "outer.yaml").write_text(
        "flow: outer\nsteps:\n  - subflow: inner\n    id: call\n    inputs: {x: 40}\n"
        "  - Count: {id: after, n: '${call.sum}'}\n"
    )
    async with Debugged(tmp_path / "outer.yaml", ["call"], registry, folder=tmp_path) as run:
        stop = await run.into(await run.stop())
        assert (stop.path, stop.flow, stop.inputs) == ("call/a", "inner", {"n": 40})
        assert [(one.step_id, one.flow, one.call) for one in stop.stack] == [("a", "inner", 0), ("call", "outer", 1)]
        assert await stop.evaluate("inputs.x") == 40
        assert stop.scope(calls=1).values["inputs"] == {}
        stop = await run.out(stop)
        assert (stop.path, stop.inputs) == ("after", {"n": 42})
    async with Debugged(tmp_path / "outer.yaml", [Breakpoint("b", flow="inner.yaml")], registry) as run:
        assert (await run.stop()).path == "call/b"


async def test_a_debugger_serves_one_run() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, ["first"], registry) as run:
        await run.stop()
        with pytest.raises(DebuggerError, match="one run"):
            run.debugger.attach(None, None, None)  # type: ignore[arg-type]


async def test_breakpoints_may_change_while_the_run_stands() -> None:
    registry, _ = counting()
    async with Debugged(NESTED, ["first"], registry) as run:
        stop = await run.stop()
        run.debugger.set_breakpoints([Breakpoint("right")])
        stop.resume()
        assert (await run.stop()).path == "right"


async def test_a_listener_that_fails_does_not_leave_the_run_standing() -> None:
    registry, _ = counting()

    def fail(stop: Stop) -> None:
        raise ValueError

    async with Debugged(NESTED, ["first"], registry) as run:
        run.debugger.standing.on_stop = fail
        assert (await run.ended()).success


def test_a_debugger_is_an_interceptor() -> None:
    assert isinstance(Debugger(), Interceptor)


async def test_limits_around_branches_that_stand_at_once_stand_still_until_the_last_goes_on() -> None:
    registry, _ = counting()
    flow = """
flow: f
timeout: 80ms
steps:
  - parallel: [{Pass: {id: left}}, {Pass: {id: right}}]
    id: both
    timeout: 80ms
"""
    async with Debugged(flow, ["left", "right"], registry, others="go on") as run:
        for stop in [await run.stop(), await run.stop()]:
            await asyncio.sleep(0.1)
            stop.resume()
        assert (await run.ended()).success


async def test_nobody_stands_before_the_statements_of_a_run_without_a_debugger() -> None:
    registry, _ = counting()
    gates = []

    @registry.register("Ask")
    async def ask(connection: Any) -> None:
        gates.append(statement_gate.get())

    flow = """
flow: f
connections: {db: {type: sqlite, database: ':memory:'}}
steps: [{Ask: {id: ask, connection: db}}]
"""
    executor = FlowExecutor(registry)
    assert (await executor.execute_flow(flow)).success
    await executor.close()
    assert gates == [None]
