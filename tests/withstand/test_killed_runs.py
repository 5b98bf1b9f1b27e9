"""Runs that are killed after their first statement, their second, and so on: all of a transaction, or nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from flowlang import FlowExecutor

PROGRAM = """
import asyncio, os, signal, sys
from flowlang import FlowExecutor

async def main(path, last):
    sent = 0

    def heard(event):
        nonlocal sent
        sent += event["type"] == "statement"
        if sent == last:
            os.kill(os.getpid(), signal.SIGKILL)

    result = await FlowExecutor().execute_flow(path, event_callback=heard)
    assert result.success, result.error

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""

FLOW = """
flow: Moves
connections: {{db: {{type: {type}, {where}}}}}
steps:
  - {prefix}_transaction:
      queries:
        - UPDATE accounts SET balance = balance - 10 WHERE id = 1
        - UPDATE accounts SET balance = balance + 10 WHERE id = 2
        - INSERT INTO moves VALUES (10)
"""

SETUP = """
flow: Setup
connections: {{db: {{type: {type}, {where}}}}}
steps:
  - {prefix}_execute: {{query: "CREATE TABLE accounts (id int PRIMARY KEY, balance int)"}}
  - {prefix}_execute: {{query: "CREATE TABLE moves (amount int)"}}
  - {prefix}_execute: {{query: "INSERT INTO accounts VALUES (1, 100), (2, 100)"}}
"""

LOOK = """
flow: Look
connections: {{db: {{type: {type}, {where}}}}}
steps:
  - {prefix}_query: {{id: look, query: "SELECT balance, (SELECT count(*) FROM moves) AS n FROM accounts ORDER BY id"}}
outputs: {{balances: "${{look.rows.*.balance}}", moves: "${{look.rows[0].n}}"}}
"""

PREFIXES = {"sqlite": "sqlite", "postgres": "pg", "mysql": "mysql"}
NOTHING, ALL = ([100, 100], 0), ([90, 110], 1)


@pytest.mark.parametrize("database", PREFIXES)
async def test_a_killed_run_leaves_all_of_its_transaction_or_nothing(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    where = f'database: "{tmp_path / "test.db"}"'
    if database != "sqlite":
        where = f'url: "{request.getfixturevalue(f"{database}_database")}"'
    texts = [text.format(type=database, where=where, prefix=PREFIXES[database]) for text in (SETUP, FLOW, LOOK)]
    path = tmp_path / "moves.yaml"
    path.write_text(texts[1])
    made = await FlowExecutor().execute_flow(texts[0])
    assert made.success, made.error

    found = []
    code = -9
    while code == -9:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, str(path), str(len(found) + 1))
        code = await process.wait()
        look = await FlowExecutor().execute_flow(texts[2])
        found.append((look["balances"], look["moves"]))
        if found[-1] != NOTHING:
            break

    assert found == [NOTHING] * (len(found) - 1) + [ALL]
    assert len(found) >= 5
