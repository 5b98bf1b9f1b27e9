"""Cassettes and recorded runs: what connections gave once is given again, without them."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from flowlang import FlowExecutor, TaskRegistry
from flowlang.journal import Journal
from flowlang.testing import FlowTest
from flowlang.testing.cases import read_cases
from flowlang.testing.cassettes import CassetteError
from flowlang.testing.recorded import NotATest, written_test
from flowlang.testing.suites import CaseRunner

FLOW = """
flow: Shop
inputs: [{name: least, type: integer, default: 2}]
connections: {db: {type: sqlite, database: shop.db}}
steps:
  - sqlite_transaction:
      id: prepare
      queries:
        - {query: 'CREATE TABLE IF NOT EXISTS items (name TEXT, price INTEGER)'}
        - {query: 'DELETE FROM items'}
        - {query: "INSERT INTO items VALUES ('tea', 1), ('oats', 2), ('rice', 3)"}
  - sqlite_query:
      id: items
      query: SELECT name FROM items WHERE price >= ? ORDER BY price
      params: ['${inputs.least}']
  - for_each: ${items.rows}
    id: each
    do:
      - sqlite_query: {id: one, query: 'SELECT price FROM items WHERE name = ?', params: ['${item.name}']}
    collect: ${one.rows[0].price}
  - sqlite_query: {id: broken, query: 'SELECT nothing FROM items', continue_on_error: true}
