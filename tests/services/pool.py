"""The servers of one test run: which there are, and where they come from."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType

from tests.services.server import Server, Unavailable


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of database: its module here with the functions `create_database` and `drop_database`, and its server."""

    name: str
    server: str
    package: str

    @property
    def variable(self) -> str:
        return f"FLOWLANG_TEST_{self.name.upper()}_URL"

    @property
    def module(self) -> ModuleType:
        try:
            return importlib.import_module(f"tests.services.{self.name}")
        except ModuleNotFoundError as error:
            raise Unavailable(f"the Python package {error.name} is not installed") from error

    def remedy(self) -> str:
        return (
            f"scripts/test installs it where it may; by hand: {self.package}; "
            f"or set {self.variable} to the URL of a server whose user may create databases"
        )


SERVICES = {
    service.name: service
    for service in (
        Service("postgres", "PostgresServer", "the Debian package postgresql and `pip install asyncpg`"),
        Service("mysql", "MySQLServer", "the Debian package mariadb-server-core and `pip install aiomysql`"),
        Service("redis", "RedisServer", "the Debian package redis-server and `pip install redis`"),
        Service("mongodb", "MongoDBServer", "`pip install motor SecantusDB`"),
    )
}


class ServerPool:
    """Launches every server at most once; `FLOWLANG_TEST_<NAME>_URL` takes the place of one."""

    def __init__(self) -> None:
        self._servers: dict[str, Server] = {}
        self._missing: dict[str, Unavailable] = {}

    def launch(self, names: Iterable[str]) -> None:
        """Starts these servers beside each other, without waiting for them."""
        for name in names:
            if name not in self._servers and name not in self._missing and given_url(name) is None:
                self._launch(SERVICES[name])

    def server(self, name: str) -> Server:
        """The private server, running. Raises `Unavailable`."""
        if given_url(name) is not None:
            raise Unavailable(f"{SERVICES[name].variable} is set, and this test stops and starts a server of its own")
        self.launch([name])
        if name in self._missing:
            raise self._missing[name]
        server = self._servers[name]
        server.wait_until_ready()
        return server

    def url(self, name: str) -> str:
        """Where the server is, private or given. Raises `Unavailable`."""
        return given_url(name) or self.server(name).url

    def close(self) -> None:
        servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            server.release()
        for server in servers:
            server.wait_until_gone()

    def _launch(self, service: Service) -> None:
        try:
            make: Callable[[], Server] = getattr(service.module, service.server)
            server = make()
            server.launch()
        except Unavailable as error:
            self._missing[service.name] = Unavailable(f"No {service.name} server: {error} ({service.remedy()}).")
        else:
            self._servers[service.name] = server


def given_url(name: str) -> str | None:
    return os.environ.get(SERVICES[name].variable) or None
