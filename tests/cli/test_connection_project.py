"""The commands about the connections that a project keeps."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

import pytest

from flowlang.cli import main
from flowlang.connections.discovery import BUILTINS
from flowlang.connections.store import Store
from flowlang.connections.templates import TEMPLATES

CANARY = "ca@nary/4711"
QUOTED = "ca%40nary%2F4711"
NAME = "Production PostgreSQL"
URL = f"postgresql://app:{QUOTED}@db.example.com:5432/shop"

FLOW = """\
flow: orders
connections:
  db: {use: Shop Database}
steps:
  - sqlite_query: {id: first, connection: db, query: select 1 as one}
  - sqlite_query: {id: second, connection: Shop Database, query: select 2 as two}
"""


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder is an empty project, and keys lie beside it."""
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / "flowlang.yaml").touch()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("FLOWLANG_KEY", raising=False)
    for variable in ("DATABASE_URL", "REDIS_URL", "PGHOST", "PGPASSWORD", "PGDATABASE"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture
def connection(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls `flowlang connection`; no secret may ever be in what it says unless `reveals` is given."""

    def call(*words: str, stdin: str = "", reveals: bool = False, **env: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        code = main(["connection", *words])
        ran = Ran(code, *capsys.readouterr())
        assert reveals or not any(form in ran.out + ran.err for form in (CANARY, QUOTED, "nary"))
        return ran

    return call


@pytest.fixture
def shop(connection: Command, project: Path) -> Path:
    """A project with a database, a connection to it and a flow that uses it twice."""
    with closing(sqlite3.connect(project / "shop.db")) as database:
        database.execute("create table place (name)")
        database.commit()
    (project / "orders.yaml").write_text(FLOW)
    assert connection("add", "Shop Database", "--url", "sqlite:///shop.db").code == 0
    return project


def kept(project: Path, name: str = NAME) -> Any:
    return Store(project).get(name)


# adding


def test_a_connection_is_added_with_a_url_from_the_environment(connection: Command, project: Path) -> None:
    ran = connection("add", NAME, "--url-env", "PRODUCTION_URL", PRODUCTION_URL=URL)
    assert (ran.code, kept(project).connection_url, kept(project).connection_type) == (0, URL, "postgres")
    assert "its key in" in ran.err
    assert "postgresql://app:••••@db.example.com:5432/shop" in ran.out


def test_a_connection_is_added_with_a_url_from_stdin(connection: Command, project: Path) -> None:
    assert connection("add", NAME, "--url", "-", stdin=f"{URL}\n").code == 0
    assert kept(project).connection_url == URL


def test_a_password_in_an_argument_is_taken_with_a_warning(connection: Command, project: Path) -> None:
    ran = connection("add", NAME, "--url", URL)
    assert (ran.code, "--url-env" in ran.err) == (0, True)
    ran = connection("add", "Keys", "--type", "postgres", "--set", "host=h", "--set", f"password={CANARY}")
    assert (ran.code, "--set-env" in ran.err) == (0, True)


def test_a_password_comes_from_stdin_and_never_from_an_argument(connection: Command, project: Path) -> None:
    url = "postgresql://app@db.example.com/shop"
    assert connection("add", NAME, "--url", url, "--password", "-", stdin=f"{CANARY}\n").code == 0
    assert kept(project).connection_url == f"postgresql://app:{QUOTED}@db.example.com/shop"
    assert connection("add", "Other", "--url", url, "--password", CANARY).code == 2


def test_a_connection_is_added_by_its_keys(connection: Command, project: Path) -> None:
    words = ["add", NAME, "--type", "postgresql", "--set", "host=db.example.com", "--set", "database=shop"]
    assert connection(*words, "--set-env", "password=PW", "--pool-size", "3", PW=CANARY).code == 0
    record = kept(project)
    assert record.connection_type == "postgres"
    assert record.config == {"host": "db.example.com", "database": "shop", "password": CANARY}
    assert record.pool == {"size": 3}


SERVICE = """
from flowlang.connections.base import ConnectionPlugin


class ServicePlugin(ConnectionPlugin):
    name = "service"

    def get_config_schema(self):
        return {"type": "object", "required": ["base_url"], "properties": {
            "base_url": {"type": "string"}, "api_key": {"type": "string", "format": "password"}}}
"""


def test_a_connection_of_a_plugin_of_the_project_is_kept_too(connection: Command, project: Path) -> None:
    (project / "plugins" / "service").mkdir(parents=True)
    (project / "plugins" / "service" / "__init__.py").write_text(SERVICE)
    words = ["--type", "service", "--url", "https://api.example.com", "--set-env", "api_key=KEY"]
    assert connection("add", "Service", *words, KEY=CANARY).code == 0
    schema = {"properties": {"base_url": {}, "api_key": {}}}
    assert kept(project, "Service").resolved(schema) == {"base_url": "https://api.example.com", "api_key": CANARY}
    assert connection("show", "Service", "--json").json["config"] == {"api_key": "••••"}


def test_the_name_of_a_driver_in_the_scheme_is_dropped(connection: Command, project: Path) -> None:
    assert connection("add", NAME, "--url", "postgresql+asyncpg://app@h/shop").code == 0
    assert kept(project).connection_url == "postgresql://app@h/shop"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "needs a NAME"),
        (["X"], "nothing says what"),
        (["X", "--url", "postgrs://h/d"], "did you mean `postgres`"),
        (["X", "--url", "no url"], "no connection URL"),
        (["X", "--type", "sqlite"], "`database` is missing"),
        (["X", "--type", "sqlite", "--set", "database=a.db", "--set", "tiemout=3"], "did you mean `timeout`"),
        (["X", "--type", "sqlite", "--set", "database=a.db", "--pool-size", "3"], "no pool"),
        (["X", "--type", "sqlite", "--set", "database"], "KEY=VALUE"),
        (["X", "--url-env", "NOT_THERE"], "no `NOT_THERE`"),
        (["X", "--url", "-"], "no connection URL was given"),
        (["X", "--url", "postgres://app:a/b@h/d"], "%2F"),
        (["X", "--url", "postgres://app:12#34@h/d"], "%2F"),
        (["X", "--template", "supabse"], "did you mean `supabase`"),
        (["X", "--template", "local-redis", "--set", "colour=red"], "takes no `colour`"),
        (["X", "--template", "neon", "--set", "host=h"], "`password`"),
    ],
)
def test_what_cannot_be_added_is_told_and_nothing_is_kept(
    connection: Command, project: Path, words: list[str], says: str
) -> None:
    ran = connection("add", *words)
    assert ran.code == 2
    assert says in ran.err
    assert not Store(project).path.exists()


def test_a_name_that_is_taken_is_refused(connection: Command, shop: Path) -> None:
    ran = connection("add", "shop database", "--url", "sqlite:///other.db")
    assert (ran.code, "already" in ran.err) == (2, True)


def test_a_connection_that_fails_its_test_is_not_kept(connection: Command, project: Path) -> None:
    (project / "no.db").write_text("this is no database, " * 100)
    ran = connection("add", "Broken", "--url", "sqlite:///no.db", "--test")
    assert (ran.code, Store(project).names()) == (1, [])
    assert "was not added: authorise failed" in ran.out


@pytest.mark.parametrize("name", [name for name, template in TEMPLATES.items() if template.type in BUILTINS])
def test_every_template_makes_a_connection_that_its_plugin_takes(connection: Command, project: Path, name: str) -> None:
    template = TEMPLATES[name]
    url = {"postgres": "postgres://u:pw@h/d", "redis": "redis://h"}.get(template.type, "")
    given = [f"{field.name}={url if field.name == 'url' else '1234'}" for field in template.fields]
    ran = connection("add", "Made", "--template", name, *(word for pair in given for word in ("--set", pair)))
    assert ran.code == 0
    assert kept(project, "Made").connection_type == template.type


def test_a_template_quotes_what_it_is_given_and_insists_on_tls_where_the_service_does(
    connection: Command, project: Path
) -> None:
    words = ["--template", "supabase", "--set", "project=abc", "--set", "host=pooler.example.com"]
    assert connection("add", NAME, *words, "--password", "-", stdin=CANARY).code == 0
    assert kept(project).connection_url == (
        f"postgresql://postgres.abc:{QUOTED}@pooler.example.com:5432/postgres?sslmode=require"
    )
    assert kept(project).pool == {"size": 5}


def test_a_url_that_a_template_takes_whole_keeps_its_own_query(connection: Command, project: Path) -> None:
    url = f"postgres://u:{QUOTED}@h:5432/d?application_name=shop"
    assert connection("add", NAME, "--template", "heroku-postgres", "--url-env", "HEROKU", HEROKU=url).code == 0
    assert kept(project).connection_url == f"{url}&sslmode=require"


def test_the_templates_are_listed_with_their_fields(connection: Command) -> None:
    assert connection("add", "--templates", "--json").json.keys() == TEMPLATES.keys()


def test_a_copy_has_the_values_of_its_original_and_an_id_of_its_own(connection: Command, shop: Path) -> None:
    assert connection("duplicate", "Shop Database", "Copy").code == 0
    first, copy = kept(shop, "Shop Database"), kept(shop, "Copy")
    assert (copy.connection_url, copy.id == first.id) == (first.connection_url, False)


# importing


def test_connections_are_imported_from_the_environment(connection: Command, project: Path) -> None:
    env = {
        "DATABASE_URL": URL,
        "ANALYTICS_DB_URL": "sqlite:///analytics.db",
        "PGHOST": "pg.example.com",
        "PGPASSWORD": CANARY,
        "HOMEPAGE_URL": "https://example.com",
    }
    ran = connection("import", "--json", **env)
    assert ran.code == 0
    found = {row["name"]: (row["type"], row["imported"]) for row in ran.json}
    assert found == {
        "Analytics Database": ("sqlite", True),
        "Database": ("postgres", True),
        "PostgreSQL": ("postgres", True),
    }
    assert kept(project, "PostgreSQL").config == {"host": "pg.example.com", "password": CANARY}


def test_variables_of_a_dotenv_file_are_imported_too(connection: Command, project: Path) -> None:
    (project / ".env").write_text("SHOP_URL=sqlite:///shop.db\n")
    assert connection("import", "SHOP_URL", "--name", "My Shop").code == 0
    assert kept(project, "My Shop").connection_url == "sqlite:///shop.db"


def test_a_dry_run_imports_nothing(connection: Command, project: Path) -> None:
    assert connection("import", "--dry-run", DATABASE_URL=URL).code == 0
    assert not Store(project).path.exists()


def test_a_name_that_is_there_is_passed_over(connection: Command, project: Path) -> None:
    connection("import", DATABASE_URL=URL)
    ran = connection("import", "--json", DATABASE_URL="postgresql://elsewhere/d")
    assert [row["exists"] for row in ran.json] == [True]
    assert kept(project, "Database").connection_url == URL


# showing


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


# changing


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


# health and rotation


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
