"""Pins and sandboxes for what is left of a run, and for a part of it that runs again."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cli.runs.commands import Command
from tests.journal.projects import Project

SHOP = """
flow: main
connections: {db: {type: sqlite, database: shop.db}}
steps:
  - sqlite_execute: {id: add, query: insert into orders values ('first')}
  - Try: {id: check, what: check}
  - sqlite_execute: {id: more, query: insert into orders values ('second')}
  - Do: {id: last, what: last}
outputs: {added: '${more.rows_affected}'}
"""
PINS = "last: {output: {done: pinned}}\n"


def orders(project: Project) -> list[str]:
    database = sqlite3.connect(project.root / "shop.db")
    try:
        return [name for (name,) in database.execute("select name from orders")]
    finally:
        database.close()


@pytest.fixture
def broken(project: Project, flowlang: Command) -> str:
    """The id of a run that added an order and failed then; it would succeed now."""
    project.write(SHOP)
    database = sqlite3.connect(project.root / "shop.db")
    database.execute("create table orders (name text)")
    database.close()
    project.break_()
    assert flowlang("run", "main.yaml").code == 1
    project.mend()
    project.effects()
    return str(flowlang("runs", "list", "--json").json[0]["run_id"])


def test_what_is_left_of_a_run_uses_pins_when_asked(project: Project, flowlang: Command, broken: str) -> None:
    (project.root / "main.pins.yaml").write_text(PINS)
    ran = flowlang("runs", "resume", broken, "--pins", "--json")
    assert (ran.code, ran.json["pins"]) == (0, {"last": 1})
    assert project.effects() == ["check"]


def test_a_part_runs_again_with_pins_when_asked(project: Project, flowlang: Command, broken: str) -> None:
    (project.root / "main.pins.yaml").write_text(PINS)
    ran = flowlang("runs", "rerun", broken, "--from", "check", "--json")
    assert "1 pin in main.pins.yaml is not used; --pins uses them" in ran.err
    assert project.effects() == ["check", "last"]
    ran = flowlang("runs", "rerun", "last", "--from", "check", "--pins", "--json")
    assert ran.json["pins"] == {"last": 1}
    assert project.effects() == ["check"]


def test_pins_fit_the_text_that_runs(project: Project, flowlang: Command, broken: str) -> None:
    (project.root / "main.pins.yaml").write_text(PINS)
    project.write(SHOP.replace("id: last", "id: final"))
    refused = flowlang("runs", "rerun", broken, "--from", "check", "--pins")
    assert refused.code == 2
    assert "[unknown-step]" in refused.err
    assert flowlang("runs", "rerun", broken, "--from", "check", "--pins", "--as-it-was").code == 0


def test_a_part_that_runs_again_in_a_sandbox_is_recorded_and_undone(
    project: Project, flowlang: Command, broken: str
) -> None:
    ran = flowlang("runs", "rerun", broken, "--from", "check", "--sandbox", "--json")
    assert (ran.code, ran.json["outputs"]) == (0, {"added": 1})
    assert [step["path"] for step in ran.json["sandbox"]["steps"]] == ["more"]
    assert orders(project) == ["first"]
    again = flowlang("runs", "rerun", "last", "--from", "last")
    assert "the run was in a sandbox" in again.err


def test_what_is_left_is_tried_in_a_sandbox_and_can_be_run_afterwards(
    project: Project, flowlang: Command, broken: str
) -> None:
    trial = flowlang("runs", "resume", broken, "--sandbox", "--json")
    assert (trial.code, trial.json["run_id"], trial.json["outputs"]) == (0, broken, {"added": 1})
    assert "for trial" in trial.err
    assert orders(project) == ["first"]
    (run,) = flowlang("runs", "list", "--json").json
    assert (run["status"], run["sessions"]) == ("failed", 1)
    assert flowlang("run", "main.yaml", "--resume", broken).code == 0
    assert orders(project) == ["first", "second"]


def test_what_is_left_may_take_so_long_only(project: Project, flowlang: Command) -> None:
    project.write("  - Try: {id: a, what: a}\n  - Hang: {id: b, what: b}")
    project.break_()
    assert flowlang("run", "main.yaml").code == 1
    project.write("  - Do: {id: a, what: a}\n  - Hang: {id: b, what: b}")
    ran = flowlang("runs", "resume", "last", "--timeout", "50ms", "--json")
    assert (ran.code, ran.json["error_type"]) == (1, "StepTimeoutError")


def test_what_is_left_is_always_recorded(flowlang: Command, broken: str) -> None:
    ran = flowlang("run", "main.yaml", "--resume", broken, "--no-journal")
    assert (ran.code, "--no-journal does not go with --resume" in ran.err) == (2, True)
