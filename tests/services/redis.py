"""A private Redis server."""

from __future__ import annotations

from collections.abc import Sequence

from redis import Redis

from tests.services.server import HOST, PASSWORD, USER, Server, find_program, with_database

SETTINGS = """
bind {host}
port {port}
save ""
appendonly yes
appendfsync no
databases 64
user default off
user {user} on >{password} ~* &* +@all
"""


class RedisServer(Server):
    name = "redis"
    scheme = "redis"

    def first_database(self) -> str:
        return "0"

    def prepare(self) -> Sequence[Sequence[str]]:
        settings = SETTINGS.format(host=HOST, port=self.port, user=USER, password=PASSWORD)
        (self.folder / "redis.conf").write_text(settings)
        return []

    def command(self) -> Sequence[str]:
        return [find_program("redis-server"), "redis.conf"]

    def ping(self) -> None:
        execute(self.url, "PING")


def execute(url: str, *command: str) -> object:
    """One command on a connection of its own."""
    with Redis.from_url(url, socket_connect_timeout=10, decode_responses=True) as client:
        reply: object = client.execute_command(*command)
        return reply


def create_database(url: str, name: str) -> None:
    execute(with_database(url, name), "FLUSHDB")


def drop_database(url: str, name: str) -> None:
    execute(with_database(url, name), "FLUSHDB")
