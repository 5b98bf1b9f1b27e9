"""Pinned steps in a run: they don't run, and all around them happens as if they had."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import pytest_asyncio

from flowlang import Event, FlowResult, FlowValidationError
from flowlang.debugger.pins import Pins, checked_pins, pins_path, usable_pins
from tests.runtime.conftest import Engine


class Pinned:
    """A flow in a file with pins beside it. Its tasks are those of the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.pins: Pins | None = None

    async def run(self, flow: str, pins: str) -> FlowResult:
        path = self.engine.write("test.yaml", flow)
        pins_path(path).write_text(dedent(pins))
        self.pins = Pins(usable_pins(path, self.engine.executor).enabled)
        return await self.engine.run(path, interceptors=[self.pins])

    def result_of(self, step: str) -> Any:
        """What a step gave the last time."""
        return self.ending_of(step)["outputs"]

    def ending_of(self, step: str) -> Event:
        """The last event that tells how a step ended."""
        ends = self.engine.of_type("step_completed", "step_failed", "step_skipped")
        return [event for event in ends if event["step_id"] == step][-1]

    def problems(self, flow: str, pins: str) -> list[tuple[str, str, int, str | None]]:
        path = self.engine.write("test.yaml", flow)
        pins_path(path).write_text(dedent(pins))
        found = checked_pins(path, self.engine.executor).problems
        assert all(problem.path == str(pins_path(path)) for problem in found)
        return [(problem.severity, problem.code, problem.line, problem.suggestion) for problem in found]


@pytest_asyncio.fixture
async def pinned(tmp_path: Path) -> AsyncIterator[Pinned]:
    engine = Engine(tmp_path)
    yield Pinned(engine)
    await engine.close()


CHAIN = """
- Note: {id: first, text: one}
- Echo: {id: second, value: '${first.noted}'}
"""


async def test_a_pinned_step_gives_its_output_and_does_not_run(pinned: Pinned) -> None:
    result = await pinned.run(CHAIN, "first: {output: {noted: pinned}}")
    assert result.success
    assert pinned.result_of("second") == {"value": "pinned"}
    assert pinned.engine.notes == []
    (event,) = [event for event in pinned.engine.of_type("step_completed") if event["step_id"] == "first"]
    assert event["answered_by"] == "pin"
    assert event["outputs"] == {"noted": "pinned"}
    assert [event["step_id"] for event in pinned.engine.of_type("step_started")] == ["second"]
    assert pinned.pins is not None
    assert pinned.pins.used == {"first": 1}


async def test_a_pin_that_is_switched_off_does_nothing(pinned: Pinned) -> None:
    await pinned.run(CHAIN, "first: {output: {noted: pinned}, enabled: false}")
    assert pinned.engine.notes == ["one"]


async def test_a_pinned_step_whose_condition_does_not_hold_is_skipped(pinned: Pinned) -> None:
    flow = """
    - Give: {id: first, value: 1, if: '${1 > 2}'}
    - Give: {id: second, value: 1, if: '${nothing.of.it}'}
    """
    result = await pinned.run(flow.replace("${nothing.of.it}", "${1 < 2}"), "{first: {output: 5}, second: {output: 6}}")
    assert result.success
    assert (pinned.ending_of("first")["type"], pinned.result_of("second")) == ("step_skipped", 6)


LOOP = """
- for_each: [a, b, c]
  id: letters
  as: letter
  do:
    - Echo: {id: inner, value: '${letter}'}
  collect: ${inner.value}
"""


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ("letters/inner: {output: {value: x}}", ["x", "x", "x"]),
        ("letters[1]/inner: {output: {value: x}}", ["a", "x", "c"]),
        ("letters[1]/inner: {output: {value: x}}\nletters/inner: {output: {value: y}}", ["y", "x", "y"]),
        ("letters/inner: {output: {value: y}}\nletters[1]/inner: {output: {value: x}}", ["y", "x", "y"]),
        ("letters: {output: {count: 1, results: [z]}}", ["z"]),
    ],
)
async def test_in_a_loop_a_pin_holds_for_each_iteration_or_for_one(
    pinned: Pinned, pins: str, expected: list[str]
) -> None:
    await pinned.run(LOOP, pins)
    assert pinned.result_of("letters")["results"] == expected


async def test_of_nested_loops_the_pin_of_the_outer_iteration_comes_first(pinned: Pinned) -> None:
    flow = """
    - for_each: [0, 1]
      id: outer
      as: row
      do:
        - for_each: [0, 1]
          id: line
          as: column
          do: [{Give: {id: inner, value: '${[row, column]}'}}]
          collect: ${inner}
      collect: ${line.results}
    """
    pins = "outer/line[1]/inner: {output: column}\nouter[1]/line/inner: {output: row}"
    await pinned.run(flow, pins)
    assert pinned.result_of("outer")["results"] == [[[0, 0], "column"], ["row", "row"]]


async def test_steps_in_subflows_blocks_and_handlers_can_be_pinned(pinned: Pinned) -> None:
    pinned.engine.write("sub.yaml", "flow: sub\nsteps:\n  - Note: {id: inner, text: sub}\noutputs: {got: '${inner}'}\n")
    flow = """
    - {subflow: sub, id: call}
    - if: true
      id: choice
      then: [{Note: {id: chosen, text: then}}]
    - parallel: [{Note: {id: left, text: left}}, {Note: {id: right, text: right}}]
    - Fail: {id: broken, on_error: [{Note: {id: mending, text: handler}}]}
    """
    pins = "{call/inner: {output: 1}, chosen: {output: 2}, left: {output: 3}, mending: {output: 4}}"
    result = await pinned.run(flow, pins)
    assert result.success
    assert pinned.result_of("call") == {"got": 1}
    assert pinned.engine.notes == ["right"]
    assert [pinned.result_of(name) for name in ("chosen", "left", "mending")] == [2, 3, 4]


