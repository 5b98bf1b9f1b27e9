"""Stopping between the statements of a transaction, with the view from inside, on real databases."""

from __future__ import annotations

import asyncio

import pytest

from flowlang.debugger import Breakpoint, DebuggerError
from flowlang.errors import FlowExecutionError

from .debugging import Debugged, counting
from .shops import SLOW, Shop, to_second_statement


async def test_the_uncommitted_view_is_seen_from_inside_only(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        answer = await stop.query("SELECT n FROM stock ORDER BY id")
        assert (answer.where, answer.columns) == ("in the open transaction", ["n"])
        assert answer.rows == [{"n": 9}, {"n": 20}, {"n": 30}]
        if "sqlite" not in shop.query:
            assert await shop.stock() == [10, 20, 30]
        stop.resume()
        result = await run.ended()
    assert [row["n"] for row in result["stock"]] == [9, 21, 31]
    assert result["count"] == 3


async def test_a_row_is_changed_inside_and_the_step_goes_on(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        assert (await stop.query("UPDATE stock SET n = 100 WHERE id = 2")).affected == 1
        stop.resume()
        result = await run.ended()
    assert [row["n"] for row in result["stock"]] == [9, 101, 31]
    change = run.told("intervention")[0]
    assert (change["change"], change["what"]) == ("query", "UPDATE stock SET n = 100 WHERE id = 2")


async def test_a_question_that_fails_leaves_the_transaction_as_it_was(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        with pytest.raises(Exception, match="nowhere"):
            await stop.query("SELECT * FROM nowhere")
        with pytest.raises(FlowExecutionError, match="would end the transaction"):
            await stop.query("  commit")
        assert (await stop.query("SELECT n FROM stock WHERE id = 1")).rows == [{"n": 9}]
        stop.resume()
        assert (await run.ended()).success


async def test_rolling_back_undoes_all_and_fails_the_step(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        stop.roll_back()
        result = await run.ended()
    assert result.error is not None
    assert (result.error_type, result.error["step"]) == ("RolledBackError", "move")
    assert "rolled back from the debugger" in str(result.error)
    assert await shop.stock() == [10, 20, 30]


async def test_committing_keeps_what_was_done_so_far(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        stop.commit()
        result = await run.ended()
    assert [row["n"] for row in result["stock"]] == [9, 20, 30]
    assert result["count"] == 1
    assert [event["change"] for event in run.told("intervention")] == ["commit"]


async def test_the_last_stop_is_before_the_commit(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        stop = await run.over(await run.over(stop))
        assert stop.transaction is not None
        assert (stop.transaction["number"], stop.statement) == (4, None)
        assert (await stop.query("SELECT n FROM stock WHERE id = 3")).rows == [{"n": 31}]
        stop = await run.over(stop)
        assert (stop.path, stop.when) == ("after", "before")


async def test_a_breakpoint_stops_at_a_statement_that_matches(shop: Shop) -> None:
    points = [Breakpoint("*", "statement", statement="/set n = n \\+/"), Breakpoint("after", "statement")]
    async with Debugged(shop.flow, points) as run:
        for number in (2, 3):
            stop = await run.stop()
            assert stop.reason == "statement"
            assert stop.transaction is not None
            assert stop.transaction["number"] == number
            stop.resume()
        stop = await run.stop()
        assert (stop.path, stop.when, stop.transaction) == ("after", "statement", None)
        assert stop.statement == "SELECT id, n FROM stock ORDER BY id"
        stop.resume()
        assert (await run.ended()).success


async def test_the_guard_rolls_back_and_says_so(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"], guard_seconds=0.2) as run:
        stop = await run.into(await run.stop())
        assert stop.deadline is not None
        assert stop.deadline > stop.at
        result = await run.ended()
    assert "held open in the debugger for 0.2 s" in str(result.error)
    assert await shop.stock() == [10, 20, 30]
    assert stop.is_over


async def test_a_cancellation_inside_a_transaction_undoes_it(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        run.debugger.cancel("enough")
        assert (await run.ended()).status == "cancelled"
        assert stop.is_over
        with pytest.raises(DebuggerError, match="gone on"):
            await stop.query("SELECT 1")
    assert await shop.stock() == [10, 20, 30]


async def test_the_server_s_own_limit_shortens_the_guard(postgres_database: str) -> None:
    shop = Shop("postgres", "pg", f"url: '{postgres_database}'", lambda number: f"${number}")
    await shop.fill()
    await shop._run("ALTER ROLE CURRENT_USER SET idle_in_transaction_session_timeout = 800")
    try:
        async with Debugged(shop.flow, ["move"]) as run:
            await run.into(await run.stop())
            result = await run.ended()
        assert "the server ends sessions that hold a transaction for 0.8 s" in str(result.error)
    finally:
        await shop._run("ALTER ROLE CURRENT_USER RESET idle_in_transaction_session_timeout")
    assert await shop.stock() == [10, 20, 30]


async def test_outside_a_transaction_a_question_has_a_session_of_its_own(shop: Shop) -> None:
    async with Debugged(shop.flow, ["after"]) as run:
        stop = await run.stop()
        answer = await stop.query("SELECT n FROM stock WHERE id = 1")
        assert (answer.where, answer.rows) == ("on a session of its own", [{"n": 9}])
        answer = await stop.query(f"{shop.query}: {{query: SELECT n FROM stock WHERE id = 2}}")
        assert answer.rows == [{"n": 21}]
        with pytest.raises(DebuggerError, match="no task `nothing`"):
            await stop.query("nothing: {}")


async def test_a_question_under_way_ends_with_the_run(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        asked = asyncio.ensure_future(stop.query(SLOW[shop.query]))
        await asyncio.sleep(0.05)
        await run.token.cancel()
        assert (await run.ended()).status == "cancelled"
        with pytest.raises(DebuggerError, match="ended meanwhile"):
            await asked
    assert await shop.stock() == [10, 20, 30]


async def test_going_on_ends_a_question_that_waits_for_a_session(postgres_database: str) -> None:
    shop = Shop("postgres", "pg", f"url: '{postgres_database}', pool_size: 1", lambda number: f"${number}")
    await shop.fill()
    flow = f"""
flow: one
{shop.connections}
steps:
  - parallel:
      - pg_query: {{id: slow, query: SELECT pg_sleep(0.5)}}
      - pg_query: {{id: quick, query: SELECT 1}}
    id: both
"""
    async with Debugged(flow, ["quick"], others="go on") as run:
        stop = await run.stop()
        asked = asyncio.ensure_future(stop.query("SELECT 1"))
        await asyncio.sleep(0.05)
        stop.resume()
        with pytest.raises(DebuggerError, match="ended meanwhile"):
            await asked
        assert (await run.ended()).success


async def test_a_step_without_a_connection_cannot_be_queried() -> None:
    registry, _ = counting()
    async with Debugged("flow: f\nsteps: [{Count: {id: a, n: 1}}]", ["a"], registry) as run:
        stop = await run.stop()
        assert "query" not in stop.can
        with pytest.raises(DebuggerError, match="has no connection"):
            await stop.query("SELECT 1")
