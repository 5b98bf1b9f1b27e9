"""Large amounts of data: a result that memory can't hold is refused, and many rows are written in little memory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.withstand import children

#: Kilobytes. A process that only imports flowlang and a driver takes about 60,000.
ENOUGH = 650_000


class Case(NamedTuple):
    type: str
    task: str
    query: str
    #: The limit in megabytes: the default, or less where it would take long to make enough small rows.
    limit: int = 256


RECORDS = """
from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Records")
    def records():
        return {"records": [{"id": n, "name": f"name {n}", "price": n / 100} for n in range(100_000)]}

    return registry
"""

#: About a gigabyte each: as a thousand large values, and as tens of millions of small rows.
GIGABYTES = [
    Case(
        "sqlite",
        "sqlite_query",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
        "SELECT hex(zeroblob(500000)) AS a FROM n",
    ),
    Case(
        "sqlite",
        "sqlite_query",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS a FROM n",
        64,
    ),
    Case("sqlite", "sqlite_query", "SELECT zeroblob(1000000000) AS a"),
    Case("postgres", "pg_query", "SELECT repeat('x', 1000000) AS a FROM generate_series(1, 1000)"),
    Case("postgres", "pg_query", "SELECT a FROM generate_series(1, 10000000) AS s(a)", 64),
    Case("mysql", "mysql_query", "SELECT repeat('x', 1000000) AS a FROM seq_1_to_1000"),
    Case("mysql", "mysql_query", "SELECT seq AS a FROM seq_1_to_50000000", 64),
]


@pytest.mark.parametrize("case", GIGABYTES, ids=lambda case: f"{case.type}: {case.query[:40]}")
async def test_a_result_of_a_gigabyte_is_refused(case: Case, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    where = "database: test.db" if case.type == "sqlite" else f'url: "{database_of(case.type, request)}"'
    flow = tmp_path / "large.yaml"
    flow.write_text(
        f"""
flow: Large
connections: {{db: {{type: {case.type}, {where}, max_result_mb: {case.limit}}}}}
steps:
  - {case.task}: {{id: large, query: "{case.query}", continue_on_error: true}}
  - {case.task}: {{id: small, query: "SELECT 7 AS a"}}
outputs: {{error: "${{large.error}}", rows: "${{small.rows}}"}}
"""
    )

    run = await children.run(flow)

    assert run["status"] == "succeeded", run
    assert run["outputs"]["rows"] == [{"a": 7}]
    assert run["peak_kb"] < ENOUGH
    assert "larger than" in run["outputs"]["error"]["message"]


def database_of(name: str, request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{name}_database")
    return url


INSERTS = {
    "sqlite": ("sqlite_execute", "sqlite_batch_insert", "sqlite_query"),
    "postgres": ("pg_execute", "pg_batch_insert", "pg_query"),
    "mysql": ("mysql_execute", "mysql_batch_insert", "mysql_query"),
}


@pytest.mark.parametrize("database", INSERTS)
async def test_a_hundred_thousand_rows_are_inserted_in_bounded_memory(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    execute, insert, query = INSERTS[database]
    where = "database: test.db" if database == "sqlite" else f'url: "{database_of(database, request)}"'
    flow = tmp_path / "many.yaml"
    flow.write_text(
        f"""
flow: Many
connections: {{db: {{type: {database}, {where}}}}}
steps:
  - {execute}: {{query: "CREATE TABLE t (id int, name varchar(40), price numeric(10, 2))"}}
  - task: Records
    id: made
  - {insert}: {{id: load, table: t, records: "${{made.records}}"}}
  - {query}: {{id: check, query: "SELECT count(*) AS n, count(DISTINCT id) AS d FROM t"}}
outputs: {{inserted: "${{load.inserted_count}}", found: "${{check.rows[0]}}"}}
"""
    )
    (tmp_path / "flow.py").write_text(RECORDS)

    run = await children.run(flow)

    assert run["status"] == "succeeded", run
    assert run["outputs"] == {"inserted": 100_000, "found": {"n": 100_000, "d": 100_000}}
    # the records themselves take about 35,000
    assert run["peak_kb"] < 130_000
