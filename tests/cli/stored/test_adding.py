"""Connections that a project gets: by URL, keys or template, from the environment, as a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowlang.connections.discovery import BUILTINS
from flowlang.connections.store import Store
from flowlang.connections.templates import TEMPLATES
from tests.cli.stored.commands import CANARY, NAME, QUOTED, URL, Command, kept


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
