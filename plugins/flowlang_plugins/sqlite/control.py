"""What a statement would do to the transaction around it."""

from __future__ import annotations

from typing import Final

from flowlang_plugins.sql.arguments import ENDED_BY_TASK
from flowlang_plugins.sql.text import STANDARD, command

_CONTROLS: Final = ("BEGIN", "COMMIT", "END", "ROLLBACK")


def begins_or_ends(query: str) -> str | None:
    """What a statement is that would begin or end a transaction, and why not; else None."""
    words = command(query, STANDARD)
    if not words or words[0] not in _CONTROLS:
        return None
    back_to_savepoint = words[0] == "ROLLBACK" and "TO" in words[1:3]
    return None if back_to_savepoint else f"{words[0]}, {ENDED_BY_TASK}"
