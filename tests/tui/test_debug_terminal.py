"""The debugger as a person uses it: the real program in a terminal, with bytes for keys."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path

import pytest

from tests.tui.terminal import Terminal, terminal

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals here")

CTRL_B, CTRL_Q, CTRL_R, ENTER, ESC = "\x02", "\x11", "\x12", "\r", "\x1b"

FLOW = """\
flow: Shop
connections:
  shop: {type: sqlite, database: shop.db}
steps:
  - parallel:
      - for_each: [3, 5, 8]
        id: each
        as: price
        do:
          - sqlite_transaction:
              id: sell
              connection: shop
              queries:
                - {query: insert into sold (price) values (?), params: ["${price}"]}
                - {query: update sold set price = price + 1 where price = ?, params: ["${price}"]}
      - {task: Wait, id: other}
    id: both
"""

TASKS = """\
import asyncio

from flowlang import TaskRegistry

registry = TaskRegistry()


@registry.register("Wait")
async def wait() -> None:
    await asyncio.sleep(0.01)


def create_task_registry():
    return registry
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    (folder / "flow.yaml").write_text(FLOW)
    (folder / "flow.py").write_text(TASKS)
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute("create table sold (id integer primary key, price integer)")
    database.close()
    return folder


def sold(shop: Path) -> list[int]:
    """The prices in the database, as others see them."""
    database = sqlite3.connect(shop / "shop.db")
    try:
        return [price for (price,) in database.execute("select price from sold order by id")]
    finally:
        database.close()


def says(one: Terminal, pattern: str) -> None:
    """Wait until a line of the screen is like that."""
    one.until(lambda: any(re.search(pattern, line) for line in one.screen.lines))


def test_stop_in_a_loop_inside_a_branch_look_change_a_row_in_the_transaction_and_go_on(
    shop: Path, tmp_path: Path
) -> None:
    with terminal([str(shop)], tmp_path) as one:
        one.shows("flow: Shop", "nothing has run yet", "● sell", "● other")
        # from the graph: the step in the loop gets a breakpoint that stops at the second price
        one.send(f"{ESC}g")
        one.shows("Text", "Collapse")
        one.send("jjj")
        one.shows("┏━━━━━━━▼━━━━━━━┓")
        one.send(f"{CTRL_B}e")
        one.shows("Breakpoint at each/sell", "Condition")
        one.send("price == 5" + ENTER)
        one.shows("◆")

        one.send(CTRL_R)
        one.until(lambda: "stopped at each[1]/sell, before" in one.screen.lines[0])
        one.shows("➤ each[1]/sell", "each  2 of 3", "➤ each[1]/sell, before", "price  5")
        assert sold(shop) == [4]

        # into the transaction, and past its first statement
        one.send("s")
        one.shows("statement 1 of 2")
        one.send("n")
        one.shows("statement 2 of 2", "s left: K commits, R rolls back")
        one.send(":")
        one.shows("f10 Over")
        one.send("query select price from sold" + ENTER)
        one.shows("2 rows in the open transaction")
        one.send("query update sold set price = 50 where price = 5" + ENTER)
        one.shows("1 row changed, in the open transaction")
        assert sold(shop) == [4], "nobody else sees it before it is committed"

        one.send(ESC)
        one.shows("c Continue")
        one.send("c")
        one.until(lambda: "✓ Shop succeeded" in one.screen.lines[0])
        assert sold(shop) == [4, 50, 9]
        one.shows("Logs", "Inspector")

        one.send(CTRL_Q)
        assert one.ended() == 0
        assert b"Traceback" not in one.written


def test_leaving_while_a_transaction_stands_open_undoes_it(shop: Path, tmp_path: Path) -> None:
    with terminal([str(shop)], tmp_path, size=(80, 24)) as one:
        one.shows("flow: Shop", "nothing has run yet")
        one.send(f"{CTRL_B}d")
        says(one, "stopped at both, before")
        for place in ("stopped at each,", r"stopped at each\[0\]/sell, before", r"statement 1 of 2"):
            one.send("s")
            says(one, place)
        one.send("n")
        says(one, r"statement 2 of 2")
        one.until(lambda: re.search(r"rolls back in \d+ s", one.screen.lines[0]))
        one.shows("K Commit", "R Roll back")
        one.send(CTRL_Q)
        one.shows("A run is going on")
        one.send("e")
        assert one.ended() == 0
        assert b"Traceback" not in one.written
    assert sold(shop) == []
