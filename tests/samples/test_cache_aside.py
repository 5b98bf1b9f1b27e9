"""A cache before a database, in the forms that people write first.

`keys` as a list, unquoted `${…}` in `params`, `if: "not ${…}"`, an output that chooses with `if … else`, a map that
goes through the cache, a task that is given the driver's connection, and a script that runs the flow's text.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from flowlang import check

FLOW = """\
flow: BookLookup
description: Find a book in the cache or in the database

connections:
  library:
    type: postgres
    url: ${env.LIBRARY_URL}
    pool_size: 10
    timeout: 30

  shelf:
    type: redis
    url: ${env.SHELF_URL}
    max_connections: 50
    decode_responses: true

inputs:
  - name: book_id
    type: integer
    required: true
    description: The number of the book

steps:
  # Is it on the shelf?
  - redis_exists:
      id: on_shelf
      connection: shelf
      keys: ["book:${inputs.book_id}"]
      outputs:
        - exists

  - redis_get:
      id: taken
      connection: shelf
      key: "book:${inputs.book_id}"
      outputs:
        - value
      if: ${on_shelf.exists}

  # No: look into the database
  - pg_query:
      id: searched
      connection: library
      query: "SELECT id, title, pages, in_print, bought_on FROM books WHERE id = $1"
      params: [${inputs.book_id}]
      outputs:
        - rows
      if: "not ${on_shelf.exists}"

  - task: DescribeBook
    id: described
    inputs:
      record: ${searched.rows[0]}
    outputs:
      - book
    if: "not ${on_shelf.exists}"

  - redis_set:
      id: put_back
      connection: shelf
      key: "book:${inputs.book_id}"
      value: ${described.book}
      ex: 3600
      outputs:
        - success
      if: "not ${on_shelf.exists}"

  - task: CountLoan
    id: counted
    connection: library
    inputs:
      book_id: ${inputs.book_id}
    outputs:
      - counted
    if: "not ${on_shelf.exists}"

  - redis_incr:
      id: visits
      connection: shelf
      key: "visits:books"
      amount: 1
      outputs:
        - value

outputs:
  - name: book
    value: ${taken.value if on_shelf.exists else described.book}

  - name: from_shelf
    value: ${on_shelf.exists}

  - name: visits
    value: ${visits.value}
"""

TASKS = '''\
from typing import Any, Dict
from flowlang import TaskRegistry


def create_task_registry() -> TaskRegistry:
    registry = TaskRegistry()

    @registry.register('DescribeBook', description='Describe a book for its reader')
    async def describe_book(record: Dict[str, Any]) -> Dict[str, Any]:
        """Turn a row into what readers want to know."""
        if not record:
            raise ValueError("No such book")
        return {'book': {
            'id': record['id'],
            'title': record['title'],
            'length': 'long' if record['pages'] > 500 else 'short',
            'in_print': record.get('in_print', False),
            'bought_on': record.get('bought_on').isoformat() if record.get('bought_on') else None,
        }}

    @registry.register('CountLoan', description='Count a loan of the book')
    async def count_loan(
        book_id: int,
        connection  # given by the step
    ) -> Dict[str, Any]:
        query = "UPDATE books SET loans = loans + 1 WHERE id = $1"
        try:
            result = await connection.execute(query, book_id)
            return {'counted': int(result.split()[-1]) > 0, 'answer': result}
        except Exception as e:
            raise Exception(f"The loan could not be counted: {e}") from e

    return registry
'''

SCRIPT = """\
import asyncio
from flowlang import FlowExecutor
from flow import create_task_registry


async def look_twice():
    with open('flow.yaml') as f:
        flow_yaml = f.read()
    executor = FlowExecutor(create_task_registry())

    for number in (1, 2):
        result = await executor.execute_flow(
            flow_yaml,
            inputs={'book_id': 1}
        )
        print(f"{number}: {result['book']['title']}, {result['book']['length']}, {result['book']['bought_on']}")
        print(f"   From shelf: {result['from_shelf']}")
        print(f"   Visits: {result['visits']}")
        print(f"   {'✅' if result['from_shelf'] else '❌'}")

if __name__ == '__main__':
    asyncio.run(look_twice())
"""

PRINTED = """\
1: Middlemarch, long, 2023-05-17
   From shelf: False
   Visits: 1
   ❌
2: Middlemarch, long, 2023-05-17
   From shelf: True
   Visits: 2
   ✅
"""


@pytest.fixture
async def project(tmp_path: Path, postgres_database: str, redis_database: str) -> Path:
    connection = await asyncpg.connect(postgres_database)
    await connection.execute(
        "CREATE TABLE books (id serial PRIMARY KEY, title text, pages int, in_print bool, bought_on date,"
        " loans int DEFAULT 0);"
        "INSERT INTO books (title, pages, in_print, bought_on) VALUES ('Middlemarch', 904, true, '2023-05-17')"
    )
    await connection.close()
    files = {"flow.yaml": FLOW, "flow.py": TASKS, "script.py": SCRIPT}
    files[".env"] = f"LIBRARY_URL={postgres_database}\nSHELF_URL={redis_database}\n"
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def python(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=project, capture_output=True, text=True, timeout=60)


def test_the_flow_is_without_problems(project: Path) -> None:
    assert check(project / "flow.yaml") == []


async def test_a_script_that_looks_twice_gets_the_same_book(project: Path, postgres_database: str) -> None:
    done = python(project, "script.py")
    assert (done.stdout, done.stderr) == (PRINTED, "")
    connection = await asyncpg.connect(postgres_database)
    assert await connection.fetchval("SELECT loans FROM books") == 1
    await connection.close()


def test_a_row_that_is_not_there_reaches_the_task_as_null(project: Path) -> None:
    failed = python(project, "-m", "flowlang", "run", ".", "--input", "book_id=7", "--output", "text")
    assert failed.returncode == 1
    assert "No such book" in failed.stdout + failed.stderr
