"""A private PostgreSQL server."""

from __future__ import annotations

import asyncio
import glob
import signal
import threading
from collections.abc import Sequence

import asyncpg

from tests.services.server import HOST, PASSWORD, USER, Server, find_program, unprivileged_account

SETTINGS = """
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = 32MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_wal_senders = 0
wal_level = minimal
timezone = 'UTC'
"""


class PostgresServer(Server):
    name = "postgres"
    scheme = "postgresql"
    stop_signal = signal.SIGINT
    end_signal = signal.SIGQUIT

    def first_database(self) -> str:
        return "postgres"

    def account(self) -> str | None:
        return unprivileged_account()

    def prepare(self) -> Sequence[Sequence[str]]:
        (self.folder / "password").write_text(PASSWORD + "\n")
        (self.folder / "settings.conf").write_text(SETTINGS.format(host=HOST, port=self.port))
        initdb = [program("initdb"), "-D", "data", "-U", USER, "--pwfile=password", "--auth=scram-sha-256"]
        return [[*initdb, "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]]

    def command(self) -> Sequence[str]:
        return [program("postgres"), "-D", "data", "-c", f"config_file={self.folder}/settings.conf"]

    def ping(self) -> None:
        execute(self.url, "SELECT 1")

    def use_tls(self, files: tuple[str, str] | None) -> None:
        """Offers TLS with this certificate and key to connections made from now on, or no longer offers it."""
        settings = ["ssl = off"]
        if files is not None:
            settings = [f"ssl_cert_file = '{files[0]}'", f"ssl_key_file = '{files[1]}'", "ssl = on"]
        for setting in settings:
            execute(self.url, f"ALTER SYSTEM SET {setting}")
        execute(self.url, "SELECT pg_reload_conf()")


def program(name: str) -> str:
    newest_first = sorted(
        glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[-2]), reverse=True
    )
    return find_program(name, *newest_first)


def create_database(url: str, name: str) -> None:
    execute(url, f'CREATE DATABASE "{name}"')


def drop_database(url: str, name: str) -> None:
    execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def execute(url: str, statement: str) -> object:
    """One statement on a connection of its own: its first value. In a thread, for a test may have a running loop."""
    outcome: list[object] = []
    failure: list[BaseException] = []

    async def work() -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            outcome.append(await connection.fetchval(statement))
        finally:
            await connection.close()

    def run() -> None:
        try:
            asyncio.run(work())
        # Raised again below, in the thread that asked.
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
