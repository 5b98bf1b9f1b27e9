"""A run that stands before a statement: what will be sent is seen in the workbench, with what is bound to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flowlang.debugger import Breakpoint
from tests.tui.acting import told
from tests.tui.opening import Opened, opened
from tests.tui.standing import rows, run_to, stack, stand

FLOW = """\
flow: Payments
inputs:
  - {name: code, type: string, secret: true, default: very-secret-code}
connections:
  shop: {type: sqlite, database: shop.db}
steps:
  - sqlite_execute: {id: make, query: "create table if not exists paid (who text, amount integer, code text)"}
  - sqlite_transaction:
      id: pay
      queries:
        - query: >-
            insert into paid (who, amount, code)
            values (?, ?, ?)
          params: [Ada, 12, "${inputs.code}"]
        - query: delete from paid where amount > ?
          params: [1000]
  - sqlite_batch_insert:
      id: many
      table: paid
      records: [{who: Bob, amount: 1, code: x}, {who: Bob, amount: 2, code: y}]
  - sqlite_query: {id: all, query: select * from paid}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "payments"
    folder.mkdir()
    (folder / "flowlang.yaml").write_text("project: payments\n")
    (folder / "flow.yaml").write_text(FLOW)
    return folder


def statement(one: Opened) -> list[str]:
    """The lines of the scope about the statement."""
    lines = rows(one).split("\n")
    end = next(at for at, line in enumerate(lines) if line.startswith("▾ This step"))
    return [line.strip() for line in lines[:end]]


async def test_the_scope_shows_the_statement_that_is_next_and_its_parameters(project: Path) -> None:
    async with opened(project) as one:
        path = await run_to(one, Breakpoint("pay", "statement", flow="flow.yaml"))
        assert path == "pay"
        # texts are broken for the width that the pane has when it came up
        await one.until(lambda: "insert into paid (who, amount, code) values" in statement(one))
        assert statement(one) == [
            "▾ Statement",
            "▾ text",
            "insert into paid (who, amount, code) values",
            "(?, ?, ?)",
            '▸ params  ["Ada", 12, "••••"]',
        ]
        assert stack(one)[1].startswith("before statement 1 of 2")
        assert "stopped at pay, before statement 1 of 2" in one.status
        await one.press("n")
        await one.until(lambda: "delete from paid" in rows(one))
        assert statement(one)[1:] == ['text  "delete from paid where amount > ?"', "▸ params  [1000]"]
        await one.press("n")
        await one.until(lambda: "before commit" in one.status)
        assert rows(one).startswith("▾ This step")


async def test_the_rows_of_a_batch_and_a_single_statement_are_shown_too(project: Path) -> None:
    async with opened(project) as one:
        points = [Breakpoint(step, "statement", flow="flow.yaml") for step in ("many", "all")]
        await run_to(one, *points)
        await one.until(lambda: 'INSERT INTO "paid" ("who", "amount", "code")' in statement(one))
        lines = statement(one)
        assert [line.split() for line in lines[-2:]] == [["▸", "Bob", "1", "x"], ["▸", "Bob", "2", "y"]]
        await one.press("c")
        await one.until(lambda: "stopped at many, before commit" in one.status or "stopped at all" in one.status)
        if "commit" in one.status:
            await one.press("c")
        await stand(one, "many")
        assert statement(one) == ["▾ Statement", 'text  "select * from paid"']
        assert "before a statement" in one.status


async def test_cancelling_and_leaving_say_that_the_open_transaction_is_rolled_back(project: Path) -> None:
    async with opened(project) as one:
        await run_to(one, Breakpoint("pay", "statement", flow="flow.yaml"))
        await one.press("n")
        await one.until(lambda: "delete from paid" in rows(one))
        await one.press("ctrl+q")
        asked = str(one.app.screen.query("Static").first().render())
        assert "The open transaction of pay will be rolled back." in asked
        await one.press("escape", "ctrl+t")
        await one.over()
        assert "The open transaction of pay is rolled back." in told(one)
    with closing(sqlite3.connect(project / "shop.db")) as database:
        assert database.execute("select count(*) from paid").fetchone() == (0,)
