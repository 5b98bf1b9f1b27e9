"""Many runs at once, each with two connections of every type: every row ends up where it belongs.

Twenty runs, or two hundred where the variable FLOWLANG_TEST_LONG is set.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from flowlang import FlowExecutor

Databases = Callable[[], str]

#: For each connection: what writes the run's number with the connection's own name, and what gives all of that.
STEPS = {
    "postgres": (
        'pg_execute: {connection: NAME, query: "INSERT INTO t VALUES ($1, \'NAME\')", params: ["${inputs.run}"]}',
        'pg_query: {connection: NAME, id: NAME_all, query: "SELECT run, place FROM t"}',
    ),
    "mysql": (
        'mysql_execute: {connection: NAME, query: "INSERT INTO t VALUES (%s, \'NAME\')", params: ["${inputs.run}"]}',
        'mysql_query: {connection: NAME, id: NAME_all, query: "SELECT run, place FROM t"}',
    ),
    "sqlite": (
        'sqlite_execute: {connection: NAME, query: "INSERT INTO t VALUES (?, \'NAME\')", params: ["${inputs.run}"]}',
        'sqlite_query: {connection: NAME, id: NAME_all, query: "SELECT run, place FROM t"}',
    ),
    "mongodb": (
        'mongo_insert: {connection: NAME, collection: t, document: {run: "${inputs.run}", place: NAME}}',
        "mongo_find: {connection: NAME, id: NAME_all, collection: t, projection: {_id: 0}}",
    ),
    "redis": (
        'redis_rpush: {connection: NAME, key: t, value: {run: "${inputs.run}", place: NAME}}',
        "redis_lrange: {connection: NAME, id: NAME_all, key: t}",
    ),
}
CREATE = {"postgres": "pg_execute", "mysql": "mysql_execute", "sqlite": "sqlite_execute"}
ENTRIES = {"mongodb": "documents", "redis": "values"}
RUNS = 200 if os.environ.get("FLOWLANG_TEST_LONG") else 20


async def test_runs_at_once_with_two_connections_of_every_type_keep_them_apart(
    postgres_databases: Databases,
    mysql_databases: Databases,
    mongodb_databases: Databases,
    redis_databases: Databases,
    tmp_path: Path,
) -> None:
    servers = {
        "postgres": postgres_databases,
        "mysql": mysql_databases,
        "mongodb": mongodb_databases,
        "redis": redis_databases,
    }
    kinds = {f"{kind}_{number}": kind for kind in STEPS for number in (1, 2)}
    configs = [f"  {name}: {{type: {kind}, {place(kind, name, servers)}}}" for name, kind in kinds.items()]
    head = "\n".join(["connections:", *configs, ""])
    prepare = [
        f"  - {CREATE[kind]}: {{connection: {name}, query: 'CREATE TABLE t (run int, place varchar(20))'}}"
        for name, kind in kinds.items()
        if kind in CREATE
    ]
    write = [f"      - {STEPS[kind][0].replace('NAME', name)}" for name, kind in kinds.items()]
    read = [f"      - {STEPS[kind][1].replace('NAME', name)}" for name, kind in kinds.items()]
    outputs = [f"  {name}: '${{{name}_all.{ENTRIES.get(kind, 'rows')}}}'" for name, kind in kinds.items()]
    executor = FlowExecutor(folder=tmp_path)

    made = await executor.execute_flow("\n".join([f"flow: Make\n{head}steps:", *prepare, ""]))
    assert made.success, made.error
    work = "\n".join([f"flow: Work\n{head}steps:", "  - parallel:", *write, ""])
    results = await asyncio.gather(*(executor.execute_flow(work, {"run": run}) for run in range(RUNS)))
    assert [result.error for result in results if not result.success] == []
    found = await executor.execute_flow(
        "\n".join([f"flow: Look\n{head}steps:", "  - parallel:", *read, "outputs:", *outputs, ""])
    )

    assert found.success, found.error
    for name in kinds:
        entries = sorted((entry["run"], entry["place"]) for entry in found[name])
        assert entries == [(run, name) for run in range(RUNS)], name


def place(kind: str, name: str, servers: dict[str, Databases]) -> str:
    if kind == "sqlite":
        return f"database: {name}.db"
    parts = urlsplit(servers[kind]())
    if kind != "mongodb":
        return f'url: "{parts.geturl()}"'
    return f'url: "{parts._replace(path="/", query="authSource=admin").geturl()}", database: {parts.path[1:]}'
