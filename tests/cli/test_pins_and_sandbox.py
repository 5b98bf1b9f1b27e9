"""Pins and sandbox runs on the command line: used when asked for, and always said."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Command, write

FLOW = """\
flow: orders
connections: {db: {type: sqlite, database: shop.db}}
steps:
  - sqlite_query: {id: fetch, query: select id from orders}
  - for_each: ${fetch.rows}
    id: each
    as: row
    do: [{sqlite_execute: {id: ship, query: "update orders set status = 'sent' where id = ?", params: ['${row.id}']}}]
outputs: {count: '${fetch.count}'}
"""
PINS = """\
fetch: {output: {rows: [{id: 2}], count: 1, columns: [id]}}
each/ship: {error: {type: OSError}, enabled: false}
"""


@pytest.fixture
def orders(project: Path) -> Path:
    database = sqlite3.connect(project / "shop.db")
    database.executescript(
        "create table orders (id integer primary key, status text); insert into orders values (1, 'open'), (2, 'open');"
    )
    database.close()
    return write(project / "orders.yaml", FLOW)


def statuses(project: Path) -> list[str]:
    database = sqlite3.connect(project / "shop.db")
    try:
        return [status for (status,) in database.execute("select status from orders order by id")]
    finally:
        database.close()


def test_pins_are_not_used_unless_asked_for_and_that_is_said(flowlang: Command, orders: Path, project: Path) -> None:
    (project / "orders.pins.yaml").write_text(PINS)
    ran = flowlang("run", "orders.yaml", "--output", "json")
    assert json.loads(ran.stdout)["outputs"] == {"count": 2}
    assert "1 pin in orders.pins.yaml is not used; --pins uses them" in ran.stderr
    assert flowlang("run", "orders.yaml", "--quiet").stderr == ""


def test_used_pins_are_named_in_words_in_events_and_in_the_result(
    flowlang: Command, orders: Path, project: Path
) -> None:
    (project / "orders.pins.yaml").write_text(PINS)
    ran = flowlang("run", "orders.yaml", "--pins", "--output", "json")
    told = json.loads(ran.stdout)
    assert (told["outputs"], told["pins"]) == ({"count": 1}, {"fetch": 1})
    assert "1 pin in orders.pins.yaml is used: fetch" in ran.stderr
    assert "1 pinned" in ran.stderr
    assert statuses(project) == ["open", "sent"]
    events = [
        json.loads(line)
        for line in flowlang("run", "orders.yaml", "--pins", "--output", "events").stdout.split("\n")
        if line
    ]
    assert [event["step_id"] for event in events if event.get("answered_by") == "pin"] == ["fetch"]


def test_pins_that_do_not_fit_keep_the_flow_from_running(flowlang: Command, orders: Path, project: Path) -> None:
    (project / "orders.pins.yaml").write_text("# mine\nfetched: {output: 1}\n")
    ran = flowlang("run", "orders.yaml", "--pins", "--output", "json")
    assert ran.returncode == 2
    (problem,) = json.loads(ran.stdout)["diagnostics"]
    assert (problem["line"], problem["column"], problem["suggestion"]) == (2, 1, "fetch")
    assert "orders.pins.yaml:2:1" in ran.stderr
    assert statuses(project) == ["open", "open"]


def test_asking_for_pins_without_a_file_is_said(flowlang: Command, orders: Path) -> None:
    ran = flowlang("run", "orders.yaml", "--pins")
    assert ran.returncode == 0
    assert "there is no orders.pins.yaml" in ran.stderr


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_sandbox_run_tells_what_it_did_and_leaves_nothing(
    flowlang: Command, orders: Path, project: Path, form: str
) -> None:
    ran = flowlang("run", "orders.yaml", "--sandbox", "--output", form)
    assert ran.returncode == 0
    assert statuses(project) == ["open", "open"]
    told = ran.stdout if form == "text" else ran.stderr
    assert "sandbox: everything on db was undone" in told
    assert '    ~ id 1, status "open" → "sent"' in told
    if form == "json":
        assert [step["path"] for step in json.loads(ran.stdout)["sandbox"]["steps"]] == ["each[0]/ship", "each[1]/ship"]


def test_the_terminal_application_takes_the_same_options(flowlang: Command, orders: Path, project: Path) -> None:
    (project / "orders.pins.yaml").write_text(PINS)
    ran = flowlang("--run", "orders.yaml", "--pins", "--sandbox", "--output", "json", module="flowlang_tui")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["pins"], told["sandbox"]["connections"]) == ({"fetch": 1}, ["db"])


def test_checking_a_flow_checks_its_pins(flowlang: Command, orders: Path, project: Path) -> None:
    (project / "orders.pins.yaml").write_text(PINS)
    assert flowlang("check", "orders.yaml").returncode == 0
    (project / "orders.pins.yaml").write_text("fetched: {output: 1}\n")
    ran = flowlang("check", ".", "--format", "json")
    assert ran.returncode == 1
    (problem,) = json.loads(ran.stdout)
    assert (Path(problem["path"]).name, problem["code"], problem["line"]) == ("orders.pins.yaml", "unknown-step", 1)
