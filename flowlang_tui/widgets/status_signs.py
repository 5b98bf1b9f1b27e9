"""The sign and the colour of how a step or a run stands, in front of its name."""

from __future__ import annotations

from typing import Final

#: By status: the sign, and the theme's variable for its colour.
SIGNS: Final[dict[str, tuple[str, str]]] = {
    "queued": ("·", "$text-muted"),
    "pending": ("·", "$text-muted"),
    "running": ("◐", "$text-warning"),
    "retrying": ("↻", "$text-warning"),
    "succeeded": ("✓", "$text-success"),
    "failed": ("✗", "$text-error"),
    "skipped": ("⊘", "$text-muted"),
    "cancelled": ("■", "$text-warning"),
    "terminated": ("■", "$text-success"),
    "interrupted": ("↯", "$text-warning"),
    "unknown": ("?", "$text-warning"),
}


def status_sign(status: str) -> tuple[str, str]:
    """The sign with a space after it, and its colour: a piece for `Content.assemble`."""
    sign, colour = SIGNS[status]
    return f"{sign} ", colour
