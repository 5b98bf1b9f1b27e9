"""Editing the flow while a run stands, and going on with the new text."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.debugger import Breakpoint, DebuggerError
from flowlang.journal import Journal

from .debugging import Debugged, counting

FLOW = """
flow: f
inputs: [{name: k, type: integer, default: 1}]
steps:
  - Count: {id: a, n: 1}
  - Count: {id: b, n: 2}
  - for_each: [1, 2, 3]
    id: each
    as: n
    do:
      - Count: {id: c, n: '${n * 10}'}
      - Count: {id: d, n: '${c.n + 1}'}
  - Count: {id: e, n: 5}
outputs: {all: '${[a.n, b.n, d.n, e.n]}'}
"""


async def test_the_step_at_which_the_run_stands_runs_with_its_new_text() -> None:
    registry, calls = counting()
    async with Debugged(FLOW, ["b"], registry) as run:
        stop = await run.stop()
        redone = await stop.redo_with(FLOW.replace("n: 2}", "n: '${a.n + 41}'}"))
        assert (redone.taken, dict(redone.left), redone.problems) == (("b",), {}, ())
        result = await run.ended()
    assert result["all"] == [1, 42, 31, 5]
    assert calls[:2] == [1, 42]
    assert [event["change"] for event in run.told("intervention")] == ["edit"]


async def test_steps_after_it_are_taken_from_the_new_text_too() -> None:
    registry, _ = counting()
    text = FLOW.replace("n: 5}", "n: 50}").replace("n * 10", "n * 100").replace("n: 1}", "n: 7}")
    async with Debugged(FLOW, ["b"], registry) as run:
        redone = await (await run.stop()).redo_with(text)
        assert set(redone.taken) == {"b", "each", "e"}
        assert dict(redone.left) == {"a": "it has run already; the change counts in the next run"}
        result = await run.ended()
    assert result["all"] == [1, 2, 301, 50]


async def test_steps_may_be_added_and_removed_among_those_that_come() -> None:
    registry, calls = counting()
    text = FLOW.replace("  - Count: {id: e, n: 5}\n", "  - Count: {id: x, n: 8}\n  - Count: {id: e, n: '${x.n}'}\n")
    text = text.replace("      - Count: {id: d, n: '${c.n + 1}'}\n", "").replace("d.n, ", "")
    text = text.replace("outputs:", "  - Count: {id: y, n: 9}\noutputs:")
    async with Debugged(FLOW, ["b"], registry) as run:
        redone = await (await run.stop()).redo_with(text)
        assert set(redone.taken) == {"b", "each", "x", "e", "y"}
        assert set(redone.left) == {"outputs"}
        result = await run.ended()
    assert result.success
    assert calls == [1, 2, 10, 20, 30, 8, 8, 9]


async def test_inside_a_loop_the_new_text_counts_from_this_step_on_and_in_later_iterations() -> None:
    registry, calls = counting()
    async with Debugged(FLOW, [Breakpoint("d", hits=2)], registry) as run:
        stop = await run.stop()
        assert stop.path == "each[1]/d"
        text = FLOW.replace("c.n + 1", "x.n + 2").replace("n * 10", "n * 1000").replace("[1, 2, 3]", "[7, 8, 9]")
        text = text.replace("      - Count: {id: d,", "      - Count: {id: x, n: '${c.n}'}\n      - Count: {id: d,")
        redone = await stop.redo_with(text)
        assert set(redone.taken) == {"c", "d", "x"}
        assert dict(redone.left) == {"each": "it had begun; the change counts in the next run"}
        result = await run.ended()
    assert calls == [1, 2, 10, 11, 20, 20, 22, 3000, 3000, 3002, 5]
    assert result["all"] == [1, 2, 3002, 5]


async def test_a_step_is_redone_after_it_failed() -> None:
    registry, _ = counting()
    flow = "flow: f\nsteps:\n  - Fail: {id: a}\n  - Count: {id: b, n: 2}\noutputs: {a: '${a.n}', b: '${b.n}'}"
    async with Debugged(flow, [Breakpoint("a", "error")], registry) as run:
        stop = await run.stop()
        redone = await stop.redo_with(flow.replace("Fail: {id: a}", "Count: {id: a, n: 4}"))
        assert redone.plan is not None
        result = await run.ended()
    assert dict(result) == {"a": 4, "b": 2}


async def test_a_step_is_edited_twice() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, [Breakpoint("b", "after"), "e"], registry) as run:
        await (await run.stop()).redo_with(FLOW.replace("n: 2}", "n: 20}"))
        stop = await run.stop()
        assert (stop.path, stop.when, stop.result) == ("b", "after", {"n": 20})
        await stop.redo_with(FLOW.replace("n: 2}", "n: 200}").replace("n: 5}", "n: 500}"))
        stop = await run.stop()
        assert stop.result == {"n": 200}
        stop.resume()
        stop = await run.stop()
        assert (stop.path, stop.inputs) == ("e", {"n": 500})
        await stop.redo_with(FLOW.replace("n: 5}", "n: 5000}"))
        result = await run.ended()
    assert result["all"] == [1, 200, 31, 5000]


async def test_a_text_with_problems_changes_nothing() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["b"], registry) as run:
        stop = await run.stop()
        redone = await stop.redo_with(FLOW.replace("${n * 10}", "${nothing}"))
        assert [problem.code for problem in redone.problems] == ["unknown-name"]
        assert not stop.is_over
        with pytest.raises(DebuggerError, match="no step `b`"):
            await stop.redo_with(FLOW.replace("id: b", "id: bb").replace("b.n", "bb.n"))
        assert not stop.is_over
        stop.resume()
        assert (await run.ended())["all"] == [1, 2, 31, 5]


async def test_a_connection_that_the_run_did_not_open_is_refused() -> None:
    registry, _ = counting()
    text = FLOW.replace("inputs:", "connections: {db: {type: sqlite, database: ':memory:'}}\ninputs:")
    text = text.replace("Count: {id: e, n: 5}", "sqlite_query: {id: e, query: SELECT 1 AS n}").replace("e.n", "e.rows")
    async with Debugged(FLOW, ["b"], registry) as run:
        with pytest.raises(DebuggerError, match="connection `db`"):
            await (await run.stop()).redo_with(text)


async def test_a_subflow_is_edited_where_the_run_stands_in_it(tmp_path: Path) -> None:
    registry, _ = counting()
    inner = "flow: inner\nsteps:\n  - Count: {id: a, n: 1}\n  - Count: {id: b, n: 2}\noutputs: {sum: '${a.n + b.n}'}\n"
    (tmp_path / "inner.yaml").write_text(inner)
    (tmp_path / "outer.yaml").write_text(
        "flow: outer\nsteps: [{subflow: inner, id: call}]\noutputs: {sum: '${call.sum}'}\n"
    )
    async with Debugged(tmp_path / "outer.yaml", [Breakpoint("a", flow="inner.yaml")], registry) as run:
        stop = await run.stop()
        redone = await stop.redo_with(inner.replace("n: 1", "n: 10").replace("n: 2", "n: 20"))
        assert set(redone.taken) == {"a", "b"}
        assert (await run.ended())["sum"] == 30


async def test_a_step_that_was_redone_on_another_line_is_one_step_in_the_journal(tmp_path: Path) -> None:
    registry, _ = counting()
    journal = Journal(tmp_path)
    recorder = journal.recorder()
    async with Debugged(FLOW, [Breakpoint("b", "after", hits=1)], registry, recorder=recorder) as run:
        stop = await run.stop()
        await stop.redo_with(FLOW.replace("  - Count: {id: b, n: 2}", "  # why\n  - Count: {id: b, n: 22}"))
        assert (await run.ended())["all"] == [1, 22, 31, 5]
    recorded = journal.run(str(recorder.run_id))
    assert [(step.status, step.outputs) for step in recorded.steps() if step.path == "b"] == [("succeeded", {"n": 22})]
    assert recorded.summary.steps == len(recorded.steps())
    journal.close()
