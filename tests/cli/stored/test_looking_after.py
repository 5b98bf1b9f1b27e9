"""Connections that a project has: shown, changed, removed, tested, rotated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import rmtree

import pytest

from flowlang.cli import main
from flowlang.connections.store import Store
from tests.cli.stored.commands import CANARY, NAME, QUOTED, URL, Command, kept


def test_a_project_without_connections_says_how_to_add_one(connection: Command, project: Path) -> None:
    assert "connection add" in connection("list", "--project").out
    assert connection("list", "--project", "--json").json == []
    assert not (project / ".flowlang").exists()


def test_the_list_tells_type_target_and_state(connection: Command, project: Path) -> None:
    connection("add", NAME, "--url-env", "U", U=URL)
    row = connection("list", "--project", "--json").json[0]
    assert (row["name"], row["type"], row["state"]) == (NAME, "postgres", "open")
    assert row["target"] == "postgresql://app:••••@db.example.com:5432/shop"


def test_secrets_are_shown_only_when_asked_for(connection: Command, project: Path) -> None:
    connection("add", NAME, "--url-env", "U", "--set", "read_only=true", U=URL)
    masked = connection("show", NAME, "--json").json
    assert masked["connection_url"] == "postgresql://app:••••@db.example.com:5432/shop"
    assert {"id", "project_id", "connection_type", "name", "config", "created_by", "created_at", "updated_at"} <= (
        masked.keys()
    )
    assert connection("show", NAME, "--reveal", "--json", reveals=True).json["connection_url"] == URL
    assert QUOTED in connection("show", NAME, "--reveal", reveals=True).out


def test_a_locked_connection_is_shown_as_locked_with_the_way_out(
    connection: Command, project: Path, tmp_path: Path
) -> None:
    connection("add", NAME, "--url-env", "U", U=URL)
    rmtree(tmp_path / "config")
    assert connection("list", "--project", "--json").json[0]["state"] == "locked"
    assert "there is no key" in connection("list", "--project").err
    ran = connection("show", NAME)
    assert (ran.code, "locked" in ran.out, "put the key back" in ran.err) == (1, True, True)
    before = Store(project).path.read_bytes()
    assert connection("add", "Other", "--url", "sqlite:///a.db").code == 2
    assert connection("remove", NAME).code == 1
    assert Store(project).path.read_bytes() == before
    assert connection("remove", NAME, "--force").code == 0


def test_a_misspelt_name_is_answered_with_the_nearest(connection: Command, shop: Path) -> None:
    for command in ("show", "edit", "remove", "used-by", "rotate", "health"):
        ran = connection(command, "Shop Datbase")
        assert (ran.code, "did you mean `Shop Database`" in ran.err) == (2, True)


ASKS = """
from flowlang import TaskRegistry


def create_task_registry():
    registry = TaskRegistry()

    @registry.register("Asks")
    async def asks(context):
        async with context.connection("db") as connection:
            return {"asked": connection is not None}

    return registry
