"""MongoDB's errors in words that say what to do."""

from __future__ import annotations

from typing import Any, Final

from pymongo import errors

from flowlang.errors import ConnectionError, FlowExecutionError

_UNAUTHENTICATED: Final = frozenset({18, 8000})
_UNAUTHORISED: Final = frozenset({13, 31})


def failure(error: Exception) -> FlowExecutionError:
    """The error of a step for what the driver raised."""
    if isinstance(error, errors.BulkWriteError):
        return _batch_failure(error)
    if isinstance(error, errors.DuplicateKeyError):
        return FlowExecutionError(
            _message(error), hint="a document with this key exists; mongo_update with `upsert: true` replaces it"
        )
    if isinstance(error, errors.OperationFailure) and error.code in _UNAUTHORISED:
        return FlowExecutionError(_message(error), hint="the user lacks a role for this")
    if isinstance(error, (errors.ExecutionTimeout, errors.WTimeoutError)):
        return FlowExecutionError(f"the server stopped the operation: {_message(error)}")
    if isinstance(error, errors.ConnectionFailure):
        return ConnectionError(f"the connection was lost: {_message(error)}", hint="let the step `retry`")
    if isinstance(error, errors.DocumentTooLarge):
        return FlowExecutionError("a document is larger than the 16 MB that MongoDB stores")
    if isinstance(error, OverflowError):
        return FlowExecutionError("a number is too large for MongoDB, whose integers have 64 bits")
    return FlowExecutionError(_message(error))


def _batch_failure(error: errors.BulkWriteError) -> FlowExecutionError:
    details: dict[str, Any] = dict(error.details)
    problems = details.get("writeErrors") or [{}]
    first = problems[0]
    stored = details.get("nInserted", 0)
    return FlowExecutionError(
        f"document {first.get('index', 0) + 1} was refused: {first.get('errmsg', error)}; {stored} before it stay"
    )


def connect_failure(error: Exception, target: str) -> ConnectionError:
    """Why a connection could not be opened: how far it came, and what to try."""
    text = _message(error)
    lowered = text.lower()
    if isinstance(error, errors.OperationFailure):
        if error.code in _UNAUTHENTICATED or "auth" in lowered:
            return _told(
                target, text, "authenticate", "check user and password in `url`, and `authSource` in its options"
            )
        return _told(target, text, "authorise", "check the database's name, and the user's roles")
    if isinstance(error, (errors.ConfigurationError, ValueError, TypeError)):
        srv = "dnspython" in lowered
        return _told(target, text, "resolve", "pip install dnspython" if srv else "check `url`")
    for words, (reason, stage, hint) in _REACHING.items():
        if words in lowered:
            return _told(target, reason or text, stage, hint)
    return _told(target, text, "connect", "check that it is a MongoDB server, and whether it wants TLS (`tls=true`)")


def _told(target: str, reason: str, stage: str, hint: str) -> ConnectionError:
    return ConnectionError(f"{target}: {reason}", hint=hint, stage=stage)


_REACHING: Final[dict[str, tuple[str, str, str]]] = {
    "ssl": ("", "tls", "check the certificate, or leave out `tls` if the server has none"),
    "certificate": ("", "tls", "check the certificate"),
    "name or service not known": ("the host is unknown", "resolve", "check the host in `url`"),
    "nodename nor servname": ("the host is unknown", "resolve", "check the host in `url`"),
    "getaddrinfo": ("the host is unknown", "resolve", "check the host in `url`"),
    "name resolution": ("the host is unknown", "resolve", "check the host in `url`"),
    "connection refused": (
        "connection refused",
        "reach",
        "check that the server runs, and host and port in `url`",
    ),
    "timed out": (
        "no answer in time",
        "timeout",
        "check host and port in `url`, or raise `connect_timeout_ms`",
    ),
}


def _message(error: Exception) -> str:
    """What happened, without the driver's description of its own state."""
    text = str(error)
    for noise in (", full error:", ", Timeout:", " (configured timeouts:"):
        text = text.split(noise)[0]
    return text.strip() or type(error).__name__
