"""Stop, edit, resume, cancel, quit in every order: no run stands for ever, no connection is left behind."""

from __future__ import annotations

import asyncio
import os
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from flowlang import FlowExecutor, TaskRegistry
from flowlang.connections.base import Statement, statement_sink
from flowlang.connections.pools import process_pools
from flowlang.debugger import Breakpoint, DebuggerError, Stop
from flowlang.debugger.breakpoints import When

from .debugging import Debugged

#: Whether to take the time for every order of all actions.
LONG = "FLOWLANG_TEST_LONG" in os.environ

ACTIONS = ("step", "edit", "query", "resume", "cancel", "quit")

FLOW = """
flow: f
connections: {{db: {{type: sqlite, database: '{folder}/db.sqlite'}}}}
steps:
  - parallel:
      - sqlite_transaction:
          id: left
          queries: [UPDATE t SET n = n + 1, UPDATE t SET n = n + 1]
      - for_each: [1, 2]
        id: right
        do: [{{sqlite_query: {{id: look, query: SELECT n FROM t}}}}]
    id: both
  - sqlite_execute: {{id: last, query: UPDATE t SET n = n + 10}}
finally:
  - sqlite_query: {{id: close, query: SELECT n FROM t}}
"""


async def act(run: Debugged, action: str, flow: str) -> None:
    """Do something to every stop there is; that it is over already is no harm."""
    for stop in run.debugger.stops:
        try:
            await done(run, stop, action, flow)
        except DebuggerError:
            continue
    if action == "cancel":
        run.debugger.cancel("enough")
    elif action == "quit":
        run.debugger.let_go()


async def done(run: Debugged, stop: Stop, action: str, flow: str) -> None:
    if action == "step":
        run.debugger.step_into(stop)
    elif action == "edit":
        await stop.redo_with(flow.replace("n + 10", "n + 100"))
    elif action == "query":
        await stop.query("SELECT n FROM t")
    elif action == "resume":
        stop.resume()


@pytest.mark.parametrize("place", ["left", "look", "last", "close"])
async def test_every_order_comes_to_an_end(place: str, tmp_path: Path) -> None:
    flow = FLOW.format(folder=tmp_path)
    make = flow.split("steps:")[0] + (
        "steps: [{sqlite_transaction: {queries: [CREATE TABLE t (n integer), INSERT INTO t VALUES (0)]}}]"
    )
    executor = FlowExecutor(env={})
    (await executor.execute_flow(make)).raise_for_error()
    for number, order in enumerate(permutations(ACTIONS, len(ACTIONS) if LONG else 2)):
        async with Debugged(flow, [place], others="go on" if number % 3 else "wait") as run:
            stop = await run.stop()
            if place == "left" and number % 2:
                stop = await run.into(stop)
            for action in order:
                await act(run, action, flow)
                for _ in range(number % 4):
                    await asyncio.sleep(0)
        assert run.result.success or "cancel" in order, (order, run.result.error)
        assert run.debugger.stops == ()
        assert all(stop.is_over for stop in run.seen)
        assert len(run.resumed) == len(run.seen)
    await executor.close()
    assert process_pools.count() == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_run_that_is_cancelled_from_outside_while_it_stands_leaves_nothing(tmp_path: Path) -> None:
    flow = "flow: f\nsteps: [{exit: {}, id: a}]"
    async with Debugged(flow, ["a"]) as run:
        stop = await run.stop()
        run.running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run.running
        assert stop.is_over
        assert run.debugger.stops == ()
        run.running = asyncio.ensure_future(asyncio.sleep(0))  # type: ignore[assignment]


async def test_a_run_that_is_being_cancelled_stops_nowhere_any_more() -> None:
    registry = TaskRegistry()
    began = asyncio.Event()

    @registry.register("Stubborn")
    async def stubborn() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ValueError("not now") from None

    async with Debugged("flow: f\nsteps: [{task: Stubborn}]", [Breakpoint("*", "error")], registry) as run:
        await began.wait()
        run.debugger.cancel("enough")
        assert (await run.ended()).status == "cancelled"


async def test_letting_go_of_a_run_before_it_begins_is_no_harm() -> None:
    async with Debugged("flow: f\nsteps: [{exit: {}, id: a}]", ["a"], paused=True) as run:
        run.debugger.let_go()
        assert (await run.ended()).success
        run.debugger.pause()
        run.debugger.cancel()
        run.debugger.resume()


@pytest.mark.parametrize("when", ["after", "error"])
@pytest.mark.parametrize("how", ["quit", "breakpoints taken away"])
async def test_who_waits_with_its_attempt_done_stops_no_more_once_nobody_wants_it(when: When, how: str) -> None:
    registry, both_run = TaskRegistry(), asyncio.Barrier(2)

    @registry.register("Work")
    async def work() -> None:
        await both_run.wait()
        if when == "error":
            raise ValueError("no")

    flow = "flow: f\nsteps:\n  - id: both\n    parallel:\n" + "".join(
        f"      - Work: {{id: {name}, continue_on_error: true}}\n" for name in ("left", "right")
    )
    async with Debugged(flow, [Breakpoint("left", when), Breakpoint("right", when)], registry) as run:
        stop = await run.stop()
        await asyncio.sleep(0)  # the other attempt is over too, and waits
        if how == "quit":
            run.debugger.let_go()
        else:
            run.debugger.set_breakpoints([])
            stop.resume()
        assert (await run.ended()).success


async def test_a_statement_that_was_sent_stops_no_more_once_nobody_wants_it(tmp_path: Path) -> None:
    registry, sent, go_on = TaskRegistry(), asyncio.Event(), asyncio.Event()

    @registry.register("Send")
    async def send(connection: Any) -> None:
        hear = statement_sink.get()  # a plugin that announces nothing tells of what it sent
        assert hear is not None
        hear(Statement("SELECT 1"))
        sent.set()
        await go_on.wait()

    flow = f"""
flow: f
connections: {{db: {{type: sqlite, database: '{tmp_path}/db.sqlite'}}}}
steps: [{{Send: {{id: send, connection: db}}}}]
"""
    async with Debugged(flow, [Breakpoint("send", "statement")], registry) as run:
        await sent.wait()
        run.debugger.let_go()
        go_on.set()
        assert (await run.ended()).success
