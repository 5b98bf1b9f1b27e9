"""Fixtures for tests on real database servers.

For each of `postgres`, `mysql`, `redis` and `mongodb`:

- ``<name>_url``        URL of a server, with user and password, for the whole test run
- ``<name>_database``   URL of an empty database on it, for one test
- ``<name>_databases``  a function that makes such databases, when a test needs several
- ``<name>_server``     the `Server` itself, to stop, kill and restart it; it runs again after the test

and besides ``proxy``, which puts a `Proxy` before any of these URLs, and ``postgres_tls``.

A server is started when a selected test asks for it, all of them beside each other, and ends with pytest whichever
way that ends. Without a server these tests are skipped; where the variable ``CI`` is set they fail. The variables
``FLOWLANG_TEST_POSTGRES_URL``, ``_MYSQL_URL``, ``_REDIS_URL`` and ``_MONGODB_URL`` name servers to use instead;
of that Redis the databases from 1 on are emptied.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.services.pool import SERVICES, ServerPool
from tests.services.proxy import Proxy
from tests.services.server import Server, Unavailable, with_database

POOL = pytest.StashKey[ServerPool]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[POOL] = ServerPool()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[POOL].close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Before the first test the servers that any selected test needs start, while the first tests run."""
    if not session.config.option.collectonly:
        fixtures = {name for item in session.items for name in getattr(item, "fixturenames", ())}
        session.config.stash[POOL].launch(name for name in SERVICES if f"{name}_url" in fixtures)


def give_up(reason: Unavailable) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


def fixtures_of(name: str) -> tuple[Any, Any, Any, Any]:
    @pytest.fixture(scope="session", name=f"{name}_url")
    def url(request: pytest.FixtureRequest) -> str:
        try:
            return request.config.stash[POOL].url(name)
        except Unavailable as reason:
            give_up(reason)

    @pytest.fixture(name=f"{name}_server")
    def server(request: pytest.FixtureRequest) -> Iterator[Server]:
        request.getfixturevalue(f"{name}_url")
        try:
            running = request.config.stash[POOL].server(name)
        except Unavailable as reason:
            pytest.skip(str(reason))
        running.start()
        yield running
        running.start()

    @pytest.fixture(name=f"{name}_databases")
    def databases(request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
        url = request.getfixturevalue(f"{name}_url")
        module = SERVICES[name].module
        made: list[str] = []

        def make() -> str:
            database = next(names)
            module.create_database(url, database)
            made.append(database)
            return with_database(url, database)

        names = database_names(name)
        yield make
        for database in made:
            module.drop_database(url, database)

    @pytest.fixture(name=f"{name}_database")
    def database(request: pytest.FixtureRequest) -> str:
        make: Callable[[], str] = request.getfixturevalue(f"{name}_databases")
        return make()

    url.__doc__ = f"URL of a {name} server."
    server.__doc__ = f"The private {name} server: stop(), kill(), start(), restart()."
    databases.__doc__ = f"Makes empty {name} databases and drops them after the test."
    database.__doc__ = f"URL of an empty {name} database."
    return url, server, databases, database


counter = itertools.count(1)


def database_names(name: str) -> Iterator[str]:
    """Redis numbers its databases and starts again with each test; 0 is left alone."""
    if name == "redis":
        return map(str, itertools.count(1))
    return (f"flowlang_test_{os.getpid()}_{number}" for number in counter)


postgres_url, postgres_server, postgres_databases, postgres_database = fixtures_of("postgres")
mysql_url, mysql_server, mysql_databases, mysql_database = fixtures_of("mysql")
redis_url, redis_server, redis_databases, redis_database = fixtures_of("redis")
mongodb_url, mongodb_server, mongodb_databases, mongodb_database = fixtures_of("mongodb")


@pytest.fixture
def postgres_tls(postgres_server: Any, tmp_path: Path) -> Iterator[Path]:
    """The PostgreSQL server offers TLS during the test; the path of the certificate that it can be verified with."""
    from tests.services.certificate import write_certificate

    certificate, key = write_certificate(postgres_server.folder)
    postgres_server.use_tls((str(certificate), str(key)))
    yield certificate
    postgres_server.use_tls(None)


@pytest.fixture
def proxy() -> Iterator[Callable[[str], Proxy]]:
    """Makes proxies: ``proxy(url)`` listens on a port of its own and forwards to the server of the URL."""
    made: list[Proxy] = []

    def make(url: str) -> Proxy:
        made.append(Proxy(url))
        return made[-1]

    yield make
    for each in made:
        each.close()
