"""Asking the database on the session of a step that stands: nothing that is asked harms the step's own work."""

from __future__ import annotations

import asyncio

import pytest

from flowlang.connections.base import TransactionLost
from flowlang.debugger import Breakpoint, DebuggerError
from flowlang.errors import FlowExecutionError

from .debugging import Debugged, counting
from .shops import SLOW, Shop, to_second_statement

FROM_ONE = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
#: What takes a minute, and writes.
SLOW_WRITE = {
    "sqlite_query": f"UPDATE stock SET n = ({FROM_ONE})",
    "pg_query": "UPDATE stock SET n = (SELECT 7 FROM pg_sleep(60))",
    "mysql_query": "UPDATE stock SET n = 7 WHERE sleep(60) = 0",
}

#: Three megabytes.
LARGE = {
    "sqlite_query": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000) "
    "SELECT printf('%01000d', x) AS t FROM c",
    "pg_query": "SELECT repeat('x', 1000) AS t FROM generate_series(1, 3000)",
    "mysql_query": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 900) "
    "SELECT repeat('x', 3000) AS t FROM c",
}

INSIDE = [{"n": 9}, {"n": 20}, {"n": 30}]
LOOK = "SELECT n FROM stock ORDER BY id"


async def test_a_question_that_takes_too_long_is_ended_and_the_transaction_goes_on(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"], query_seconds=0.3) as run:
        stop = await to_second_statement(run)
        with pytest.raises(DebuggerError, match=r"ended after 0\.3 s"):
            await stop.query(SLOW[shop.query])
        assert (await stop.query(LOOK)).rows == INSIDE
        stop.resume()
        assert (await run.ended()).success
    assert await shop.stock() == [9, 21, 31]


async def test_a_question_that_is_cancelled_leaves_the_transaction_as_it_was(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        for _ in range(3):
            asked = asyncio.ensure_future(stop.query(SLOW[shop.query]))
            await asyncio.sleep(0.1)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert (await stop.query(LOOK)).rows == INSIDE
        stop.resume()
        assert (await run.ended()).success
    assert await shop.stock() == [9, 21, 31]


async def test_a_writing_question_that_is_ended_undoes_itself_or_says_that_it_took_all_with_it(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"], query_seconds=0.3) as run:
        stop = await to_second_statement(run)
        if shop.query == "sqlite_query":
            # SQLite undoes the whole transaction of a write that is interrupted
            with pytest.raises(TransactionLost, match="undid the whole transaction"):
                await stop.query(SLOW_WRITE[shop.query])
            result = await run.ended()
            assert (result.error_type, "undid the whole" in str(result.error)) == ("RolledBackError", True)
        else:
            with pytest.raises(DebuggerError, match="ended after"):
                await stop.query(SLOW_WRITE[shop.query])
            assert (await stop.query(LOOK)).rows == INSIDE
            stop.resume()
            assert (await run.ended()).success
    assert await shop.stock() == ([10, 20, 30] if shop.query == "sqlite_query" else [9, 21, 31])


async def test_the_guard_rolls_back_while_a_question_runs(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"], guard_seconds=0.5) as run:
        stop = await to_second_statement(run)
        asked = asyncio.ensure_future(stop.query(SLOW[shop.query]))
        result = await run.ended()
        with pytest.raises(DebuggerError, match="ended meanwhile"):
            await asked
    assert "held open in the debugger for 0.5 s" in str(result.error)
    assert await shop.stock() == [10, 20, 30]


async def test_questions_at_once_are_asked_one_after_the_other(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        answers = await asyncio.gather(
            *(stop.query("SELECT n FROM stock WHERE id = 1") for _ in range(3)),
            stop.query("SELECT * FROM nowhere"),
            stop.query("UPDATE stock SET n = n + 5 WHERE id = 1"),
            return_exceptions=True,
        )
        assert [answer.rows for answer in answers[:3]] == [[{"n": 9}]] * 3  # type: ignore[union-attr]
        assert isinstance(answers[3], FlowExecutionError)
        stop.resume()
        assert (await run.ended()).success
    assert await shop.stock() == [14, 21, 31]


async def test_a_transaction_that_is_called_is_a_part_of_the_open_one(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        more = "UPDATE stock SET n = 0 WHERE id = 3"
        await stop.query(f"{shop.transaction}: {{queries: [{more}]}}")
        with pytest.raises(FlowExecutionError, match="nowhere"):
            await stop.query(f"{shop.transaction}: {{queries: [UPDATE stock SET n = 0, SELECT * FROM nowhere]}}")
        assert (await stop.query(LOOK)).rows == [{"n": 9}, {"n": 20}, {"n": 0}]
        stop.roll_back()
        assert (await run.ended()).error is not None
    assert await shop.stock() == [10, 20, 30]


@pytest.mark.parametrize("text", ["commit", "/* x */ rollback", "BEGIN", "{execute}: {{query: commit}}"])
async def test_what_would_end_the_transaction_is_refused(shop: Shop, text: str) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        with pytest.raises(FlowExecutionError, match="begins and ends the transaction itself"):
            await stop.query(text.format(execute=shop.execute) if "{" in text else text)
        assert (await stop.query(LOOK)).rows == INSIDE


async def test_tables_are_made_inside_the_transaction_or_not_at_all(shop: Shop) -> None:
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        if shop.query == "mysql_query":
            with pytest.raises(FlowExecutionError, match="CREATE, which MySQL can't undo"):
                await stop.query("CREATE TABLE made (n integer)")
        else:
            await stop.query("CREATE TABLE made (n integer)")
        stop.roll_back()
        assert (await run.ended()).error is not None
    assert await shop.stock() == [10, 20, 30]
    with pytest.raises(FlowExecutionError, match="made"):
        await shop._run("SELECT * FROM made", shop.query)


async def test_before_a_single_statement_nothing_is_left_open_and_nothing_broken(shop: Shop) -> None:
    async with Debugged(shop.flow, [Breakpoint("after", "statement")], query_seconds=0.3) as run:
        stop = await run.stop()
        with pytest.raises(DebuggerError, match="ended after"):
            await stop.query(SLOW[shop.query])
        with pytest.raises(FlowExecutionError, match="left it open"):
            await stop.query("BEGIN")
        answer = await stop.query("UPDATE stock SET n = 1000 WHERE id = 3")
        assert (answer.where, answer.affected) == ("on the session of the step", 1)
        stop.resume()
        result = await run.ended()
    assert [row["n"] for row in result["stock"]] == [9, 21, 1000]


async def test_a_step_that_is_exactly_once_is_asked_inside_its_transaction(shop: Shop) -> None:
    flow = shop.flow.replace("      id: move\n", "      id: move\n      exactly_once: true\n").replace(
        "steps:\n",
        f"steps:\n  - {shop.execute}: {{id: first, exactly_once: true, query: 'UPDATE stock SET n = n + 1'}}\n",
    )
    points = [Breakpoint("first", "statement"), Breakpoint("move", "statement", hits=2)]
    async with Debugged(flow, points) as run:
        stop = await run.stop()
        assert stop.path == "first"
        assert stop.deadline is not None
        assert stop.can >= {"roll_back", "query"}
        with pytest.raises(FlowExecutionError, match="nowhere"):
            await stop.query("SELECT * FROM nowhere")
        await stop.query("UPDATE stock SET n = 0 WHERE id = 1")
        stop.resume()
        stop = await run.stop()
        assert stop.path == "move"
        with pytest.raises(FlowExecutionError, match="nowhere"):
            await stop.query("SELECT * FROM nowhere")
        assert (await stop.query(LOOK)).rows == [{"n": 0}, {"n": 21}, {"n": 31}]
        stop.resume()
        assert (await run.ended()).success
    assert await shop.stock() == [0, 22, 32]


async def test_a_row_is_changed_in_a_transaction_in_a_loop_in_a_branch(shop: Shop) -> None:
    registry, calls = counting()
    flow = f"""
flow: branches
{shop.connections}
steps:
  - parallel:
      - for_each: [1, 2, 3]
        id: shelves
        as: shelf
        do:
          - {shop.transaction}:
              id: move
              queries:
                - {{query: 'UPDATE stock SET n = n + 1 WHERE id = {shop.mark(1)}', params: ['${{shelf}}']}}
                - {{query: 'UPDATE stock SET n = n * 2 WHERE id = {shop.mark(1)}', params: ['${{shelf}}']}}
      - for_each: [4, 5]
        id: beside
        as: x
        do: [{{Count: {{id: count, n: '${{x}}'}}}}]
    id: both
"""
    point = Breakpoint("shelves/move", "statement", condition="shelf == 2", statement="n * 2")
    async with Debugged(flow, [point], registry) as run:
        stop = await run.stop()
        assert stop.path == "shelves[1]/move"
        assert [(frame.step_id, frame.index) for frame in stop.stack] == [
            ("move", None),
            ("shelves", 1),
            ("both", None),
        ]
        assert await stop.evaluate("shelf") == 2
        assert (await stop.query("SELECT n FROM stock WHERE id = 2")).rows == [{"n": 21}]
        await stop.query("UPDATE stock SET n = 1000 WHERE id = 2")
        stop.resume()
        assert (await run.ended()).success
    assert await shop.stock() == [22, 2000, 62]
    assert sorted(calls) == [4, 5]


@pytest.mark.parametrize("form", ["{}", '{task}: {{query: "{}"}}'])
async def test_a_result_that_is_too_large_ends_the_question_and_nothing_else(shop: Shop, form: str) -> None:
    shop.connections = shop.connections.replace("}}", ", max_result_mb: 1}}")
    text = form.format(LARGE[shop.query], task=shop.query)
    async with Debugged(shop.flow, ["move"]) as run:
        stop = await to_second_statement(run)
        for _ in range(3):
            with pytest.raises(FlowExecutionError, match="the result is larger than 1 MB"):
                await stop.query(text)
            assert (await stop.query(LOOK)).rows == INSIDE
        stop.resume()
        assert (await run.ended()).success
    assert await shop.stock() == [9, 21, 31]


async def test_the_session_of_a_single_statement_outlives_a_result_that_is_too_large(shop: Shop) -> None:
    shop.connections = shop.connections.replace("}}", ", max_result_mb: 1}}")
    async with Debugged(shop.flow, [Breakpoint("after", "statement")]) as run:
        stop = await run.stop()
        with pytest.raises(FlowExecutionError, match="the result is larger than 1 MB"):
            await stop.query(LARGE[shop.query])
        assert (await stop.query(LOOK)).rows == [{"n": 9}, {"n": 21}, {"n": 31}]
        stop.resume()
        assert (await run.ended()).success
