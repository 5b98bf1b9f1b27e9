"""Connections to common services: what their URLs look like, and what is needed to write one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

from flowlang.connections.records import ProjectConnection
from flowlang.errors import ConfigurationError
from flowlang.language.diagnostics import did_you_mean


class Field(NamedTuple):
    """Something that a template needs. Without a `default` it has to be given; a `secret` is asked for unseen."""

    name: str
    description: str
    default: str | None = None
    secret: bool = False


class Template(NamedTuple):
    """A kind of connection: the service in words, the connection type, and its URL with the fields in braces.

    `pool_size` is what a small plan of the service can bear, where that is less than usual.
    """

    title: str
    type: str
    url: str
    fields: tuple[Field, ...]
    pool_size: int | None = None


_PASSWORD: Final = Field("password", "the user's password", secret=True)


def _user(default: str | None = None) -> Field:
    return Field("user", "the database user", default)


def _host(example: str) -> Field:
    return Field("host", f"the server, as in {example}")


def _database(default: str | None = None) -> Field:
    return Field("database", "the database's name", default)


def _url(variable: str) -> Field:
    return Field("url", f"the value of {variable}", secret=True)


def _local(port: str) -> tuple[Field, Field]:
    return Field("host", "the server", "localhost"), Field("port", "its port", port)


_POSTGRES: Final = "postgresql://{user}:{password}@{host}:{port}/{database}"
_MYSQL: Final = "mysql://{user}:{password}@{host}:{port}/{database}"

TEMPLATES: Final[Mapping[str, Template]] = {
    "supabase": Template(
        "Supabase, through its pooler",
        "postgres",
        "postgresql://{user}.{project}:{password}@{host}:{port}/{database}?sslmode=require",
        (
            Field("project", "the project's reference, the first part of its URL"),
            _host("aws-0-eu-central-1.pooler.supabase.com"),
            _PASSWORD,
            _user("postgres"),
            Field("port", "5432 for sessions, 6543 for transactions", "5432"),
            _database("postgres"),
        ),
        5,
    ),
    "neon": Template(
        "Neon",
        "postgres",
        "postgresql://{user}:{password}@{host}/{database}?sslmode=require",
        (_host("ep-cool-name-123456.eu-central-1.aws.neon.tech"), _user(), _PASSWORD, _database("neondb")),
    ),
    "heroku-postgres": Template("Heroku Postgres", "postgres", "{url}?sslmode=require", (_url("DATABASE_URL"),), 5),
    "aws-rds-postgres": Template(
        "Amazon RDS for PostgreSQL",
        "postgres",
        f"{_POSTGRES}?sslmode=require",
        (
            _host("shop.abc123.eu-central-1.rds.amazonaws.com"),
            _PASSWORD,
            _user("postgres"),
            Field("port", "its port", "5432"),
            _database("postgres"),
        ),
    ),
    "azure-postgres": Template(
        "Azure Database for PostgreSQL",
        "postgres",
        "postgresql://{user}:{password}@{server}.postgres.database.azure.com:5432/{database}?sslmode=require",
        (Field("server", "the server's name"), _user(), _PASSWORD, _database("postgres")),
    ),
    "digitalocean-postgres": Template(
        "DigitalOcean Managed PostgreSQL",
        "postgres",
        "postgresql://{user}:{password}@{host}:{port}/{database}?sslmode=require",
        (
            _host("db-postgresql-fra1-12345-do-user-1-0.b.db.ondigitalocean.com"),
            _PASSWORD,
            _user("doadmin"),
            Field("port", "its port", "25060"),
            _database("defaultdb"),
        ),
        5,
    ),
    "google-cloud-sql-postgres": Template(
        "Google Cloud SQL for PostgreSQL, through the Auth Proxy on this machine",
        "postgres",
        _POSTGRES,
        (_PASSWORD, _user("postgres"), _database("postgres"), *_local("5432")),
    ),
    "aws-rds-mysql": Template(
        "Amazon RDS for MySQL or MariaDB",
        "mysql",
        _MYSQL,
        (
            _host("shop.abc123.eu-central-1.rds.amazonaws.com"),
            _PASSWORD,
            _database(),
            _user("admin"),
            Field("port", "its port", "3306"),
        ),
    ),
    "mongodb-atlas": Template(
        "MongoDB Atlas",
        "mongodb",
        "mongodb+srv://{user}:{password}@{host}/{database}?retryWrites=true&w=majority",
        (_host("cluster0.abc12.mongodb.net"), _user(), _PASSWORD, _database()),
    ),
    "upstash-redis": Template(
        "Upstash Redis",
        "redis",
        "rediss://default:{password}@{host}:{port}",
        (_host("eu1-cool-name-12345.upstash.io"), _PASSWORD, Field("port", "its port", "6379")),
    ),
    "redis-cloud": Template(
        "Redis Cloud",
        "redis",
        "redis://default:{password}@{host}:{port}",
        (
            _host("redis-12345.c1.eu-central-1-1.ec2.redns.redis-cloud.com"),
            Field("port", "the last part of the endpoint"),
            _PASSWORD,
        ),
    ),
    "heroku-redis": Template("Heroku Key-Value Store", "redis", "{url}", (_url("REDIS_URL"),), 10),
    "local-postgres": Template(
        "PostgreSQL on this machine",
        "postgres",
        _POSTGRES,
        (_database("postgres"), _user("postgres"), _PASSWORD, *_local("5432")),
    ),
    "local-mysql": Template(
        "MySQL or MariaDB on this machine", "mysql", _MYSQL, (_database(), _user("root"), _PASSWORD, *_local("3306"))
    ),
    "local-mongodb": Template(
        "MongoDB on this machine", "mongodb", "mongodb://{host}:{port}/{database}", (_database(), *_local("27017"))
    ),
    "local-redis": Template(
        "Redis on this machine",
        "redis",
        "redis://{host}:{port}/{database}",
        (Field("database", "its number", "0"), *_local("6379")),
    ),
    "sqlite-file": Template(
        "an SQLite database in a file",
        "sqlite",
        "sqlite:///{path}",
        (Field("path", "the file, relative to the project"),),
    ),
}


def template_named(name: str) -> Template:
    """The template called `name`. Raises ConfigurationError if there is none."""
    if name in TEMPLATES:
        return TEMPLATES[name]
    raise ConfigurationError(
        f"there is no template `{name}`{did_you_mean(name, TEMPLATES)}", hint=f"There are {', '.join(TEMPLATES)}."
    )


def from_template(template: Template, name: str, values: Mapping[str, str]) -> ProjectConnection:
    """The record that a template makes of the values of its fields. Raises ConfigurationError for missing ones."""
    missing = [field for field in template.fields if field.default is None and not values.get(field.name)]
    if missing:
        needed = "; ".join(f"`{field.name}`: {field.description}" for field in missing)
        raise ConfigurationError(f"{template.title} needs {needed}")
    unknown = [name for name in values if name not in {field.name for field in template.fields}]
    if unknown:
        fields = ", ".join(f"`{field.name}`" for field in template.fields)
        raise ConfigurationError(f"{template.title} takes no `{unknown[0]}`", hint=f"It takes {fields}.")
    filled = {
        field.name: _quoted(field.name, values.get(field.name) or field.default or "") for field in template.fields
    }
    url = template.url.format(**filled)
    # a URL that was given whole may have a query already
    first, *rest = url.split("?")
    url = "?".join([first, "&".join(rest)]) if rest else url
    pool = {} if template.pool_size is None else {"size": template.pool_size}
    return ProjectConnection(connection_type=template.type, name=name, connection_url=url, pool=pool)


def _quoted(name: str, value: str) -> str:
    if name == "url":
        return value
    return quote(value, safe="/" if name == "path" else "")
