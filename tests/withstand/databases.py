"""The same work for each database: what a flow says to write one row, to read them, and to wait for the server."""

from __future__ import annotations

from typing import NamedTuple


class Database(NamedTuple):
    """Pieces of flows, each a step in one line. `config` bounds how long a silent server is waited for."""

    name: str
    config: str
    create: str
    #: Writes the number `${inputs.run}` into `t`.
    write: str
    #: Gives all numbers in `t`.
    read: str
    #: What the result of `read` is called, and where a number is in each of its entries.
    numbers: str


SERVERS = {
    database.name: database
    for database in (
        Database(
            "postgres",
            "timeout: 1",
            'pg_execute: {query: "CREATE TABLE IF NOT EXISTS t (a int)"}',
            'pg_execute: {query: "INSERT INTO t VALUES ($1)", params: ["${inputs.run}"]}',
            'pg_query: {query: "SELECT a FROM t ORDER BY a"}',
            "rows.*.a",
        ),
        Database(
            "mysql",
            "timeout: 1",
            'mysql_execute: {query: "CREATE TABLE IF NOT EXISTS t (a int)"}',
            'mysql_execute: {query: "INSERT INTO t VALUES (%s)", params: ["${inputs.run}"]}',
            'mysql_query: {query: "SELECT a FROM t ORDER BY a"}',
            "rows.*.a",
        ),
        Database(
            "mongodb",
            "server_selection_timeout_ms: 1000",
            "mongo_delete: {collection: t, filter: {}, many: true}",
            'mongo_insert: {collection: t, document: {a: "${inputs.run}"}}',
            "mongo_find: {collection: t, sort: {a: 1}}",
            "documents.*.a",
        ),
        Database(
            "redis",
            "socket_timeout: 1",
            "redis_delete: {key: t}",
            'redis_rpush: {key: t, values: ["${inputs.run}"]}',
            "redis_lrange: {key: t}",
            "values",
        ),
    )
}


def step(piece: str, connection: str, **keys: object) -> str:
    """A piece as a step of a flow: with its connection, and other keys of a step."""
    task, _, arguments = piece.partition(": {")
    given = "".join(f"{key}: {value}, " for key, value in keys.items())
    return f"  - {task}: {{connection: {connection}, {given}{arguments}\n"
