"""The quickstart does what its README says."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flowlang import Event, FlowExecutor, FlowResult, check
from flowlang.connections.discovery import Plugins
from flowlang.language.diagnostics import Problems
from flowlang.language.graph import graph_of, to_json
from flowlang.language.parse import parse_flow
from flowlang.language.schema import json_schema
from flowlang.language.source import read_file
from flowlang.runtime.catalog import ProjectCatalog
from flowlang.tasks.loader import load_registry

SAMPLE = Path(__file__).parents[2] / "sample_projects" / "quickstart"
FILES = ("flow.yaml", "flow.py", "orders.csv")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh copy of the project, as it is after a clone."""
    folder = tmp_path / "quickstart"
    folder.mkdir()
    for name in FILES:
        shutil.copy(SAMPLE / name, folder)
    return folder


async def run(project: Path, **inputs: Any) -> tuple[FlowResult, list[Event]]:
    events: list[Event] = []
    executor = FlowExecutor(load_registry(project / "flow.py"))
    result = await executor.execute_flow(project / "flow.yaml", inputs, events.append)
    return result, events


def command(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowlang", *words], cwd=project, capture_output=True, text=True, timeout=60
    )


def stored(project: Path, query: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(project / "shop.db")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def test_the_flow_is_without_problems() -> None:
    assert check(SAMPLE / "flow.yaml") == []


def test_the_flow_fits_the_schema_for_editors() -> None:
    catalog = ProjectCatalog(load_registry(SAMPLE / "flow.py"), Plugins(SAMPLE))
    root = read_file(SAMPLE / "flow.yaml", Problems()).root
    assert root is not None
    jsonschema.validate(root.data, json_schema(catalog), jsonschema.Draft202012Validator)


def test_its_drawing_is_the_same_before_and_after_checking() -> None:
    problems = Problems()
    parsed = graph_of(parse_flow(read_file(SAMPLE / "flow.yaml", problems), problems))
    checked = graph_of(FlowExecutor(load_registry(SAMPLE / "flow.py")).prepare(SAMPLE / "flow.yaml").flow)
    assert to_json(parsed) == to_json(checked)


async def test_the_report_adds_up(project: Path) -> None:
    result, _ = await run(project)
    assert result.error is None
    assert result["orders"] == 28
    assert result["customers"] == 8
    regions = result["regions"]
    assert [region["region"] for region in regions] == ["east", "north", "south", "west"]
    assert sum(region["orders"] for region in regions) == 28
    revenue = result["revenue"]
    assert revenue["EUR"] == pytest.approx(sum(region["eur"] for region in regions))
    assert revenue["converted"] == pytest.approx(revenue["EUR"] * 1.09, abs=0.01)
    assert [product["product"] for product in result["best_products"]] == [
        "Oat drink 1 l",
        "Filter papers",
        "Filter coffee 500 g",
    ]
    assert result["summary"] == "28 orders of 8 customers, 2,105.30 EUR; 4 rows rejected"


async def test_bad_rows_are_put_aside_with_the_reason(project: Path) -> None:
    result, _ = await run(project)
    assert [(row["line"], row["order_id"], row["reason"]) for row in result["rejected"]] == [
        (8, "A-1007", "the customer is missing"),
        (14, "A-1013", "there is no region 'sooth'"),
        (22, "A-1021", "'0' is no quantity"),
        (28, "A-1027", "'eighteen' is no price"),
    ]
    assert stored(project, "SELECT count(*) FROM rejected") == [(4,)]


async def test_a_second_run_gives_the_same_report(project: Path) -> None:
    first, _ = await run(project)
    second, _ = await run(project)
    assert second.outputs == first.outputs
    assert stored(project, "SELECT count(*) FROM orders") == [(28,)]


async def test_the_rate_is_asked_for_twice(project: Path) -> None:
    _, events = await run(project)
    assert [event["step_id"] for event in events if event["type"] == "step_retrying"] == ["rate"]


async def test_without_bad_rows_the_other_branch_runs(project: Path) -> None:
    lines = (project / "orders.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    bad = ("A-1007", "A-1013", "A-1021", "A-1027")
    (project / "orders.csv").write_text("".join(line for line in lines if not line.startswith(bad)), encoding="utf-8")
    result, events = await run(project)
    assert result["rejected"] == []
    assert "all_good" in [event.get("step_id") for event in events if event["type"] == "step_completed"]


async def test_too_many_bad_rows_end_the_flow_before_anything_is_stored(project: Path) -> None:
    result, _ = await run(project, max_rejected=2)
    assert result.status == "failed"
    assert result.reason == "4 of 32 rows are bad; is orders.csv the right file?"
    assert stored(project, "SELECT name FROM sqlite_master") == []


async def test_a_currency_that_is_not_offered_is_refused(project: Path) -> None:
    result, _ = await run(project, currency="EUR")
    assert result.error_type == "FlowInputError"


def test_the_command_prints_the_report_as_json(project: Path) -> None:
    first = command(project, "run", ".")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["outputs"]["orders"] == 28
    assert (
        json.loads(command(project, "run", ".", "--input", "currency=SEK").stdout)["outputs"]["revenue"]["currency"]
        == "SEK"
    )


def test_a_misspelt_step_is_found_before_the_run(project: Path) -> None:
    flow = project / "flow.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("${check.good}", "${chek.good}"), encoding="utf-8")
    checked = command(project, "check", ".")
    assert checked.returncode == 1
    assert "did you mean `check`?" in checked.stdout + checked.stderr
    assert command(project, "run", ".").returncode == 2
    assert not (project / "shop.db").exists()


def test_a_rate_that_cannot_be_had_fails_the_run_and_the_next_one_mends_it(project: Path) -> None:
    flow = project / "flow.yaml"
    text = flow.read_text(encoding="utf-8")
    flow.write_text(text.replace("max_attempts: 3", "max_attempts: 1"), encoding="utf-8")
    failed = command(project, "run", ".")
    assert failed.returncode == 1
    assert "the rate service is busy" in failed.stderr
    flow.write_text(text, encoding="utf-8")
    assert command(project, "run", ".").returncode == 0
