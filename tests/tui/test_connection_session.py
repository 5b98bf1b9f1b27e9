"""What the workbench can do with connections, without a screen."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowlang.connections.probe import STAGES, StageResult
from flowlang.connections.records import ProjectConnection
from flowlang.connections.store import Store
from flowlang.environment import read_dotenv
from flowlang.errors import ConfigurationError, FlowLangError
from flowlang.language.edit import add_connection, change_connection
from flowlang.runtime.prepare import Preparer
from flowlang.tasks.registry import TaskRegistry
from flowlang_tui.session.connection_draft import fields_of, record_of
from flowlang_tui.session.connection_preview import preview
from flowlang_tui.session.connection_rows import ConnectionKey
from flowlang_tui.session.connection_text import flow_config, secret_variables, snippet_of
from flowlang_tui.session.connections import SessionConnections
from flowlang_tui.session.dotenv import add_to_dotenv
from flowlang_tui.session.engine import EngineThread
from tests.tui.connecting import CANARY, FLOW, URL, flow_of, make_project

OWN = ConnectionKey("own", False)
SHOP = ConnectionKey("Shop", True)
PRODUCTION = ConnectionKey("Production", True)


@pytest.fixture(autouse=True)
def keys_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("FLOWLANG_KEY", raising=False)
    monkeypatch.delenv("FAR_URL", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return make_project(folder)


@pytest.fixture
def engine() -> Iterator[EngineThread]:
    made = EngineThread()
    yield made
    made.close()


@pytest.fixture
def connections(path: Path, engine: EngineThread) -> SessionConnections:
    return SessionConnections(path.parent, engine)


async def test_the_overview_has_what_the_flow_declares_and_what_the_project_keeps(
    connections: SessionConnections, path: Path
) -> None:
    found = await connections.overview(path, flow_of(path))
    assert {row.name: (row.type, row.uses, row.state) for row in found.flow} == {
        "own": ("sqlite", 1, "ready"),
        "db": ("sqlite", 1, "ready"),
        "far": ("postgres", 0, "unusable"),
    }
    assert {row.name: (row.target, row.uses) for row in found.project} == {
        "Production": ("postgresql://app:••••@127.0.0.1:1/shop", 0),
        "Shop": ("sqlite:///shop.db", 2),
    }
    assert [plugin.name for plugin in found.plugins] == ["bad"]
    assert "FAR_URL" in str(found.flow[2].problem)
    assert CANARY not in repr(found)


async def test_a_stored_connection_whose_key_is_gone_is_locked(
    connections: SessionConnections, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    found = await connections.overview(None, None)
    assert {row.state for row in found.project} == {"locked"}
    assert "put the key back" in str(found.project[0].hint)


async def test_a_damaged_store_is_told_and_hides_nothing_else(connections: SessionConnections, path: Path) -> None:
    flow = flow_of(path)
    (path.parent / ".flowlang" / "connections.enc").write_text("{")
    found = await connections.overview(path, flow)
    assert [row.state for row in found.flow] == ["ready", "damaged", "unusable"]
    assert "is damaged" in str(found.problem)
    assert [plugin.name for plugin in found.plugins] == ["bad"]


async def test_stages_are_told_in_the_callers_thread_while_the_test_runs_in_the_engines(
    connections: SessionConnections, path: Path
) -> None:
    told: list[tuple[StageResult, int]] = []
    report = await connections.test(OWN, path, flow_of(path), lambda stage: told.append((stage, threading.get_ident())))
    assert report.ok
    assert [stage.stage for stage, _ in told][:2] == ["resolve", "reach"]
    assert {thread for _, thread in told} == {threading.get_ident()}
    assert [outcome.ok for outcome in await connections.history(OWN, path)] == [True]


async def test_all_stages_of_a_server_are_told_one_by_one(connections: SessionConnections, postgres_url: str) -> None:
    draft = await connections.new_draft("postgres")
    draft.name = "Server"
    draft.layers[None] = {"url": postgres_url}
    told: list[StageResult] = []
    report = await connections.test_draft(draft, on_stage=told.append)
    assert report.ok
    assert [stage.stage for stage in told] == list(STAGES)
    assert "PostgreSQL" in told[4].message


async def test_a_test_of_a_stored_connection_is_remembered_and_tells_no_secret(connections: SessionConnections) -> None:
    report = await connections.test(PRODUCTION)
    assert (report.failed is not None and report.failed.stage) == "reach"
    history = await connections.history(PRODUCTION, None)
    assert [outcome.stage for outcome in history] == ["reach"]
    assert CANARY not in repr((report, history))


async def test_secrets_are_given_to_whoever_asks_for_them(
    connections: SessionConnections, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [secret.value for secret in await connections.secrets(PRODUCTION, None, None)] == [URL]
    monkeypatch.setenv("FAR_URL", URL)
    declared = await connections.secrets(ConnectionKey("far", False), path, flow_of(path))
    assert [(secret.label, secret.value) for secret in declared] == [("url", URL)]


async def test_a_stored_connection_goes_through_its_form_unchanged(connections: SessionConnections) -> None:
    draft = await connections.draft("Production")
    assert await connections.problems(draft) == {}
    before = draft.original
    assert before is not None
    assert record_of(draft) == before


async def test_a_form_becomes_a_record_with_values_for_environments(connections: SessionConnections) -> None:
    draft = await connections.new_draft("postgres")
    draft.name = "Staged"
    draft.layers[None] = {"url": "postgresql://app@db.example.com/shop", "pool_size": "5", "read_only": "true"}
    draft.layers["dev"] = {"url": "postgresql://localhost/shop"}
    assert await connections.problems(draft) == {}
    record = Store(connections.root).get(await connections.save(draft))
    assert (record.config, record.pool) == ({"read_only": True}, {"size": 5})
    assert record.environments["dev"].connection_url == "postgresql://localhost/shop"


@pytest.mark.parametrize(
    ("values", "key", "says"),
    [
        ({}, "", "give `url`"),
        ({"url": "postgresql://h/d", "pool_size": "many"}, "pool_size", "whole number"),
        ({"url": "postgresql://h/d", "pool_size": "1000"}, "pool_size", "at most 100"),
        ({"url": "${env.DB}"}, "url", "for flows"),
        ({"url": "redis://h/d"}, "", "postgresql"),
    ],
)
async def test_what_is_wrong_with_a_form_is_told_where_it_is(
    connections: SessionConnections, values: dict[str, str], key: str, says: str
) -> None:
    draft = await connections.new_draft("postgres")
    draft.name = "New"
    draft.layers[None] = values
    found = await connections.problems(draft)
    assert says in found[None, key]


async def test_a_name_is_checked_for_the_place_where_it_goes(connections: SessionConnections) -> None:
    draft = await connections.new_draft("sqlite")
    draft.layers[None] = {"database": "a.db"}
    draft.name = "shop"
    assert "already" in (await connections.problems(draft))[None, "name"]
    draft.name, draft.where, draft.taken = "My Shop", "flow", ()
    assert "in a flow" in (await connections.problems(draft))[None, "name"]


async def test_a_connection_for_a_flow_reads_its_secrets_from_the_environment(
    connections: SessionConnections, path: Path
) -> None:
    draft = await connections.new_draft("postgres")
    draft.name, draft.where = "main", "flow"
    draft.layers[None] = {"url": URL, "timeout": "5"}
    snippet = snippet_of(draft)
    assert snippet.text == "  main:\n    type: postgres\n    url: ${env.MAIN_URL}\n    timeout: 5\n"
    assert secret_variables(draft) == {"url": "MAIN_URL"}
    text = add_connection(FLOW, "main", snippet.text)
    assert text.startswith("flow: orders  # kept\n")
    assert text.count("\n") == FLOW.count("\n") + 4


async def test_no_half_typed_url_is_shown_while_it_is_typed(connections: SessionConnections) -> None:
    draft = await connections.new_draft("postgres")
    for url in (URL, "postgresql://app:pa@canary/4711@h/d"):
        for length in range(len(url) + 1):
            draft.layers[None] = {"url": url[:length]}
            for draft.where in ("project", "flow"):
                assert "canar" not in preview(draft, "url")


DECLARED = """\
flow: f
connections:
  main:
    type: postgres  # the big one
    host: db.example.com
    password: ${env.PW}  # not here
    timeout: 5
