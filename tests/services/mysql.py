"""A private MariaDB server, which speaks the protocol of MySQL."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import pymysql

from tests.services.server import HOST, PASSWORD, USER, Server, find_program, unprivileged_account

SETTINGS = """
[mysqld]
datadir = {folder}/data
socket = {folder}/socket
pid-file = {folder}/pid
tmpdir = {folder}
bind-address = {host}
port = {port}
init-file = {folder}/users.sql
skip-name-resolve
max_connections = 300
max_connect_errors = 1000000
character-set-server = utf8mb4
default-time-zone = +00:00
innodb_flush_log_at_trx_commit = 0
innodb_flush_method = nosync
innodb_doublewrite = 0
innodb_log_file_size = 16M
innodb_buffer_pool_size = 32M
innodb_fast_shutdown = 1
performance_schema = OFF
local_infile = OFF
"""

USERS = f"""
CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;
CREATE DATABASE IF NOT EXISTS test;
"""


class MySQLServer(Server):
    name = "mysql"
    scheme = "mysql"

    def first_database(self) -> str:
        return "test"

    def account(self) -> str | None:
        return unprivileged_account()

    def prepare(self) -> Sequence[Sequence[str]]:
        settings = SETTINGS.format(folder=self.folder, host=HOST, port=self.port)
        (self.folder / "settings.cnf").write_text(settings)
        (self.folder / "users.sql").write_text(USERS)
        install = find_program("mariadb-install-db")
        return [[install, "--defaults-file=settings.cnf", "--auth-root-authentication-method=normal", "--skip-test-db"]]

    def command(self) -> Sequence[str]:
        return [find_program("mariadbd"), f"--defaults-file={self.folder}/settings.cnf"]

    def ping(self) -> None:
        execute(self.url, "SELECT 1")


def create_database(url: str, name: str) -> None:
    execute(url, f"CREATE DATABASE `{name}`")


def drop_database(url: str, name: str) -> None:
    execute(url, f"DROP DATABASE IF EXISTS `{name}`")


def execute(url: str, statement: str) -> object:
    """One statement on a connection of its own: the first value of its result."""
    parts = urlsplit(url)
    with (
        pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=parts.path[1:] or None,
            autocommit=True,
            connect_timeout=10,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None
