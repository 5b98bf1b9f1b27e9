"""The stream of events: what is told, in which order, as which plain data."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.runtime.conftest import Engine

EVERYTHING = """
- {task: Give, id: a, inputs: {value: [1, 2]}}
- for_each: ${a}
  id: each
  concurrency: 2
  do:
    - {task: Tick, id: inner}
    - {task: Tick, id: maybe, if: '${item == 1}'}
- parallel:
    - {task: Flaky, id: left, inputs: {times: 1}, retry: {max_attempts: 2, delay: 0}}
    - {task: Fail, id: right, continue_on_error: true}
  id: both
- if: ${a[0] == 1}
  id: choice
  then: [{task: Tick, id: chosen}]
- {subflow: inner, id: sub}
- {exit: {reason: done}, id: end}
finally: [{task: Tick, id: last}]
"""


@pytest.fixture(autouse=True)
def inner_flow(engine: Engine) -> None:
    engine.write("inner.yaml", "- {task: Tick, id: deep}")


async def test_every_event_has_the_runs_id_a_number_without_gaps_a_time_and_the_flow(engine: Engine) -> None:
    await engine.run(EVERYTHING, run_id="r1")

    assert [event["seq"] for event in engine.events] == list(range(1, len(engine.events) + 1))
    assert {event["run_id"] for event in engine.events} == {"r1"}
    assert {event["flow"] for event in engine.events} == {"test", "inner"}
    times = [event["timestamp"] for event in engine.events]
    assert all(isinstance(at, float) for at in times)
    assert abs(times[0] - datetime.now(UTC).timestamp()) < 60


async def test_a_flow_of_one_step(engine: Engine) -> None:
    await engine.run("- {task: Echo, id: a, inputs: {value: 1}}\noutputs: {x: '${a.value}'}", {"n": 1})
    started, step, done, completed = engine.events

    assert engine.types() == ["flow_started", "step_started", "step_completed", "flow_completed"]
    assert started["inputs"] == {"n": 1}
    assert step["inputs"] == {"value": 1}
    assert done["outputs"] == {"value": 1}
    assert completed["outputs"] == {"x": 1}
    assert completed["terminated"] is False
    assert completed["duration_ms"] >= 0


STEP_FIELDS = {"step_id": "a", "task": "Echo", "kind": "task", "path": "a", "line": 3}


async def test_the_fields_of_a_steps_events(engine: Engine) -> None:
    await engine.run("- {task: Echo, id: a}")

    for event in engine.of_type("step_started", "step_completed"):
        assert STEP_FIELDS.items() <= event.items()
    (done,) = engine.of_type("step_completed")
    assert (done["status"], done["attempts"]) == ("succeeded", 1)
    assert done["duration_ms"] >= 0


async def test_the_fields_of_a_failed_steps_event(engine: Engine) -> None:
    await engine.run("- {task: Fail, id: a, inputs: {message: no luck}, retry: {max_attempts: 2, delay: 0}}")

    (failed,) = engine.of_type("step_failed")
    assert (failed["step_id"], failed["task"], failed["line"]) == ("a", "Fail", 3)
    assert failed["error"]["message"] == "no luck"
    assert failed["error_type"] == "ValueError"
    assert failed["attempts"] == 2
    assert failed["inputs"] == {"message": "no luck"}
    assert failed["duration_ms"] >= 0
    (ended,) = engine.of_type("flow_failed")
    assert ended["error"]["step"] == "a"
    assert ended["error_type"] == "ValueError"


async def test_the_fields_of_a_retry(engine: Engine) -> None:
    await engine.run("- {task: Flaky, id: a, inputs: {times: 1}, retry: {max_attempts: 2, delay: 1ms}}")

    (event,) = engine.of_type("step_retrying")
    assert (event["attempt"], event["attempts"], event["delay"], event["error_type"]) == (1, 2, 0.001, "OSError")
    assert event["error"]["message"] == "failure 1"


async def test_the_fields_of_an_iteration(engine: Engine) -> None:
    await engine.run("- {for_each: [a, b], id: each, do: [{task: Tick}]}")

    iterations = engine.of_type("iteration_started", "iteration_completed")
    assert [(event["type"], event["index"], event["length"], event["step_id"]) for event in iterations] == [
        ("iteration_started", 0, 2, "each"),
        ("iteration_completed", 0, 2, "each"),
        ("iteration_started", 1, 2, "each"),
        ("iteration_completed", 1, 2, "each"),
    ]


async def test_a_while_tells_its_iterations_too(engine: Engine) -> None:
    await engine.run("- {while: '${not t.count or t.count < 2}', id: w, do: [{task: Tick, id: t}]}")

    assert [event["index"] for event in engine.of_type("iteration_completed")] == [0, 1]
    assert [event["path"] for event in engine.of_type("step_started")] == ["w", "w[0]/t", "w[1]/t"]


def ends_of_steps(events: list[Any]) -> tuple[Counter[str], Counter[str]]:
    started = Counter(event["path"] for event in events if event["type"] == "step_started")
    ended = Counter(event["path"] for event in events if event["type"] in ("step_completed", "step_failed"))
    return started, ended


@pytest.mark.parametrize(
    "flow",
    [
        EVERYTHING,
        "- {for_each: [1, 2, 3], concurrency: 3, id: each, do: [{task: Fail, id: a}, {task: Tick, id: b}]}",
        "- parallel: [{task: Fail, id: a}, {task: Hang, id: b}, {task: Hang, id: c, timeout: 5s}]",
        "- {task: Give, id: a, inputs: {value: '${inputs.a.b}'}}",
        "- {task: Give, id: a, if: '${inputs.a.b}'}",
        "- {task: Hang, id: a, timeout: 5ms}",
        "- {if: true, id: outer, timeout: 5ms, then: [{parallel: [{task: Hang, id: a}, {task: Hang, id: b}]}]}",
    ],
)
async def test_every_step_that_starts_ends_once(engine: Engine, flow: str) -> None:
    await engine.run(flow, {"a": {}})
    started, ended = ends_of_steps(engine.events)

    assert started == ended
    assert set(started.values()) == {1}


async def test_every_step_ends_once_in_a_cancelled_run_too(engine: Engine) -> None:
    await engine.cancel_when(
        "h", "- {for_each: [1, 2], id: each, concurrency: 2, do: [{task: Hang, id: a, inputs: {name: h}}]}"
    )
    started, ended = ends_of_steps(engine.events)

    assert started == ended
    assert engine.types()[-1] == "flow_cancelled"


async def test_the_first_event_is_the_start_and_the_last_the_end(engine: Engine) -> None:
    await engine.run(EVERYTHING)

    assert engine.types()[0] == "flow_started"
    assert engine.types()[-2:] == ["flow_terminated", "flow_completed"]


async def test_the_event_of_a_connection(engine: Engine) -> None:
    flow = """
        flow: test
        connections: {db: {type: sqlite, database: ':memory:'}}
        steps:
          - sqlite_query: {id: q, connection: db, query: 'select ? as n', params: [7]}
        outputs: {n: '${q.rows[0].n}'}
        """
    result = await engine.run(flow)

    assert result["n"] == 7
    assert engine.types() == [
        "flow_started",
        "connection_opened",
        "step_started",
        "statement",
        "step_completed",
        "flow_completed",
    ]
    opened, statement = engine.events[1], engine.events[3]
    assert opened["connection"] == "db"
    assert (statement["text"], statement["params"], statement["rows"]) == ("select ? as n", [7], 1)
    assert statement["ms"] >= 0
    assert statement["step_id"] == "q"


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: int


class Odd:
    def __str__(self) -> str:
        return "an odd thing"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(minutes=1), 60.0),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x00\xff", "AP8="),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ({1: "a", None: "b", False: "c"}, {"1": "a", "null": "b", "false": "c"}),
        ((1, 2), [1, 2]),
        (deque([1]), [1]),
        (range(3), [0, 1, 2]),
        (Colour.RED, "red"),
        (Point(1, 2), {"x": 1, "y": 2}),
        (Path("a/b"), "a/b"),
        (Odd(), "an odd thing"),
        ({"deep": [{"at": date(2026, 1, 2)}]}, {"deep": [{"at": "2026-01-02"}]}),
    ],
)
async def test_an_event_can_always_be_written_as_json(engine: Engine, value: Any, plain: Any) -> None:
    async def make() -> Any:
        return value

    engine.registry.register("Make", make)
    result = await engine.run(
        "- {task: Make, id: a}\n- {task: Give, id: b, inputs: {value: '${a}'}}\noutputs: {x: '${b}'}"
    )

    assert result.success
    assert result.outputs == {"x": value} or value != value
    assert json.loads(json.dumps(engine.events, allow_nan=False)) == engine.events
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["outputs"] == {"x": plain}
    assert engine.of_type("step_completed")[0]["outputs"] == plain


async def test_a_value_that_contains_itself_is_told_up_to_a_depth(engine: Engine) -> None:
    circle: list[Any] = []
    circle.append(circle)

    async def make() -> Any:
        return circle

    engine.registry.register("Make", make)

    assert (await engine.run("- {task: Make, id: a}")).success
    json.dumps(engine.events)


async def test_an_event_keeps_what_was_true_when_it_happened(engine: Engine) -> None:
    shared: list[int] = []

    async def grow() -> list[int]:
        shared.append(len(shared))
        return shared

    engine.registry.register("Grow", grow)
    await engine.run("- {task: Grow}\n- {task: Grow}\n- {task: Grow}")

    assert [event["outputs"] for event in engine.of_type("step_completed")] == [[0], [0, 1], [0, 1, 2]]


async def test_a_silent_flow_tells_only_of_itself(engine: Engine) -> None:
    await engine.run(
        "silent: true\nflow: test\nsteps:\n  - {for_each: [1], do: [{task: Tick}]}\n  - {subflow: inner}\n"
    )

    assert engine.types() == ["flow_started", "flow_completed"]


async def test_a_silent_block_keeps_the_steps_inside_it_silent_unless_they_say_otherwise(engine: Engine) -> None:
    await engine.run(
        "- {if: true, id: b, silent: true, then: [{task: Tick, id: x}, {task: Tick, id: y, silent: false}]}"
    )

    assert {event["step_id"] for event in engine.events if "step_id" in event} == {"y"}


async def test_an_async_callback_gets_every_event_in_order_before_the_run_ends(engine: Engine) -> None:
    seen: list[int] = []

    async def slow(event: Any) -> None:
        for _ in range(event["seq"] % 3):
            await asyncio.sleep(0)
        seen.append(event["seq"])

    await engine.run(EVERYTHING, event_callback=slow)

    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) > 20


async def test_a_slow_async_callback_does_not_pile_up_events_without_bound(engine: Engine) -> None:
    handled = told = worst = 0

    def callback(event: Any) -> Any:
        nonlocal told
        told += 1

        async def handle() -> None:
            nonlocal handled, worst
            worst = max(worst, told - handled)
            await asyncio.sleep(0)
            handled += 1

        return handle()

    await engine.run("- {for_each: '${range(20000)}', do: [{task: Tick}]}", event_callback=callback)

    assert handled == told
    assert told > 80000
    assert worst < told / 2


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_a_callback_that_raises_does_not_disturb_the_run(
    engine: Engine, caplog: pytest.LogCaptureFixture, asynchronous: bool
) -> None:
    def broken(event: Any) -> None:
        raise RuntimeError("a broken listener")

    async def broken_async(event: Any) -> None:
        raise RuntimeError("a broken listener")

    result = await engine.run(EVERYTHING, event_callback=broken_async if asynchronous else broken)

    assert result.terminated
    assert caplog.text.count("RuntimeError: a broken listener") == 1


async def test_a_callback_may_change_what_it_is_given(engine: Engine) -> None:
    def wreck(event: Any) -> None:
        for value in list(event.values()):
            if isinstance(value, (dict, list)):
                value.clear()
        event.clear()

    result = await engine.run(
        "- {task: Echo, id: a, inputs: {value: [1]}}\noutputs: {x: '${a.value}'}", {"n": [1]}, event_callback=wreck
    )

    assert result.outputs == {"x": [1]}
    assert (await engine.run("- {task: Echo, id: a, inputs: {value: [1]}}", {"n": [1]})).success
    assert engine.types() == ["flow_started", "step_started", "step_completed", "flow_completed"]
    assert engine.events[1]["step_id"] == "a"
