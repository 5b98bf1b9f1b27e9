"""The kinds of database servers that speak SQL, for tests of what they have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flowlang.connections.base import ConnectionPlugin
from flowlang_plugins.mysql import MySQLPlugin
from flowlang_plugins.postgres import PostgresPlugin
from tests.plugins.onlookers import MySQLOnlooker, Onlooker, PostgresOnlooker


class Kind(NamedTuple):
    """A kind of server, and how the same things are said to it."""

    plugin: type[ConnectionPlugin]
    prefix: str
    onlooker: Callable[[str], Onlooker]
    alias: str
    #: A statement that takes so many seconds, as a pattern.
    sleep: str
    #: Where the first parameter goes.
    parameter: str

    @property
    def name(self) -> str:
        return self.plugin.name

    def sleeping(self, seconds: float) -> str:
        return self.sleep.format(seconds)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(PostgresPlugin, "pg", PostgresOnlooker, "postgresql", "SELECT pg_sleep({})", "$1"),
        Kind(MySQLPlugin, "mysql", MySQLOnlooker, "mariadb", "SELECT sleep({})", "%s"),
    )
}
