"""What a run's events read like in its log."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang import Event, FlowExecutor, TaskRegistry
from flowlang.runtime.events import EVENT_TYPES
from flowlang_tui.session.log_lines import MESSAGE, STATEMENT, log_event
from flowlang_tui.session.log_store import DEBUG, ERROR, INFO, WARNING, LogStore

FLOW = """
flow: nightly
connections:
  db: {type: sqlite, database: ":memory:"}
steps:
  - sqlite_execute: {id: create, connection: db, query: "create table t (\\n  id integer)"}
  - for_each: [1, 2]
    id: each
    do:
      - sqlite_execute: {id: insert, connection: db, query: insert into t values (?), params: ["${item}"]}
  - sqlite_query: {id: fetch, connection: db, query: select * from t}
  - sqlite_query:
      id: broken
      connection: db
      query: select * from nope
      retry: {max_attempts: 2, delay: 0.001}
      continue_on_error: true
  - if: ${fetch.count} > 5
    id: choice
    then: [{sqlite_query: {id: many, connection: db, query: select 1}}]
    else: [{exit: {reason: not enough}}]
"""


def explode() -> None:
    raise ValueError("no fuse")


async def lines_of(folder: Path, flow: str, **inputs: object) -> list[tuple[int, str, str]]:
    path = folder / "flow.yaml"
    path.write_text(flow)
    registry = TaskRegistry()
    registry.register("explode", explode)
    log = LogStore()
    await FlowExecutor(registry).execute_flow(path, inputs, event_callback=lambda event: log_event(log, event))
    return [(line.level, line.path, line.text) for line in map(log.line, range(len(log)))]


def worded(event: dict[str, object]) -> tuple[int, str]:
    log = LogStore()
    facts = {
        "timestamp": 1.0,
        "path": "ship",
        "attempts": 1,
        "duration_ms": 12.0,
        "status": "succeeded",
        "outputs": None,
    }
    told: Event = {**facts, **event}  # type: ignore[typeddict-item]
    log_event(log, told)
    return log.line(0).level, log.line(0).text


async def test_a_run_reads_from_top_to_bottom_in_the_words_of_the_field(tmp_path: Path) -> None:
    lines = await lines_of(tmp_path, FLOW)
    beginnings = [
        (INFO, "", "▶ run of nightly started"),
        (INFO, "", "⇄ connection db (sqlite) opened in "),
        (INFO, "create", "▶ create  sqlite_execute"),
        (DEBUG, "create", "› create  db: create table t ( id integer) → 0 rows, "),
        (INFO, "create", "✓ create  "),
        (INFO, "each", "▶ each  for_each"),
        (DEBUG, "each", "▸ each  iteration 1 of 2"),
        (INFO, "each[0]/insert", "▶ each[0]/insert  sqlite_execute"),
        (DEBUG, "each[0]/insert", "› each[0]/insert  db: insert into t values (?) → 1 row, "),
        (INFO, "each[0]/insert", "✓ each[0]/insert  "),
        (DEBUG, "each", "▸ each  iteration 2 of 2"),
        (INFO, "each[1]/insert", "▶ each[1]/insert  sqlite_execute"),
        (DEBUG, "each[1]/insert", "› each[1]/insert  db: insert into t values (?) → 1 row, "),
        (INFO, "each[1]/insert", "✓ each[1]/insert  "),
        (INFO, "each", "✓ each  "),
        (INFO, "fetch", "▶ fetch  sqlite_query"),
        (DEBUG, "fetch", "› fetch  db: select * from t → 2 rows, "),
        (INFO, "fetch", "✓ fetch  "),
        (INFO, "broken", "▶ broken  sqlite_query"),
        (WARNING, "broken", "› broken  db: select * from nope ✗ no such table: nope, "),
        (WARNING, "broken", "↻ broken  attempt 2 of 2 in 1.0 ms: FlowExecutionError: no such table: nope"),
        (WARNING, "broken", "› broken  db: select * from nope ✗ no such table: nope, "),
        (WARNING, "broken", "✗ broken  FlowExecutionError: no such table: nope (handled, the flow goes on)"),
        (INFO, "choice", "▶ choice  if"),
        (DEBUG, "choice", "◆ choice  takes else"),
        (INFO, "exit", "▶ exit  exit"),
        (INFO, "exit", "■ exit  "),
        (INFO, "choice", "■ choice  "),
        (INFO, "", "■ the flow ended early: not enough"),
        (INFO, "", "✓ run succeeded in "),
    ]
    assert [
        (level, path, text[: len(start)]) for (level, path, text), (_, _, start) in zip(lines, beginnings, strict=True)
    ] == beginnings


async def test_a_failed_run_ends_with_its_error(tmp_path: Path) -> None:
    lines = await lines_of(tmp_path, "flow: short\ninputs: [{name: who}]\nsteps: [{explode: {id: bang}}]\n", who="me")
    assert lines[0][2] == "▶ run of short started with who=me"
    assert lines[-2] == (ERROR, "bang", "✗ bang  ValueError: no fuse")
    assert lines[-1][0] == ERROR
    assert lines[-1][2].startswith("✗ run failed after ")
    assert lines[-1][2].endswith(": ValueError: no fuse")


@pytest.mark.parametrize(
    ("outputs", "ending"),
    [
        (None, "✓ ship  12 ms"),
        ({}, "✓ ship  12 ms"),
        (0, "✓ ship  12 ms → 0"),
        ("done\nand over", "✓ ship  12 ms → done and over"),
        ([1, 2, 3], "✓ ship  12 ms → 3 items"),
        ({"rows": [{"id": 1}], "count": 1}, "✓ ship  12 ms → 1 row"),
        ({"rows_affected": 1200}, "✓ ship  12 ms → 1,200 rows affected"),
        ({"a": 1, "b": {"c": 2}}, "✓ ship  12 ms → a=1, b=1 value"),
        ({"a": True, "b": None, "c": 2.5, "d": 4}, "✓ ship  12 ms → a=true, b=null, c=2.5 and 1 more"),
    ],
)
def test_what_a_step_left_is_told_in_a_few_words(outputs: object, ending: str) -> None:
    assert worded({"type": "step_completed", "outputs": outputs}) == (INFO, ending)


def test_messages_of_tasks_come_with_their_level_and_fields() -> None:
    event = {"type": "log", "level": "warning", "message": "slow\nindeed", "fields": {"seconds": 3, "who": "db"}}
    assert worded(event) == (WARNING, "· ship  slow\nindeed  seconds=3 who=db")


def test_a_cancelled_step_is_not_a_failure() -> None:
    event = {
        "type": "step_failed",
        "error_type": "FlowExecutionError",
        "status": "cancelled",
        "error": {"message": ""},
        "handled": False,
    }
    assert worded(event) == (WARNING, "■ ship  cancelled after 12 ms")


def test_iterations_that_a_replay_takes_as_a_whole_are_one_line() -> None:
    event: dict[str, object] = {"type": "iterations_answered", "count": 9999, "length": 10_000}
    assert worded(event) == (INFO, "✓ ship  9,999 iterations taken from the journal")


def test_endless_texts_are_cut() -> None:
    statement = {"type": "statement", "connection": "db", "text": "x" * 9999, "rows": 0, "ms": 1.0, "error": None}
    assert len(worded(statement)[1]) < STATEMENT + 50
    assert len(worded({"type": "log", "level": "info", "message": "x" * 10**6, "fields": None})[1]) < MESSAGE + 50


def test_every_type_of_event_is_known() -> None:
    from flowlang_tui.session.log_lines import _WORDS

    assert set(EVENT_TYPES) - set(_WORDS) == {"iteration_completed"}
