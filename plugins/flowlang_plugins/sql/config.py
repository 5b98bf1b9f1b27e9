"""What the configurations of database servers have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

POOL: Final[dict[str, Any]] = {
    "pool_size": {
        "type": "integer",
        "default": 10,
        "minimum": 1,
        "maximum": 100,
        "description": "How many sessions are open at most, for steps that run at once.",
    },
    "min_pool_size": {
        "type": "integer",
        "default": 1,
        "minimum": 1,
        "maximum": 100,
        "description": "How many sessions are opened when the run begins.",
    },
}

READ_ONLY: Final[dict[str, Any]] = {
    "type": "boolean",
    "default": False,
    "description": "Whether the server refuses everything that writes.",
}


def timeout_of(config: Mapping[str, Any]) -> float:
    """Seconds for opening a connection, and for each statement."""
    return float(config.get("timeout", 30))


def pool_problem(config: Mapping[str, Any]) -> str | None:
    """Why the sizes of a pool contradict each other, or None."""
    size, minimum = config.get("pool_size", 10), config.get("min_pool_size", 1)
    return f"`min_pool_size` ({minimum}) is larger than `pool_size` ({size})" if minimum > size else None


def url_problem(config: Mapping[str, Any], schemes: Sequence[str], parts: Sequence[str]) -> str | None:
    """Why a `url` can't be used, or None. What it holds is not repeated: it may be a secret."""
    url = config.get("url")
    if url is None:
        return None
    if both := [key for key in parts if config.get(key) is not None]:
        return f"`{both[0]}` is part of `url`: give one of them"
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return "`url` is malformed: check host and port, and percent-encode special characters in the password"
    if split.scheme not in schemes:
        return f"`url` must start with `{schemes[-1]}://`"
    return "`url` has no usable port" if port == 0 else None
