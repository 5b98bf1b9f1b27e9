"""Flows that use the connections that their project keeps."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import pytest_asyncio

from flowlang import Event, FlowExecutor, FlowResult, FlowValidationError, check
from flowlang.connections.activity import Activity
from flowlang.connections.records import Overlay, ProjectConnection
from flowlang.connections.store import Store
from flowlang.errors import ConfigurationError

CANARY = "canary-4711"

BY_NAME = """\
flow: by_name
steps:
  - sqlite_query: {id: found, connection: Shop Database, query: select name from place}
outputs: {place: "${found.rows[0].name}"}
"""
BY_USE = """\
flow: by_use
connections:
  db: {use: Shop Database}
steps:
  - sqlite_query: {id: found, query: select name from place}
outputs: {place: "${found.rows[0].name}"}
"""

PLUGIN = '''
from flowlang.connections.base import ConnectionPlugin
from flowlang.errors import ConnectionError


class VaultedPlugin(ConnectionPlugin):
    name = "vaulted"

    def get_config_schema(self):
        return {"type": "object", "required": ["url"], "properties": {
            "url": {"type": "string"}, "api_key": {"type": "string"}, "max_connections": {"type": "integer"}}}

    async def connect(self, config):
        if "refuse" in config["url"]:
            raise ConnectionError(f"cannot use {config['url']}")
        self.config = config

    async def disconnect(self):
        pass

    async def get_connection(self):
        return self.config

    def get_builtin_tasks(self):
        return {"vaulted_config": vaulted_config}


async def vaulted_config(connection=None):
    """Give back the configuration.

    Returns:
        dict: with `config`.
    """
    return {"config": dict(connection), "split": "/".join(connection["url"])}
'''


class Project:
    """A project with a store, and runs in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "shop"
        (self.root / "flows").mkdir(parents=True)
        (self.root / "flowlang.yaml").touch()
        self.env = {"XDG_CONFIG_HOME": str(folder / "config")}
        self.store = Store(self.root, self.env)
        self.executors: list[FlowExecutor] = []
        self.events: list[Event] = []

    def executor(self, **options: Any) -> FlowExecutor:
        made = FlowExecutor(folder=self.root / "flows", env=self.env, **options)
        self.executors.append(made)
        return made

    async def run(self, flow: str | Path, **options: Any) -> FlowResult:
        self.events = []
        return await self.executor(**options).execute_flow(flow, event_callback=self.events.append)

    def keep(self, name: str = "Shop Database", kind: str = "sqlite", **record: Any) -> ProjectConnection:
        return self.store.add(ProjectConnection(connection_type=kind, name=name, **record))

    def database(self, name: str) -> str:
        """A database that says its own name."""
        with closing(sqlite3.connect(self.root / name)) as database:
            database.execute("create table place (name)")
            database.execute("insert into place values (?)", (name,))
            database.commit()
        return name


@pytest_asyncio.fixture
async def project(tmp_path: Path) -> AsyncIterator[Project]:
    """A project with an empty store."""
    made = Project(tmp_path)
    yield made
    for executor in made.executors:
        await executor.close()


@pytest.fixture
def vaulted(project: Project) -> Project:
    """The project with a plugin that takes secrets."""
    folder = project.root / "plugins" / "vaulted"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PLUGIN)
    return project


@pytest.mark.parametrize("flow", [BY_NAME, BY_USE])
async def test_a_flow_uses_a_stored_connection_by_its_name(project: Project, flow: str) -> None:
    project.keep(config={"database": project.database("main.db")})
    result = await project.run(flow)
    assert result.outputs == {"place": "main.db"}


async def test_a_url_leads_where_the_configuration_would(project: Project) -> None:
    project.keep(connection_url=f"sqlite:///{project.database('main.db')}")
    assert (await project.run(BY_NAME)).outputs == {"place": "main.db"}


async def test_two_connections_of_one_type_stay_apart(project: Project) -> None:
    project.keep("One", config={"database": project.database("one.db")})
    project.keep("Two", config={"database": project.database("two.db")})
    result = await project.run(
        "flow: both\nsteps:\n"
        "  - sqlite_query: {id: a, connection: One, query: select name from place}\n"
        "  - sqlite_query: {id: b, connection: Two, query: select name from place}\n"
        "outputs: {places: ['${a.rows[0].name}', '${b.rows[0].name}']}\n"
    )
    assert result.outputs == {"places": ["one.db", "two.db"]}


async def test_a_connection_that_the_flow_declares_goes_before_a_stored_one(project: Project) -> None:
    project.keep("db", config={"database": project.database("stored.db")})
    own = project.root / project.database("own.db")
    flow = BY_USE.replace("{use: Shop Database}", f"{{type: sqlite, database: '{own}'}}")
    assert (await project.run(flow)).outputs == {"place": "own.db"}


@pytest.mark.parametrize(("environment", "place"), [("dev", "dev.db"), ("prod", "prod.db"), ("staging", "main.db")])
async def test_an_environment_chooses_other_values(project: Project, environment: str, place: str) -> None:
    for name in ("main.db", "dev.db", "prod.db"):
        project.database(name)
    overlays = {
        "dev": Overlay(config={"database": "dev.db"}),
        "prod": Overlay(connection_url="sqlite:///prod.db"),
    }
    project.keep(config={"database": "main.db", "timeout": 3}, environments=overlays)
    result = await project.run(BY_NAME, environment=environment)
    assert result.outputs == {"place": place}


