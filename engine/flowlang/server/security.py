"""Who may call: who has the token, and without one programs of this machine, but no web page of another site."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import lru_cache
from hmac import compare_digest
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from flowlang.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

#: What needs no token: whoever watches over the server has none.
OPEN: Final = frozenset({"/health", "/ready"})

#: What a request changes nothing with. A page of another site gets no answer to it from its browser.
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})

#: Browsers ask for the token after the second of these; the name that they ask for too is of no account.
_ASKED_FOR: Final = (b'Bearer realm="flowlang"', b'Basic realm="flowlang", charset="UTF-8"')


class Guard:
    """Lets requests pass that may.

    With a token these are those that carry it: `Authorization: Bearer <token>`, or as the password that browsers ask
    for. Without one they come to an address of this machine by a name of this machine. What a web page of another site
    makes a browser send never passes. Paths for which `has_its_own` holds have credentials of their own.
    """

    def __init__(self, token: str | None, has_its_own: Callable[[str], bool] = lambda path: False) -> None:
        if token is not None and not token.strip():
            raise ConfigurationError(
                "the token of the server is empty", hint="give one in FLOWLANG_SERVER_TOKEN, or unset that variable"
            )
        self._token = None if token is None else token.encode()
        self._has_its_own = has_its_own

    def middleware(self, app: ASGIApp, /, **_: Any) -> ASGIApp:
        """The application behind the guard."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
            if refusal is None:
                await app(scope, receive, send)
            else:
                await _refuse(*refusal, scope, receive, send)

        return guarded

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the reason with which a request is refused; None for one that may pass."""
        path = scope["path"]
        if path in OPEN or self._has_its_own(path):
            return None
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if self._token is not None and not compare_digest(_password(headers.get(b"authorization", b"")), self._token):
            return 401, "a token is needed"
        if scope.get("method") not in _READING and not _is_of_this_site(headers):
            return 403, "a web page of another site may not call this server"
        if self._token is None and not _comes_from_here(scope, headers):
            return 403, (
                "without a token this server answers to names of this machine only, such as localhost; give it one in "
                "FLOWLANG_SERVER_TOKEN"
            )
        return None


def _password(authorization: bytes) -> bytes:
    """The token in the header `Authorization`, as it is or as a password."""
    scheme, _, given = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        return given.strip()
    if scheme.lower() == b"basic":
        try:
            return b64decode(given, validate=True).partition(b":")[2]
        except ValueError:
            return b""
    return b""


def _is_of_this_site(headers: Mapping[bytes, bytes]) -> bool:
    """Whether no page of another site is behind a request: browsers tell which one is, and no other client does."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    if origin is None:
        return True
    by = headers.get(b"x-forwarded-host") or headers.get(b"host", b"")
    return urlsplit(origin.decode("latin-1")).netloc == by.decode("latin-1")


def _comes_from_here(scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request came to an address of this machine alone, and by a name of it.

    A page of another site can have the name of its site lead to this machine, and then read what is answered.
    """
    server = scope.get("server")
    if server is None or not _is_address(server[0]):
        return True
    if not is_loopback(server[0]):
        return False
    try:
        name = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}").hostname or ""
    except ValueError:
        return False
    return not name or is_loopback(name) or name.endswith(".localhost")


def _is_address(host: str) -> bool:
    """Whether this is an address, not the name of a test's server or a socket's path."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _refuse(status: int, reason: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:100]})
        return
    from flowlang.server.answers import JSON

    answer = JSON({"detail": reason, "problems": [reason]}, status)
    if status == 401:
        answer.raw_headers += [(b"www-authenticate", challenge) for challenge in _ASKED_FOR]
    await answer(scope, receive, send)


def check_address(host: str, token: str | None) -> None:
    """Raise ConfigurationError for a server that others could reach without a token."""
    if token is None and not is_loopback(host):
        raise ConfigurationError(
            f"{host} can be reached from other machines, and there is no token",
            hint="give one in FLOWLANG_SERVER_TOKEN, or listen on 127.0.0.1",
        )


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