steps: [exit]
"""


async def test_a_connection_of_a_flow_is_changed_key_by_key(connections: SessionConnections, path: Path) -> None:
    flow = Preparer(TaskRegistry(), tasks_known=False).load(DECLARED, path.parent).flow
    draft = await connections.declared_draft(flow.connections["main"])
    assert flow_config(draft) == {
        "type": "postgres",
        "host": "db.example.com",
        "password": "${env.PW}",
        "timeout": 5,
    }
    draft.layers[None] |= {"timeout": "", "read_only": "true", "host": "other.example.com"}
    assert await connections.problems(draft) == {}
    assert change_connection(DECLARED, "main", flow_config(draft)) == DECLARED.replace(
        "db.example.com", "other.example.com"
    ).replace("timeout: 5", "read_only: true")


async def test_a_secret_that_stands_in_a_flows_text_is_masked_and_stays_unless_it_is_changed(
    connections: SessionConnections, path: Path
) -> None:
    text = DECLARED.replace("${env.PW}", CANARY)
    flow = Preparer(TaskRegistry(), tasks_known=False).load(text, path.parent).flow
    draft = await connections.declared_draft(flow.connections["main"])
    assert "password: ••••" in preview(draft)
    assert flow_config(draft)["password"] == CANARY
    draft.layers[None]["password"] = "another"
    assert flow_config(draft)["password"] == "${env.MAIN_PASSWORD}"


async def test_a_draft_for_a_flow_is_tested_with_its_expressions_computed(
    connections: SessionConnections, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_FILE", "shop.db")
    draft = await connections.new_draft("sqlite")
    draft.name, draft.where = "shop", "flow"
    draft.layers[None] = {"database": "${env.SHOP_FILE}"}
    report = await connections.test_draft(draft, folder=path.parent)
    assert report.ok
    assert report.target == str(path.parent / "shop.db")


async def test_a_template_fills_in_a_form(connections: SessionConnections) -> None:
    record = ProjectConnection(connection_type="sqlite", name="", connection_url="sqlite:///data/a.db")
    draft = await connections.draft_of_record(record)
    assert draft.layers == {None: {"database": "data/a.db"}}
    assert draft.original is None


async def test_a_draft_is_tested_before_it_is_kept(connections: SessionConnections) -> None:
    draft = await connections.new_draft("sqlite")
    draft.name = "New"
    draft.layers[None] = {"database": "shop.db", "read_only": "true"}
    assert (await connections.test_draft(draft)).ok
    draft.layers[None] = {"database": "shop.db", "read_only": "perhaps"}
    with pytest.raises(ConfigurationError, match="read_only"):
        await connections.test_draft(draft)
    assert (await connections.overview(None, None)).row(ConnectionKey("New", True)) is None


async def test_an_example_is_written_once(connections: SessionConnections, path: Path) -> None:
    assert await connections.example("sqlite") == [path.parent / "examples" / "sqlite_example.yaml"]
    with pytest.raises(FlowLangError, match="exists"):
        await connections.example("sqlite")
    with pytest.raises(FlowLangError, match="cannot be used"):
        await connections.example("bad")


async def test_a_connection_is_copied_deleted_and_its_uses_are_known(connections: SessionConnections) -> None:
    assert [place.step for place in await connections.uses("Shop")] == [None, "second", "third"]
    await connections.duplicate("Shop", "Copy")
    await connections.delete("Shop")
    assert [row.name for row in (await connections.overview(None, None)).project] == ["Copy", "Production"]


FAILING = """
from flowlang.connections.base import ConnectionPlugin


