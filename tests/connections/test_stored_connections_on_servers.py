"""Stored connections to real servers: used by name, tested, and given new credentials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

from flowlang import FlowExecutor, FlowResult
from flowlang.connections.discovery import BUILTINS
from flowlang.connections.project_connections import ProjectConnections
from flowlang.connections.urls import masked_url, url_secrets

Databases = Callable[[], str]

#: For each type, steps that write the `mark` of a flow through a connection and read it again.
STEPS = {
    "postgres": [
        {"pg_execute": {"query": "create table if not exists mark (name text)"}},
        {"pg_execute": {"query": "insert into mark values ($1)", "params": ["${inputs.mark}"]}},
        {"pg_query": {"id": "found", "query": "select name from mark"}},
    ],
    "mysql": [
        {"mysql_execute": {"query": "create table if not exists mark (name text)"}},
        {"mysql_execute": {"query": "insert into mark values (%s)", "params": ["${inputs.mark}"]}},
        {"mysql_query": {"id": "found", "query": "select name from mark"}},
    ],
    "redis": [
        {"redis_command": {"command": "RPUSH", "args": ["mark", "${inputs.mark}"]}},
        {"redis_lrange": {"id": "found", "key": "mark", "start": 0, "stop": -1}},
    ],
    "mongodb": [
        {"mongo_insert": {"collection": "mark", "document": {"name": "${inputs.mark}"}}},
        {"mongo_find": {"id": "found", "collection": "mark", "projection": {"_id": 0}}},
    ],
}


@pytest.fixture
def connections(tmp_path: Path) -> ProjectConnections:
    """The connections of an empty project."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "flowlang.yaml").touch()
    return ProjectConnections(root, env={"XDG_CONFIG_HOME": str(tmp_path / "config")})


async def run(connections: ProjectConnections, flow: dict[str, Any], **inputs: Any) -> FlowResult:
    assert connections.store.env is not None
    executor = FlowExecutor(folder=connections.root, env=connections.store.env)
    try:
        return await executor.execute_flow(flow, inputs)
    finally:
        await executor.close()


def marking(steps: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """A flow whose steps use the connection called `name`."""
    named = [{task: {"connection": name, **arguments} for task, arguments in step.items()} for step in steps]
    return {
        "flow": "marks",
        "inputs": [{"name": "mark", "type": "string"}],
        "steps": named,
        "outputs": {"all": "${found}"},
    }


@pytest.mark.parametrize("kind", [kind for kind in STEPS if kind in BUILTINS])
async def test_two_connections_of_a_type_lead_to_two_databases(
    connections: ProjectConnections, kind: str, request: pytest.FixtureRequest
) -> None:
    databases: Databases = request.getfixturevalue(f"{kind}_databases")
    for name in ("First One", "Second One"):
        connections.create(connections.record_of_url(name, databases()))
    for name in ("First One", "Second One"):
        result = await run(connections, marking(STEPS[kind], name), mark=name)
        assert result.success, result.error
        assert repr(result.outputs).count("One") == 1
        assert name in repr(result.outputs)


@pytest.mark.parametrize("kind", [kind for kind in STEPS if kind in BUILTINS])
async def test_a_stored_connection_is_tested_and_the_test_remembered(
    connections: ProjectConnections, kind: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue(f"{kind}_databases")()
    record = connections.create(connections.record_of_url("Shop", url))
    report = await connections.test("Shop")
    assert report.ok, report
    assert [(test.ok, test.stage) for test in connections.activity.tests(record.id)] == [(True, None)]
    shown = repr(report) + repr(record.masked(connections.schema(kind)))
    assert [secret for secret in url_secrets(url) if secret in shown.replace(masked_url(url), "")] == []


@pytest.fixture
async def role(postgres_database: str) -> Any:
    """The URL of a user of a PostgreSQL database, and a function that changes that user's password."""
    import asyncpg

    name, admin = f"role_{uuid4().hex[:12]}", await asyncpg.connect(postgres_database)
    place = urlsplit(postgres_database)

    async def change(password: str) -> None:
        await admin.execute(f"alter role {name} password '{password}'")

    await admin.execute(f"create role {name} login password 'old/canary'")
    yield f"postgresql://{name}:{quote('old/canary', safe='')}@{place.hostname}:{place.port}{place.path}", change
    await admin.execute(f"drop role {name}")
    await admin.close()


ASK = {
    "flow": "ask",
    "steps": [{"pg_query": {"id": "who", "connection": "Shop", "query": "select current_user::text as name"}}],
    "outputs": {"rows": "${who.rows}"},
}


async def test_a_new_password_is_switched_to_only_when_the_server_takes_it(
    connections: ProjectConnections, role: Any
) -> None:
    url, change = role
    connections.create(connections.record_of_url("Shop", url))
    assert (await run(connections, ASK)).success

    refused = await connections.rotate("Shop", connections.new_password("new@canary"))
    if refused.ok:
        pytest.skip("this server lets everybody in, whatever the password")
    assert refused.failed is not None
    assert refused.failed.stage == "authenticate"
    assert "canary" not in repr(refused)
    assert connections.store.get("Shop").connection_url == url

    await change("new@canary")
    assert (await connections.rotate("Shop", connections.new_password("new@canary"))).ok
    assert "new%40canary" in str(connections.store.get("Shop").connection_url)
    assert (await run(connections, ASK)).success
    assert [test.ok for test in connections.activity.tests(connections.store.get("Shop").id)] == [True]
