"""PostgreSQL's errors in words that say what to do."""

from __future__ import annotations

import re
import socket
import ssl
from typing import Final

import asyncpg

from flowlang.errors import ConnectionError, FlowExecutionError

_ARGUMENT: Final = re.compile(r"query argument \$(\d+)")
_COUNTS: Final = re.compile(r"the server expects (\d+) arguments? for this query, (\d+) (?:was|were) passed")

#: What the driver raises when the session is gone. `InterfaceError` is for a connection that it knows is closed.
LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.AdminShutdownError,
    asyncpg.exceptions.CrashShutdownError,
    asyncpg.exceptions.CannotConnectNowError,
    asyncpg.exceptions.IdleSessionTimeoutError,
    OSError,
)


def misfit(error: BaseException) -> int | None:
    """The number of the parameter that the driver could not express in its type, or None."""
    if type(error) is not asyncpg.DataError or getattr(error, "severity", None) is not None:
        return None
    found = _ARGUMENT.search(str(error))
    return None if found is None else int(found[1])


def failure(error: Exception, timeout: float) -> FlowExecutionError:
    """The error of a step for what the server, or the driver, raised."""
    if isinstance(error, FlowExecutionError):
        return error
    if isinstance(error, TimeoutError):
        return FlowExecutionError(
            f"the server did not finish the statement within {timeout:g} s",
            hint="raise the connection's `timeout`, or make the statement faster",
        )
    if isinstance(error, LOST) or (isinstance(error, asyncpg.InterfaceError) and "clos" in str(error)):
        return ConnectionError(
            f"the connection to the server was lost: {error}",
            hint="a `retry` of the step gets a new connection; make sure that repeating it does no harm",
        )
    if (number := misfit(error)) is not None:
        return FlowExecutionError(f"parameter ${number} doesn't fit the type that the query has there")
    if counts := _COUNTS.search(str(error)):
        return FlowExecutionError(f"the query has {counts[1]} parameters, but `params` has {counts[2]}")
    if isinstance(error, asyncpg.PostgresError):
        return _refused(error)
    return FlowExecutionError(str(error) or type(error).__name__)


def _refused(error: asyncpg.PostgresError) -> FlowExecutionError:
    text = error.message or str(error)
    if "multiple commands" in text:
        return FlowExecutionError("the query holds several statements", hint="give them to pg_transaction, one by one")
    if isinstance(error, asyncpg.exceptions.ReadOnlySQLTransactionError):
        return FlowExecutionError(text, hint="the connection, or the server, is read-only")
    if isinstance(error, asyncpg.exceptions.QueryCanceledError):
        return FlowExecutionError(text, hint="somebody cancelled it, or the server's own `statement_timeout` did")
    if isinstance(error, (asyncpg.exceptions.SerializationError, asyncpg.exceptions.DeadlockDetectedError)):
        return FlowExecutionError(text, hint="another transaction came in between; let the step `retry`")
    return FlowExecutionError(f"{text} ({error.detail})" if error.detail else text, hint=error.hint)


def opening_failure(error: Exception, place: str) -> ConnectionError:
    """The error of a connection that could not be opened. `place` is host and port, or what is known of it."""
    stage, hint = _stage(error)
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    return ConnectionError(f"{place}: {text}", hint=hint, stage=stage)


def _stage(error: Exception) -> tuple[str, str | None]:
    if isinstance(error, socket.gaierror):
        return "resolve", "check the name of the host"
    if isinstance(error, ssl.SSLError) or "SSL" in str(error) or "certificate" in str(error):
        return "tls", "check `sslmode`, and the server's certificate"
    if isinstance(error, TimeoutError):
        return "timeout", "check host and port, or raise `timeout`"
    if isinstance(error, asyncpg.exceptions.InvalidAuthorizationSpecificationError):
        return "authenticate", "check `user` and `password`, and the server's pg_hba.conf"
    if isinstance(error, asyncpg.exceptions.InvalidCatalogNameError):
        return "authorise", "check `database`; CREATE DATABASE makes one"
    if isinstance(error, asyncpg.exceptions.InsufficientPrivilegeError):
        return "authorise", "the user may not use this database"
    if isinstance(error, asyncpg.exceptions.TooManyConnectionsError):
        return "authorise", "the server has no free connection; lower `pool_size`, or raise its `max_connections`"
    if isinstance(error, asyncpg.exceptions.CannotConnectNowError):
        return "reach", "the server is starting or stopping; try again"
    if isinstance(error, OSError):
        return "reach", "check that the server runs, and host and port"
    return "connect", None