class FailingPlugin(ConnectionPlugin):
    name = "failing"
    calls = 0

    def get_config_schema(self):
        FailingPlugin.calls += 1
        if FailingPlugin.calls > 1:
            raise RuntimeError("%s")
        return {"type": "object", "properties": {"a": 5, "b": {"type": "string"}}}
"""


async def test_a_plugin_that_fails_later_on_is_told_without_what_it_says(
    connections: SessionConnections, path: Path
) -> None:
    folder = path.parent / "plugins" / "failing"
    folder.mkdir()
    (folder / "__init__.py").write_text(FAILING % CANARY)
    with pytest.raises(FlowLangError, match="failed with RuntimeError") as raised:
        await connections.new_draft("failing")
    assert CANARY not in str(raised.value)


def test_what_is_no_property_is_passed_over() -> None:
    assert [field.key for field in fields_of({"properties": {"a": 5, "b": {"type": 7}}})] == ["b"]


def test_a_flag_is_a_choice_and_a_url_a_secret() -> None:
    schema = {
        "properties": {
            "url": {"type": "string"},
            "fast": {"type": "boolean", "default": False},
            "tags": {"type": "array"},
        }
    }
    fields = {field.key: field for field in fields_of(schema)}
    assert fields["url"].secret
    assert (fields["fast"].choices, fields["fast"].default) == (("true", "false"), "false")
    assert fields["tags"].kind == "json"


@pytest.mark.parametrize("value", ["plain", 'it\'s \\ "quoted"', "${HOME} # no comment", " spaces ", "two\nlines"])
def test_a_secret_reaches_dotenv_and_comes_back_as_it_was(tmp_path: Path, value: str) -> None:
    file = tmp_path / ".env"
    file.write_text("OTHER=1")
    add_to_dotenv(file, {"MAIN_URL": value})
    assert read_dotenv(file) == {"OTHER": "1", "MAIN_URL": value}
    with pytest.raises(FlowLangError, match="another value"):
        add_to_dotenv(file, {"MAIN_URL": "different"})


def test_a_new_dotenv_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    add_to_dotenv(tmp_path / ".env", {"A": "1"})
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_it_needs_no_screen_and_loads_its_machinery_late() -> None:
    code = (
        "import sys, flowlang_tui.session.connections\n"
        "late = {'textual', 'rich', 'sqlite3', 'flowlang.connections.store', 'flowlang.connections.probe'}\n"
        "sys.exit(bool(late & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