outputs: {prices: '${each.results}', why: '${broken.error.message}'}
"""
CASES = """
flow: flow.yaml
cassette: shop.cassette.yaml
expect:
  outputs: {prices: [2, 3]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flowlang.yaml").touch()
    (tmp_path / "flow.yaml").write_text(FLOW)
    (tmp_path / "shop.test.yaml").write_text(CASES)
    return tmp_path


def outcome(project: Path, *, record: bool = False) -> list[str]:
    (case,) = read_cases(project / "shop.test.yaml")
    result = CaseRunner(record=record).run(case)
    return [str(failure) for failure in result.failures] + ([str(result.error)] if result.error else [])


def test_what_was_recorded_is_played_without_the_database(project: Path) -> None:
    assert outcome(project, record=True) == []
    assert (project / "shop.db").exists()
    (project / "shop.db").unlink()
    assert outcome(project) == []
    assert not (project / "shop.db").exists()


def test_what_is_mocked_is_not_recorded(project: Path) -> None:
    flow = FlowTest(project, cassette=project / "c.yaml", record=True)
    flow.mock("items", returns={"rows": [{"name": "tea"}], "count": 1, "columns": ["name"]})
    flow.mock("broken", raises=ValueError("mocked"))
    assert flow.run().outputs["prices"] == [1]
    recorded = (project / "c.yaml").read_text()
    assert "path: each[0]/one" in recorded
    assert "path: items" not in recorded
    assert "path: broken" not in recorded


def test_another_request_fails_its_step_and_says_what_differs(project: Path) -> None:
    outcome(project, record=True)
    (project / "flow.yaml").write_text(FLOW.replace("ORDER BY price", "ORDER BY name"))
    (failure,) = outcome(project)
    assert "step `items` asks for something else than what was recorded: query was" in failure
    (project / "flow.yaml").write_text(FLOW.replace("default: 2", "default: 1"))
    (failure,) = outcome(project)
    assert "params[0] was 2 and is 1" in failure


def test_requests_that_are_left_over_or_missing_are_told(project: Path) -> None:
    outcome(project, record=True)
    (project / "flow.yaml").write_text(FLOW.replace("for_each: ${items.rows}", "for_each: '${items.rows[0:1]}'"))
    assert any("expected" in failure for failure in outcome(project))
    (project / "shop.test.yaml").write_text(CASES.replace("outputs: {prices: [2, 3]}", "status: succeeded"))
    assert outcome(project) == ["cassette: nobody asked for what was recorded of each[1]/one"]
    (project / "flow.yaml").write_text(FLOW.replace("id: one,", "id: first,").replace("${one.", "${first."))
    assert "has no more requests of step `each[0]/first`" in outcome(project)[0]


def test_a_cassette_that_is_not_there_says_how_it_is_made(project: Path) -> None:
    assert "there is no cassette" in outcome(project)[0]
    (project / "shop.cassette.yaml").write_text("a: 1\n")
    assert "is no cassette" in outcome(project)[0]


def test_a_secret_is_not_recorded(project: Path) -> None:
    (project / "flow.yaml").write_text(FLOW.replace("WHERE price >= ?", "WHERE name <> 'hush-hush' AND price >= ?"))
    flow = FlowTest(project, env={"API_TOKEN": "hush-hush"}, cassette=project / "c.yaml", record=True)
    with pytest.raises(CassetteError, match="step `items` was asked or gave holds a secret"):
        flow.run()
    assert not (project / "c.yaml").exists()


def test_a_cassette_in_a_folder_of_its_own_brings_the_folder(project: Path) -> None:
    text = CASES.replace("shop.cassette.yaml", "cassettes/shop.cassette.yaml")
    (project / "shop.test.yaml").write_text(text)
    assert outcome(project, record=True) == []
    assert outcome(project) == []
    assert [path.name for path in (project / "cassettes").iterdir()] == ["shop.cassette.yaml"]


def test_a_cassette_that_cannot_be_written_fails_its_case(project: Path) -> None:
    (project / "cassettes").touch()
    (project / "shop.test.yaml").write_text(CASES.replace("shop.cassette", "cassettes/shop.cassette"))
    (told,) = outcome(project, record=True)
    assert "shop.cassette.yaml cannot be written: " in told


async def test_a_recorded_run_becomes_a_test(project: Path) -> None:
    registry = TaskRegistry()

    @registry.register("Rate")
    async def rate() -> dict[str, object]:
        return {"rate": Decimal("1.10"), "day": date(2024, 5, 6)}

    text = FLOW.replace("outputs: {", "outputs: {rate: '${rate.rate}', day: '${rate.day}', ").replace(
        "steps:", "steps:\n  - {task: Rate, id: rate}"
    )
    (project / "flow.yaml").write_text(text)
    journal, executor = Journal(project), FlowExecutor(registry)
    recorder = journal.recorder()
    await executor.execute_flow(project / "flow.yaml", {"least": 3}, recorder=recorder)
    assert recorder.run_id is not None
    run = journal.run(recorder.run_id)
    plan = executor.prepare(project / "flow.yaml")
    made = written_test(run, plan, project, mock_all=True)
    (project / "made.test.yaml").write_text(made)
    (case,) = read_cases(project / "made.test.yaml")
    (project / "flow.py").write_text(
        "from flowlang import TaskRegistry\n\n\ndef create_task_registry():\n    registry = TaskRegistry()\n"
        "    registry.register('Rate')(lambda: None)\n    return registry\n"
    )
    (project / "shop.db").unlink()
    result = await asyncio.to_thread(CaseRunner().run, case)
    assert (result.outcome, result.failures, result.error) == ("passed", [], None)
    assert result.run is not None
    assert result.run.outputs["rate"] == Decimal("1.10")


async def test_a_run_with_a_secret_input_is_no_test(project: Path) -> None:
    (project / "flow.yaml").write_text(FLOW.replace("{name: least", "{name: key, secret: true}, {name: least"))
    journal, executor = Journal(project), FlowExecutor()
    recorder = journal.recorder()
    await executor.execute_flow(project / "flow.yaml", {"key": "quite-secret"}, recorder=recorder)
    assert recorder.run_id is not None
    with pytest.raises(NotATest, match="the input key was a secret"):
        written_test(journal.run(recorder.run_id), executor.prepare(project / "flow.yaml"), project, mock_all=False)
