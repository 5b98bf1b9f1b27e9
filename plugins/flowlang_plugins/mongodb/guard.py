"""Keeps a read-only connection from writing: the driver's connections send only commands that read.

MongoDB has no session that only reads, so the connections themselves refuse. They belong to the driver's own pool,
so nothing that is reached from a client gets past them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

import bson
from pymongo.synchronous.pool import Connection, Pool

from flowlang.errors import FlowExecutionError

_READING: Final = frozenset(
    {"aggregate", "buildinfo", "collstats", "count", "datasize", "dbhash", "dbstats", "distinct", "explain", "find"}
    | {"getmore", "listcollections", "listdatabases", "listindexes", "mapreduce", "planCacheListFilters".lower()}
)
#: Commands about the connection, its session, or its server's state. None of them changes data.
_HOUSEKEEPING: Final = frozenset(
    {"aborttransaction", "authenticate", "committransaction", "connectionstatus", "currentop", "endsessions"}
    | {"getlasterror", "getlog", "getparameter", "hello", "hostinfo", "isdbgrid", "ismaster", "killcursors"}
    | {"killsessions", "listcommands", "logout", "ping", "refreshsessions", "replsetgetstatus", "rolesinfo"}
    | {"saslcontinue", "saslstart", "serverstatus", "startsession", "top", "usersinfo", "whatsmyuri"}
)
_WRITING_STAGES: Final = frozenset({"$out", "$merge"})

_HEADER: Final = struct.Struct("<iiii")
_OP_MSG: Final = 2013


def check(command: Mapping[str, Any]) -> None:
    """Refuse a command that might write."""
    name = next(iter(command), "")
    lowered = str(name).lower()
    if lowered == "explain" and isinstance(command[name], Mapping):
        check(command[name])
    elif lowered == "mapreduce":
        _check_output(command)
    elif lowered == "aggregate" and _writes(command.get("pipeline")):
        _refuse("an aggregation with $out or $merge")
    elif lowered not in _READING and lowered not in _HOUSEKEEPING:
        _refuse(str(name) or "an empty command")


def _check_output(command: Mapping[str, Any]) -> None:
    output = command.get("out")
    if not isinstance(output, Mapping) or list(output) != ["inline"]:
        _refuse("mapReduce into a collection")


def _writes(value: Any) -> bool:
    """Whether a pipeline has a stage that writes, at any depth."""
    if isinstance(value, Mapping):
        return any(key in _WRITING_STAGES or _writes(item) for key, item in value.items())
    return isinstance(value, (list, tuple)) and any(map(_writes, value))


def _refuse(what: str) -> None:
    raise FlowExecutionError(
        f"{what} was refused: the connection is `read_only`",
        hint="only commands that read pass; leave out `read_only` to write",
    )


def check_message(message: bytes) -> None:
    """Refuse a message of the wire protocol unless its command only reads."""
    if len(message) < 26 or _HEADER.unpack_from(message)[3] != _OP_MSG or message[20] != 0:
        _refuse("a message of an unknown form")
    (size,) = struct.unpack_from("<i", message, 21)
    check(bson.decode(message[21 : 21 + size]))


class ReadingConnection(Connection):
    """A connection of the driver that sends nothing but reading commands."""

    def command(self, dbname: str, spec: Any, *args: Any, **kwargs: Any) -> Any:
        check(spec)
        return super().command(dbname, spec, *args, **kwargs)

    def send_message(self, message: bytes, max_doc_size: int) -> None:
        check_message(message)
        super().send_message(message, max_doc_size)

    def write_command(self, *args: Any, **kwargs: Any) -> Any:
        _refuse("a batch of writes")

    def unack_write(self, *args: Any, **kwargs: Any) -> None:
        _refuse("a batch of writes")


class ReadingPool(Pool):
    """A pool of the driver whose connections only read, from the moment they are authenticated."""

    def connect(self, *args: Any, **kwargs: Any) -> Connection:
        connection = super().connect(*args, **kwargs)
        # the driver makes its connections by name, so the class is given to a finished one
        connection.__class__ = ReadingConnection
        return connection
