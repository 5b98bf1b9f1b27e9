"""What a statement would do to the transaction around it."""

from __future__ import annotations

import re
from typing import Final

from flowlang_plugins.sql.arguments import ENDED_BY_TASK
from flowlang_plugins.sql.text import MYSQL, code, command

_CONTROLS: Final = frozenset({"BEGIN", "START", "COMMIT", "ROLLBACK", "XA"})
#: What can be undone. All else commits what came before it, or may do so as a procedure can.
_UNDOABLE: Final = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES", "TABLE", "SET", "DO", "SAVEPOINT"}
    | {"RELEASE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"}
)
_COMMITTING_SET: Final = re.compile(r"\b(?:autocommit|password|statement|transaction|completion_type)\b", re.I)


def not_undoable(query: str) -> str | None:
    """What a statement is that would end the transaction, and why not; else None."""
    words = command(query, MYSQL)
    first = words[0] if words else "a statement that starts like this"
    if first == "ROLLBACK" and "TO" in words[1:3]:
        return None
    if first in _CONTROLS:
        return f"{first}, {ENDED_BY_TASK}"
    temporary = first in ("CREATE", "DROP") and words[1:3] == ["TEMPORARY", "TABLE"]
    committing = first == "SET" and _COMMITTING_SET.search(code(query, MYSQL)) is not None
    if temporary or (first in _UNDOABLE and not committing):
        return None
    return f"{first}, which MySQL can't undo, or which may commit what came before it"
