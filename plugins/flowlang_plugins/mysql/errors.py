"""MySQL's errors in words that say what to do."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from pymysql import err

from flowlang.errors import ConnectionError, FlowExecutionError

#: Numbers of errors after which the session is gone: killed, shut down, cut off.
_LOST: Final = frozenset(
    {1053, 1077, 1079, 1080, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2055, 3169}
)
_TRY_AGAIN: Final = frozenset({1205, 1213})
_READ_ONLY: Final = frozenset({1290, 1792, 1836})


def number_of(error: BaseException) -> int | None:
    """The number of a server's error."""
    number = error.args[0] if error.args else None
    return number if isinstance(number, int) else None


def failure(error: Exception, timeout: float) -> FlowExecutionError:
    """The error of a step for what the server, or the driver, raised."""
    number = number_of(error)
    text = str(error.args[1]) if len(error.args) > 1 else str(error) or type(error).__name__
    if isinstance(error, TimeoutError):
        return FlowExecutionError(
            f"the server did not finish the statement within {timeout:g} s",
            hint="raise the connection's `timeout`, or make the statement faster",
        )
    if number in _LOST or isinstance(error, (OSError, err.InterfaceError)):
        return ConnectionError(
            f"the connection to the server was lost: {text}",
            hint="a `retry` of the step gets a new connection; make sure that repeating it does no harm",
        )
    if number in _READ_ONLY:
        return FlowExecutionError(text, hint="the connection, or the server, is read-only")
    if number in _TRY_AGAIN:
        return FlowExecutionError(text, hint="another transaction came in between; let the step `retry`")
    return FlowExecutionError(text)


def opening_failure(error: Exception, place: str) -> ConnectionError:
    """The error of a connection that could not be opened. `place` is host and port."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    stage, hint = _stage(cause, number_of(error))
    text = str(cause) if cause is not error else str(error.args[-1] if error.args else error)
    return ConnectionError(f"{place}: {text or type(cause).__name__}", hint=hint, stage=stage)


def _stage(error: BaseException, number: int | None) -> tuple[str, str | None]:
    if isinstance(error, socket.gaierror):
        return "resolve", "check the name of the host"
    if isinstance(error, ssl.SSLError) or number == 2026:
        return "tls", "check `sslmode`, and the server's certificate"
    if isinstance(error, TimeoutError):
        return "timeout", "check host and port, or raise `timeout`"
    if number in (1045, 1698, 1251, 1275, 2059):
        return "authenticate", "check `user` and `password`, and from which hosts the user may come"
    if number in (1044, 1049):
        return "authorise", "check `database`, and whether the user may use it"
    if number in (1040, 1203, 1226):
        return "authorise", "the server has no free connection; lower `pool_size`, or raise its `max_connections`"
    if number in (1129, 1130):
        return "authorise", "the server takes no connection from this host"
    if isinstance(error, OSError) or number in (2002, 2003, 2006, 2013):
        return "reach", "check that the server runs, and host and port"
    return "connect", None
