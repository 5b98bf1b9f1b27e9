"""What is seen at a stop, and what is changed there."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from flowlang.debugger import Breakpoint, DebuggerError, Stop
from flowlang.errors import ExpressionError

from .debugging import Debugged, counting

FLOW = """
flow: f
inputs:
  - {name: k, type: integer, default: 3}
  - {name: token, secret: true, default: hunter22}
steps:
  - Count: {id: a, n: 1}
  - for_each: [10, 20]
    id: each
    as: number
    do:
      - Count: {id: b, n: '${number + inputs.k}'}
  - Rows: {id: find, n: 2}
  - Count: {id: last, n: '${a.n}'}
outputs: {a: '${a.n}', b: '${b.n}', rows: '${find.rows}', last: '${last.n}', k: '${inputs.k}'}
"""


async def test_the_scope_shows_what_can_be_read() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, [Breakpoint("b", "after", hits=2)], registry) as run:
        stop = await run.stop()
        scope = stop.scope()
        assert [(group.kind, group.title) for group in scope.groups] == [
            ("step", "this step"),
            ("arguments", "inputs of this step"),
            ("loop", "number, 2 of 2"),
            ("steps", "steps of iteration 2"),
            ("steps", "steps"),
            ("inputs", "inputs"),
            ("context", "context"),
        ]
        values = scope.values
        assert values["number"] == 20
        assert values["result"] == {"n": 23}
        assert values["a"] == {"n": 1}
        assert values["inputs"] == {"k": 3, "token": "••••"}
        assert [(one.step_id, one.kind, one.index, one.length) for one in stop.stack] == [
            ("b", "task", None, None),
            ("each", "for_each", 1, 2),
        ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("number + a.n", 11),
        ("${number} of ${each.status}", "10 of pending"),
        ("inputs.token", "••••"),
        ("b.n", None),
        ("[loop.number, loop.length]", [1, 2]),
        ("context.flow", "f"),
    ],
)
async def test_expressions_are_evaluated_by_the_engine(text: str, value: Any) -> None:
    registry, _ = counting()
    async with Debugged(FLOW, [Breakpoint("b", hits=1)], registry) as run:
        assert await (await run.stop()).evaluate(text) == value


@pytest.mark.parametrize("text", ["nothing", "a.n +", "a.n.b.c", "1 / 0", ""])
async def test_an_expression_that_is_wrong_says_so_and_changes_nothing(text: str) -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["find"], registry) as run:
        stop = await run.stop()
        with pytest.raises(ExpressionError):
            await stop.evaluate(text)
        assert not stop.is_over


async def test_inputs_are_changed_before_the_step() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["last"], registry) as run:
        stop = await run.stop()
        stop.set_input("n", 77)
        assert stop.inputs == {"n": 77}
        stop.resume()
        result = await run.ended()
    assert result["last"] == 77
    event = run.told("intervention")[0]
    assert (event["change"], event["path"], event["what"], event["before"], event["after"]) == (
        "input",
        "last",
        "n",
        1,
        77,
    )


@pytest.mark.parametrize(
    ("path", "value", "output", "expected"),
    [
        ("a", {"n": 5}, "last", 5),
        ("a.n", 6, "last", 6),
        ("find.rows[1].number", 9, "rows", [{"number": 0}, {"number": 9}]),
        ("find['rows']", [], "rows", []),
        ("inputs.k", 8, "k", 8),
    ],
)
async def test_values_that_later_steps_read_are_changed(path: str, value: Any, output: str, expected: Any) -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["last"], registry) as run:
        stop = await run.stop()
        stop.set_value(path, value)
        stop.resume()
        assert (await run.ended())[output] == expected
    assert run.debugger.changes[0].what == path


async def test_a_loop_variable_is_changed_for_this_iteration() -> None:
    registry, calls = counting()
    async with Debugged(FLOW, [Breakpoint("b", hits=1)], registry) as run:
        stop = await run.stop()
        stop.set_value("number", 100)
        assert stop.inputs == {"n": 103}
        stop.resume()
        assert (await run.ended()).success
    assert calls == [1, 103, 23, 1]


@pytest.mark.parametrize(
    "path", ["nothing", "env.HOME", "context.flow", "a.n.x", "find.rows[7]", "find.rows[0", "", "inputs"]
)
async def test_what_cannot_be_changed_is_refused(path: str) -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["last"], registry) as run:
        stop = await run.stop()
        with pytest.raises(DebuggerError):
            stop.set_value(path, 1)
        stop.resume()
        assert (await run.ended())["last"] == 1
    assert run.debugger.changes == []


async def test_changing_a_value_leaves_what_was_told_of_it() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["last"], registry) as run:
        (await run.stop()).set_value("find.rows[0].number", 9)
    told = next(event for event in run.told("step_completed") if event["path"] == "find")
    assert told["outputs"]["rows"][0] == {"number": 0}


async def test_an_output_is_given_by_hand() -> None:
    registry, calls = counting()
    async with Debugged(FLOW, ["last"], registry) as run:
        (await run.stop()).give({"n": "by hand"})
        assert (await run.ended())["last"] == "by hand"
    assert calls == [1, 13, 23]
    told = next(event for event in run.told("step_completed") if event["path"] == "last")
    assert told["answered_by"] == "debugger"


async def test_a_step_is_skipped() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["last"], registry) as run:
        (await run.stop()).skip()
        assert (await run.ended())["last"] is None
    assert [event["path"] for event in run.told("step_skipped")] == ["last"]


async def test_a_result_is_changed_after_the_step() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, [Breakpoint("a", "after")], registry) as run:
        stop = await run.stop()
        stop.set_value("result.n", 4)
        assert stop.result == {"n": 4}
        assert await stop.evaluate("a.n") == 4
        stop.resume()
        assert (await run.ended())["a"] == 4


async def test_a_step_is_run_again_with_other_inputs() -> None:
    registry, calls = counting()
    async with Debugged(FLOW, [Breakpoint("last", "after")], registry) as run:
        stop = await run.stop()
        stop.set_input("n", 50)
        stop.run_again()
        stop = await run.stop()
        assert (stop.result, stop.inputs, stop.attempt) == ({"n": 50}, {"n": 50}, 1)
        stop.resume()
        assert (await run.ended())["last"] == 50
    assert calls == [1, 13, 23, 1, 50]


async def test_a_failure_is_answered_skipped_or_tried_again() -> None:
    flow = (
        "flow: f\nsteps:\n  - Fail: {id: a}\n  - Fail: {id: b}\n  - Fail: {id: c, until: 4}\n"
        "outputs: {a: '${a}', b: '${b}', c: '${c}'}"
    )
    registry, _ = counting()
    async with Debugged(flow, [Breakpoint("*", "error")], registry) as run:
        stop = await run.stop()
        assert stop.scope().values["error"] == {"type": "ValueError", "message": "no 1"}
        stop.give("given")
        (await run.stop()).skip()
        (await run.stop()).run_again()
        assert dict(await run.ended()) == {"a": "given", "b": None, "c": "at last"}


async def test_what_makes_no_sense_at_a_stop_is_refused() -> None:
    registry, _ = counting()
    async with Debugged(FLOW, ["last"], registry) as run:
        stop = await run.stop()
        for action in (stop.run_again, stop.commit, stop.roll_back):
            with pytest.raises(DebuggerError):
                action()
        assert not stop.can & {"run_again", "commit", "roll_back", "query"}
        stop.resume()
        with pytest.raises(DebuggerError, match="gone on"):
            stop.give(1)
        with pytest.raises(DebuggerError, match="gone on"):
            await stop.evaluate("a")
        assert (await run.ended())["last"] == 1


async def test_a_stop_is_used_from_another_thread() -> None:
    registry, _ = counting()
    loop = asyncio.get_running_loop()
    async with Debugged(FLOW, ["last"], registry) as run:
        stop: Stop = await run.stop()
        seen: list[Any] = []

        def look() -> None:
            seen.append(stop.scope().values["a"])
            seen.append(asyncio.run(stop.evaluate("a.n + 1")))
            stop.set_value("a.n", 30)
            with pytest.raises(DebuggerError):
                stop.set_value("nothing", 1)
            stop.resume()

        await loop.run_in_executor(None, look)
        assert seen == [{"n": 1}, 2]
        assert (await run.ended())["last"] == 30
    thread = threading.Thread(target=run.debugger.resume, args=(stop,))
    thread.start()
    thread.join()


async def test_secrets_stay_masked_in_everything_that_is_told() -> None:
    registry, _ = counting()
    flow = FLOW.replace("n: '${a.n}'", "n: 1")
    async with Debugged(flow, ["last"], registry) as run:
        stop = await run.stop()
        stop.set_value("a", {"n": "hunter22"})
        assert stop.scope().values["a"] == {"n": "••••"}
        stop.resume()
        await run.ended()
    assert "hunter22" not in repr(run.events)


async def test_problems_of_a_breakpoint_are_diagnostics() -> None:
    from flowlang.language.diagnostics import Problems
    from flowlang.language.parse import parse_flow
    from flowlang.language.source import read_text

    flow = parse_flow(read_text(FLOW, Problems()), Problems())

    def codes(point: Breakpoint) -> list[tuple[str, int]]:
        return [(problem.code, problem.column) for problem in point.problems(flow)]

    assert codes(Breakpoint("b", condition="number > 1 and rows|length", log="${result} ${inputs.k}")) == []
    assert codes(Breakpoint("lats")) == [("unknown-step", 1)]
    assert Breakpoint("lats").problems(flow)[0].suggestion == "last"
    assert codes(Breakpoint("a", condition="b.n > ${nonsense}")) == [("unknown-name", 9)]
    assert codes(Breakpoint("a", condition="1 +")) == [("expression-syntax", 3)]
    assert codes(Breakpoint("a", condition="${number} > 1")) == [("unknown-name", 3)]
    assert codes(Breakpoint("a", log="is ${nonsense}")) == [("unknown-name", 6)]
    assert codes(Breakpoint("a", hits="often")) == [("invalid-value", 1)]
    assert codes(Breakpoint("a", "statement", statement="/(/")) == [("invalid-value", 1)]
