"""Who may call: anybody on this machine, elsewhere only who has the token."""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from flowlang.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

#: What needs no token: whoever watches over the server has none.
OPEN: Final = frozenset({"/health", "/ready"})


class Guard:
    """Lets requests pass that carry `Authorization: Bearer <token>`.

    Paths for which `has_its_own` holds have credentials of their own.
    """

    def __init__(self, token: str, has_its_own: Callable[[str], bool] = lambda path: False) -> None:
        self._expected = f"Bearer {token}".encode()
        self._has_its_own = has_its_own

    def middleware(self, app: ASGIApp, /, **_: Any) -> ASGIApp:
        """The application behind the guard."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] in ("http", "websocket") and not self._may_pass(scope):
                await _refuse(scope, receive, send)
            else:
                await app(scope, receive, send)

        return guarded

    def _may_pass(self, scope: Scope) -> bool:
        path = scope["path"]
        if path in OPEN or self._has_its_own(path):
            return True
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return compare_digest(given, self._expected)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    from starlette.responses import JSONResponse

    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = {"WWW-Authenticate": "Bearer"}
    await JSONResponse({"detail": "a token is needed"}, 401, headers=headers)(scope, receive, send)


def check_address(host: str, token: str | None) -> None:
    """Raise ConfigurationError for a server that others could reach without a token."""
    if token is None and not is_loopback(host):
        raise ConfigurationError(
            f"{host} can be reached from other machines, and there is no token",
            hint="give one in FLOWLANG_SERVER_TOKEN, or listen on 127.0.0.1",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