async def test_a_mock_fails_the_step_and_the_flow_handles_it_as_ever(pinned: Pinned) -> None:
    flow = """
    - Note: {id: first, text: one, on_error: [{Note: {id: mend, text: '${context.last_error.type}'}}]}
    - Note: {id: second, text: two, continue_on_error: true}
    - Note: {id: third, text: three}
    """
    pins = """
    first: {error: {type: TimeoutError, message: no answer}}
    second: {error: {type: CarrierError, message: 'no: ${way}'}}
    third: {error: {type: KeyError}}
    """
    result = await pinned.run(flow, pins)
    assert pinned.engine.notes == ["TimeoutError"]
    assert (result.error_type, str(result.error)) == ("KeyError", "pinned to fail")
    assert pinned.ending_of("second")["error"]["message"] == "no: ${way}"
    failed = {event["step_id"]: event for event in pinned.engine.of_type("step_failed")}
    assert [failed[name]["answered_by"] for name in ("first", "second", "third")] == ["pin"] * 3
    assert [failed[name]["handled"] for name in ("first", "second", "third")] == [True, True, False]


async def test_each_attempt_of_a_step_that_is_tried_again_fails(pinned: Pinned) -> None:
    flow = "- Note: {id: first, text: one, retry: {max_attempts: 3, delay: 0, on: [OSError]}}\n"
    result = await pinned.run(flow, "first: {error: {type: TimeoutError, message: no answer}}")
    assert not result.success
    assert pinned.ending_of("first")["attempts"] == 3
    assert pinned.engine.notes == []


@pytest.mark.parametrize(("after", "noted", "source"), [("", ["one"], None), (", output: {noted: 2}", [], "pin")])
async def test_after_the_failed_attempts_comes_the_output_or_the_step_itself(
    pinned: Pinned, after: str, noted: list[str], source: str | None
) -> None:
    flow = "- Note: {id: first, text: one, retry: {max_attempts: 5, delay: 0}, outputs: [noted]}\n"
    result = await pinned.run(flow, f"first: {{error: {{type: OSError, attempts: 2}}{after}}}")
    assert result.success
    assert pinned.engine.notes == noted
    (event,) = pinned.engine.of_type("step_completed")
    assert (event["attempts"], event.get("answered_by")) == (3, source)
    assert [event["error_type"] for event in pinned.engine.of_type("step_retrying")] == ["OSError", "OSError"]


@pytest.mark.parametrize("name", ["StopIteration", "UnicodeDecodeError", "ConnectionError", "SystemExit", "Own"])
async def test_an_error_may_have_any_name(pinned: Pinned, name: str) -> None:
    result = await pinned.run("- Give: {id: first}\n", f"first: {{error: {{type: {name}, message: so}}}}")
    assert (result.error_type, str(result.error)) == (name, "so")


CHECKED = """
flow: test
connections: {db: {type: sqlite, database: ':memory:'}}
steps:
  - sqlite_query: {id: orders, query: select 1 as n, outputs: [rows]}
  - for_each: ${orders.rows}
    id: each
    as: row
    do:
      - if: ${row.n > 0}
        id: choice
        then: [{Give: {id: ship, value: 1}}]
  - {subflow: sub, id: call}
"""


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ("orders: {output: {rows: [], count: 0, columns: []}}", []),
        ("orders: {output: {rows: []}}", [("warning", "pin-output", 1, None)]),
        ("orders: {output: {count: 0, columns: []}}", [("error", "pin-output", 1, None)]),
        ("orders: {output: 5}", [("error", "pin-output", 1, None)]),
        (
            "orders: {output: {rows: [], coutn: 0, columns: []}}",
            [("warning", "pin-output", 1, None), ("warning", "pin-output", 1, "count")],
        ),
        ("\nordres: {output: 1}", [("error", "unknown-step", 2, "orders")]),
        ("each/ship: {output: 1}", []),
        ("each[7]/ship: {output: 1}", []),
        ("each/choice: {output: 1}", []),
        ("ship: {output: 1}", [("error", "unknown-step", 1, None)]),
        ("each/shipp: {output: 1}", [("error", "unknown-step", 1, "each/ship")]),
        ("each/ship/more: {output: 1}", [("error", "unknown-step", 1, None)]),
        ("orders[1]: {output: {}}", [("error", "pin-address", 1, None)]),
        ("each[1]: {output: {}}", [("error", "pin-address", 1, None)]),
        ("call/inner: {output: 1}", []),
        ("call: {output: {got: 1}}", []),
        ("call: {output: {}}", [("warning", "pin-output", 1, None)]),
    ],
)
async def test_pins_are_checked_against_the_flow(pinned: Pinned, pins: str, expected: list[Any]) -> None:
    pinned.engine.write("sub.yaml", "flow: sub\nsteps:\n  - Give: {id: inner}\noutputs: {got: '${inner}'}\n")
    assert pinned.problems(CHECKED, pins) == expected


async def test_pins_with_errors_are_not_used(pinned: Pinned) -> None:
    with pytest.raises(FlowValidationError) as raised:
        await pinned.run(CHAIN, "frist: {output: 1}")
    assert raised.value.diagnostics[0].suggestion == "first"
