"""Redis' errors in words that say what to do."""

from __future__ import annotations

import builtins
import socket
import ssl
from collections.abc import Iterator

from redis import exceptions

from flowlang.errors import ConnectionError, FlowExecutionError


def failure(error: Exception) -> FlowExecutionError:
    """The error of a step for what the driver raised."""
    text = str(error).strip() or type(error).__name__
    if isinstance(error, exceptions.AuthenticationError):
        return ConnectionError(text, hint="check user and password in `url`", stage="authenticate")
    if isinstance(error, exceptions.TimeoutError):
        return ConnectionError(f"{text}: no answer in time", hint="raise `socket_timeout`, or let the step `retry`")
    if isinstance(error, exceptions.ResponseError):
        return _refusal(text)
    return ConnectionError(f"the connection was lost: {text}", hint="let the step `retry`")


def _refusal(text: str) -> FlowExecutionError:
    if text.startswith("WRONGTYPE"):
        return FlowExecutionError(text, hint="the key holds another kind of value; redis_command with TYPE tells which")
    if "unknown command" in text.lower():
        return FlowExecutionError(text, hint="check its spelling, and which version of Redis the server is")
    if "READONLY" in text:
        return FlowExecutionError(text, hint="the server is a replica: connect to its primary to write")
    return FlowExecutionError(text)


def connect_failure(error: Exception, target: str, tls: bool) -> ConnectionError:
    """Why a connection could not be opened: how far it came, and what to try."""
    text = str(error).strip() or type(error).__name__
    causes = list(_causes(error))
    if isinstance(error, exceptions.AuthenticationError):
        asked = "required" in text.lower() or "NOAUTH" in text
        hint = "put a user and password into `url`" if asked else "check user and password in `url`"
        return ConnectionError(f"{target}: {text}", hint=hint, stage="authenticate")
    if isinstance(error, exceptions.NoPermissionError):
        return ConnectionError(f"{target}: {text}", hint="the user lacks a permission (ACL)", stage="authorise")
    if isinstance(error, exceptions.ResponseError):
        return ConnectionError(f"{target}: {text}", hint="check the database's number in `url`", stage="authorise")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        hint = "check the certificate, or use `redis://` if the server has no TLS"
        return ConnectionError(f"{target}: {text}", hint=hint, stage="tls")
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return ConnectionError(f"{target}: the host is unknown", hint="check the host in `url`", stage="resolve")
    if any(isinstance(cause, builtins.ConnectionRefusedError) for cause in causes):
        hint = "check that the server runs, and host and port in `url`"
        return ConnectionError(f"{target}: connection refused", hint=hint, stage="reach")
    if any(isinstance(cause, (exceptions.TimeoutError, builtins.TimeoutError)) for cause in causes):
        hint = "check host and port in `url`, or raise `socket_connect_timeout`"
        if tls:
            hint += "; use `redis://` if the server has no TLS"
        return ConnectionError(f"{target}: no answer in time", hint=hint, stage="timeout")
    hint = "check that it is a Redis server, and whether it wants TLS (`rediss://`)"
    return ConnectionError(f"{target}: {text}", hint=hint, stage="connect")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
