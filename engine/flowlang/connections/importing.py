"""Connections that the environment describes already, in the variables that services and tools agree on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

from flowlang.connections.records import ProjectConnection
from flowlang.connections.urls import type_of_url
from flowlang.errors import ConfigurationError

_URL_NAME = re.compile(r"_?(?:URL|URI|DSN)$")
_WORDS: Final = {
    "PG": "PostgreSQL",
    "POSTGRES": "PostgreSQL",
    "POSTGRESQL": "PostgreSQL",
    "MYSQL": "MySQL",
    "MARIADB": "MariaDB",
    "MONGO": "MongoDB",
    "MONGODB": "MongoDB",
    "SQLITE": "SQLite",
    "DB": "Database",
}

#: For each type whose parts stand in variables of their own: keys of its configuration, and their variables.
_PARTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "postgres": {
        "host": ("PGHOST",),
        "port": ("PGPORT",),
        "database": ("PGDATABASE",),
        "user": ("PGUSER",),
        "password": ("PGPASSWORD",),
        "sslmode": ("PGSSLMODE",),
    },
    "mysql": {
        "host": ("MYSQL_HOST",),
        "port": ("MYSQL_PORT", "MYSQL_TCP_PORT"),
        "database": ("MYSQL_DATABASE",),
        "user": ("MYSQL_USER",),
        "password": ("MYSQL_PASSWORD", "MYSQL_PWD"),
    },
}
_TITLES: Final = {"postgres": "PostgreSQL", "mysql": "MySQL"}


class Candidate(NamedTuple):
    """A connection that variables describe: under the name that it would get."""

    record: ProjectConnection
    variables: tuple[str, ...]


def found_in(env: Mapping[str, str], types: Collection[str]) -> list[Candidate]:
    """The connections that an environment describes: URLs of the known `types`, and parts such as PGHOST."""
    return [*_urls(env, types), *_parts(env, types), *_redis(env, types)]


def _urls(env: Mapping[str, str], types: Collection[str]) -> Iterator[Candidate]:
    for variable in sorted(env):
        value = env[variable].strip()
        if _URL_NAME.search(variable) is None or "://" not in value:
            continue
        try:
            kind = type_of_url(value)
        except ConfigurationError:
            continue
        if kind in types:
            record = ProjectConnection(connection_type=kind, name=_name(variable), connection_url=value)
            yield Candidate(record, (variable,))


def _parts(env: Mapping[str, str], types: Collection[str]) -> Iterator[Candidate]:
    for kind, keys in _PARTS.items():
        found = {key: next((name for name in names if env.get(name)), None) for key, names in keys.items()}
        given = {key: variable for key, variable in found.items() if variable is not None}
        if kind in types and ("host" in given or "database" in given):
            config = {
                key: _number(env[variable]) if key == "port" else env[variable] for key, variable in given.items()
            }
            record = ProjectConnection(connection_type=kind, name=_TITLES[kind], config=config)
            yield Candidate(record, tuple(given.values()))


def _redis(env: Mapping[str, str], types: Collection[str]) -> Iterator[Candidate]:
    host = env.get("REDIS_HOST")
    if not host or "redis" not in types or env.get("REDIS_URL"):
        return
    names = ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD")
    password = f":{quote(env['REDIS_PASSWORD'], safe='')}@" if env.get("REDIS_PASSWORD") else ""
    url = f"redis://{password}{host}:{env.get('REDIS_PORT') or 6379}"
    record = ProjectConnection(connection_type="redis", name="Redis", connection_url=url)
    yield Candidate(record, tuple(name for name in names if env.get(name)))


def _name(variable: str) -> str:
    """`ANALYTICS_DATABASE_URL` is the `Analytics Database`."""
    words = [word for word in _URL_NAME.sub("", variable).split("_") if word]
    return " ".join(_WORDS.get(word.upper(), word.capitalize()) for word in words) or variable


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text
