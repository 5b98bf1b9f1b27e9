"""What keeps a scaffold from being written."""

from __future__ import annotations

from flowlang.errors import FlowLangError


class ScaffoldError(FlowLangError):
    """Something cannot be created as asked; nothing was written."""
