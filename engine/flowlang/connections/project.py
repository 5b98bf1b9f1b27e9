"""What there is to know of a project's stored connections before any of them is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from flowlang.errors import ConfigurationError

#: The environments for which a stored connection may hold other values.
ENVIRONMENTS: Final = ("dev", "staging", "prod")


def store_path(root: Path) -> str:
    """Where the project in `root` keeps its connections, if it keeps any."""
    return os.path.join(root, ".flowlang", "connections.enc")


def check_environment(name: str | None) -> None:
    """Raise ConfigurationError for a name that is no environment: a misspelt one must not mean the usual."""
    if name is None or name in ENVIRONMENTS:
        return
    from flowlang.language.diagnostics import did_you_mean

    raise ConfigurationError(
        f"`{name}` is none of the environments {', '.join(ENVIRONMENTS)}{did_you_mean(name, ENVIRONMENTS)}"
    )
