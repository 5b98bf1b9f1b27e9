"""What is copied is the true text, whole and without the stand-ins of the screen."""

from __future__ import annotations

import json
from pathlib import Path

from flowlang import FlowExecutor
from flowlang_tui.copying import error_text, line_text, statement_text, value_text
from flowlang_tui.session.log_store import ERROR, LogStore
from flowlang_tui.session.records import RunRecord
from flowlang_tui.session.step_records import Statement

FLOW = """
flow: secretive
inputs: [{name: key, secret: true}]
connections:
  db: {type: sqlite, database: ":memory:"}
steps:
  - sqlite_query: {id: ask, connection: db, query: "select * from nope where key = ?", params: ["${inputs.key}"]}
"""


def test_a_line_is_copied_without_its_sign_and_with_its_newlines() -> None:
    log = LogStore()
    log.append(1.0, ERROR, "ship", "two\nlines \x1b[0m\u202e", "✗")
    assert line_text(log.line(0)) == "ship  two\nlines \x1b[0m\u202e"


def test_a_value_is_copied_as_json_that_reads_back_the_same() -> None:
    value = {"name": "Zoë \x1b\u202e", "rows": [{"id": 1, "none": None}], "text": "a\nb"}
    assert json.loads(value_text(value)) == value


def test_a_statement_is_copied_as_it_was_sent_with_its_parameters() -> None:
    assert statement_text(Statement("db", "select 1", None, 1, 0.1)) == "select 1"
    assert statement_text(Statement("db", "select\n ?", [1, "x"], 1, 0.1)) == 'select\n ?\n-- parameters: [1, "x"]'


async def test_an_error_is_copied_with_all_that_is_known_and_its_secrets_masked(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    run = RunRecord(path, "secretive", {})
    given = {"key": "hunter2-hunter2"}
    await FlowExecutor().execute_flow(path, given, event_callback=lambda event: run.apply([event]))
    text = error_text(run.error)
    assert text.splitlines() == [
        "FlowExecutionError: no such table: nope",
        "caused by OperationalError: no such table: nope",
        f"at {path}:7:5",
        "in step ask, attempt 1",
        "statement: select * from nope where key = ?",
        'inputs: {"query": "select * from nope where key = ?", "params": ["••••"]}',
    ]


def test_an_error_of_which_little_is_known_is_copied_too() -> None:
    assert error_text({"type": "ValueError", "message": "no"}) == "ValueError: no"