async def test_an_environment_that_there_is_not_is_refused(project: Project) -> None:
    with pytest.raises(ConfigurationError, match="did you mean `prod`"):
        project.executor(environment="prdo")


def test_a_url_of_an_environment_brings_nothing_of_the_usual_server_along(project: Project) -> None:
    schema = {"properties": {"url": {}, "host": {}, "password": {"format": "password"}, "pool_size": {}}}
    record = ProjectConnection(
        connection_type="postgres",
        name="x",
        config={"host": "usual", "password": CANARY},
        pool={"size": 3},
        environments={"dev": Overlay(connection_url="postgresql://localhost/dev", pool={"size": 1})},
    )
    assert record.resolved(schema, "dev") == {"url": "postgresql://localhost/dev", "pool_size": 1}
    assert record.resolved(schema) == {"host": "usual", "password": CANARY, "pool_size": 3}


def test_a_name_that_is_neither_declared_nor_stored_is_told_with_the_nearest(project: Project) -> None:
    project.keep(config={"database": "main.db"})
    problems = check(BY_NAME.replace("Shop Database", "Shop Datbase"), folder=project.root)
    assert [(problem.code, problem.suggestion) for problem in problems] == [("unknown-connection", "Shop Database")]


def test_a_stored_connection_of_another_type_is_told_before_the_run(project: Project) -> None:
    project.keep(kind="postgres", connection_url="postgresql://h/d")
    assert [problem.code for problem in check(BY_NAME, folder=project.root)] == ["wrong-connection-type"]


async def test_a_flow_is_checked_again_when_the_store_has_changed(project: Project) -> None:
    executor = project.executor()
    path = project.root / "flows" / "by_name.yaml"
    path.write_text(BY_NAME)
    with pytest.raises(FlowValidationError):
        executor.prepare(path)
    project.keep(config={"database": "main.db"})
    executor.prepare(path)
    project.store.remove("Shop Database")
    with pytest.raises(FlowValidationError):
        executor.prepare(path)


async def test_a_locked_connection_ends_the_run_before_anything_is_opened(project: Project, tmp_path: Path) -> None:
    project.keep(config={"database": project.database("main.db")})
    rmtree(tmp_path / "config")
    result = await project.run(BY_NAME)
    assert result.error is not None
    assert (result.error_type, result.error.phase) == ("LockedError", "environment")
    assert (result.error.line, result.error.column) == (3, 43)
    assert "remove" in str(result.error["hint"])
    assert not any(event["type"] == "connection_opened" for event in project.events)


async def test_the_steps_that_use_a_connection_are_remembered(project: Project) -> None:
    record = project.keep(config={"database": project.database("main.db")})
    path = project.root / "flows" / "by_name.yaml"
    path.write_text(BY_NAME)
    await project.run(path)
    assert [(use.flow, use.step) for use in Activity(project.root).uses(record.id)] == [("flows/by_name.yaml", "found")]


async def test_a_record_of_uses_that_cannot_be_written_disturbs_no_run(project: Project) -> None:
    project.keep(config={"database": project.database("main.db")})
    (project.root / ".flowlang" / "connections.db").write_text("this is no database" * 100)
    assert (await project.run(BY_NAME)).success


CONFIG = """\
flow: config
steps:
  - vaulted_config: {id: got, connection: Service}
outputs: {got: "${got}"}
"""


async def test_pool_settings_reach_the_plugin_under_its_own_key(vaulted: Project) -> None:
    vaulted.keep("Service", "vaulted", connection_url="vaulted://h", pool={"size": 7})
    result = await vaulted.run(CONFIG)
    assert result.outputs["got"]["config"]["max_connections"] == 7


async def test_no_secret_of_a_stored_connection_leaves_a_run(vaulted: Project) -> None:
    secrets = [CANARY, "ca%40nary%2F12", "ca@nary/12", "key-canary", "query-canary"]
    vaulted.keep(
        "Service",
        "vaulted",
        connection_url=f"vaulted://user:{secrets[1]}@h/d?auth_token={secrets[4]}",
        config={"api_key": secrets[3]},
        environments={"dev": Overlay(connection_url=f"vaulted://user:{CANARY}@refuse/d")},
    )
    for environment in (None, "dev"):
        result = await vaulted.run(CONFIG, environment=environment)
        assert result.success == (environment is None)
        shown = repr(vaulted.events) + repr(result.to_dict())
        assert [secret for secret in secrets if secret in shown] == []
        kept = b"".join(path.read_bytes() for path in (vaulted.root / ".flowlang").iterdir())
        assert [secret for secret in secrets if secret.encode() in kept] == []


async def test_a_rotated_credential_is_used_by_the_next_run_of_the_same_executor(project: Project) -> None:
    project.keep(config={"database": project.database("old.db")})
    project.database("new.db")
    executor = project.executor()
    assert (await executor.execute_flow(BY_NAME)).outputs == {"place": "old.db"}
    project.store.update("Shop Database", lambda record: replace(record, config={"database": "new.db"}))
    assert (await executor.execute_flow(BY_NAME)).outputs == {"place": "new.db"}


def test_the_documentation_lists_every_template() -> None:
    from flowlang.connections.templates import TEMPLATES

    page = (Path(__file__).parent.parent.parent / "docs" / "connections.md").read_text()
    assert [name for name in TEMPLATES if f"`{name}`" not in page] == []


def test_the_example_for_python_in_the_documentation_works(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "connections.md").read_text()
    example = page.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("XDG_CONFIG_HOME", project.env["XDG_CONFIG_HOME"])
    exec(example, {})
    assert project.store.names() == ["Analytics Database"]
