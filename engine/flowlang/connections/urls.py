"""Connection URLs: what they say about the type, and how they are shown, changed and turned into a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from flowlang.connections.addresses import URL_KEYS
from flowlang.errors import ConfigurationError
from flowlang.redaction import MASK, is_secret_name

#: Schemes that no plugin has as a name, and the type that they mean.
_SCHEMES: Final = {"rediss": "redis", "valkey": "redis", "sqlite3": "sqlite"}

_URL = re.compile(r"([A-Za-z][A-Za-z0-9.-]*)((?:\+[A-Za-z0-9]+)?)://(.*)", re.DOTALL)
_USER = re.compile(r"(://[^/?#\s:@]*):([^\s/?#]*)@")
#: A password that ends too early: no port stands behind the first `:`, or an `@` where none belongs.
_CUT_SHORT = re.compile(r"[^/?#@]*:(?:(?!\d*[/?#])[^/?#@]*[/?#][^@]*@|\d*#[^@]*@|\d*/[^?#@]*@)")
_QUERY = re.compile(r"([?&;])([^=&;#]+)=([^&;#]*)")


def type_of_url(url: str) -> str:
    """The connection type, or an alias of it, that the scheme of a URL means. Raises ConfigurationError."""
    found = _URL.match(url.strip())
    if found is None:
        raise ConfigurationError(
            "this is no connection URL", hint="it starts with a scheme, as in postgresql://user:password@host:5432/name"
        )
    scheme = found[1].lower()
    return _SCHEMES.get(scheme, scheme)


def canonical_url(url: str) -> str:
    """The URL without the name of a Python driver in its scheme: `postgresql+asyncpg://` is `postgresql://`.

    Raises ConfigurationError for one whose password holds a character that ends it too early.
    """
    found = _URL.match(url.strip())
    if found is None:
        return url.strip()
    if _CUT_SHORT.match(found[3]):
        raise ConfigurationError(
            "the URL has a `/`, `?` or `#` in its password, where it means the end of the server's name",
            hint="write %2F for `/`, %3F for `?`, %23 for `#`, or give the password with --password",
        )
    return url.strip() if found[2].lower() == "+srv" else f"{found[1]}://{found[3]}"


def masked_url(url: str) -> str:
    """The URL with its password, and what its query has under the name of a secret, replaced by `••••`."""
    masked = _USER.sub(rf"\1:{MASK}@", url)
    return _QUERY.sub(lambda part: f"{part[1]}{part[2]}={MASK}" if is_secret_name(part[2]) else part[0], masked)


def url_secrets(url: str) -> list[str]:
    """What `masked_url` hides, as it is written and decoded; nothing in a text that is no URL."""
    if "://" not in url:
        return []
    hidden = [found[2] for found in _USER.finditer(url)]
    hidden += [found[3] for found in _QUERY.finditer(url) if is_secret_name(found[2])]
    return [text for secret in hidden if secret for text in dict.fromkeys((secret, unquote(secret)))]


def with_password(url: str, password: str) -> str:
    """The URL with another password. Raises ConfigurationError for a URL that has no place for one."""
    quoted = quote(password, safe="")
    if _USER.search(url):
        return _USER.sub(lambda user: f"{user[1]}:{quoted}@", url, count=1)
    found = re.match(r"([^:]+://)([^/?#\s@]*)@", url)
    if found is not None:
        return f"{found[1]}{found[2]}:{quoted}@{url[found.end() :]}"
    raise ConfigurationError(
        "the URL names no user, so a password has no place in it", hint="give the whole URL instead"
    )


def config_of_url(url: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that a URL stands for, for a plugin with this schema.

    Where the plugin takes a `url`, or calls it `base_url` and the like, it is that. Where it takes the path of a
    `database` file, it is what stands behind `scheme:///`; nothing there, or `:memory:`, is a database in memory.
    """
    properties = schema.get("properties", {})
    key = next((key for key in URL_KEYS if key in properties), None)
    if key is not None:
        return {key: url}
    if "database" in properties and "host" not in properties:
        found = _URL.match(url)
        path = unquote((found[3] if found else url).partition("?")[0]).removeprefix("/")
        return {"database": path or ":memory:"}
    raise ConfigurationError("connections of this type take no URL", hint="give their keys one by one")
