"""Whether a request may start a flow: compared in constant time, and never twice with one signature."""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from flowlang.server.triggers.config import Auth

#: How many signatures are remembered; more than that within the tolerance is refused as too much.
REMEMBERED: Final = 100_000


class Refused(Exception):
    """The credentials are missing, wrong, late, or were used before."""


class Doorkeeper:
    """Checks the credentials of one webhook. `now` gives seconds since 1970."""

    def __init__(self, auth: Auth, now: Callable[[], float]) -> None:
        self._auth = auth
        self._now = now
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raise Refused for a request that may not pass."""
        auth = self._auth
        if auth.type == "hmac":
            self._check_signature(headers, body)
            return
        given, expected = headers.get(auth.header, ""), auth.secret
        if auth.type == "bearer":
            given, expected = headers.get("authorization", ""), f"Bearer {auth.secret}"
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refused("the key is missing or wrong")

    def _check_signature(self, headers: Mapping[str, str], body: bytes) -> None:
        auth = self._auth
        stamp = headers.get(auth.timestamp_header, "")
        given = headers.get(auth.header, "").removeprefix(f"{auth.algorithm}=")
        signed = stamp.encode() + b"." + body
        expected = hmac.new(auth.secret.encode(), signed, getattr(hashlib, auth.algorithm)).hexdigest()
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refused("the signature is missing or wrong")
        try:
            age = abs(self._now() - float(stamp))
        except ValueError as error:
            raise Refused(f"`{auth.timestamp_header}` has no seconds since 1970") from error
        if not age <= auth.tolerance:
            raise Refused("the signature is too old, or from the future")
        self._use_once(expected.encode())

    def _use_once(self, signature: bytes) -> None:
        now = self._now()
        while self._seen and next(iter(self._seen.values())) < now - 2 * self._auth.tolerance:
            self._seen.popitem(last=False)
        if signature in self._seen:
            raise Refused("the signature was used before")
        if len(self._seen) >= REMEMBERED:
            raise Refused("too many requests within the tolerance")
        self._seen[signature] = now


def sign(secret: str, timestamp: float, body: bytes, algorithm: str = "sha256") -> dict[str, str]:
    """The headers that a client of a webhook with `hmac` sends, with the names that they have by default."""
    stamp = repr(timestamp)
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + body, getattr(hashlib, algorithm)).hexdigest()
    return {"X-Timestamp": stamp, "X-Signature": f"{algorithm}={signed}"}
