"""SQLite's errors in words that say what to do."""

from __future__ import annotations

import re
import sqlite3
from typing import Final

from flowlang.errors import ConnectionError, FlowExecutionError

_BINDINGS: Final = re.compile(r"current statement uses (\d+), and there (?:are|is) (\d+) supplied")
_UNNAMED: Final = re.compile(r"You did not supply a value for binding(?: parameter)? :?(\w+)")


def connect_failure(error: sqlite3.Error, database: str) -> ConnectionError:
    """The error of a connection to a database that could not be opened."""
    code = getattr(error, "sqlite_errorcode", None)
    hint = None
    if code == sqlite3.SQLITE_NOTADB:
        hint = "the file is no SQLite database, or it is encrypted"
    elif code is not None and code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        hint = "check the path, and who may read and write the file and its folder"
    return ConnectionError(f"{database}: {error}", hint=hint, stage="connect")


def failure(error: Exception, timeout: float) -> FlowExecutionError:
    """The error of a step for what SQLite, or its driver, raised."""
    text = str(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return FlowExecutionError(
            f"the database is locked by another writer, also after {timeout:g} s",
            hint="raise the connection's `timeout`, or let the step `retry`",
        )
    if code == sqlite3.SQLITE_AUTH:
        return FlowExecutionError(
            f"refused on a read-only connection: {text}",
            hint="ATTACH, VACUUM INTO and PRAGMAs that set something need a connection without `read_only`",
        )
    if code == sqlite3.SQLITE_READONLY:
        return FlowExecutionError(
            "the database can't be written", hint="the connection is `read_only`, or the file is write-protected"
        )
    if code == sqlite3.SQLITE_TOOBIG:
        return FlowExecutionError(
            "a text or blob is larger than the connection takes", hint="raise the connection's `max_result_mb`"
        )
    if isinstance(error, OverflowError):
        return FlowExecutionError("a parameter is too large for SQLite, whose integers have 64 bits")
    if "one statement at a time" in text:
        return FlowExecutionError(
            "the query holds several statements", hint="give them to sqlite_transaction, one by one"
        )
    if counts := _BINDINGS.search(text):
        return FlowExecutionError(f"the query has {counts[1]} parameters, but `params` has {counts[2]}")
    if unnamed := _UNNAMED.search(text):
        return FlowExecutionError(f"`params` has no value for the parameter `:{unnamed[1]}`")
    if "has no name, but you supplied a dictionary" in text:
        return FlowExecutionError("the query's parameters have no names", hint="give `params` as a list")
    return FlowExecutionError(text or type(error).__name__)