"""


def test_used_by_tells_the_steps_and_when_they_ran_last(connection: Command, shop: Path) -> None:
    before = connection("used-by", "Shop Database", "--json").json
    assert [(row["path"], row["step"], row["line"], row["last_used"]) for row in before] == [
        ("orders.yaml", None, 3, None),
        ("orders.yaml", "first", 5, None),
        ("orders.yaml", "second", 6, None),
    ]
    assert main(["run", "orders.yaml", "--quiet", "--output-file", "/dev/null"]) == 0
    after = connection("used-by", "Shop Database", "--json").json
    assert [row["step"] for row in after if row["last_used"]] == ["first", "second"]


def test_a_step_that_left_its_flow_is_still_remembered(connection: Command, shop: Path) -> None:
    assert main(["run", "orders.yaml", "--quiet", "--output-file", "/dev/null"]) == 0
    (shop / "orders.yaml").unlink()
    assert "not in the flow any more" in connection("used-by", "Shop Database").out


def test_a_step_whose_task_asked_for_the_connection_is_told_too(connection: Command, shop: Path) -> None:
    (shop / "flow.py").write_text(ASKS)
    (shop / "asks.yaml").write_text(
        "flow: asks\nconnections: {db: {use: Shop Database}}\nsteps:\n"
        "  - sqlite_query: {id: opens, connection: db, query: select 1}\n  - {task: Asks, id: asking}\n"
    )
    assert main(["run", "asks.yaml", "--quiet", "--output-file", "/dev/null"]) == 0
    rows = connection("used-by", "Shop Database", "--json").json
    [row] = [row for row in rows if row["step"] == "asking"]
    assert (row["path"], row["flow"], row["line"]) == ("asks.yaml", "asks", 5)
    assert row["last_used"]
    assert "not in the flow any more" not in connection("used-by", "Shop Database").out


def test_an_edit_changes_what_it_names_and_keeps_the_rest(connection: Command, project: Path) -> None:
    connection("add", NAME, "--url-env", "U", "--set", "timeout=3", "--set", "read_only=true", U=URL)
    assert connection("edit", NAME, "--unset", "timeout", "--pool-size", "4", "--min-pool-size", "2").code == 0
    record = kept(project)
    assert (record.connection_url, record.config) == (URL, {"read_only": "true"})
    assert record.pool == {"size": 4, "min_size": 2}


def test_an_edit_that_the_plugin_refuses_changes_nothing(connection: Command, shop: Path) -> None:
    ran = connection("edit", "Shop Database", "--set", "timeout=soon")
    assert (ran.code, "`timeout`" in ran.err) == (2, True)
    assert kept(shop, "Shop Database").config == {}


def test_an_edit_that_changes_nothing_is_told_so(connection: Command, shop: Path) -> None:
    ran = connection("edit", "Shop Database")
    assert (ran.code, "nothing says what to change" in ran.err) == (2, True)


def test_an_environment_can_differ_in_the_password_alone(connection: Command, project: Path) -> None:
    connection("add", NAME, "--url", "postgresql://app@db.example.com/shop")
    assert connection("edit", NAME, "--env", "dev", "--password", "-", stdin=CANARY).code == 0
    record = kept(project)
    assert record.connection_url == "postgresql://app@db.example.com/shop"
    assert record.environments["dev"].connection_url == f"postgresql://app:{QUOTED}@db.example.com/shop"


def test_an_environment_has_values_of_its_own_until_they_are_cleared(connection: Command, shop: Path) -> None:
    with closing(sqlite3.connect(shop / "dev.db")):
        pass
    assert connection("edit", "Shop Database", "--env", "dev", "--url", "sqlite:///dev.db").code == 0
    assert kept(shop, "Shop Database").environments["dev"].connection_url == "sqlite:///dev.db"
    assert connection("list", "--project", "--json").json[0]["environments"] == ["dev"]
    assert connection("edit", "Shop Database", "--env", "dev", "--clear").code == 0
    assert kept(shop, "Shop Database").environments == {}


def test_a_run_takes_the_values_of_its_environment(
    connection: Command, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection("edit", "Shop Database", "--env", "prod", "--url", "sqlite:///no/such.db", "--set", "read_only=true")
    quiet = ["orders.yaml", "--quiet", "--output-file", "/dev/null"]
    assert main(["run", *quiet, "--env", "dev"]) == 0
    assert main(["run", *quiet, "--env", "prod"]) == 3
    assert main(["run", *quiet, "--env", "test"]) == 2


def test_a_connection_that_flows_use_is_neither_removed_nor_renamed_without_force(
    connection: Command, shop: Path
) -> None:
    for words in (["remove", "Shop Database"], ["edit", "Shop Database", "--rename", "Shop"]):
        ran = connection(*words)
        assert ran.code == 1
        assert "orders.yaml:5  step first" in ran.err
        assert [place["step"] for place in connection(*words, "--json").json["breaks"]] == [None, "first", "second"]
    assert Store(shop).names() == ["Shop Database"]
    assert connection("edit", "Shop Database", "--rename", "Shop", "--force").code == 0
    assert connection("remove", "Shop", "--force").code == 0
    assert Store(shop).names() == []


def test_a_connection_that_nothing_uses_is_removed_at_once(connection: Command, project: Path) -> None:
    connection("add", NAME, "--url-env", "U", U=URL)
    assert connection("remove", NAME, "--json").json == {"removed": NAME}


def test_health_remembers_how_tests_ended(connection: Command, shop: Path) -> None:
    connection("add", "Missing", "--type", "sqlite", "--set", "database=no.db", "--set", "read_only=true")
    assert [row["ok"] for row in connection("health", "--json").json] == [None, None]
    ran = connection("health", "--check", "--json")
    assert (ran.code, {row["name"]: row["ok"] for row in ran.json}) == (1, {"Missing": False, "Shop Database": True})
    assert connection("health", "Shop Database").code == 0
    assert connection("test", "Shop Database").code == 0
    assert len(connection("health", "Shop Database", "--json").json[0]["tests"]) == 2


def test_a_new_credential_takes_the_place_of_the_old_one_when_it_works(connection: Command, shop: Path) -> None:
    with closing(sqlite3.connect(shop / "new.db")) as database:
        database.execute("create table place (name)")
    ran = connection("rotate", "Shop Database", "--url-env", "NEW", NEW="sqlite:///new.db")
    assert ran.code == 0
    assert kept(shop, "Shop Database").connection_url == "sqlite:///new.db"


def test_a_new_credential_that_fails_its_test_changes_nothing(connection: Command, project: Path) -> None:
    url = f"postgresql://app:{QUOTED}@127.0.0.1:1/shop"
    connection("add", NAME, "--url-env", "U", U=url)
    before = Store(project).path.read_bytes()
    ran = connection("rotate", NAME, "--password", "-", stdin=f"new-{CANARY}\n")
    assert (ran.code, "keeps the old ones" in ran.out) == (1, True)
    assert Store(project).path.read_bytes() == before


def test_a_rotation_needs_something_new(connection: Command, shop: Path) -> None:
    assert connection("rotate", "Shop Database").code == 2


def test_another_key_encrypts_everything_anew(connection: Command, shop: Path) -> None:
    before = Store(shop).path.read_text()
    assert connection("rotate-key", "--json").json == {"renewed": 1, "locked": []}
    assert Store(shop).path.read_text() != before
    assert kept(shop, "Shop Database").connection_url == "sqlite:///shop.db"


def test_a_key_for_the_environment_is_printed_on_demand(connection: Command, shop: Path) -> None:
    key = connection("rotate-key", "--generate").out.strip()
    ran = connection("show", "Shop Database", FLOWLANG_KEY=key)
    assert (ran.code, "locked" in ran.out, key in ran.out + ran.err) == (1, True, False)


def test_no_secret_is_in_any_file_of_the_project(connection: Command, project: Path) -> None:
    connection("add", NAME, "--url-env", "U", U=URL)
    connection("health", "--check", NAME)
    files = [path for path in project.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert [path for path in files if b"nary" in path.read_bytes()] == []
