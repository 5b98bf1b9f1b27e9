"""Runs that are killed after their first statement, their second, and so on: all of a transaction, or nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from flowlang import FlowExecutor

#: Kills a fork of itself after the first statement, another after the second, and so on, and tells what each left.
PROGRAM = """
import asyncio, json, os, signal, sys
from flowlang import FlowExecutor

async def run(path, last):
    sent = 0

    def heard(event):
        nonlocal sent
        sent += event["type"] == "statement"
        if sent == last:
            os.kill(os.getpid(), signal.SIGKILL)

    executor = FlowExecutor()
    result = await executor.execute_flow(path, event_callback=heard)
    await executor.close()
    assert result.success, result.error
    return result

def in_child(path, last=None):
    child = os.fork()
    if not child:
        result = asyncio.run(run(path, last))
        if last is None:
            print(json.dumps([result["balances"], result["moves"]]), flush=True)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

asyncio.run(run(sys.argv[2], None))  # the forks have all modules then
last, code = 1, -signal.SIGKILL
while code == -signal.SIGKILL:
    code = in_child(sys.argv[1], last)
    in_child(sys.argv[2])
    last += 1
sys.exit(code)
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
    paths = [tmp_path / name for name in ("moves.yaml", "look.yaml")]
    for path, text in zip(paths, texts[1:], strict=True):
        path.write_text(text)
    made = await FlowExecutor().execute_flow(texts[0])
    assert made.success, made.error

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, *map(str, paths)), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    found = [tuple(json.loads(line)) for line in output.splitlines()]
    killed = found.index(ALL) + 1
    assert found[:killed] == [NOTHING] * (killed - 1) + [ALL]
    assert killed >= 5
