"""How the steps of a graph stand in a run: keys, looks, badges, the critical path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowlang import Event, FlowExecutor, TaskRegistry
from flowlang_tui.graph import States, critical_path, keys_of, nested
from flowlang_tui.graph.cells import cells
from flowlang_tui.graph.states import badge, duration
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import StepRecord
from tests.tui.graph_flows import SAMPLES, flow, graph_from, graph_in

CHOICES = """
flow: Choices
steps:
  - Say: {id: first, text: hi}
  - if: ${inputs.go}
    id: choice
    then: [{Say: {id: yes, text: a}}]
    else: [{Say: {id: no, text: b}}]
  - for_each: [1, 2, 3]
    id: each
    do:
      - Say: {id: inner, text: x}
  - Fail: {id: fails, if: "${inputs.fail}"}
  - Say: {id: after, text: x}
"""


async def run(text: str, **inputs: Any) -> RunRecord:
    record = RunRecord(Path("flow.yaml"), "Choices", inputs)
    record.apply(await events_of(text, **inputs))
    return record


async def events_of(text: str, **inputs: Any) -> list[Event]:
    registry = TaskRegistry()

    @registry.register("Say")
    def say(text: str) -> str:
        return text

    @registry.register("Fail")
    def fail() -> None:
        raise ValueError("no")

    told: list[Event] = []
    await FlowExecutor(registry).execute_flow(text, inputs=inputs, event_callback=told.append)
    return told


async def looks(text: str, **inputs: Any) -> dict[str, str]:
    states = States(graph_from(text), await run(text, **inputs))
    states.update()
    return dict(states.looks)


async def test_steps_show_how_they_ended() -> None:
    assert await looks(CHOICES, go=True, fail=False) == {
        "first": "succeeded",
        "choice": "succeeded",
        "yes": "succeeded",
        "no": "missed",
        "each": "succeeded",
        "inner": "succeeded",
        "fails": "skipped",
        "after": "succeeded",
    }


async def test_what_comes_after_a_failure_is_missed() -> None:
    found = await looks(CHOICES, go=False, fail=True)
    assert (found["yes"], found["fails"], found["after"]) == ("missed", "failed", "missed")


async def test_steps_keep_their_states_where_lines_were_put_before_them() -> None:
    record = await run(CHOICES, go=False, fail=True)
    as_it_was, moved = States(graph_from(CHOICES), record), States(graph_from(f"\n# new\n{CHOICES}"), record)
    as_it_was.update()
    moved.update()
    assert moved.looks == as_it_was.looks


async def test_a_branch_never_shows_what_another_one_with_its_ids_did() -> None:
    text = CHOICES.replace("id: no,", "id: yes,")
    for lines in ("", "\n\n"):
        states = States(graph_from(lines + text), await run(text, go=True, fail=False))
        states.update()
        assert sorted(look for id, look in states.looks.items() if "yes" in id) == ["missed", "succeeded"]


async def test_only_what_changed_is_told_again() -> None:
    graph = graph_from(CHOICES)
    record = RunRecord(None, "Choices", {})
    states = States(graph, record)
    assert states.update() == {node.id for node in graph.nodes}
    assert states.update() == set()
    record.apply([event("step_started", "first", 4)])
    assert states.update() == {"first"}
    assert states.running == {"first"}
    record.apply([event("step_completed", "first", 4)])
    assert states.update() == {"first"}
    assert states.running == set()


async def test_told_which_records_changed_it_comes_to_the_same() -> None:
    graph = graph_from(CHOICES)
    told = await events_of(CHOICES, go=False, fail=True)
    record = RunRecord(None, "Choices", {})
    all_of_them, some_of_them = States(graph, record), States(graph, record)
    some_of_them.update()
    for one in told:
        record.apply([one])
        all_of_them.update()
        some_of_them.update(record.take_changes())
        assert some_of_them.looks == all_of_them.looks


def test_the_other_branch_is_missed_as_soon_as_one_is_taken() -> None:
    graph = graph_from(CHOICES)
    record = RunRecord(None, "Choices", {})
    states = States(graph, record)
    record.apply([event("step_started", "choice", 5, "if"), event("branch_taken", "choice", 5, "if")])
    states.update()
    assert (states.looks["yes"], states.looks["no"]) == ("missed", "pending")


def event(type: str, path: str, line: int, kind: str = "task", at: float = 1.0, **facts: Any) -> Any:
    said = {"inputs": {}, "outputs": None, "attempts": 1, "duration_ms": 500.0, "status": "succeeded", "branch": "else"}
    step_id = path.rpartition("/")[2]
    return {
        **said,
        "type": type,
        "path": path,
        "line": line,
        "step_id": step_id,
        "kind": kind,
        "task": None,
        "flow": "Choices",
        "timestamp": at,
        **facts,
    }


def test_keys_name_the_loops_and_subflows_around_a_step() -> None:
    graph = nested(flow("subflow"), "settled", flow("subflow_settle"))
    keys = keys_of(graph)
    assert keys["settled"] == ("settled", 4)
    assert keys["settled/ask"] == ("settled/ask", 4)
    assert keys["settled/pay"] == ("settled/each/pay", 9)
    assert keys["settled/close"] == ("settled/close", 11)


async def test_the_keys_are_those_of_a_real_run() -> None:
    record = await run(CHOICES, go=True, fail=False)
    assert set(record.steps) <= set(keys_of(graph_from(CHOICES)).values())


def test_every_step_of_the_samples_has_a_key_of_its_own() -> None:
    for path in SAMPLES.glob("*/*.yaml"):
        keys = keys_of(graph_in(path))
        assert len(set(keys.values())) == len(keys)


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0.4, "<1 ms"),
        (12.3, "12 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (1234, "1.2 s"),
        (9951, "10 s"),
        (59_600, "1m00s"),
        (3_599_999, "1h00m"),
        (90 * 60_000, "1h30m"),
    ],
)
def test_durations_are_short(milliseconds: float, said: str) -> None:
    assert duration(milliseconds) == said
    assert cells(said) <= 6


def record_of(kind: str = "task", **facts: Any) -> StepRecord:
    record = StepRecord("a", {"step_id": "a", "line": 1, "flow": "F", "kind": kind, "task": None})
    run = RunRecord(None, "F", {})
    run.steps["a", 1] = record
    run.apply([event("step_started", "a", 1, kind, at=10.0)])
    for name, value in facts.items():
        setattr(record, name, value)
    return record


def test_a_loop_says_how_far_it_is() -> None:
    record = record_of("for_each", iterations_done=12, iterations_total=60)
    assert badge(record, 13, 11.2) == "12/60 1.2 s"
    assert badge(record, 8, 11.2) == "12/60"
    assert badge(record_of("while", iterations_done=3), 13, 11.2) == "3× 1.2 s"


def test_a_retried_step_says_which_attempt_it_is() -> None:
    run = RunRecord(None, "F", {})
    run.apply([event("step_started", "a", 1, at=10.0)])
    run.apply([event("step_retrying", "a", 1, attempt=1, attempts=3, error=None, error_type="E", delay=1.0)])
    assert badge(run.step("a", 1), 11, 10.5) == "2/3 500 ms"
    run.apply([event("step_completed", "a", 1, at=12.0, attempts=2, duration_ms=2000.0)])
    assert badge(run.step("a", 1), 11, 12.0) == "↻2 2.0 s"


def test_what_has_not_run_has_no_badge() -> None:
    assert badge(None, 8, 0.0) == ""


PARALLEL = """
flow: P
steps:
  - parallel:
      - A: {id: quick}
      - B: {id: slow}
      - C: {id: then, x: "${quick.x}"}
    id: work
  - D: {id: end}
"""


def test_the_critical_path_is_what_the_end_had_to_wait_for() -> None:
    run = RunRecord(None, "P", {})
    graph = graph_from(PARALLEL)
    keys = keys_of(graph)
    times = {"work": (0.0, 5.0), "quick": (0.0, 1.0), "slow": (0.0, 4.0), "then": (1.0, 5.0), "end": (5.0, 6.0)}
    for node, (start, end) in times.items():
        address, line = keys[node]
        run.apply([event("step_started", address, line, at=start), event("step_completed", address, line, at=end)])
    states = States(graph, run)
    states.update()
    assert critical_path(graph, states.records) == {"work", "quick", "then", "end"}


def test_without_a_run_there_is_no_critical_path() -> None:
    assert critical_path(graph_from(PARALLEL), {}) == frozenset()
